"""Calibration: from the chance that somebody claims to the chance that is true, learned from outcomes.

The correction is Platt's (1999): a logistic curve over the claim's log-odds, rising or flat, with
a prior that stands for what is known of models before anything was seen. With two parameters it
learns from a handful of outcomes, and it is monotone, so it never reorders claims.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

_CLAIM_MIN: Final = 0.005
_BIN_WIDTH: Final = 0.25  # of log-odds: outcomes of nearly equal claims are kept together
_NEWTON_STEPS_MAX: Final = 60
_GRADIENT_ENOUGH: Final = 1e-10

Bin = tuple[float, float, float]
"""Outcomes of nearly equal claims: how many, the sum of their log-odds, the sum of what came of them."""


class Prior(NamedTuple):
    """What is taken for true before anything was seen.

    Attributes:
        claim: a typical claim, between 0 and 1.
        success: how often what is claimed so comes true, between 0 and 1.
        slope: how much of a difference in log-odds between two claims is real.
        weight: how many outcomes this belief counts for.
    """

    claim: float
    success: float
    slope: float
    weight: float


class Curve(NamedTuple):
    """A correction.

    Attributes:
        level: log-odds that are true of the prior's typical claim.
        slope: how the true log-odds grow with those claimed; 0 or more.
        level_variance: how unsure the level is.
        covariance: of level and slope.
        slope_variance: how unsure the slope is.
    """

    level: float
    slope: float
    level_variance: float
    covariance: float
    slope_variance: float

    def chance(self, claim: float, prior: Prior) -> float:
        """The corrected chance."""
        return chance_of(self.level + self.slope * (log_odds(claim) - log_odds(prior.claim)))

    def deviation(self, claim: float, prior: Prior) -> float:
        """How unsure the corrected chance is, by the delta method."""
        distance = log_odds(claim) - log_odds(prior.claim)
        variance = self.level_variance + 2 * distance * self.covariance + distance**2 * self.slope_variance
        chance = self.chance(claim, prior)
        return chance * (1 - chance) * math.sqrt(max(0.0, variance))


def log_odds(chance: float) -> float:
    """Log-odds of a chance; certainty counts as nearly that."""
    held = min(1 - _CLAIM_MIN, max(_CLAIM_MIN, chance))
    return math.log(held / (1 - held))


def chance_of(odds: float) -> float:
    """The chance of which these are the log-odds."""
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def add(bins: Mapping[str, Sequence[float]], outcomes: Iterable[tuple[float, float]], keep: float) -> dict[str, Bin]:
    """Bins with more outcomes in them.

    Args:
        bins: what is known, by bin.
        outcomes: pairs of claim and what came of it, each 0 to 1.
        keep: what weight old outcomes keep.
    """
    added = {name: (count * keep, odds * keep, came * keep) for name, (count, odds, came) in bins.items()}
    for claim, came in outcomes:
        odds = log_odds(claim)
        name = str(round(odds / _BIN_WIDTH))
        old = added.get(name, (0.0, 0.0, 0.0))
        added[name] = (old[0] + 1.0, old[1] + odds, old[2] + came)
    return added


def fit(bins: Mapping[str, Sequence[float]], prior: Prior) -> Curve:
    """The most probable curve, given outcomes and a prior.

    Args:
        bins: outcomes.
        prior: the belief to start from.
    """
    centre = log_odds(prior.claim)
    points = [(count, odds / count - centre, came / count) for count, odds, came in bins.values() if count > 1e-12]
    free = _Fit(points, prior)
    level, slope = free.solve(log_odds(prior.success), prior.slope)
    if slope < 0:
        # Claims that point the wrong way are worth nothing: the correction is flat, never falling.
        level, slope = free.solve(level, 0.0, slope_is_fixed=True)
    return Curve(level, slope, *free.covariance(level, slope))


class _Fit:
    """A concave problem in two unknowns, solved by Newton's method."""

    def __init__(self, points: Sequence[tuple[float, float, float]], prior: Prior) -> None:
        self._points = points
        self._level0 = log_odds(prior.success)
        self._slope0 = prior.slope
        self._level_precision = prior.weight * prior.success * (1 - prior.success)
        self._slope_precision = prior.weight

    def solve(self, level: float, slope: float, *, slope_is_fixed: bool = False) -> tuple[float, float]:
        for _ in range(_NEWTON_STEPS_MAX):
            by_level, by_slope = self._gradient(level, slope)
            if slope_is_fixed:
                by_slope = 0.0
            if max(abs(by_level), abs(by_slope)) < _GRADIENT_ENOUGH:
                break
            first, mixed, second = self._information(level, slope)
            if slope_is_fixed:
                mixed, second = 0.0, 1.0
            scale = first * second - mixed * mixed
            step = (
                (second * by_level - mixed * by_slope) / scale,
                (first * by_slope - mixed * by_level) / scale,
            )
            level, slope = self._advanced(level, slope, step)
        return level, slope

    def covariance(self, level: float, slope: float) -> tuple[float, float, float]:
        first, mixed, second = self._information(level, slope)
        scale = first * second - mixed * mixed
        return second / scale, -mixed / scale, first / scale

    def _advanced(self, level: float, slope: float, step: tuple[float, float]) -> tuple[float, float]:
        """Go as much of a step as does not lead down."""
        here, share = self._merit(level, slope), 1.0
        while share > 1e-9 and self._merit(level + share * step[0], slope + share * step[1]) < here:
            share /= 2
        return level + share * step[0], slope + share * step[1]

    def _merit(self, level: float, slope: float) -> float:
        likelihood = sum(
            count * (came * odds - max(odds, 0.0) - math.log1p(math.exp(-abs(odds))))
            for count, distance, came in self._points
            for odds in (level + slope * distance,)
        )
        belief = (
            self._level_precision * (level - self._level0) ** 2 + self._slope_precision * (slope - self._slope0) ** 2
        )
        return likelihood - belief / 2

    def _gradient(self, level: float, slope: float) -> tuple[float, float]:
        by_level = -self._level_precision * (level - self._level0)
        by_slope = -self._slope_precision * (slope - self._slope0)
        for count, distance, came in self._points:
            surprise = count * (came - chance_of(level + slope * distance))
            by_level += surprise
            by_slope += surprise * distance
        return by_level, by_slope

    def _information(self, level: float, slope: float) -> tuple[float, float, float]:
        first, mixed, second = self._level_precision, 0.0, self._slope_precision
        for count, distance, _ in self._points:
            chance = chance_of(level + slope * distance)
            weight = count * chance * (1 - chance)
            first += weight
            mixed += weight * distance
            second += weight * distance**2
        return first, mixed, second
