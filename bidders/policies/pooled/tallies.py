"""Tallies: sums over requests, by bidder and whatever else, that can be added, and that fade."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

_PLACES = 6


@dataclass(frozen=True, slots=True)
class Tallies:
    """Arrays by name, each of one shape wherever they come from."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def times(self, factor: float) -> Self:
        """The same, faded."""
        return type(self)(*(getattr(self, each.name) * factor for each in fields(self)))

    def to_json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {each.name: np.round(getattr(self, each.name), _PLACES).tolist() for each in fields(self)}
