"""What a bidder's policy believes, in its own words."""

from __future__ import annotations

from orchestrator.api.market import Market
from orchestrator.api.memories import BidderMemory
from orchestrator.engine.describing import Description, describe


def describe_memory(market: Market, found: BidderMemory) -> Description | None:
    """Have a bidder's policy say what it believes.

    Args:
        market: the bidder's market.
        found: what `read_memory` or `stored_memories` found of the bidder.

    Returns:
        Its tables, or why it could not make them; None where nothing has been learned, or the bidder takes part
        with no such policy, or the policy describes nothing.
    """
    seat = market.seats.get(found.bidder)
    policy = seat.policy if seat is not None else None
    if policy is None or found.memory is None or (policy.name, policy.version) != (found.policy, found.version):
        return None
    return describe(policy, found.memory)
