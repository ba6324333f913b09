"""What a state asks for: the request's subject, what its preferences say, and what it says already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bidders.collection import capitalised
from bidders.leanings import Leanings, read_leanings
from bidders.words import terms
from orchestrator import Segment, State

PREFERENCE = "preference"
"""Kind of the segments that say what the user likes and dislikes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A state, read for what it wants; every text as stems of informative words.

    Attributes:
        subject: what the request is about, its names and what it avoids left out.
        names: words that the request writes with a capital: places, people.
        shunned: what the request itself says to avoid.
        leanings: what the request and the state's preferences lean towards and away from.
        said: everything that the state says.
        added: what the state says beyond the request and the preferences.
        knows_preferences: whether the state holds a segment of preferences.
    """

    subject: frozenset[str]
    names: frozenset[str]
    shunned: frozenset[str]
    leanings: Leanings
    said: frozenset[str]
    added: frozenset[str]
    knows_preferences: bool


# Every bidder of a market reads the same states.
@lru_cache(maxsize=64)
def read_wanted(request: str, state: State) -> Wanted:
    """Read a request and the state that has been made of it so far.

    Args:
        request: the request's own text.
        state: its present state; segments of the kind `preference` are read for leanings.
    """
    later = later_segments(request, state)
    preferences = [segment for segment in later if segment.kind == PREFERENCE]
    asked = frozenset(terms(request))
    own = read_leanings(request)
    learned = read_leanings("\n".join(segment.text for segment in preferences))
    names = frozenset(term for term, capital in capitalised(request) if capital)
    avoided = (learned.avoided - asked) | own.avoided
    added = frozenset(terms("\n".join(segment.text for segment in later if segment.kind != PREFERENCE)))
    return Wanted(
        subject=asked - names - own.avoided,
        names=names,
        shunned=own.avoided,
        leanings=Leanings((learned.preferred | own.preferred) - asked - avoided, avoided),
        said=frozenset(terms(state.text)),
        added=added,
        knows_preferences=bool(preferences),
    )


def later_segments(request: str, state: State) -> Sequence[Segment]:
    """What has been added to a request since it was posted."""
    return [segment for segment in state.segments if segment.kind != "request" and segment.text != request]
