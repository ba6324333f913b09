"""The holds behind bids and calls, each under a key that recurs in a repeated or resumed run."""

from __future__ import annotations

from orchestrator.core.keys import (
    CAP_SPENT,
    TREASURY,
    bidder_account,
    cap_account,
    escrow_account,
    provider_account,
)
from orchestrator.core.lot import Lot
from orchestrator.core.request import Request
from orchestrator.core.state import REQUESTER
from orchestrator.ledger import PENDING, POST, VOID, Transfer, hold


def key(request_id: str, lot: str, round: int, bidder: str, purpose: str, attempt: int = 0) -> str:
    """The key of section 2b: copies, substitutions and parallel lots never collide."""
    return f"{request_id}/{lot}/{round}/{bidder}/{purpose}/{attempt}"


def seller_account(request_id: str, lot: Lot) -> str:
    """Who is paid for a lot: its owner's wallet, or the escrow where the requester owns it (R2)."""
    return escrow_account(request_id) if lot.owner == REQUESTER else bidder_account(lot.owner)


def own_bid_hold(request: Request, lot: Lot, bid_nanos: int) -> Transfer | None:
    """The hold that backs an owner's bid on its own lot (`self_sale: open`): what a discount would take of it."""
    taken_nanos = bid_nanos - request.rules.discounted_nanos(bid_nanos)
    if taken_nanos == 0:
        return None
    hold_id = key(request.id, lot.path, 0, lot.owner, "discount")
    return hold(hold_id, bidder_account(lot.owner), TREASURY, taken_nanos, "discount", request.id, lot.stage)


def penalty_hold(request: Request, lot: Lot, bidder: str) -> Transfer | None:
    """The hold on a bidder's wallet for the worst that its delivery may cost it; None where none can."""
    nanos = request.rules.stage_reward_max_nanos
    if nanos == 0:
        return None
    hold_id = key(request.id, lot.path, 0, bidder, "reward")
    return hold(hold_id, bidder_account(bidder), TREASURY, nanos, "penalty", request.id, lot.stage)


def bid_hold(request_id: str, lot: Lot, bidder: str, bid_nanos: int) -> Transfer | None:
    """The hold that backs a bid (R4); None for a bid of 0 and for an owner's bid on its own lot."""
    if bid_nanos == 0 or bidder == lot.owner:
        return None
    return Transfer(
        f"{request_id}/{lot.path}/0/{bidder}/bid/0",
        bidder_account(bidder),
        seller_account(request_id, lot),
        bid_nanos,
        PENDING,
        None,
        "price",
        request_id,
        lot.stage,
    )


def resolve_bid(request_id: str, lot: Lot, bidder: str, bid_nanos: int, price_nanos: int) -> Transfer | None:
    """The end of a bid's hold: its price is posted, or all of it is freed where the price is 0 (R6).

    The same as posting or voiding what `bid_hold` returns; written out, because every bid of a
    simulation ends here.
    """
    if bid_nanos == 0 or bidder == lot.owner:
        return None
    hold_id = f"{request_id}/{lot.path}/0/{bidder}/bid/0"
    return Transfer(
        f"{hold_id}/post" if price_nanos else f"{hold_id}/void",
        bidder_account(bidder),
        seller_account(request_id, lot),
        price_nanos or bid_nanos,
        POST if price_nanos else VOID,
        hold_id,
        "price",
        request_id,
        lot.stage,
    )


def transform_cost_hold(request_id: str, lot: Lot, bidder: str, cost_max_nanos: int, provider: str) -> Transfer | None:
    """The hold on a bidder's wallet for its transform's worst case (R4); None where it is free."""
    return _cost_hold(request_id, lot, bidder, "transform-cost", cost_max_nanos, provider)


def bid_cost_hold(request_id: str, lot: Lot, bidder: str, cost_max_nanos: int, provider: str) -> Transfer | None:
    """The hold on a bidder's wallet for the cost of bidding, taken before it is asked (R4)."""
    return _cost_hold(request_id, lot, bidder, "bid-cost", cost_max_nanos, provider)


def cap_hold(request_id: str, lot: Lot, round: int, bidder: str, purpose: str, cost_max_nanos: int) -> Transfer | None:
    """The hold of a task's worst case on the request's spend cap (R7); None where it is free."""
    if cost_max_nanos == 0:
        return None
    return hold(
        key(request_id, lot.path, round, bidder, f"{purpose}-cap"),
        cap_account(request_id),
        CAP_SPENT,
        cost_max_nanos,
        "cap",
        request_id,
        lot.stage,
    )


def _cost_hold(
    request_id: str, lot: Lot, bidder: str, purpose: str, cost_max_nanos: int, provider: str
) -> Transfer | None:
    if cost_max_nanos == 0:
        return None
    return hold(
        key(request_id, lot.path, 0, bidder, purpose),
        bidder_account(bidder),
        provider_account(provider),
        cost_max_nanos,
        "cost",
        request_id,
        lot.stage,
    )
