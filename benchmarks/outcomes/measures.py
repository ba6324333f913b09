"""Figures of a run, with standard errors and paired differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np

from benchmarks.outcomes.data import Floats
from benchmarks.outcomes.played import Played

PER_QUERIES = 1000
"""Figures are for so many queries."""

MARKET = "market"
"""How the names of methods begin that play the market."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a method brings and costs, per 1000 queries; errors are standard errors over queries.

    Attributes:
        utility: worth of what was accepted less what was spent, in dollars.
        utility_error: its error.
        gain: utility less that of best single on the same queries.
        gain_error: the error of the paired difference.
        score: mean score, 0 to 1.
        score_error: its error.
        cost: dollars spent.
        cost_error: its error.
        stages: how many models worked on a query, on average.
        stages_error: its error.
    """

    utility: float
    utility_error: float
    gain: float
    gain_error: float
    score: float
    score_error: float
    cost: float
    cost_error: float
    stages: float
    stages_error: float

    def row(self) -> tuple[float, ...]:
        """The figures in the order of `COLUMNS`."""
        return astuple(self)


COLUMNS = (
    "utility",
    "± utility",
    "over best single",
    "± over",
    "score",
    "± score",
    "cost USD",
    "± cost",
    "stages",
    "± stages",
)


def figures(played: Played, single: Played, value_usd: float) -> Figures:
    """Compare a run with best single on the same queries.

    A query that was played more than once counts once, at its mean.
    """
    mine = played.averaged()
    utilities = mine.utilities(value_usd) * PER_QUERIES
    gains = utilities - _utilities(single, value_usd)
    told = (utilities, gains, mine.scores, mine.costs_usd * PER_QUERIES, np.asarray(mine.stages, dtype=float))
    return Figures(*[figure for values in told for figure in (float(values.mean()), standard_error(values))])


def _utilities(played: Played, value_usd: float) -> Floats:
    """By query, what a run brought per 1000 queries; one that was played more than once, at its mean."""
    return played.averaged().utilities(value_usd) * PER_QUERIES


def rival_note(markets: Mapping[str, Played], rivals: Mapping[str, Played], value_usd: float) -> tuple[str, ...]:
    """How far markets are ahead of the best of the other methods, which is known only afterwards.

    Args:
        markets: what came of each market, by its name.
        rivals: what came of each other method, on the same queries; no bounds among them.
        value_usd: what a right answer is worth.
    """
    if not markets or not rivals:
        return ()
    utilities = {name: _utilities(rival, value_usd) for name, rival in rivals.items()}
    best = max(utilities, key=lambda name: float(utilities[name].mean()))
    ahead = {name: _utilities(market, value_usd) - utilities[best] for name, market in markets.items()}
    told = "; ".join(f"{name} {gains.mean():.3g} ± {standard_error(gains):.3g}" for name, gains in ahead.items())
    return (f"Paired difference in utility to {best}, the best of the others here: {told}.",)


def idle_note(played: Mapping[str, Played]) -> tuple[str, ...]:
    """What to say of methods under which nobody worked at all, and of markets among them, why.

    Args:
        played: what came of each method, by its name; those of markets begin so.
    """
    idle = [name for name, each in played.items() if each.is_idle]
    if not idle:
        return ()
    said = f"Nobody worked on any query: {'; '.join(idle)}."
    if not any(name.startswith(MARKET) for name in idle):
        return (said,)
    return (
        f"{said} Recorded models make no estimates of their own, so policies that value lots by a bidder's estimate "
        "(estimate, fraction, calibrated) have nothing to go by here; under any other, no work promised more than it "
        "costs.",
    )


def standard_error(values: Floats) -> float:
    """Of a mean over independent values."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
