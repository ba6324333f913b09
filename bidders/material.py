"""Material: what a state holds that can be put before a user, piece by piece."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bidders.finding import conflict_of
from bidders.leanings import affirmed_terms, leaning_sentences, read_leanings
from bidders.wanted import PREFERENCE, Wanted, later_segments, read_wanted
from bidders.words import terms
from orchestrator import State

_HEADING = re.compile(r"(?P<heading>[^\n:.!?]{1,80}): (?P<text>\S.*)", re.DOTALL)
_CONFLICT_MAX = 0.4  # two avoided terms: what a user asked to be spared is not put before it
_PIECES_HALF = 8  # so many fitting pieces make half of a full answer
_KIND_GAIN = 0.3  # each kind of material supplies this part of what the others left open
_LIKED_SHARE_FULL = 0.07  # so much of what the user likes, in one piece, makes it fit fully
_LIKED_MIN = 2
_TELLING = 3  # terms that make a sentence worth repeating; more only make it long
_UNLIKED_FIT = 0.3  # of a piece that speaks of nothing the user likes, where that is known


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph of a state.

    Attributes:
        heading: its title, or nothing.
        text: the rest.
        kind: kind of the segment that it stands in.
        fit: how far it is what the user likes, 0 to 1; 1 where nobody knows.
    """

    heading: str
    text: str
    kind: str
    fit: float = 1.0


@dataclass(frozen=True, slots=True)
class Material:
    """A state, sorted for presentation.

    Attributes:
        request: the request's own text.
        pieces: what can be shown, in reading order, without repetitions and without what is to be avoided.
        preferences: sentences in which the user says what it likes and dislikes.
        wanted: the state, read for what it wants.
    """

    request: str
    pieces: tuple[Piece, ...]
    preferences: tuple[str, ...]
    wanted: Wanted

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the pieces, in order of their first appearance."""
        return tuple(dict.fromkeys(piece.kind for piece in self.pieces))

    def variety(self) -> float:
        """How many kinds of fitting material there are, with falling returns, 0 to 1."""
        missing = 1.0
        for kind in self.kinds:
            missing *= 1.0 - _KIND_GAIN * max(piece.fit for piece in self.pieces if piece.kind == kind)
        return 1.0 - missing

    def volume(self) -> float:
        """How much fitting material there is, with falling returns, 0 to 1."""
        return 1.0 - math.exp2(-sum(piece.fit for piece in self.pieces) / _PIECES_HALF)

    def coverage(self) -> float:
        """The share of the request's subject and names that the pieces mention, 0 to 1."""
        asked = self.wanted.subject | self.wanted.names
        said = frozenset(term for piece in self.pieces for term in terms(f"{piece.heading} {piece.text}"))
        return len(asked & said) / len(asked) if asked else 1.0


# The presenters of a market read the same states.
@lru_cache(maxsize=64)
def gather(request: str, state: State) -> Material:
    """Sort a state for presentation; pieces with several things that the user avoids are left out."""
    wanted = read_wanted(request, state)
    pieces: dict[str, Piece] = {}
    preferences: dict[str, None] = {}
    for segment in later_segments(request, state):
        if segment.kind == PREFERENCE:
            preferences.update(dict.fromkeys(leaning_sentences(segment.text)))
            continue
        for paragraph in re.split(r"\n\s*\n", segment.text):
            piece = _piece(paragraph.strip(), segment.kind, wanted)
            if piece.text and conflict_of(affirmed_terms(paragraph), wanted) < _CONFLICT_MAX:
                pieces.setdefault(" ".join(piece.text.split()), piece)
    return Material(request, tuple(pieces.values()), tuple(preferences), wanted)


def heeded(material: Material, shown: Sequence[Piece], sentences_max: int) -> list[str]:
    """The user's preferences that bear on what is shown: what it avoids, and what it likes and gets.

    Args:
        material: what there is.
        shown: the pieces that the user will read.
        sentences_max: how many sentences at most.
    """
    said = frozenset(term for piece in shown for term in terms(f"{piece.heading} {piece.text}"))
    weights = {}
    for sentence in material.preferences:
        leanings = read_leanings(sentence)
        met = leanings.preferred & said - material.wanted.subject
        weights[sentence] = min(_TELLING, len(met)) + min(_TELLING, len(leanings.avoided - said))
    telling = sorted((sentence for sentence in weights if weights[sentence]), key=lambda text: -weights[text])
    best = telling[:sentences_max]
    return [sentence for sentence in material.preferences if sentence in best]


def _piece(paragraph: str, kind: str, wanted: Wanted) -> Piece:
    found = _HEADING.fullmatch(paragraph)
    heading, text = (found["heading"], found["text"]) if found else ("", paragraph)
    if not wanted.leanings.preferred:
        return Piece(heading, text, kind)
    liked = len(wanted.leanings.preferred.intersection(terms(paragraph)))
    full = max(_LIKED_MIN, _LIKED_SHARE_FULL * len(wanted.leanings.preferred))
    return Piece(heading, text, kind, max(_UNLIKED_FIT, min(1.0, liked / full)))
