"""Schedules: how many days a request is about, and which part of a day suits a piece of material."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bidders.material import Piece

PARTS = ("Morning", "Afternoon", "Evening")
DAYS_MAX = 14

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DAYS = re.compile(rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})[-\s]+(day|night|week)s?\b", re.I)
_SPANS = {"weekend": 2, "fortnight": 14, "week": 7}
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d\b")
_WORDS = (
    ("Morning", re.compile(r"\b(?:morning|dawn|sunrise|breakfast|early)\b", re.I)),
    ("Evening", re.compile(r"\b(?:evening|dinner|supper|night|sunset|dusk)s?\b", re.I)),
    ("Afternoon", re.compile(r"\b(?:lunch|noon|midday|afternoon)s?\b", re.I)),
)


def days_asked(request: str) -> int:
    """The number of days that a request speaks of, at most 14; 0 where it speaks of none."""
    found = _DAYS.search(request)
    if found:
        number = found.group(1).lower()
        count = int(number) if number.isdigit() else _NUMBERS.index(number) + 1
        return min(DAYS_MAX, count * (7 if found.group(2).lower() == "week" else 1))
    return next((days for span, days in _SPANS.items() if re.search(rf"\b{span}\b", request, re.I)), 0)


def part_of_day(text: str) -> str:
    """The part of a day that a text speaks of first, by clock or by word; empty where it speaks of none."""
    clock = _CLOCK.search(text)
    if clock:
        hour = int(clock.group(1))
        return "Morning" if hour < 12 else "Afternoon" if hour < 17 else "Evening"
    found = [(match.start(), part) for part, pattern in _WORDS if (match := pattern.search(text))]
    return min(found)[1] if found else ""


def spread(pieces: Sequence[Piece], days: int) -> tuple[list[dict[str, Piece]], list[Piece]]:
    """Give each piece a day and a part of it, one piece a part.

    Args:
        pieces: what is to be done, most important first.
        days: over how many days, 1 or more.

    Returns:
        For each day its parts, and the pieces that found no room.
    """
    plan: list[dict[str, Piece]] = [{} for _ in range(days)]
    left: list[Piece] = []
    undecided: list[Piece] = []
    for piece in pieces:
        part = part_of_day(piece.text)
        day = next((day for day in plan if part and part not in day), None)
        if day is None:
            undecided.append(piece)
        else:
            day[part] = piece
    for piece in undecided:
        # A piece bound to a full part of the day is not moved to another: dinner is no breakfast.
        free = ((day, part) for part in PARTS for day in plan if part not in day)
        day, part = (None, "") if part_of_day(piece.text) else next(free, (None, ""))
        if day is None:
            left.append(piece)
        else:
            day[part] = piece
    return plan, left
