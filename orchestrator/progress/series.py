"""Series: figures of many requests, gathered into a few points that follow each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar

POINTS_MAX: Final = 40
FIGURES_MIN: Final = 6
"""Below so many figures a third holds only one, and nobody can say how far chance reaches."""

_CLEAR_DEVIATIONS: Final = 2.0
T = TypeVar("T")
Series = tuple[float | None, ...]


class Trend(NamedTuple):
    """How a figure has changed from the first third of what was seen to the last.

    Attributes:
        early: its mean over the first third; None where nothing was seen.
        late: its mean over the last third.
        error: standard error of their difference; None below two figures in either third.
    """

    early: float | None = None
    late: float | None = None
    error: float | None = None

    @property
    def change(self) -> float | None:
        """By how much it rose."""
        return None if self.early is None or self.late is None else self.late - self.early

    @property
    def is_clear(self) -> bool:
        """Whether the change is more than twice its standard error."""
        return self.change is not None and self.error is not None and abs(self.change) > _CLEAR_DEVIATIONS * self.error

    def to_dict(self) -> dict[str, Any]:
        """The trend as JSON-able data."""
        return {"early": self.early, "late": self.late, "change": self.change, "standard_error": self.error}


def buckets(items: Sequence[T], points_max: int = POINTS_MAX) -> list[Sequence[T]]:
    """Cut items that follow each other into at most so many runs of nearly equal length."""
    points = min(points_max, len(items))
    edges = [len(items) * point // points for point in range(points + 1)] if points else [0]
    return [items[start:end] for start, end in pairwise(edges)]


def mean(figures: Iterable[float]) -> float | None:
    """The mean of some figures; None where there are none."""
    listed = list(figures)
    return math.fsum(listed) / len(listed) if listed else None


def by_bucket(runs: Sequence[Sequence[T]], figures: Callable[[T], Iterable[float]]) -> Series:
    """One mean for each run of items; None where a run has no such figure."""
    return tuple(mean(figure for item in run for figure in figures(item)) for run in runs)


def smoothed(series: Series, window: int = 5) -> Series:
    """Each point as the mean of itself and the points before it, as far as the window reaches."""
    return tuple(
        mean(each for each in series[max(0, index - window + 1) : index + 1] if each is not None)
        for index in range(len(series))
    )


def trend(figures: Sequence[float]) -> Trend:
    """Compare the last third of some figures with the first."""
    third = max(1, len(figures) // 3)
    first, last = figures[:third], figures[len(figures) - third :]
    if not figures:
        return Trend()
    error = None
    if len(figures) >= FIGURES_MIN:
        error = math.sqrt(_variance(first) / third + _variance(last) / third)
    return Trend(mean(first), mean(last), error)


def _variance(figures: Sequence[float]) -> float:
    middle = math.fsum(figures) / len(figures)
    return math.fsum((figure - middle) ** 2 for figure in figures) / (len(figures) - 1)
