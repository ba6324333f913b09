"""A bid policy that learns by running averages what its bidder's work has sold for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bidders.options import number_in
from bidders.policies.contexts import bent, context_of, contexts_by, lots_in_words, results_of_won_lots
from bidders.policies.describing import tables_of
from orchestrator import Beliefs, Observation, Receipt, Valuation

_OVERALL = "overall"


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
        self._by = contexts_by(by)
        self._linear_to = number_in("linear_to", linear_to, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at what it has learned for its role and context, never above the bounty."""
        known: dict[tuple[str, str, float], tuple[float, float]] = {}
        means, deviations = [], []
        for seen in observations:
            # Lots of one kind are worth the same to it, and a simulation asks about hundreds at once.
            kind = (seen.role, context_of(self._by, seen.stage, seen.features), seen.bounty_usd)
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
        bid, slope = bent(max(0.0, share), self._linear_to)
        return bid * bounty_usd, slope * self._deviation * bounty_usd / math.sqrt(count + 1)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Move the averages towards what each lot that was won has brought."""
        learned = {role: dict(averages) for role, averages in (memory or {}).items()}
        for receipt, share in results_of_won_lots(receipts, self._linear_to):
            averages = learned.setdefault(receipt.role, {})
            context = context_of(self._by, receipt.stage, dict(receipt.observed))
            averages[context] = self._moved(averages.get(context, (0.0, 0)), share)
            # The prior counts as the first result.
            averages[_OVERALL] = self._moved(averages.get(_OVERALL, (self._prior, 1)), share)
        return learned

    def describe(self, memory: Any) -> Sequence[Beliefs]:
        """What lots have brought, by role and context, those first of which most was seen."""
        known = [
            (role, context, average, count)
            for role, averages in (memory or {}).items()
            for context, (average, count) in averages.items()
        ]
        rows = []
        for role, context, average, count in sorted(known, key=lambda row: (-row[3], row[:2])):
            if context == _OVERALL:
                # The prior counts as the first result there.
                rows.append((role, "all", average, count - 1))
            else:
                rows.append((role, lots_in_words(self._by, context), average, count))
        return tables_of(
            "What lots have brought less costs, as a share of the bounty", ("role", "lots", "share", "seen"), rows
        )

    def _moved(self, average: Sequence[float], share: float) -> list[float]:
        mean, count = average[0], int(average[1]) + 1
        return [mean + max(1.0 / count, self._step_min) * (share - mean), count]
