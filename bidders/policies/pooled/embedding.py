"""Embedding: a text as a few numbers, by hashed n-grams and a random projection.

No model and no download: words and pairs of words are hashed, each hash stands for a fixed random
direction, and a text is the mean direction of its n-grams, scaled to length 1 (random indexing,
Kanerva et al. 2000).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np

import orchestrator
from bidders.policies.pooled.world import Floats
from bidders.words import terms

Embedding = Callable[[str], Sequence[float]]

DIMENSIONS = 12
DIMENSIONS_MAX = 64
_TERMS_MAX = 400


@lru_cache(maxsize=4096)
def hashed_ngrams(text: str) -> tuple[float, ...]:
    """Embed a text; a text without words is all zeros."""
    found = terms(text)[:_TERMS_MAX]
    grams = [*found, *(" ".join(pair) for pair in pairwise(found))]
    if not grams:
        return (0.0,) * DIMENSIONS
    hashes = np.array([crc32(gram.encode("utf-8", "surrogatepass")) for gram in grams], dtype=np.uint32)
    signs = 2.0 * ((hashes[:, None] >> np.arange(DIMENSIONS, dtype=np.uint32)) & 1) - 1.0
    total = signs.sum(axis=0)
    length = float(np.linalg.norm(total))
    return tuple((total / length).tolist()) if length else (0.0,) * DIMENSIONS


def embedding_named(path: str | None) -> Embedding:
    """Find an embedding by its dotted path.

    Args:
        path: `package.module:function`, of a function from a text to at most 64 numbers; None for
            hashed n-grams.

    Raises:
        InvalidConfig: there is no such function.
    """
    if path is None:
        return hashed_ngrams
    module, _, name = str(path).partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise orchestrator.errors.InvalidConfig(
            f"embedding is package.module:function, and {path!r} cannot be loaded: {error}"
        ) from error
    if not callable(found):
        raise orchestrator.errors.InvalidConfig(f"embedding {path!r} is no function")
    embedding: Embedding = found
    return embedding


def embedded(embedding: Embedding, text: str) -> Floats:
    """A text's numbers, checked: an embedding is a stranger's code.

    Raises:
        InvalidAnswer: they are not at most 64 finite numbers.
    """
    numbers = np.asarray(embedding(text), dtype=float)
    if numbers.ndim != 1 or len(numbers) > DIMENSIONS_MAX or not np.isfinite(numbers).all():
        raise orchestrator.errors.InvalidAnswer(f"the embedding gave no list of at most {DIMENSIONS_MAX} numbers")
    return numbers
