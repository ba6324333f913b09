"""A bid policy that trusts its bidder's own estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bidders.options import number_in
from orchestrator import Observation, Receipt, Valuation


class FractionPolicy:
    """Values a lot at a fraction of what the bidder's own estimate says, less the transform's cost.

    Args:
        factor: how far the estimate is trusted, 0 to 1.

    Raises:
        InvalidConfig: the factor is out of range.
    """

    name = "fraction"
    version = 1

    def __init__(self, factor: float | str = 1.0) -> None:
        self._factor = number_in("factor", factor, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at factor x estimate x bounty less the cost's worst case; at 0 where there is no estimate."""
        means = [
            max(0.0, self._factor * (seen.estimate or 0.0) * seen.bounty_usd - seen.cost_max_usd)
            for seen in observations
        ]
        return Valuation(means, [0.0] * len(means))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn nothing."""
        return memory
