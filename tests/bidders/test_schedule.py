"""Days of a request, and what belongs to which part of a day."""

from __future__ import annotations

import pytest

from bidders.material import Piece
from bidders.schedule import days_asked, part_of_day, spread


@pytest.mark.parametrize(
    ("request_text", "days"),
    [
        ("a three-day tour", 3),
        ("3 days in town", 3),
        ("A quiet weekend", 2),
        ("two weeks away", 14),
        ("five nights by the sea", 5),
        ("a week of rest", 7),
        ("99 days of rain", 14),
        ("how do I get there today", 0),
        ("weekends are for rest", 0),
    ],
)
def test_the_number_of_days_is_read_from_the_request(request_text: str, days: int) -> None:
    assert days_asked(request_text) == days


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("opens at 8:30", "Morning"),
        ("from 14:00 to 16:00", "Afternoon"),
        ("at 19:30 sharp", "Evening"),
        ("lunch at noon, shut in the evening", "Afternoon"),
        ("costs 8.50 with lunch", "Afternoon"),
        ("surf at dawn", "Morning"),
        ("a fine bench", ""),
    ],
)
def test_the_part_of_a_day_is_read_from_clock_or_words(text: str, part: str) -> None:
    assert part_of_day(text) == part


def test_every_piece_gets_a_place_of_its_own_or_is_left_over() -> None:
    pieces = [Piece(f"p{n}", text, "x") for n, text in enumerate(["at 9:00", "at 9:00", "a walk", "dinner", "at 9:00"])]
    plan, left = spread(pieces, 2)
    placed = [piece for day in plan for piece in day.values()]
    assert sorted(piece.heading for piece in [*placed, *left]) == ["p0", "p1", "p2", "p3", "p4"]
    assert [day["Morning"].heading for day in plan] == ["p0", "p1"]
    assert plan[0]["Afternoon"].heading == "p2"
    assert [piece.heading for piece in left] == ["p4"]
