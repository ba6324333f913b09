"""Figures of a run, with standard errors and paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.data import Floats
from benchmarks.outcomes.played import Played

PER_QUERIES = 1000
"""Figures are for so many queries."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a method brings and costs, per 1000 queries.

    Attributes:
        utility: worth of what was accepted less what was spent, in dollars.
        utility_error: its standard error over queries.
        gain: utility less that of best single on the same queries.
        gain_error: the standard error of the paired difference.
        score: mean score, 0 to 1.
        cost: dollars spent.
        stages: how many models worked on a query, on average.
    """

    utility: float
    utility_error: float
    gain: float
    gain_error: float
    score: float
    cost: float
    stages: float

    def row(self) -> tuple[float, ...]:
        """The figures in order."""
        return (
            self.utility,
            self.utility_error,
            self.gain,
            self.gain_error,
            self.score,
            self.cost,
            self.stages,
        )


COLUMNS = ("utility", "±", "over best single", "± ", "score", "cost USD", "stages")


def figures(played: Played, single: Played, value_usd: float) -> Figures:
    """Compare a run with best single on the same queries.

    A query that was played more than once counts once, at its mean.
    """
    mine, other = played.averaged(), single.averaged()
    utilities = mine.utilities(value_usd) * PER_QUERIES
    gains = utilities - other.utilities(value_usd) * PER_QUERIES
    return Figures(
        float(utilities.mean()),
        standard_error(utilities),
        float(gains.mean()),
        standard_error(gains),
        float(mine.scores.mean()),
        float(mine.costs_usd.mean()) * PER_QUERIES,
        float(mine.stages.mean()),
    )


def standard_error(values: Floats) -> float:
    """Of a mean over independent values."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
