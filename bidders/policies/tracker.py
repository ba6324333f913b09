"""A bid policy that learns by running averages what its bidder's work has sold for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bidders.policies.options import number_in
from orchestrator import Observation, Receipt, Valuation

_OVERALL = "overall"


class TrackerPolicy:
    """Values a lot at what such lots have brought, less costs, as a share of the bounty.

    It keeps one running average for each role and stage and one for each role over all stages, and
    leans on the second where the first has seen little. Its prior is high on purpose: whoever
    starts too low never buys, and never learns that it was wrong. Its doubt shrinks with what it
    has seen; the bidder draws from it, which is Thompson sampling.

    It learns from lots that were won, whatever became of them: sold, picked, rejected or failed.
    Lots of others say nothing of one's own work, and a request that expired unseen says nothing at
    all. The order of the receipts within one call makes no difference.

    Args:
        prior: share of the bounty that it expects before it has seen anything, 0 to 1.
        step_min: the least weight of a new result, so that old ones are forgotten, above 0 to 1.
        shrink: how many results the average over all stages counts for, 0 or more.
        deviation: its doubt before it has seen anything, as a share of the bounty, 0 to 1.

    Raises:
        InvalidConfig: an option is out of range.
    """

    name = "tracker"
    version = 1

    def __init__(
        self,
        prior: float | str = 0.5,
        step_min: float | str = 0.05,
        shrink: float | str = 3.0,
        deviation: float | str = 0.08,
    ) -> None:
        self._prior = number_in("prior", prior, 0.0, 1.0)
        self._step_min = number_in("step_min", step_min, 0.001, 1.0)
        self._shrink = number_in("shrink", shrink, 0.0, 1000.0)
        self._deviation = number_in("deviation", deviation, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at what it has learned for its role and stage, never above the bounty."""
        known: dict[tuple[str, int, float], tuple[float, float]] = {}
        means, deviations = [], []
        for seen in observations:
            # Lots of one kind are worth the same to it, and a simulation asks about hundreds at once.
            kind = (seen.role, seen.stage, seen.bounty_usd)
            if kind not in known:
                known[kind] = self._value_one(memory or {}, seen)
            mean, deviation = known[kind]
            means.append(mean)
            deviations.append(deviation)
        return Valuation(means, deviations)

    def _value_one(self, memory: Any, seen: Observation) -> tuple[float, float]:
        averages = memory.get(seen.role, {})
        overall, _ = averages.get(_OVERALL, (self._prior, 1))
        average, count = averages.get(str(seen.stage), (0.0, 0))
        weight = count + self._shrink
        share = (count * average + self._shrink * overall) / weight if weight else overall
        mean = min(1.0, max(0.0, share)) * seen.bounty_usd
        return mean, self._deviation * seen.bounty_usd / math.sqrt(count + 1)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Move the averages towards what each lot that was won has brought."""
        learned = {role: dict(averages) for role, averages in (memory or {}).items()}
        won = [receipt for receipt in receipts if receipt.won and not receipt.censored]
        for receipt in sorted(won, key=_place):
            averages = learned.setdefault(receipt.role, {})
            share = _brought_share(receipt)
            averages[str(receipt.stage)] = self._moved(averages.get(str(receipt.stage), (0.0, 0)), share)
            # The prior counts as the first result.
            averages[_OVERALL] = self._moved(averages.get(_OVERALL, (self._prior, 1)), share)
        return learned

    def _moved(self, average: Sequence[float], share: float) -> list[float]:
        mean, count = average[0], int(average[1]) + 1
        return [mean + max(1.0 / count, self._step_min) * (share - mean), count]


def _brought_share(receipt: Receipt) -> float:
    """What a lot brought less what working on it cost, as a share of its request's bounty."""
    net_nanos = receipt.revenue_nanos - receipt.cost_nanos
    return min(1.0, max(-1.0, net_nanos / receipt.bounty_nanos)) if receipt.bounty_nanos else 0.0


def _place(receipt: Receipt) -> tuple[str, str, str, int, float]:
    return (receipt.request_id, receipt.lot, receipt.bidder, receipt.stage, _brought_share(receipt))
