"""Cutting what is too long to show: of rows from best to worst both ends tell something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def both_ends(rows: Sequence[T], rows_max: int) -> tuple[Sequence[T], Sequence[T]]:
    """The first rows and the last ones, together as many as there is room for.

    Args:
        rows: from best to worst.
        rows_max: how many there is room for, at least 2.

    Returns:
        All rows and no more, where they fit; else the best and the worst, those between left out.
    """
    if len(rows) <= rows_max:
        return rows, ()
    best = rows_max - rows_max // 2
    return rows[:best], rows[len(rows) - rows_max // 2 :]
