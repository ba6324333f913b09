"""What is known of a model's costs: its price, its context, and what to reserve where nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bidders.models.price import Price
from bidders.models.tokens import input_tokens_max
from orchestrator import Money, Prompt, Usage
from orchestrator.errors import InvalidConfig, InvalidMoney


@dataclass(frozen=True, slots=True)
class Pricing:
    """What calls of a model cost, as far as it is known.

    Attributes:
        price: None where it is not known; then every cost is unknown, which is not 0.
        reserve_per_call: what to hold for a call of a model without a price.
        context_tokens: the most that the model can read; None where not known.
    """

    price: Price | None = None
    reserve_per_call: Money | None = None
    context_tokens: int | None = None

    @property
    def is_free(self) -> bool:
        """Whether its calls are known to cost nothing."""
        return self.price is not None and self.price.cost_max(1, 1) == Money(0)

    def cost(self, usage: Usage) -> Money | None:
        """What a call cost; None where the price is not known."""
        return None if self.price is None else self.price.cost(usage)

    def cost_max(self, prompt: Prompt) -> Money | None:
        """The most that a call can cost; see `orchestrator.Model.cost_max`."""
        if self.price is None:
            return self.reserve_per_call
        read = input_tokens_max(prompt)
        if self.context_tokens is not None:
            read = min(read, self.context_tokens)
        return self.price.cost_max(read, prompt.max_tokens)


def read_reserve(given: Any) -> Money | None:
    """Read the option `reserve_per_call`.

    Raises:
        InvalidConfig: it is not an amount of money above 0.
    """
    if given is None:
        return None
    try:
        reserve = Money.usd(given)
    except InvalidMoney as refusal:
        raise InvalidConfig(f"reserve_per_call: {refusal}") from refusal
    if reserve.nanos == 0:
        raise InvalidConfig("reserve_per_call must be more than 0; for a model that is free, write prices of 0")
    return reserve
