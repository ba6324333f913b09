"""Seats: bidders as the engine knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from orchestrator.bidding import Announcement, Bidder, Policy
from orchestrator.core.request import Participant
from orchestrator.errors import BrokenPlugin
from orchestrator.money import Money

_ROLES = ("transformer", "presenter")


@dataclass(frozen=True, slots=True)
class Seat:
    """A bidder's place in the market.

    Attributes:
        bidder: the bidder's own object.
        participant: what a request's record says of it.
        memory_id: where what its policy learns is kept; twins share one.
        policy: what learns from its receipts, if anything does.
        provider: who is paid for its calls; empty where they cost nothing.
        bid_deadline_seconds: its own deadline for bids, if it has one.
        transform_deadline_seconds: its own deadline for transforms, if it has one.
    """

    bidder: Bidder
    participant: Participant
    memory_id: str
    policy: Policy | None = None
    provider: str = ""
    bid_deadline_seconds: float | None = None
    transform_deadline_seconds: float | None = None
    close: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def name(self) -> str:
        """The bidder's name."""
        return self.participant.name

    def is_eligible(self, announcement: Announcement) -> bool:
        """Whether the bidder wants to be asked; one without a filter always does."""
        check = getattr(self.bidder, "eligible", None)
        return True if check is None else bool(check(announcement))

    def bid_cost_max_nanos(self, announcement: Announcement) -> int:
        """Worst case of what the bidder's calls cost when it bids (R4)."""
        return self._promise("bid_cost_max", announcement)

    def transform_cost_max_nanos(self, announcement: Announcement) -> int:
        """Worst case of what the bidder's calls cost when it transforms (R4)."""
        return self._promise("transform_cost_max", announcement)

    def _promise(self, method: str, announcement: Announcement) -> int:
        promise = getattr(self.bidder, method, None)
        if promise is None:
            return 0
        promised = promise(announcement)
        if not isinstance(promised, Money):
            raise TypeError(f"{method}() returned {type(promised).__name__}; it must return Money")
        return promised.nanos


def take_seat(
    bidder: Any,
    *,
    name: str | None = None,
    principal: str | None = None,
    memory_id: str | None = None,
    policy: Policy | None = None,
    bid_deadline_seconds: float | None = None,
    transform_deadline_seconds: float | None = None,
) -> Seat:
    """Give a bidder its place in the market.

    Args:
        bidder: an object that keeps the bidder's contract.
        name: its name, where not its own.
        principal: who stands behind it, where not what it says itself.
        memory_id: where its policy's memory is kept, where not under its name.
        policy: its policy, where not its own.
        bid_deadline_seconds: its own deadline for bids.
        transform_deadline_seconds: its own deadline for transforms.

    Returns:
        The seat.

    Raises:
        BrokenPlugin: the object lacks what the contract requires.
    """
    who = name or getattr(bidder, "name", None)
    if not isinstance(who, str) or not who:
        raise BrokenPlugin(f"{type(bidder).__name__} has no `name`; a bidder needs one that is unique in its market")
    missing = [method for method in ("bid", "transform") if not callable(getattr(bidder, method, None))]
    if missing:
        raise BrokenPlugin(f"bidder {who} has no method {' and no method '.join(f'`{m}`' for m in missing)}")
    roles = tuple(getattr(bidder, "roles", ()))
    if not roles or any(role not in _ROLES for role in roles):
        raise BrokenPlugin(f"bidder {who} has roles {roles!r}; they are 'transformer', 'presenter' or both")
    return Seat(
        bidder=bidder,
        participant=Participant(who, principal or getattr(bidder, "principal", None) or who, roles),
        memory_id=memory_id or who,
        policy=policy or getattr(bidder, "policy", None),
        provider=getattr(bidder, "provider", None) or who,
        bid_deadline_seconds=bid_deadline_seconds,
        transform_deadline_seconds=transform_deadline_seconds,
        close=getattr(bidder, "close", None) or (lambda: None),
    )
