"""Routes: which of two models a method asks, query by query, and the curve that comes of it.

RouteLLM (Ong et al. 2024) gives every query a score and sends those above a threshold to the strong
model. Moving the threshold traces performance against the share of strong calls. Performance is
told as the part of the gap between weak and strong model that is recovered; APGR is its mean over
all shares; CPT(x) is the share of strong calls that recovers x % of the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.outcomes.data import Floats

RESAMPLES = 400
_SETTINGS = 101


class Pair(NamedTuple):
    """How the two models score.

    Attributes:
        weak: the weak one, by query.
        strong: the strong one, by query.
    """

    weak: Floats
    strong: Floats


class Routes(NamedTuple):
    """What a method does at each of its settings, such as a threshold or a bounty.

    Attributes:
        strong: how likely the strong model is asked: setting, query.
        scores: the score of what is shown: setting, query.
    """

    strong: Floats
    scores: Floats


class Figures(NamedTuple):
    """What a curve comes to.

    Attributes:
        apgr: the mean of the part recovered, over all shares of strong calls.
        half: CPT(50 %), in %.
        most: CPT(80 %), in %.
        nearly_as_good: strong calls for 95 % of the strong model's score, in %.
    """

    apgr: float
    half: float
    most: float
    nearly_as_good: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Performance against strong calls.

    Attributes:
        shares: of strong calls, rising from 0 to 1.
        recovered: part of the gap that is recovered at each.
        weak: performance of the weak model alone.
        strong: that of the strong one.
    """

    shares: Floats
    recovered: Floats
    weak: float
    strong: float

    def average(self) -> float:
        """APGR: the mean of the part recovered, over all shares of strong calls."""
        return float(np.trapezoid(self.recovered, self.shares))

    def calls_to_recover(self, part: float) -> float:
        """CPT: the least share of strong calls that recovers this part of the gap."""
        above = self.recovered >= part
        if not above.any():
            return 1.0
        place = int(above.argmax())
        if place == 0:
            return float(self.shares[0])
        low, high = self.recovered[place - 1], self.recovered[place]
        along = (part - low) / (high - low)
        return float(self.shares[place - 1] + along * (self.shares[place] - self.shares[place - 1]))

    def calls_for_performance(self, part: float) -> float:
        """The least share of strong calls that reaches this part of the strong model's performance."""
        return self.calls_to_recover((part * self.strong - self.weak) / (self.strong - self.weak))

    def figures(self) -> Figures:
        """What it comes to."""
        half, most = 100.0 * self.calls_to_recover(0.5), 100.0 * self.calls_to_recover(0.8)
        return Figures(self.average(), half, most, 100.0 * self.calls_for_performance(0.95))


def at_random(pair: Pair) -> Routes:
    """Ask the strong model by lot, whatever the query: the mean over all draws."""
    shares = np.linspace(0.0, 1.0, _SETTINGS)[:, None]
    strong = np.broadcast_to(shares, (_SETTINGS, len(pair.weak)))
    return Routes(strong, pair.weak + shares * (pair.strong - pair.weak))


def by_score(pair: Pair, scores: Floats) -> Routes:
    """Send the queries of the highest scores to the strong model, at every threshold.

    Args:
        pair: how the models score.
        scores: of the queries.
    """
    places = np.empty(len(scores))
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    strong = places < np.linspace(0, len(scores), _SETTINGS).round()[:, None]
    return Routes(strong.astype(float), np.where(strong, pair.strong, pair.weak))


def curve_of(routes: Routes, pair: Pair, counts: Floats | None = None) -> Curve:
    """Put a method's settings in order, and add the two ends: the weak model always, and the strong one always.

    Args:
        routes: what the method does.
        pair: how the models score.
        counts: how often each query counts; once where left out.
    """
    weights = np.full(len(pair.weak), 1.0 / len(pair.weak)) if counts is None else counts / counts.sum()
    weak, strong = float(pair.weak @ weights), float(pair.strong @ weights)
    shares = routes.strong @ weights
    order = np.argsort(shares, kind="stable")
    recovered = ((routes.scores @ weights)[order] - weak) / (strong - weak)
    return Curve(np.concatenate([[0.0], shares[order], [1.0]]), np.concatenate([[0.0], recovered, [1.0]]), weak, strong)


def resampled(every: Sequence[Routes], pair: Pair, seed: int) -> Floats:
    """The figures of several methods on queries drawn anew from the same, with replacement (Efron 1979).

    Draws in which the strong model is no better are left out: there is no gap to recover.

    Returns:
        Draw, method, and as in `Figures`; where no draw has a gap, one that is not known.
    """
    draws, queries = np.random.default_rng(seed), len(pair.weak)
    found = []
    for _ in range(RESAMPLES):
        counts = np.bincount(draws.integers(queries, size=queries), minlength=queries).astype(float)
        if (pair.strong - pair.weak) @ counts > 0.0:
            found.append([curve_of(routes, pair, counts).figures() for routes in every])
    return np.array(found) if found else np.full((1, len(every), len(Figures._fields)), np.nan)
