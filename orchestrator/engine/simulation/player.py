"""What a simulation is made of: bidders, what they deliver, and the requests that they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.request import Request
from orchestrator.core.rules import Role
from orchestrator.core.state import Segment


class Delivery(NamedTuple):
    """What a player's transform came to.

    Attributes:
        segments: what it adds to the state; from a presenter, the whole offer.
        cost_nanos: what it cost, at most what the player declared.
        reward_nanos: what it earned at once, in a task of reinforcement learning.
    """

    segments: Sequence[Segment]
    cost_nanos: int = 0
    reward_nanos: int = 0


class Player(Protocol):
    """A bidder in a simulation."""

    @property
    def name(self) -> str:
        """Its name, unique in the simulation."""

    @property
    def principal(self) -> str:
        """Who stands behind it."""

    @property
    def role(self) -> Role:
        """What it does with a state."""

    @property
    def policy(self) -> Policy:
        """What values lots for it."""

    @property
    def memory_id(self) -> str:
        """Where what it learns is kept; twins share one."""

    @property
    def cost_max_nanos(self) -> int:
        """The worst case of what a transform of its costs."""

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        """What its policy sees of a lot; None passes."""

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        """What it delivers; `memory` is what its policy has learned."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request to simulate.

    Attributes:
        text: the request's text.
        bounty_nanos: its bounty.
        accept: the user: the rank of the offer taken, or 0 for none.
    """

    text: str
    bounty_nanos: int
    accept: Callable[[Sequence[Offer]], int]
