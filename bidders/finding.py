"""Finding: which passages of a collection are worth quoting in a state, and how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from bidders.collection import Passage
from bidders.index import Index
from bidders.wanted import Wanted
from bidders.words import NUMBERS, mentions

# Weights of a query's terms. Names weigh most: a passage about another place is no use, however well it fits.
_NAME_WEIGHT = 2.0
_SUBJECT_WEIGHT = 1.0
_PREFERRED_WEIGHT = 0.5
_ADDED_NAME_WEIGHT = 1.0

_SCORE_SHARE_MIN = 0.25  # of the best passage's score; what scores less is only there for a common word
_NEW_SHARE_MIN = 0.3  # of a passage's terms; below it the state says the same already
_NEW_SHARE_FULL = 0.7  # two passages on one subject share about three words in ten
_AVOIDED_HITS_FULL = 3  # so many avoided terms make a passage worthless; one among many may be chance
_SUBJECT_SHARE_FULL = 0.5  # of the subject; one passage seldom says more of it
_FITTING_FULL = 22.0  # of informativeness: about eight rare words in common
_OTHER_PLACE = 0.25  # what a passage is worth that names none of the request's names
_SUBJECT_SHARE_MIN = 0.45  # of the subject; a collection that covers less has nothing on it ...
_SUBJECT_SHARE_NAMED_MIN = 0.2  # ... unless it knows the place or person that the request names
_SUBJECT_TERMS_TOGETHER_MIN = 2  # ... or unless one passage speaks of several things that the request does
_UNKNOWN_WEIGHT = 1.5  # a word that a collection never uses tells more about the subject than one it uses
_DESCRIBED_WEIGHT = 0.5  # what every passage inherits of a subject that its collection is about


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage and what it is worth to a state.

    Attributes:
        passage: what would be quoted.
        relevance: how far it is about the request or fits its preferences, 0 to 1.
        novelty: how far the state does not say it yet, 0 to 1.
        conflict: how far it is what the state says to avoid, 0 to 1.
    """

    passage: Passage
    relevance: float
    novelty: float
    conflict: float

    @property
    def worth(self) -> float:
        """Relevance, less what is not new and what is unwanted, 0 to 1."""
        return self.relevance * self.novelty * (1.0 - self.conflict)


def is_about(index: Index, wanted: Wanted) -> bool:
    """Whether a collection has anything to do with a request.

    Args:
        index: the collection.
        wanted: the state, read for what it wants.
    """
    known = index.vocabulary
    if index.collection.scope and wanted.names and not wanted.names & known:
        return False
    named = bool(_known_names(index, wanted))
    if named and wanted.leanings.preferred & known:
        return True
    subject = wanted.subject - index.collection.names
    share = _coverage(index, subject, known) if subject else float(named)
    if share >= (_SUBJECT_SHARE_NAMED_MIN if named else _SUBJECT_SHARE_MIN):
        return True
    telling = subject - NUMBERS
    return any(len(telling & found) >= _SUBJECT_TERMS_TOGETHER_MIN for found in index.passage_terms)


def find(index: Index, wanted: Wanted) -> list[FoundPassage]:
    """Find the passages that are relevant to a state.

    Args:
        index: the collection.
        wanted: the state, read for what it wants.

    Returns:
        Findings, best first by score, novel and harmless or not; none where the collection is about something else.
    """
    if not is_about(index, wanted):
        return []
    scores = index.scores(_query(index, wanted))
    floor = _SCORE_SHARE_MIN * max(scores, default=0.0)
    shift = _avoidance(index, wanted)
    chosen = [position for position, score in enumerate(scores) if score > 0 and score >= floor]
    chosen.sort(key=lambda position: (-scores[position] - shift[position], position))
    findings = [_weigh(index, wanted, position) for position in chosen]
    return [finding for finding in findings if finding.relevance > 0]


def conflict_of(affirmed: frozenset[str], wanted: Wanted) -> float:
    """How far a text is what a state says to avoid.

    Args:
        affirmed: the text's terms outside its own negations.
        wanted: the state, read for what it wants.

    Returns:
        0 for a text with none of the avoided terms, 1 for one full of them.
    """
    avoided = wanted.leanings.avoided
    if not avoided:
        return 0.0
    return min(1.0, (_hits(affirmed, avoided) / min(_AVOIDED_HITS_FULL, len(avoided))) ** 2)


@lru_cache(maxsize=10_000)
def _hits(found: frozenset[str], avoided: frozenset[str]) -> int:
    return sum(mentions(found, term) for term in avoided)


def _query(index: Index, wanted: Wanted) -> dict[str, float]:
    names = index.collection.names
    weights = dict.fromkeys(wanted.leanings.preferred, _PREFERRED_WEIGHT)
    weights.update(dict.fromkeys(wanted.added & names, _ADDED_NAME_WEIGHT))
    weights.update(dict.fromkeys(wanted.subject, _SUBJECT_WEIGHT))
    weights.update(dict.fromkeys(_known_names(index, wanted), _NAME_WEIGHT))
    return weights


def _avoidance(index: Index, wanted: Wanted) -> list[float]:
    """How a passage's score shifts for what is to be avoided: up where it says that it is absent, else down."""
    mentioned = index.scores(dict.fromkeys(wanted.leanings.avoided, 1.0))
    offends = [not wanted.leanings.avoided.isdisjoint(affirmed) for affirmed in index.affirmed]
    return [-score if bad else score for score, bad in zip(mentioned, offends, strict=True)]


def _known_names(index: Index, wanted: Wanted) -> frozenset[str]:
    """The request's names as far as the collection knows them, in whatever case they were typed."""
    return (wanted.names | wanted.subject) & index.collection.names


def _fits(index: Index, wanted: Wanted) -> frozenset[str]:
    """What a passage should speak of to fit in: what the user likes, and the names that the state has brought up."""
    return (wanted.leanings.preferred | (wanted.added & index.collection.names)) - wanted.names


def _weigh(index: Index, wanted: Wanted, position: int) -> FoundPassage:
    found = index.passage_terms[position]
    names = _known_names(index, wanted)
    agreed = wanted.shunned & (index.negated[position] - index.affirmed[position])
    topical = _coverage(index, wanted.subject - names, found, len(agreed)) / _SUBJECT_SHARE_FULL
    # An exact sum: sets are walked in another order in every process, and bids must not depend on that.
    fitting = math.fsum(index.informativeness(term) for term in _fits(index, wanted) & found) / _FITTING_FULL
    here = 1.0 if not names or names & found else _OTHER_PLACE
    novelty = len(found - wanted.said) / max(1, len(found))
    return FoundPassage(
        passage=index.collection.passages[position],
        relevance=here * (1.0 - (1.0 - min(1.0, topical)) * (1.0 - min(1.0, fitting))),
        novelty=0.0 if novelty < _NEW_SHARE_MIN else min(1.0, novelty / _NEW_SHARE_FULL),
        conflict=conflict_of(index.affirmed[position], wanted),
    )


def _coverage(index: Index, asked: frozenset[str], found: frozenset[str], agreed: int = 0) -> float:
    """The share of the terms asked for that are found, agreement on what to avoid counting like a find."""
    total = sum(1.0 if term in index.vocabulary else _UNKNOWN_WEIGHT for term in asked)
    described = (asked & index.description_terms) - found
    return (len(asked & found) + agreed + _DESCRIBED_WEIGHT * len(described)) / total if total else 0.0
