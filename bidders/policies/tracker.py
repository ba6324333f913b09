"""A bid policy that learns by running averages what its bidder's work has sold for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bidders.policies.options import names_in, number_in
from orchestrator import Observation, Receipt, Valuation

_OVERALL = "overall"
_STAGE = "stage"


class TrackerPolicy:
    """Values a lot at what such lots have brought, less costs, as a share of the bounty.

    It keeps one running average for each role and context and one for each role over all contexts,
    and leans on the second where the first has seen little. What tells contexts apart is the stage,
    unless `by` names features of the lot. Its prior is high on purpose: whoever starts too low never
    buys, and never learns that it was wrong. Its doubt shrinks with what it has seen; the bidder
    draws from it, which is Thompson sampling.

    It learns from lots that were won, whatever became of them: sold, kept, picked, rejected or
    failed. Where an owner kept its state, what that brought counts for the work that led there too.
    Lots of others say nothing of one's own work, and what was cut off says nothing at all. The order
    of the receipts within one call makes no difference.

    With second prices set by twins, such averages are the Q-values of tabular Q-learning (Chang et
    al. 2020): each is reward and discounted resale, and resale is the best next bid.

    Args:
        prior: share of the bounty that it expects before it has seen anything, 0 to 1.
        step_min: the least weight of a new result, so that old ones are forgotten, above 0 to 1.
        shrink: how many results the average over all contexts counts for; at 0 nothing is borrowed
            from it, and an unknown context is worth the prior.
        deviation: its doubt before it has seen anything, as a share of the bounty, 0 to 1.
        by: what tells contexts apart: `stage`, and names of features that the bidder observes.
        linear_to: up to which share of the bounty a bid is the value itself. Above it bids rise ever
            more slowly towards the bounty, so that their order survives where values exceed it; at 1
            they are cut there.

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
        by: Sequence[str] = ("stage",),
        linear_to: float | str = 1.0,
    ) -> None:
        self._prior = number_in("prior", prior, 0.0, 1.0)
        self._step_min = number_in("step_min", step_min, 0.001, 1.0)
        self._shrink = number_in("shrink", shrink, 0.0, 1000.0)
        self._deviation = number_in("deviation", deviation, 0.0, 1.0)
        self._by = names_in("by", by)
        self._linear_to = number_in("linear_to", linear_to, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at what it has learned for its role and context, never above the bounty."""
        known: dict[tuple[str, str, float], tuple[float, float]] = {}
        means, deviations = [], []
        for seen in observations:
            # Lots of one kind are worth the same to it, and a simulation asks about hundreds at once.
            kind = (seen.role, self._context(seen.stage, seen.features), seen.bounty_usd)
            if kind not in known:
                known[kind] = self._value_one(memory or {}, *kind)
            mean, deviation = known[kind]
            means.append(mean)
            deviations.append(deviation)
        return Valuation(means, deviations)

    def _value_one(self, memory: Any, role: str, context: str, bounty_usd: float) -> tuple[float, float]:
        averages = memory.get(role, {})
        overall, _ = averages.get(_OVERALL, (self._prior, 1))
        average, count = averages.get(context, (0.0, 0))
        weight = count + self._shrink
        share = (count * average + self._shrink * overall) / weight if weight else self._prior
        bid, slope = self._bent(max(0.0, share))
        return bid * bounty_usd, slope * self._deviation * bounty_usd / math.sqrt(count + 1)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Move the averages towards what each lot that was won has brought."""
        learned = {role: dict(averages) for role, averages in (memory or {}).items()}
        won = sorted((receipt for receipt in receipts if receipt.won and not receipt.censored), key=_place)
        for receipt, nanos in zip(won, _brought_nanos(won), strict=True):
            averages = learned.setdefault(receipt.role, {})
            share = self._share(receipt, nanos)
            context = self._context(receipt.stage, dict(receipt.observed))
            averages[context] = self._moved(averages.get(context, (0.0, 0)), share)
            # The prior counts as the first result.
            averages[_OVERALL] = self._moved(averages.get(_OVERALL, (self._prior, 1)), share)
        return learned

    def _context(self, stage: int, features: Mapping[str, float]) -> str:
        """Names a context; the plain stage is its number, as in memories of before contexts had names."""
        if self._by == (_STAGE,):  # The usual case, at every bid of a simulation.
            return str(stage)
        return " ".join(
            str(stage) if name == _STAGE else f"{name}={float(features[name])!r}" if name in features else f"no {name}"
            for name in self._by
        )

    def _bent(self, share: float) -> tuple[float, float]:
        """The bid for a value, both as shares of the bounty, and how fast it rises there, which carries doubt over."""
        room, above = 1.0 - self._linear_to, share - self._linear_to
        if above <= 0.0 or room == 0.0:
            return min(1.0, share), 1.0
        return 1.0 - room * room / (room + above), (room / (room + above)) ** 2

    def _share(self, receipt: Receipt, nanos: int) -> float:
        """What a lot brought, as a share of its request's bounty; where bids are cut there, so is what is learned."""
        share_max = 1.0 if self._linear_to == 1.0 else math.inf
        return min(share_max, max(-1.0, nanos / receipt.bounty_nanos)) if receipt.bounty_nanos else 0.0

    def _moved(self, average: Sequence[float], share: float) -> list[float]:
        mean, count = average[0], int(average[1]) + 1
        return [mean + max(1.0 / count, self._step_min) * (share - mean), count]


def _brought_nanos(won: Sequence[Receipt]) -> list[int]:
    """What each lot brought less what working on it cost; a state that was kept brought what came of it in turn."""
    brought = [receipt.revenue_nanos + receipt.reward_nanos - receipt.cost_nanos for receipt in won]
    if not any(receipt.kept for receipt in won):
        return brought
    places = {(receipt.request_id, receipt.bidder, receipt.lot): place for place, receipt in enumerate(won)}
    # From the last stage to the first, so that what a state brought that was kept twice counts all the way up.
    for place, receipt in sorted(enumerate(won), key=lambda row: -row[1].stage):
        parent = places.get((receipt.request_id, receipt.bidder, receipt.lot.rpartition(".")[0]))
        if receipt.kept and parent is not None:
            brought[parent] += brought[place]
    return brought


def _place(receipt: Receipt) -> tuple[object, ...]:
    """A key that puts receipts in one order however they came; those that it does not tell apart teach the same."""
    return (
        receipt.request_id,
        receipt.lot,
        receipt.bidder,
        receipt.stage,
        receipt.role,
        receipt.kept,
        receipt.bounty_nanos,
        receipt.revenue_nanos + receipt.reward_nanos - receipt.cost_nanos,
        receipt.observed,
    )
