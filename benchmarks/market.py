"""A small society for benchmarks: five bidders that learn, and a user with a fixed taste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.standing import Independent
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.state import Segment
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD

BOUNTY_USD = 10.0
BOUNTY_NANOS = 10 * NANOS_PER_USD
COST_NANOS = NANOS_PER_USD // 100
# Large wallets, because the requests of a batch are paid out together.
WEALTH = WealthRules(1000 * BOUNTY_NANOS, BOUNTY_NANOS, 5 * BOUNTY_NANOS)


@dataclass(frozen=True, slots=True)
class FacetPlayer(Independent):
    """Adds its own facet to a state, or presents what the state holds."""

    name: str
    role: Role
    policy: Policy
    cost_max_nanos: int = COST_NANOS

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        if self.role == TRANSFORMER and self.name in [piece.author for piece in lot.state.segments]:
            return None
        return Observation(
            bidder=self.name,
            role=self.role,
            stage=lot.stage,
            stages_max=request.rules.stages_max,
            bounty_usd=BOUNTY_USD,
            cost_max_usd=self.cost_max_nanos / NANOS_PER_USD,
        )

    def transform(self, request: Request, lot: Lot, award: Award, memory: object) -> Delivery:
        if self.role == TRANSFORMER:
            return Delivery([Segment(f"facet {self.name}")], self.cost_max_nanos)
        return Delivery([Segment(" ".join(piece.text for piece in lot.state.segments))], self.cost_max_nanos)


def society(skills: int = 2, presenters: int = 3, cost_nanos: int = COST_NANOS, seed: int = 0) -> Simulation:
    """A market of learners: so many skills, so many presenters."""
    players = [FacetPlayer(f"skill{i}", TRANSFORMER, TrackerPolicy(), cost_nanos) for i in range(skills)]
    players += [FacetPlayer(f"presenter{i}", PRESENTER, TrackerPolicy(), cost_nanos) for i in range(presenters)]
    return Simulation(players, Rules(stages_max=skills + 3), WEALTH, seed=seed)


def accept_best(offers: Sequence[Offer]) -> int:
    """A user that takes the first offer with two facets or more."""
    return next((rank for rank, offer in enumerate(offers, 1) if offer.text.count("facet") >= 2), 0)


def job(number: int) -> Job:
    """One request."""
    return Job(f"request {number}", BOUNTY_NANOS, accept_best)
