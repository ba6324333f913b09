"""The bidder's contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from orchestrator.bidding.announcement import Announcement, WonLot
from orchestrator.bidding.answer import Bid, Pass, Replacement
from orchestrator.core.rules import Role
from orchestrator.core.state import Segment
from orchestrator.money import Money


@runtime_checkable
class Bidder(Protocol):
    """Anything that can improve a text and say what that is worth to it.

    Two methods and two attributes are required. The market looks for more, each optional:

    - `principal: str`: who stands behind it; its own name where left out (R5).
    - `policy: Policy`: what learns from its receipts.
    - `provider: str`: who is paid for its calls; needed where they cost anything.
    - `eligible(announcement) -> bool`: a cheap filter; one that is not eligible is not asked.
    - `bid_cost_max(announcement) -> Money`: worst case of the calls made in order to bid.
    - `transform_cost_max(announcement) -> Money`: worst case of the calls made to transform.
    - `async reserve(lot: WonLot) -> Money | None`: asked of a lot's owner: the least it would
      sell for; below that it keeps the state and transforms it again (R5).
    - `async practises(announcement) -> bool`: whether it works on a task in practice, which asks for work without a
      bid; where left out, on all for which it is eligible.
    - `obstacle() -> str | None`: why it could not act now, as far as it can tell without a call, for
      example a key that is not set; `run --dry-run` says so.
    - `close()`: called when the market closes, by `run_request` once there are offers. Its policy may
      have to learn after that, of the pick.
    """

    @property
    def name(self) -> str:
        """Its name, unique in its market."""

    @property
    def roles(self) -> Sequence[Role]:
        """`("transformer",)`, `("presenter",)` or both."""

    async def bid(self, announcement: Announcement) -> Money | Bid | Pass:
        """Say the most that this bidder would pay for the lot, or pass.

        The bid that pays best in the long run is the truth: what the transformed state will
        sell for, less what transforming it will cost.
        """

    async def transform(self, lot: WonLot) -> Sequence[Segment] | Replacement:
        """Transform a lot that was won.

        Returns:
            Segments to append, or a `Replacement`; from a presenter, the whole offer.
        """
