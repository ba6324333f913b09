"""The bid policy's contract: what a state is worth, learned from receipts (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import Role


class Observation(NamedTuple):
    """What a policy sees of one lot: never the lot's hidden future.

    Attributes:
        bidder: whose value is asked for.
        role: as transformer or presenter.
        stage: the lot's stage.
        stages_max: the last stage.
        bounty_usd: the bounty in dollars.
        estimate: the capability's own guess, as a share of the bounty; None where it has none.
        cost_max_usd: the worst case of the transform's cost, in dollars.
        last_price_usd: the last price on the chain, the market's own estimate of the state.
        features: more numbers that the capability offers.
        seed: for the policy's draws.
    """

    bidder: str
    role: Role
    stage: int
    stages_max: int
    bounty_usd: float
    estimate: float | None = None
    cost_max_usd: float = 0.0
    last_price_usd: float = 0.0
    features: Mapping[str, float] = MappingProxyType({})
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Valuation:
    """What lots are worth to a bidder, in dollars, one figure a lot.

    Attributes:
        means: expected values.
        deviations: how unsure the policy is of each.
    """

    means: Sequence[float]
    deviations: Sequence[float]


@runtime_checkable
class Policy(Protocol):
    """Values lots, and learns from receipts; pure, so that a resumed run learns the same."""

    @property
    def name(self) -> str:
        """Names the format of its memory."""

    @property
    def version(self) -> int:
        """Version of that format."""

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value lots.

        Args:
            memory: what it has learned, or None at first.
            observations: one for each lot.

        Returns:
            Means and deviations in USD, one for each observation.
        """

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn from the receipts of a request that has ended.

        Args:
            memory: what it has learned so far, or None.
            receipts: those of the bidders that share this memory.

        Returns:
            The new memory; anything that JSON can hold.
        """
