"""A bid policy that has its bidder's model value the state, and believes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bidders.options import number_in
from orchestrator import Observation, Receipt, Valuation


class EstimatePolicy:
    """Values a lot at what the bidder's own estimate gives the work, less what the work is expected to cost.

    The estimate is that of a language model where the bidder is one: the policy says so by
    `asks_model`, and makes no call itself. Models are overconfident; `calibrated` corrects them.

    Args:
        deviation: its doubt, as a share of the bounty, 0 to 1; the bidder draws from it.

    Raises:
        InvalidConfig: an option is out of range.
    """

    name = "estimate"
    version = 1
    asks_model = True

    def __init__(self, deviation: float | str = 0.0) -> None:
        self._deviation = number_in("deviation", deviation, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at estimate x bounty less cost; at 0 where there is no estimate."""
        means = [max(0.0, (seen.estimate or 0.0) * seen.bounty_usd - expected_cost_usd(seen)) for seen in observations]
        return Valuation(means, [self._deviation * seen.bounty_usd for seen in observations])

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn nothing."""
        return memory


def expected_cost_usd(seen: Observation) -> float:
    """What the work is expected to cost; its worst case where nothing better is known."""
    return seen.cost_max_usd if seen.cost_usd is None else min(seen.cost_usd, seen.cost_max_usd)
