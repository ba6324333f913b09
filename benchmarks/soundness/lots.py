"""One lot with private costs: presenters whose value is the bounty less what presenting costs them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.standing import Independent
from orchestrator.bidding import Observation, Policy, Valuation
from orchestrator.core.clearing import Award
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.receipts import Receipt
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, Role
from orchestrator.core.state import Segment
from orchestrator.engine.simulation import Delivery, Job
from orchestrator.money import NANOS_PER_USD

BOUNTY_USD = 1.0
BOUNTY_NANOS = NANOS_PER_USD


@dataclass(frozen=True, slots=True)
class CostAware:
    """Values a lot at the bounty less its own cost, which it knows; for show, at nothing."""

    name: str = "cost aware"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        means = [
            0.0 if seen.features.get("for show") else max(0.0, seen.bounty_usd - (seen.cost_usd or 0.0))
            for seen in observations
        ]
        return Valuation(means, [0.0] * len(means))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory


@dataclass(frozen=True, slots=True)
class CostlyPresenter(Independent):
    """A presenter with a fresh private cost for every request, uniform from 0 to its worst case.

    Attributes:
        name: its name and principal.
        policy: what it bids.
        accomplice: with whom it has agreed that only the cheaper of the two bids in earnest.
    """

    name: str
    policy: Policy
    accomplice: str | None = None
    role: Role = PRESENTER
    cost_max_nanos: int = BOUNTY_NANOS

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        cost = self._cost_usd(request, self.name)
        beaten = self.accomplice is not None and self._cost_usd(request, self.accomplice) < cost
        features = {"for show": 1.0} if beaten else {}
        return Observation(self.name, PRESENTER, lot.stage, 1, BOUNTY_USD, cost_usd=cost, features=features)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        return Delivery([Segment(f"offer of {self.name}")], int(self._cost_usd(request, self.name) * NANOS_PER_USD))

    def _cost_usd(self, request: Request, bidder: str) -> float:
        share = random.Random(derive_seed(request.seed, "cost", bidder)).random()
        return share * self.cost_max_nanos / NANOS_PER_USD


def take_first(offers: Sequence[Offer]) -> int:
    """A user that takes the first offer there is."""
    return min(1, len(offers))


def one_lot(number: int) -> Job:
    """A request whose only stage is its presentation."""
    return Job(f"request {number}", BOUNTY_NANOS, take_first)
