"""Costs: what works have cost, and what a work is expected to cost.

A bidder that has not worked yet has no record. The pool's mean would flatter the dear ones, which are the last to
be tried. What everybody knows of it is the most that it says its work can cost; others have cost some share of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from statistics import fmean
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.world import Floats

_FIRST_COST_USD, _FIRST_COST_WORTH = 0.001, 1.0

CostSums = Sequence[Sequence[float]]
"""For each bidder a sum of amounts in dollars, and how many they were; both fade."""


class WorkCost(NamedTuple):
    """What is known of the cost of one work.

    Attributes:
        bidder: whose work it was.
        cost_usd: what it cost.
        cost_max_usd: the most that its bidder had said it could cost; 0 where that is not known.
    """

    bidder: str
    cost_usd: float
    cost_max_usd: float = 0.0


def added(sums: CostSums, numbers: Mapping[str, int], amounts: Iterable[tuple[str, float, float]]) -> list[list[float]]:
    """Add amounts to sums.

    Args:
        sums: of the first bidders; the others have none yet.
        numbers: each bidder's place.
        amounts: of bidders, in dollars, and how many works each counts for.
    """
    learned = [list(row) for row in sums] + [[0.0, 0.0] for _ in range(len(numbers) - len(sums))]
    for bidder, usd, works in amounts:
        total, count = learned[numbers[bidder]]
        learned[numbers[bidder]] = [total + usd, count + works]
    return learned


def times(sums: CostSums, factor: float) -> list[list[float]]:
    """Sums that have faded."""
    return [[total * factor, count * factor] for total, count in sums]


def expected_costs(costs: CostSums) -> Floats:
    """What each bidder's work is expected to cost, drawn towards the pool's mean; the last is a newcomer's."""
    known = np.array(costs, dtype=float).reshape(-1, 2)
    total, count = known.sum(axis=0)
    mean = (total + _FIRST_COST_USD * _FIRST_COST_WORTH) / (count + _FIRST_COST_WORTH)
    return np.append((known[:, 0] + mean) / (known[:, 1] + 1.0), mean)


def share_of_worst(expected_usd: Floats, worsts: CostSums) -> float | None:
    """Which share of the worst case that bidders declare their works cost: a geometric mean over bidders.

    Args:
        expected_usd: what each bidder's work is expected to cost.
        worsts: the worst cases that were declared for works of known cost.

    Returns:
        The share, above 0 to 1; None where no worst case is known.
    """
    shares = [
        usd * count / total for usd, (total, count) in zip(expected_usd, worsts, strict=False) if total > 0 and usd > 0
    ]
    return exp(fmean(log(min(1.0, share)) for share in shares)) if shares else None
