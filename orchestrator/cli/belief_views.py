"""How beliefs are shown: a policy's own tables, with the figures of a column under each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import Final

from rich.table import Table
from rich.text import Text

from orchestrator.bidding import Beliefs
from orchestrator.cli.inert import one_line
from orchestrator.cli.render import cell, table
from orchestrator.engine.describing import Description

_DIGITS_OF_SMALLEST: Final = 2
_PLACES_MIN: Final = 2
_PLACES_MAX: Final = 9
_PLAIN_MAX: Final = 1e12

Cell = str | int | float


def belief_views(described: Description) -> Iterable[Table | Text]:
    """What a policy believes, or why it could not say so."""
    if described.failure:
        yield Text(f"It could not say what it believes: {one_line(described.failure, 500)}", "yellow")
    elif not described.tables:
        yield Text("It believes nothing yet that it could tell.")
    for beliefs in described.tables:
        yield Text("")
        yield Text(one_line(beliefs.title), style="bold")
        yield _belief_table(beliefs)
        yield Text("")


def _belief_table(beliefs: Beliefs) -> Table:
    columns = [[row[place] for row in beliefs.rows] for place in range(len(beliefs.columns))]
    names = [one_line(name) for name in beliefs.columns]
    made = table()
    for name, cells in zip(names, columns, strict=True):
        is_number = any(not isinstance(each, str) for each in cells)
        made.add_column(cell(name), justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    for row in zip(*map(_written, columns), strict=True):
        made.add_row(*map(cell, row))
    return made


def _written(cells: Sequence[Cell]) -> list[str]:
    """The cells of one column; its figures have as many places as tell the smallest of them."""
    figures = [abs(each) for each in cells if isinstance(each, float) and each]
    smallest = min(figures, default=1.0)
    places = min(_PLACES_MAX, max(_PLACES_MIN, _DIGITS_OF_SMALLEST - 1 - floor(log10(smallest))))
    return [_cell(each, places) for each in cells]


def _cell(said: Cell, places: int) -> str:
    if isinstance(said, str):
        return one_line(said)
    if isinstance(said, int):
        return f"{said:,}"
    return f"{said:,.{places}f}" if abs(said) < _PLAIN_MAX else f"{said:.6g}"
