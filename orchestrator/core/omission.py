"""Fields that came later: the record leaves them out while they stand at their default.

So a run that makes no use of them has the same journal, and the same hash, as before they came.
"""

from __future__ import annotations

from dataclasses import field
from operator import not_
from typing import Any


def later_flag() -> bool:
    """A field of a dataclass: a flag that is False unless it is set, and recorded only where it is."""
    # pydantic, with which records are written, reads it there; so who only holds the values need not load it.
    recorded: bool = field(default=False, metadata={"exclude_if": not_})
    return recorded


def later_amount() -> int:
    """A field of a dataclass: an amount that is 0 unless it is given, and recorded only where it is."""
    recorded: int = field(default=0, metadata={"exclude_if": not_})
    return recorded


def later_rows() -> tuple[Any, ...]:
    """A field of a dataclass: rows of which there are none unless they are given, and recorded only where there are."""
    recorded: tuple[Any, ...] = field(default=(), metadata={"exclude_if": not_})
    return recorded


def later_text() -> str:
    """A field of a dataclass: a text that is empty unless it is given, and recorded only where it is."""
    recorded: str = field(default="", metadata={"exclude_if": not_})
    return recorded
