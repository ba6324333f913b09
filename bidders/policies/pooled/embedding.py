"""Embedding: a text as a few numbers, by its shape and by hashed words.

No model and no download. The first numbers are the text's shape: how long it is, and how much of it
is digits, capitals, signs, lines. The others are its distinct words, each hashed to a place and a
sign there (feature hashing, Weinberger et al. 2009), scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from inspect import iscoroutinefunction
from math import hypot, log1p
from zlib import crc32

import numpy as np

import orchestrator
from bidders.policies.pooled.world import Floats
from bidders.words import terms

Embedding = Callable[[str], Sequence[float]]

DIMENSIONS_MAX = 64
SHAPE = 6
"""How many of the numbers tell the text's shape; they stand first."""

_WORD_PLACES = DIMENSIONS_MAX - SHAPE
_CONDENSED_WORD_PLACES, _FOLDED_SCALE = 13, 0.5
_WORDS_MAX = 400
_CHARACTERS_MAX = 20_000
_KEPT_CHARACTERS_MAX = 2_000
_ANY_TEXT = "request"


def shape_and_words(text: str) -> tuple[float, ...]:
    """Embed a text by what stands at its beginning; each number lies between -1 and 1."""
    # Cut before it is kept: thousands of the longest requests took most of a gigabyte.
    return _shape_and_words(text[:_CHARACTERS_MAX])


@lru_cache(maxsize=1024)
def _shape_and_words(text: str) -> tuple[float, ...]:
    return (*_shape(text), *_hashed(set(terms(text)[:_WORDS_MAX])))


def _shape(text: str) -> tuple[float, ...]:
    """Length, digits, capitals, signs, lines and the words' length, each about a half where texts are usual."""
    characters, words = max(1, len(text)), max(1, len(text.split()))
    blank = _count(text, str.isspace)
    signs = len(text) - _count(text, str.isalnum) - blank
    numbers = (
        log1p(len(text)) / 5.0 - 1.0,
        4.0 * _count(text, str.isdigit) / characters,
        4.0 * _count(text, str.isupper) / characters,
        4.0 * signs / characters,
        4.0 * text.count("\n") / words,
        (len(text) - blank) / words / 10.0,
    )
    return tuple([min(1.0, max(-1.0, number)) for number in numbers])


def _count(text: str, is_such: Callable[[str], bool]) -> int:
    """How many of a text's characters are such."""
    if text.isascii():
        # Several times faster, and most texts are: the first bids for a request wait for this.
        return len(text) - len(text.encode().translate(None, delete=_such_bytes(is_such)))
    return sum(map(is_such, text))


@cache
def _such_bytes(is_such: Callable[[str], bool]) -> bytes:
    return bytes(byte for byte in range(128) if is_such(chr(byte)))


def _hashed(words: set[str]) -> list[float]:
    places = [0.0] * _WORD_PLACES
    for word in words:
        place, sign = _place(word)
        places[place] += sign
    length = hypot(*places) or 1.0
    return [place / length for place in places]


@lru_cache(maxsize=50_000)
def _place(word: str) -> tuple[int, float]:
    hashed = crc32(word.encode("utf-8", "surrogatepass"))
    return hashed % _WORD_PLACES, 1.0 if hashed >> 20 & 1 else -1.0


def embedding_named(path: str | None) -> Embedding:
    """Find an embedding by its dotted path.

    Args:
        path: `package.module:function`, of a function from a text to at most 64 numbers; None for
            shape and hashed words.

    Raises:
        InvalidConfig: there is no such function that can be called with one text, and answers at once.
    """
    if path is None:
        return shape_and_words
    found = orchestrator.find_function(str(path), "embedding")
    orchestrator.check_call(found, ("",), f"embedding {path}", "one text")
    if iscoroutinefunction(found):
        raise orchestrator.errors.InvalidConfig(f"embedding {path} is asynchronous; an embedding is a plain function")
    return found


def standing_for(text: str) -> str:
    """What stands for a text among what is kept of many: itself, or of a long one a digest, so that it can be freed."""
    return text if len(text) <= _KEPT_CHARACTERS_MAX else sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def condensed(numbers: Floats) -> Floats:
    """A text's numbers in few, for what is learned of each bidder by itself and must stay small.

    Where they are many, those of the shape stay; the others are folded, as if words had been hashed to fewer places:
    each still tells. And they are halved: else whom words suit would be doubted more than who is able.
    """
    shape, words = numbers[:SHAPE], numbers[SHAPE:]
    if len(words) <= _CONDENSED_WORD_PLACES:
        return numbers
    folds = -(-len(words) // _CONDENSED_WORD_PLACES)
    padded = np.pad(words, (0, folds * _CONDENSED_WORD_PLACES - len(words)))
    return np.concatenate([shape, _FOLDED_SCALE * padded.reshape(folds, _CONDENSED_WORD_PLACES).sum(axis=0)])


def embedded(embedding: Embedding, text: str) -> Floats:
    """A text's numbers, checked: an embedding is a stranger's code.

    Raises:
        InvalidAnswer: it failed, or they are not at most 64 finite numbers, as many as of any other text.
    """
    numbers, expected = _checked(embedding, text), numbers_of(embedding)
    if len(numbers) != expected:
        raise orchestrator.errors.InvalidAnswer(
            f"{_named(embedding)} gave {len(numbers)} numbers for a text of {len(text)} characters and {expected} for "
            f"another of {len(_ANY_TEXT)}; each text has to have as many"
        )
    return numbers


@lru_cache(maxsize=64)
def numbers_of(embedding: Embedding) -> int:
    """How many numbers an embedding gives for a text."""
    return len(_checked(embedding, _ANY_TEXT))


def _checked(embedding: Embedding, text: str) -> Floats:
    try:
        numbers = np.asarray(embedding(text), dtype=float)
    except Exception as error:
        raise orchestrator.errors.InvalidAnswer(
            f"{_named(embedding)} failed on a text of {len(text)} characters: {type(error).__name__}: {error}"
        ) from error
    if numbers.ndim != 1 or len(numbers) > DIMENSIONS_MAX or not np.isfinite(numbers).all():
        raise orchestrator.errors.InvalidAnswer(
            f"{_named(embedding)} gave no list of at most {DIMENSIONS_MAX} finite numbers"
        )
    return numbers


def _named(embedding: Embedding) -> str:
    kind = type(embedding)
    module, name = getattr(embedding, "__module__", kind.__module__), getattr(embedding, "__name__", kind.__name__)
    return f"the embedding {module}:{name}"
