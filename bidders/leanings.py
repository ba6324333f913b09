"""Leanings: what a text says that somebody prefers or avoids."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from bidders.words import stem, terms, word_set, words

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE_END = re.compile(r"[;:.!?()]|\bbut\b|,\s+(?=(?:i|we|he|she|they|it|so|because|and|which|only)\b)", re.I)
_CLAUSE_END_OR_COMMA = re.compile(r"[;:.!?(),]|\bbut\b", re.I)
_AVOIDED_WORDS_MAX = 8

# What follows one of these is avoided: after a verb to the end of its list, after the others to the next comma.
_AVOID_VERBS = word_set(
    "avoid avoids avoiding skip skips hate hates hating dislike dislikes detest detests loathe loathes"
)
_NEGATIONS = word_set("no not never without except nothing hardly neither nor")
_AVOID_PAIRS = frozenset(
    {("away", "from"), ("rather", "than"), ("instead", "of"), ("tired", "of"), ("ill", "on"), ("out", "of")}
)
# In a sentence that prefers, what follows one of these comes off worse.
_COMPARES = frozenset({"over", "than"})
_MAY_NEGATE = _AVOID_VERBS | _NEGATIONS | _COMPARES | {first for first, _ in _AVOID_PAIRS}
# One of these spoils a sentence that praises nothing; in a long one it is not clear what it spoils.
_SPOILED_WORDS_MAX = 14
_SPOILS = word_set("bored boring waste wasted mistake ruin ruins ruined regret regrets bad awful")
_PREFER = word_set(
    "prefer prefers preferred preference like likes love loves favourite favorite enjoy enjoys want wants wish wishes "
    "rather sooner gladly suit suits keen fond glad should plan rule interested worth"
)
_ALL_CUES = _PREFER | _AVOID_VERBS | _NEGATIONS | _SPOILS
_CUE_STEMS = frozenset(stem(cue) for cue in _ALL_CUES)


@dataclass(frozen=True, slots=True)
class Leanings:
    """What somebody leans towards and away from, as stems of informative words.

    Attributes:
        preferred: mentioned oftener with favour than with disfavour.
        avoided: the other way about.
    """

    preferred: frozenset[str] = frozenset()
    avoided: frozenset[str] = frozenset()


def read_leanings(text: str) -> Leanings:
    """Find what a text prefers and avoids: `avoid X`, `no X`, `hates X`, `away from X`, `prefers X`, `X is best`."""
    balance: Counter[str] = Counter()
    for sentence in sentences(text):
        avoided = _avoided_spans(sentence)
        balance.subtract(term for span in avoided for term in set(terms(sentence[span])))
        if _favours(sentence):
            balance.update(set(terms(_without(sentence, avoided))))
    return Leanings(
        frozenset(term for term, count in balance.items() if count > 0 and term not in _CUE_STEMS),
        frozenset(term for term, count in balance.items() if count < 0 and term not in _CUE_STEMS),
    )


def affirmed_terms(text: str) -> frozenset[str]:
    """The terms of a text outside its own negations: `a garden away from the road` affirms only the garden."""
    return frozenset(term for sentence in sentences(text) for term in terms(_without(sentence, _negations(sentence))))


def negated_terms(text: str) -> frozenset[str]:
    """The terms of a text inside its own negations."""
    return frozenset(
        term for sentence in sentences(text) for span in _negations(sentence) for term in terms(sentence[span])
    )


def leaning_sentences(text: str) -> list[str]:
    """The sentences of a text that say what somebody prefers or avoids."""
    return [sentence for sentence in sentences(text) if _favours(sentence) or _avoided_spans(sentence)]


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order."""
    return [sentence.strip() for sentence in _SENTENCE.split(text) if sentence.strip()]


def _lower_words(sentence: str) -> list[str]:
    return [word.group().lower() for word in words(sentence)]


def _favours(sentence: str) -> bool:
    """Whether a sentence holds a word of preference that it does not take back."""
    found = _lower_words(sentence)
    return any(
        word in _PREFER
        and found[max(0, place - 1) : place] != ["not"]
        and (word, *found[place + 1 : place + 2]) not in _AVOID_PAIRS
        for place, word in enumerate(found)
    )


def _avoided_spans(sentence: str) -> list[slice]:
    found = _lower_words(sentence)
    spoilt = len(found) <= _SPOILED_WORDS_MAX and not _SPOILS.isdisjoint(found)
    if not _favours(sentence) and (spoilt or _takes_back(found)):
        return [slice(0, len(sentence))]
    return _negations(sentence)


def _takes_back(found: list[str]) -> bool:
    return any(pair[0] == "not" and pair[1] in _PREFER for pair in pairwise(found))


def _negations(sentence: str) -> list[slice]:
    # Most sentences deny nothing, and a collection has many.
    if _MAY_NEGATE.isdisjoint(_lower_words(sentence)):
        return []
    found = list(words(sentence))
    favours = _favours(sentence)
    spans: list[slice] = []
    for place, word in enumerate(found):
        this = word.group().lower()
        following = found[place + 1].group().lower() if place + 1 < len(found) else ""
        compares = (this, following) in _AVOID_PAIRS or (this in _COMPARES and favours)
        if this in _AVOID_VERBS or this in _NEGATIONS or compares:
            closes = _CLAUSE_END if this in _AVOID_VERBS else _CLAUSE_END_OR_COMMA
            reach = found[min(place + _AVOIDED_WORDS_MAX, len(found) - 1)].end()
            end = closes.search(sentence, word.end(), reach)
            spans.append(slice(word.start(), end.start() if end else reach))
    return spans


def _without(sentence: str, spans: list[slice]) -> str:
    if not spans:
        return sentence
    kept = list(sentence)
    for span in spans:
        kept[span] = " " * (span.stop - span.start)
    return "".join(kept)
