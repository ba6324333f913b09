"""Costs: what a work is expected to cost, by what its bidder says, by its record, or by what it declares.

A bidder that has not worked yet has no record. The pool's mean would flatter the dear ones, which are the last to
be tried. What everybody knows of it is the most that it can cost; others have cost some share of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log
from statistics import fmean

from bidders.policies.pooled.outlook import Outlook
from orchestrator import Observation


@dataclass(slots=True)
class Costs:
    """What works are expected to cost, in dollars, for the lots that are valued together.

    Attributes:
        outlook: what the pool believes.
        observations: of these lots.
    """

    outlook: Outlook
    observations: Sequence[Observation]
    _logs: Sequence[float] | None = field(default=None, init=False)

    def expected_usd(self, seen: Observation) -> float:
        """What a transformer's work on a lot is expected to cost; never more than the worst case that it declared."""
        if seen.cost_usd is not None:
            return seen.cost_usd
        worst, number = seen.cost_max_usd, self.outlook.numbers.get(seen.bidder, self.outlook.stranger)
        if worst and number == self.outlook.stranger and self._known():
            return worst * exp(fmean(self._known()))
        learned = self.outlook.costs_usd[number]
        return min(learned, worst) if worst else learned

    def corrects(self, seen: Observation) -> bool:
        """Whether a work is expected to cost something else than its row of the outlook says."""
        number = self.outlook.numbers.get(seen.bidder)
        if number is None or seen.cost_usd is not None:
            return True
        return 0.0 < seen.cost_max_usd < self.outlook.costs_usd[number]

    def _known(self) -> Sequence[float]:
        """Of each bidder that has a record, the logarithm of the share of its worst case that its works have cost."""
        if self._logs is None:
            shares = {
                seen.bidder: self.outlook.costs_usd[number] / seen.cost_max_usd
                for seen in self.observations
                if seen.cost_max_usd > 0.0 and (number := self.outlook.numbers.get(seen.bidder)) is not None
            }
            self._logs = [log(min(1.0, share)) for share in shares.values() if share > 0.0]
        return self._logs
