"""Describing: what policies believe, read for people from code that may do anything."""

from __future__ import annotations

import json
import math
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from orchestrator.bidding import Beliefs, Policy
from orchestrator.engine.guarded import Guarded, Raised, TimedOut, read_guarded
from orchestrator.errors import InvalidAnswer

DESCRIBE_SECONDS: Final = 10.0
"""How long a policy may take to say what it believes; one in a process of its own has less."""

TABLES_MAX: Final = 20
COLUMNS_MAX: Final = 20
ROWS_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 200
CHARACTERS_MAX: Final = 100_000
_INTEGER_MAX: Final = 2**63


@dataclass(frozen=True, slots=True)
class Description:
    """What a policy says that it believes.

    Attributes:
        tables: its beliefs; none where it believes nothing yet.
        failure: why it could not say, in one printable line; empty where it did.
    """

    tables: tuple[Beliefs, ...] = ()
    failure: str = ""


def describe(policy: Policy, memory: Any, deadline_seconds: float = DESCRIBE_SECONDS) -> Description | None:
    """Have a policy say what it believes, whatever its code does meanwhile.

    Args:
        policy: the policy.
        memory: what it has learned; it is shown a copy.
        deadline_seconds: how long it may take.

    Returns:
        What it said, or why it could not; None where it has no `describe`.
    """
    found = read_guarded(lambda: getattr(policy, "describe", None))
    if isinstance(found, Raised):
        return Description(failure=found.reason)
    if found.value is None:
        return None
    copied = json.loads(json.dumps(memory))
    said = _within(lambda: read_tables(found.value(copied)), deadline_seconds)
    if isinstance(said, TimedOut):
        return Description(failure=f"had not answered after {deadline_seconds:g} s")
    return Description(failure=said.reason) if isinstance(said, Raised) else Description(said.value)


def read_tables(said: Any) -> tuple[Beliefs, ...]:
    """What a policy's `describe` returned, as plain values of bounded size.

    Raises:
        InvalidAnswer: it is no sequence of well-formed tables, or too much.
    """
    tables = tuple(_table(each) for each in _pieces(said, TABLES_MAX, "tables"))
    characters = sum(len(str(cell)) for table in tables for row in (table.columns, *table.rows) for cell in row)
    if characters > CHARACTERS_MAX:
        raise InvalidAnswer(f"{characters:,} characters in its tables; at most {CHARACTERS_MAX:,} are shown")
    return tables


def _within(read: Callable[[], Any], deadline_seconds: float) -> Guarded:
    """Run code in a thread that nobody waits for longer than that."""
    answer: queue.SimpleQueue[Guarded] = queue.SimpleQueue()
    threading.Thread(target=lambda: answer.put(read_guarded(read)), name="vickrey-describe", daemon=True).start()
    try:
        return answer.get(timeout=deadline_seconds)
    except queue.Empty:
        return TimedOut()


def _table(said: Any) -> Beliefs:
    if not isinstance(said, Beliefs):
        raise InvalidAnswer(f"{type(said).__name__} among its tables; each must be Beliefs")
    columns = tuple(_text(each, "a column's name") for each in _pieces(said.columns, COLUMNS_MAX, "columns"))
    if not columns:
        raise InvalidAnswer("a table without columns")
    rows = tuple(_row(each, len(columns)) for each in _pieces(said.rows, ROWS_MAX, "rows"))
    return Beliefs(_text(said.title, "a title"), columns, rows)


def _row(said: Any, columns: int) -> tuple[str | int | float, ...]:
    row = tuple(_cell(each) for each in _pieces(said, COLUMNS_MAX, "cells"))
    if len(row) != columns:
        raise InvalidAnswer(f"a row of {len(row)} cells in a table of {columns} columns")
    return row


def _pieces(said: Any, most: int, what: str) -> Iterable[Any]:
    """The pieces of a sequence, however many it says or yields."""
    if not isinstance(said, Sequence) or isinstance(said, str | bytes):
        raise InvalidAnswer(f"{type(said).__name__} for {what}; they must be a list or a tuple")
    pieces = list(islice(said, most + 1))
    if len(pieces) > most:
        raise InvalidAnswer(f"more than {most} {what}; leave out what matters least, and say so in the title")
    return pieces


def _cell(said: Any) -> str | int | float:
    if type(said) is str:
        return _text(said, "a cell")
    if type(said) is int and abs(said) < _INTEGER_MAX:
        return said
    if type(said) is float and math.isfinite(said):
        return said
    raise InvalidAnswer(f"a cell of type {type(said).__name__}; it must be str, int or float, and finite")


def _text(said: Any, what: str) -> str:
    if type(said) is not str:
        raise InvalidAnswer(f"{what} of type {type(said).__name__}; it must be str")
    if len(said) > TEXT_CHARACTERS_MAX:
        raise InvalidAnswer(f"{what} of {len(said):,} characters; at most {TEXT_CHARACTERS_MAX} are shown")
    return said
