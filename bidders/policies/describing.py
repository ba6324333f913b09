"""Describing: tables of what a policy believes, cut where nobody would read on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator import Beliefs

ROWS_MAX: Final = 50
_TEXT_CHARACTERS_MAX: Final = 100

Row = Sequence[str | int | float]


def tables_of(title: str, columns: Sequence[str], rows: Sequence[Row]) -> list[Beliefs]:
    """One table of the first rows, whose title says how many are left out; none where there are no rows.

    Args:
        title: what the table is about.
        columns: their names, with units.
        rows: what matters most comes first.
    """
    if not rows:
        return []
    left_out = len(rows) - ROWS_MAX
    said = f"{title} (the first {ROWS_MAX} of {len(rows):,}; {left_out:,} are left out)" if left_out > 0 else title
    return [Beliefs(said, tuple(columns), tuple(tuple(map(_short, row)) for row in rows[:ROWS_MAX]))]


def _short(cell: str | int | float) -> str | int | float:
    if isinstance(cell, str) and len(cell) > _TEXT_CHARACTERS_MAX:
        return cell[: _TEXT_CHARACTERS_MAX - 1] + "…"
    return cell
