"""Dearness: how much more works on a request cost than on a usual one, foretold from its text.

A long document costs more to read and a proof more to write than a letter of four, whoever works. So one ridge
regression foretells the logarithm of what works cost beyond their bidders' usual. All costs of a request rise
alike, which is as if it paid less; so what was planned for other bounties serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, log2
from typing import Any

import numpy as np

from bidders.policies.pooled.by_text import ByText
from bidders.policies.pooled.costs import WorkCost
from bidders.policies.pooled.embedding import Embedding, embedded
from bidders.policies.pooled.kinds import Sums
from bidders.policies.pooled.world import Floats

_OCTAVES_MAX = 4.0
_MOST = _OCTAVES_MAX * log(2.0)
_STEPS_OF_OCTAVE = 2.0
_PLACES = 6
_REQUESTS_MIN = 0.01
"""Of less than so much of a request nothing is known any more."""


@dataclass(slots=True)
class Dearness:
    """How dear requests are, by their texts.

    Attributes:
        weights: of a 1 and a text's numbers, for the logarithm of how much dearer it is; none where nothing is known.
        embedding: of requests.
    """

    weights: Floats
    embedding: Embedding
    _factors: ByText[float] = field(default_factory=ByText)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return len(self.weights) > 0

    def exact_factor(self, request: str) -> float:
        """How many times as much a work on a request is expected to cost as a usual one."""
        if not self:
            return 1.0
        look = embedded(self.embedding, request)
        # Where another embedding has come, nothing is known of its texts yet.
        if len(self.weights) != len(look) + 1:
            return 1.0
        return exp(min(_MOST, max(-_MOST, float(self.weights[0] + look @ self.weights[1:]))))

    def factor(self, request: str) -> float:
        """The same in few steps, so that what is worked out for one request serves for others."""
        return self._factors.of(request, self._stepped) if self else 1.0

    def _stepped(self, request: str) -> float:
        return float(2.0 ** (round(_STEPS_OF_OCTAVE * log2(self.exact_factor(request))) / _STEPS_OF_OCTAVE))


def after_costs(
    stored: Mapping[str, Any],
    requests: Sequence[tuple[str, Sequence[WorkCost]]],
    usual_usd: Mapping[str, float],
    embedding: Embedding,
) -> dict[str, Any]:
    """Learn from what works on some requests have cost.

    Args:
        stored: of earlier requests sums, and what their factors came to together; nothing at first.
        requests: their texts, and what is known of the costs of works on them.
        usual_usd: what each bidder's work on a usual request costs.
        embedding: of requests.
    """
    looks, targets = [], []
    for request, costs in requests:
        beyond = octaves_beyond(costs, usual_usd)
        if beyond is not None:
            looks.append(embedded(embedding, request))
            targets.append([beyond * log(2.0)])
    if not looks:
        return dict(stored)
    numbers = np.array(looks)
    sums, factors = Sums.of(numbers, np.array(targets), np.ones(len(looks))), 0.0
    if stored and len(stored["products"]) == len(sums.products):
        sums, factors = Sums.from_json(stored) + sums, stored["factors"]
    weights = _solved(sums)
    factors += float(np.exp(np.clip(weights[0] + numbers @ weights[1:], -_MOST, _MOST)).sum())
    return {**sums.to_json(), "factors": round(factors, _PLACES)}


def octaves_beyond(costs: Sequence[WorkCost], usual_usd: Mapping[str, float]) -> float | None:
    """How many times as much as usual works on a request cost, as a logarithm to the base of 2, on average.

    Args:
        costs: what is known of their costs.
        usual_usd: what each bidder's work on a usual request costs.

    Returns:
        The mean; None where no work tells.
    """
    beyond = [
        log2(each.cost_usd / usual_usd[each.bidder])
        for each in costs
        if each.cost_usd > 0.0 and usual_usd[each.bidder] > 0.0
    ]
    return float(np.mean(beyond)) if beyond else None


def faded(stored: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """Sums that have lost weight; nothing where next to none is left."""
    if not stored or factor == 1.0:
        return dict(stored)
    sums = Sums.from_json(stored).times(factor)
    if sums.squares[0, 0] < _REQUESTS_MIN:
        return {}
    return {**sums.to_json(), "factors": round(stored["factors"] * factor, _PLACES)}


def weights_from(stored: Mapping[str, Any]) -> Floats:
    """What foretells how dear a request is, so that on average over those seen works cost what is usual."""
    if not stored:
        return np.zeros(0)
    sums = Sums.from_json(stored)
    weights = _solved(sums)
    weights[0] -= log(stored["factors"] / sums.squares[0, 0])
    return np.round(weights, _PLACES)


def _solved(sums: Sums) -> Floats:
    return sums.solved()[:, 0]
