"""Regressions: what work is worth whose claims cannot be compared, by Bayesian linear regression.

Open-ended text makes no claims. There a lot's worth to a bidder, as a share of the bounty, is
regressed on what is known of it: its stage, its last price, the bidder's own estimate, how much
work it holds, and the request's text. All bidders of a pool in one role share a regression,
fed with what lots brought and, more lightly, with posted prices; each bidder has its own beside it,
drawn towards the shared one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from bidders.policies.pooled.ease import STEPS
from bidders.policies.pooled.world import Floats
from orchestrator import entry_of

SHARED = ""
_PRIOR_PRECISION = 1.0
_OWN_PRECISION = 100.0
_OWN_CONSTANT_PRECISION = 8.0
_NOISE = 0.25
_PLACES = 6
_PLAIN = 6
"""How many regressors there are beside the numbers of a text; they stand first."""


@dataclass(frozen=True, slots=True)
class LotFeatures:
    """What is known of a lot before it is bought.

    Attributes:
        stage: its stage.
        price_share: its last price, as a share of the bounty.
        estimate: the bidder's own guess, as a share of the bounty; None where it has none.
        works: how many works the state holds.
        text: the numbers of the request's text.
    """

    stage: int
    price_share: float
    estimate: float | None
    works: int
    text: Floats

    def regressors(self) -> Floats:
        """The same as numbers, the first of them 1 for the mean, the text's last."""
        has_estimate = self.estimate is not None
        plain = [1.0, 1.0 / max(1, self.stage), min(1.0, max(0.0, self.price_share)), float(has_estimate)]
        guessed = [min(1.0, max(0.0, self.estimate or 0.0)), self.works / (self.works + 3.0)]
        return np.concatenate([plain, guessed, self.text])


@dataclass(frozen=True, slots=True)
class LotResult:
    """What a lot brought.

    Attributes:
        key: whose result it is, from `role_key`.
        regressors: of what was known of it.
        share: what it brought, as a share of the bounty.
        weight: how much it counts.
    """

    key: str
    regressors: Floats
    share: float
    weight: float = 1.0


def role_key(role: str, bidder: str = SHARED) -> str:
    """Where what is known of a bidder, and so of its twins, in a role is kept; without a bidder, what all share."""
    return f"{role}/{entry_of(bidder)}"


def after_results(stored: Mapping[str, Any], results: Sequence[LotResult], left: float) -> dict[str, Any]:
    """Add results to regressions.

    Args:
        stored: sums by key.
        results: what came in.
        left: what is left of the old sums, 0 to 1.
    """
    learned = dict(stored)
    for result in results:
        shared = role_key(result.key.partition("/")[0])
        for key in dict.fromkeys((shared, result.key)):
            learned[key] = _added(learned.get(key), result, left)
    return learned


def results_on_topics(stored: Mapping[str, Any], before: int, after: int) -> dict[str, Any]:
    """Regressions where texts come to be of other topics, on which nothing is known yet.

    Args:
        stored: sums by key.
        before: how many topics were told apart.
        after: how many are now.
    """
    return {key: _on_topics(sums, before, after) for key, sums in stored.items()}


def _on_topics(sums: Mapping[str, Any], before: int, after: int) -> dict[str, Any]:
    size = len(sums["products"])
    squares, products, weight = _read(sums, size)
    # Topics stand before the steps of ease.
    first = size - STEPS - before
    kept = np.r_[:first, first + before : size]
    places = np.r_[:first, first + after : size - before + after]
    moved = np.zeros((size - before + after, size - before + after))
    moved[np.ix_(places, places)] = squares[np.ix_(kept, kept)]
    found = np.zeros(len(moved))
    found[places] = products[kept]
    return _listed(moved, found, weight)


def mean_share(sums: Mapping[str, Any]) -> float:
    """What the results of a regression came to on average, as a share of the bounty."""
    # The first of the regressors is always 1.
    return float(sums["products"][0] / sums["weight"]) if sums["weight"] else 0.0


def _added(sums: Mapping[str, Any] | None, result: LotResult, left: float) -> dict[str, Any]:
    size = len(result.regressors)
    squares, products, weight = _read(sums, size)
    squares = left * squares + result.weight * np.outer(result.regressors, result.regressors)
    products = left * products + result.weight * result.share * result.regressors
    return _listed(squares, products, left * weight + result.weight)


def _listed(squares: Floats, products: Floats, weight: float) -> dict[str, Any]:
    return {
        "squares": np.round(squares[np.triu_indices(len(squares))], _PLACES).tolist(),
        "products": np.round(products, _PLACES).tolist(),
        "weight": weight,
    }


def _read(sums: Mapping[str, Any] | None, size: int) -> tuple[Floats, Floats, float]:
    squares, products = np.zeros((size, size)), np.zeros(size)
    if sums is None:
        return squares, products, 0.0
    known = len(sums["products"])
    before = np.zeros((known, known))
    before[np.triu_indices(known)] = sums["squares"]
    # Of another size are the numbers of texts by another embedding; what is known beside the text stays known.
    common = known if known == size else _PLAIN
    squares[:common, :common] = before[:common, :common]
    products[:common] = sums["products"][:common]
    return squares + np.triu(squares, 1).T, products, float(sums["weight"])


@dataclass(frozen=True, slots=True)
class Regression:
    """A bidder's regression.

    Attributes:
        weights: of the regressors.
        spread: the weights' covariance, up to the noise.
    """

    weights: Floats
    spread: Floats

    def share(self, regressors: Floats) -> tuple[float, float]:
        """What a lot promises, as a share of the bounty, and how unsure that is."""
        mean = min(1.0, max(0.0, float(self.weights @ regressors)))
        return mean, _NOISE * sqrt(max(0.0, float(regressors @ self.spread @ regressors)))


@dataclass(slots=True)
class Regressions:
    """A pool's regressions, each solved once for however many lots it values.

    Attributes:
        stored: their sums, by key.
        prior: what a lot is worth before anything is known, as a share of the bounty.
    """

    stored: Mapping[str, Any]
    prior: float
    _solved: dict[tuple[str, str, int], Regression] = field(default_factory=dict)

    def regression(self, role: str, bidder: str, size: int) -> Regression:
        """A bidder's regression in a role on so many regressors, drawn towards the one that its pool shares."""
        key = (role, bidder, size)
        found = self._solved.get(key)
        if found is None:
            centre, precision = self._centre(role, bidder, size)
            found = self._solved[key] = _solved(self.stored.get(role_key(role, bidder)), centre, precision)
        return found

    def _centre(self, role: str, bidder: str, size: int) -> tuple[Floats, Floats]:
        """Where a regression begins, and how strongly each of its weights is held there.

        A bidder's level is soon its own. What it makes of a lot's features is mostly what all make of them: of many
        bidders, the one would seem best whose own weights happen to fit noise.
        """
        if bidder != SHARED:
            precision = np.full(size, _OWN_PRECISION)
            precision[0] = _OWN_CONSTANT_PRECISION
            return self.regression(role, SHARED, size).weights, precision
        constant = np.zeros(size)
        constant[0] = self.prior
        return constant, np.full(size, _PRIOR_PRECISION)


def _solved(sums: Mapping[str, Any] | None, centre: Floats, precision: Floats) -> Regression:
    squares, products, _ = _read(sums, len(centre))
    spread: Floats = np.linalg.inv(squares + np.diag(precision)).astype(float)
    return Regression(spread @ (products + precision * centre), spread)
