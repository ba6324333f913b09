"""What changed in a text between two states, line by line, and who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Literal, NamedTuple

from orchestrator.core.state import State

_LINES_COMPARED_MAX = 2_000


class _Line(NamedTuple):
    author: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that follow each other and share an author, all added or all removed.

    Attributes:
        sign: `+` for lines that the new state added, `-` for lines that it dropped.
        author: who wrote them.
        kind: kind of the segment that they belong to.
        text: the lines.
    """

    sign: Literal["+", "-"]
    author: str
    kind: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-able data."""
        return {"sign": self.sign, "author": self.author, "kind": self.kind, "text": self.text}


def changes_between(before: State, after: State) -> tuple[Change, ...]:
    """The lines that differ between two states, in reading order.

    Args:
        before: what was bought.
        after: what it became.

    Returns:
        Runs of added and removed lines; what stayed is left out. Of very long texts that differ
        everywhere, all lines count as replaced.
    """
    old, new = _lines(before), _lines(after)
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    found: list[Change] = []
    for removed, added in _differing(old, new):
        found += _changes("-", removed)
        found += _changes("+", added)
    return tuple(found)


def _lines(state: State) -> list[_Line]:
    return [_Line(piece.author, piece.kind, line) for piece in state.segments for line in piece.text.split("\n")]


def _shared(first: Sequence[_Line], second: Sequence[_Line]) -> int:
    """How many lines two texts begin with in common."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one.text != other.text:
            break
        count += 1
    return count


def _differing(old: Sequence[_Line], new: Sequence[_Line]) -> list[tuple[Sequence[_Line], Sequence[_Line]]]:
    if not old or not new or len(old) + len(new) > _LINES_COMPARED_MAX:
        return [(old, new)]
    matcher = SequenceMatcher(None, [line.text for line in old], [line.text for line in new], autojunk=False)
    return [
        (old[old_start:old_end], new[new_start:new_end])
        for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]


def _changes(sign: Literal["+", "-"], lines: Sequence[_Line]) -> list[Change]:
    return [
        Change(sign, author, kind, "\n".join(line.text for line in run))
        for (author, kind), run in groupby(lines, key=lambda line: (line.author, line.kind))
    ]
