"""Asking a bidder for its bid, and reading what it says (R3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.bidding import Announcement, Bid, Pass
from orchestrator.core.bid import Answer, FaultKind
from orchestrator.core.lot import Lot
from orchestrator.core.rules import TRANSFORMER, Role
from orchestrator.engine.guarded import Raised, Returned, TimedOut, run_guarded, shortened
from orchestrator.engine.metering import BID, CallBook, TaskMeter
from orchestrator.engine.seat import Seat
from orchestrator.errors import BidderError, ProviderError, SpendCapReached
from orchestrator.money import Money


async def ask(seat: Seat, announcement: Announcement, lot: Lot, calls: CallBook, deadline_seconds: float) -> Answer:
    """Ask one bidder for its bid on one lot.

    Args:
        seat: the bidder.
        announcement: what it is shown; its meter is set here.
        lot: the lot.
        calls: the request's calls.
        deadline_seconds: when the lot closes.

    Returns:
        A bid, a pass, or a fault; never raises for what the bidder does.
    """
    try:
        cost_max_nanos = seat.bid_cost_max_nanos(announcement)
    except (Exception, SystemExit) as error:
        return _fault(seat, "raised", f"bid_cost_max: {Raised(error).reason}")
    meter = TaskMeter(calls, lot, seat.name, seat.provider, BID, cost_max_nanos)
    try:
        await meter.open()
    except (SpendCapReached, BidderError) as refusal:
        return Answer(seat.name, "pass", reason=shortened(str(refusal)))
    shown = replace(announcement, meter=meter, deadline_seconds=deadline_seconds)
    try:
        result = await run_guarded(lambda: seat.bidder.bid(shown), deadline_seconds)
    finally:
        await meter.close()
    answer = _read(seat, shown, result)
    return replace(
        answer,
        bid_cost_nanos=meter.cost_nanos,
        bid_cost_max_nanos=cost_max_nanos,
        provider=seat.provider if answer.cost_max_nanos or cost_max_nanos else "",
    )


def _read(seat: Seat, announcement: Announcement, result: Returned | Raised | TimedOut) -> Answer:
    if isinstance(result, TimedOut):
        return _fault(seat, "late", f"had not answered when the lot closed after {announcement.deadline_seconds:g} s")
    if isinstance(result, Raised):
        if isinstance(result.error, ProviderError):
            return Answer(seat.name, "pass", reason=result.reason)
        return _fault(seat, "raised", result.reason)
    said = result.value
    if isinstance(said, Pass):
        return Answer(seat.name, "pass", reason=shortened(str(said.reason)))
    bid = Bid(said) if isinstance(said, Money) else said
    if not isinstance(bid, Bid) or not isinstance(bid.amount, Money):
        return _fault(seat, "malformed", f"returned {_described(said)}; a bid is Money, Bid or Pass")
    return _read_bid(seat, announcement, bid)


def _read_bid(seat: Seat, announcement: Announcement, bid: Bid) -> Answer:
    role: Role | None = bid.role
    if role is None:
        role = TRANSFORMER if TRANSFORMER in announcement.roles else announcement.roles[0]
    if role not in announcement.roles:
        return _fault(seat, "malformed", f"bid as {bid.role!r}, but may bid here as {' or '.join(announcement.roles)}")
    try:
        cost_max_nanos = seat.transform_cost_max_nanos(announcement)
    except (Exception, SystemExit) as error:
        return _fault(seat, "raised", f"transform_cost_max: {Raised(error).reason}")
    return Answer(
        seat.name,
        "bid",
        amount_nanos=bid.amount.nanos,
        role=role,
        cost_max_nanos=cost_max_nanos,
        provider=seat.provider if cost_max_nanos else "",
    )


def _fault(seat: Seat, kind: FaultKind, reason: str) -> Answer:
    return Answer(seat.name, "fault", fault=kind, reason=shortened(reason))


def _described(value: Any) -> str:
    try:
        shown = repr(value)
    except Exception:
        shown = "something that cannot be shown"
    return f"{type(value).__name__} {shown[:60]}"
