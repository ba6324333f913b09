"""Words of a text: what they share, and which of them say something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+")
_ROOT_LETTERS_MIN = 5


def word_set(listed: str) -> frozenset[str]:
    """Read a set of words written one after another."""
    return frozenset(listed.split())


# English words that say nothing about a subject, "do" and the common verbs of asking among them.
STOP_WORDS = word_set(
    """
    a about above after again all also am among an and another any anything are around as ask at away back be because
    been before being below between both but by came can cannot come could did do does doing done down during each
    either else etc even ever every few find for from further get give go goes going gone got had has have having he
    her here hers him his how i if in into is it its itself just know last least less let like ll lot made make many
    may me might mine more most much must my near need new next now of off on once one only or other our ours out over
    own per perhaps please put re really s said same say see seem shall she should since so some somebody someone
    something soon still such t take tell than that the their theirs them then there these they thing this those
    though through till to too took two under until up upon us use ve very want was way we well went were what when
    where whether which while who whom whose why will with within would write yet you your yours
    no nor not never without except nothing hardly neither avoid avoids avoiding skip skips instead rather hate hates
    time times thing things kind telling leave leaving anyone knew start letting good first
    hating dislike dislikes detest detests loathe loathes prefer prefers
    """
)


# Words with a capital that name no place and no person.
CALENDAR_WORDS = word_set(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december christmas easter
    """
)


def words(text: str) -> Iterator[re.Match[str]]:
    """Every word of a text, in order, with its place."""
    return _WORD.finditer(text)


def terms(text: str) -> list[str]:
    """The stems of a text's informative words, in order and with repetitions."""
    return list(filter(None, map(_term, _WORD.findall(text))))


@lru_cache(maxsize=50_000)
def _term(word: str) -> str:
    """A word's stem, or nothing where it says nothing."""
    return "" if word.lower() in STOP_WORDS else stem(word)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Fold a word's case, accents and commonest English endings, so that its forms compare equal."""
    bare = word.casefold()
    if not bare.isascii():
        folded = unicodedata.normalize("NFKD", bare)
        bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    for ending, remains in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x")):
        if bare.endswith(ending) and len(bare) > len(ending) + 1:
            bare = bare.removesuffix(ending) + remains
            break
    else:
        if bare.endswith("s") and not bare.endswith(("ss", "us", "is")) and len(bare) > 3:
            bare = bare[:-1]
    for ending in ("ing", "ed"):
        if bare.endswith(ending) and len(bare) - len(ending) >= 3:
            bare = _undoubled(bare.removesuffix(ending))
            break
    return bare[:-1] if bare.endswith("e") and len(bare) > 3 else bare


def mentions(found: Collection[str], term: str) -> bool:
    """Whether a term or a compound with it is among the terms found: `waterfront` mentions `water`."""
    if term in found:
        return True
    return len(term) >= _ROOT_LETTERS_MIN and any(
        other.startswith(term) or (len(other) >= _ROOT_LETTERS_MIN and term.startswith(other)) for other in found
    )


def _undoubled(root: str) -> str:
    doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouls"
    return root[:-1] if doubled else root


NUMBERS = frozenset(map(stem, word_set("two three four five six seven eight nine ten twelve hundred thousand")))
"""Stems of words that count: two texts that have one in common may be about anything."""
