"""Fields that came later: the record leaves them out while they stand at their default.

So a run that makes no use of them has the same journal, and the same hash, as before they came.
"""

from __future__ import annotations

from dataclasses import field
from operator import not_
from typing import TypeVar

T = TypeVar("T")


def later(default: T) -> T:
    """A field of a dataclass that is recorded only where it is not at its default.

    Args:
        default: that of an unused field: 0, False, an empty text or no rows.
    """
    # pydantic, with which records are written, reads it there; so who only holds the values need not load it.
    recorded: T = field(default=default, metadata={"exclude_if": not_})
    return recorded
