"""Asking a bidder for its bid, and reading what it says (R3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.bidding import Announcement, Bid, Pass
from orchestrator.core.answer import Answer, FaultKind
from orchestrator.core.keys import holder_of, key
from orchestrator.core.lot import Lot
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.tasks import BID
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.deadline import Deadline
from orchestrator.engine.guarded import Guarded, Raised, Returned, TimedOut, read_guarded, shortened
from orchestrator.engine.metering import TaskMeter
from orchestrator.engine.seat import CostMethod, Seat, plain_nanos
from orchestrator.errors import BidderError, ProviderError, SpendCapReached
from orchestrator.money import Money
from orchestrator.telemetry import Attributes, recording

_FIGURES_MAX: Final = 64
_NAME_CHARACTERS_MAX: Final = 64


async def ask(seat: Seat, announcement: Announcement, lot: Lot, calls: CallBook, deadline_seconds: float) -> Answer:
    """Ask one bidder for its bid on one lot, as a span of its own.

    Args:
        seat: the bidder.
        announcement: what it is shown, with the time that it has left; its meter is set here.
        lot: the lot.
        calls: the request's calls.
        deadline_seconds: when the lot closes; its filter has taken a part of that.

    Returns:
        A bid, a pass, or a fault; never raises for what the bidder does.
    """
    about: Attributes = {"vickrey.lot": lot.path, "vickrey.stage": lot.stage, "vickrey.bidder": seat.name}
    with recording("vickrey.bid", about) as span:
        answer = await _ask(seat, announcement, lot, calls, deadline_seconds)
        is_bid = answer.kind == "bid"
        span.note(
            {
                "vickrey.answer": answer.kind,
                "vickrey.role": answer.role if is_bid else None,
                "vickrey.bid.nanos": answer.amount_nanos if is_bid else None,
                "vickrey.cost.nanos": answer.bid_cost_nanos,
                "vickrey.fault": answer.fault,
            }
        )
    return answer


async def _ask(seat: Seat, announcement: Announcement, lot: Lot, calls: CallBook, deadline_seconds: float) -> Answer:
    deadline = Deadline(deadline_seconds, announcement.deadline_seconds)
    # Of a bid that an interrupted run had begun, what was promised then stands: calls were made, and held for, by it.
    held_nanos = calls.promised_nanos(key(calls.request_id, lot.path, 0, seat.name, BID))
    if held_nanos is None:
        promised = await _promise(seat, "bid_cost_max", announcement, deadline)
    else:
        promised = Returned(held_nanos)
    if not isinstance(promised, Returned):
        return _fault(seat, *_breach(promised, "bid_cost_max", deadline.seconds))
    cost_max_nanos = promised.value
    is_declared = seat.has("bid_cost_max")
    meter = TaskMeter(calls, lot, seat.name, seat.provider, BID, cost_max_nanos, is_declared=is_declared)
    try:
        await meter.open()
    except (SpendCapReached, BidderError) as refusal:
        return pass_at_cost(seat.name, lot, calls, str(refusal))
    shown = replace(announcement, meter=meter, deadline_seconds=deadline.left_seconds)
    try:
        result = await deadline.run(lambda: seat.bidder.bid(shown))
    finally:
        await meter.close()
    calls.raise_failure()
    answer = await _read(seat, shown, result, deadline)
    return replace(
        answer,
        bid_cost_nanos=meter.cost_nanos,
        bid_known_nanos=meter.known_nanos,
        bid_cost_max_nanos=cost_max_nanos,
        provider=seat.provider if answer.cost_max_nanos or cost_max_nanos else "",
    )


def pass_at_cost(bidder: str, lot: Lot, calls: CallBook, reason: str) -> Answer:
    """The pass of one that is not asked, at what its calls have cost if an interrupted run had asked it (R7).

    Its provider then is the one that was held for.

    Args:
        bidder: its name.
        lot: the lot.
        calls: the request's calls.
        reason: why it is not asked.
    """
    passed = Answer(bidder, "pass", reason=shortened(reason))
    task = key(calls.request_id, lot.path, 0, bidder, BID)
    held = calls.left_on_wallet(task)
    if held is None:
        return passed
    cost_nanos, known_nanos = calls.spent_before(task)
    return replace(
        passed,
        bid_cost_nanos=cost_nanos,
        bid_known_nanos=known_nanos,
        bid_cost_max_nanos=held.amount_nanos,
        provider=holder_of(held.credit),
    )


async def _promise(seat: Seat, method: CostMethod, announcement: Announcement, deadline: Deadline) -> Guarded:
    """Ask for a worst case; most bidders promise none and cost nothing."""
    if not seat.has(method):
        return Returned(0)
    return await deadline.run(lambda: seat.cost_max_nanos(method, announcement))


async def _read(seat: Seat, announcement: Announcement, result: Guarded, deadline: Deadline) -> Answer:
    if isinstance(result, Raised) and isinstance(result.error, ProviderError):
        return Answer(seat.name, "pass", reason=result.reason)
    if not isinstance(result, Returned):
        return _fault(seat, *_breach(result, "", deadline.seconds))
    said = read_guarded(lambda: _read_answer(seat, announcement, result.value))
    if isinstance(said, Raised):
        return _fault(seat, "malformed", said.reason)
    answer: Answer = said.value
    if answer.kind != "bid":
        return answer
    promised = await _promise(seat, "transform_cost_max", announcement, deadline)
    if not isinstance(promised, Returned):
        return _fault(seat, *_breach(promised, "transform_cost_max", deadline.seconds))
    cost_max_nanos = promised.value
    return replace(answer, cost_max_nanos=cost_max_nanos, provider=seat.provider if cost_max_nanos else "")


def _breach(result: Raised | TimedOut, method: str, deadline_seconds: float) -> tuple[FaultKind, str]:
    where = f"{method}: " if method else ""
    if isinstance(result, TimedOut):
        return "late", f"{where}had not answered when the lot closed after {deadline_seconds:g} s"
    return "raised", f"{where}{result.reason}"


def _read_answer(seat: Seat, announcement: Announcement, said: Any) -> Answer:
    """Read what a bidder said; each of its attributes once, for its object may change its mind."""
    if isinstance(said, Pass):
        return Answer(seat.name, "pass", reason=shortened(str(said.reason)))
    amount, role, observed = (said, None, {}) if isinstance(said, Money) else _parts(said)
    if not isinstance(amount, Money):
        return _fault(seat, "malformed", f"returned {_described(said)}; a bid is Money, Bid or Pass")
    if role is None:
        role = TRANSFORMER if TRANSFORMER in announcement.roles else announcement.roles[0]
    if type(role) is not str or role not in announcement.roles:
        may = " or ".join(announcement.roles)
        return _fault(seat, "malformed", f"bid as {_described(role)}, but may bid here as {may}")
    figures = _figures(observed)
    if figures is None:
        return _fault(seat, "malformed", f"gave {_described(observed)} as observed; that is a few named finite numbers")
    return Answer(seat.name, "bid", amount_nanos=plain_nanos(amount), role=role, observed=figures)


def _parts(said: Any) -> tuple[Any, Any, Any]:
    return (said.amount, said.role, said.observed) if isinstance(said, Bid) else (None, None, None)


def _figures(observed: Any) -> tuple[tuple[str, float], ...] | None:
    """What a bid rests on, in order of name; None where it is not a few named finite numbers."""
    if not isinstance(observed, Mapping) or len(observed) > _FIGURES_MAX:
        return None
    figures = []
    for name, value in observed.items():
        if type(name) is not str or not 0 < len(name) <= _NAME_CHARACTERS_MAX or not name.isprintable():
            return None
        if type(value) not in (int, float) or not math.isfinite(value):
            return None
        figures.append((name, float(value)))
    return tuple(sorted(figures))


def _fault(seat: Seat, kind: FaultKind, reason: str) -> Answer:
    return Answer(seat.name, "fault", fault=kind, reason=shortened(reason))


def _described(value: Any) -> str:
    shown = read_guarded(lambda: repr(value)[:60])
    return f"{type(value).__name__} {shown.value if isinstance(shown, Returned) else '(which cannot be shown)'}"
