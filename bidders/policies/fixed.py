"""The simplest bid policy: always the same value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orchestrator
from bidders.options import money_in, number_in
from orchestrator import Observation, Receipt, Valuation


class FixedPolicy:
    """Values every lot the same, whatever its state says: a baseline.

    Args:
        amount: value in USD as a decimal string; give this or `share`.
        share: value as a share of the bounty, 0 to 1.

    Raises:
        InvalidConfig: neither or both are given, or the share is out of range.
        InvalidMoney: the amount is not an amount of money.
    """

    name = "fixed"
    version = 1

    def __init__(self, amount: str | int | None = None, share: float | str | None = None) -> None:
        if (amount is None) == (share is None):
            raise orchestrator.errors.InvalidConfig("a fixed policy needs either `amount` or `share`")
        self._amount_usd = None if amount is None else money_in("amount", amount).to_float()
        self._share = 0.0 if share is None else number_in("share", share, 0.0, 1.0)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot at the amount, or at the share of its bounty, with no doubt."""
        means = [
            self._share * observation.bounty_usd if self._amount_usd is None else self._amount_usd
            for observation in observations
        ]
        return Valuation(means, [0.0] * len(means))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn nothing."""
        return memory
