"""Having a winner transform its lot, and checking what it delivers (R6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypedDict

from orchestrator.bidding import Replacement, WonLot
from orchestrator.core.answer import BLAMELESS, FaultKind
from orchestrator.core.clearing import Award
from orchestrator.core.events import AwardResult, Faulted
from orchestrator.core.interruption import interrupted_work
from orchestrator.core.keys import derive_seed, key
from orchestrator.core.progress import Progress
from orchestrator.core.rules import PRESENTER
from orchestrator.core.settlement import accept_delivery, failure
from orchestrator.core.state import Segment
from orchestrator.core.tasks import TRANSFORM
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.guarded import Raised, TimedOut, read_guarded, run_guarded, shortened
from orchestrator.engine.metering import TaskMeter
from orchestrator.engine.seat import Seat
from orchestrator.engine.streaming import TextListener, Writing
from orchestrator.errors import BidderError, InvalidAnswer, ProviderError, SpendCapReached
from orchestrator.money import Money
from orchestrator.telemetry import Attributes, recording

_LABEL_CHARACTERS_MAX: Final = 100
# Each has a digest and labels in the record, however short it is: a million of one byte occupy a market for minutes.
_SEGMENTS_MAX: Final = 1_000


class _Cost(TypedDict):
    """What a transform's calls cost, and what is known of it, where not all is."""

    cost_nanos: int | None
    known_nanos: int


async def deliver(
    progress: Progress,
    path: str,
    award: Award,
    seat: Seat | None,
    calls: CallBook,
    memory: Any,
    on_text: TextListener | None = None,
) -> AwardResult:
    """Have a winner transform its lot.

    Args:
        progress: the request's present.
        path: the lot.
        award: what was won.
        seat: the winner; None where it is no longer part of the market.
        calls: the request's calls.
        memory: what its policy has learned.
        on_text: told of what a presenter writes while it writes.

    Returns:
        The delivery, or the fault that its failure is.
    """
    about: Attributes = {
        "vickrey.lot": path,
        "vickrey.stage": progress.stage,
        "vickrey.bidder": award.bidder,
        "vickrey.role": award.role,
        "vickrey.bid.nanos": award.bid_nanos,
        "vickrey.price.nanos": award.price_nanos,
        "vickrey.round": award.round,
    }
    with recording("vickrey.transform", about) as span:
        result = await _deliver(progress, path, award, seat, calls, memory, on_text)
        span.note({"vickrey.cost.nanos": result.cost_nanos})
        if isinstance(result, Faulted):
            span.fail(result.fault)
    return result


async def _deliver(
    progress: Progress,
    path: str,
    award: Award,
    seat: Seat | None,
    calls: CallBook,
    memory: Any,
    on_text: TextListener | None,
) -> AwardResult:
    fail = partial(failure, progress, path, award)
    if seat is None:
        spent = _spent_before(calls, key(progress.request.id, path, award.round, award.bidder, TRANSFORM))
        return fail("raised", "is no longer part of this market", own_fault=False, **spent)
    meter = TaskMeter(
        calls,
        progress.auctions[path].lot,
        seat.name,
        seat.provider,
        TRANSFORM,
        _cost_max_nanos(progress, path, award),
        award.round,
        is_declared=seat.has("transform_cost_max"),
    )
    try:
        await meter.open()
    except (SpendCapReached, BidderError) as refusal:
        return fail("over the cap", shortened(str(refusal)), own_fault=False)
    deadline = seat.transform_deadline_seconds or progress.request.rules.transform_deadline_seconds
    writing = _writing(progress, path, award, on_text)
    won = replace(_won_lot(progress, path, award, meter, deadline, memory), on_text=writing)
    try:
        result = await run_guarded(lambda: seat.bidder.transform(won), deadline)
    finally:
        if writing is not None:
            writing.close()
        await meter.close()
    calls.raise_failure()
    cost = _Cost(cost_nanos=meter.cost_nanos, known_nanos=meter.known_nanos)
    if isinstance(result, TimedOut):
        reason = f"had not delivered after {deadline:g} s"
        return fail("late", reason, **cost)
    if isinstance(result, Raised):
        fault = _fault_of(result.error, meter)
        return fail(fault, _reason_of(result, fault), own_fault=fault not in BLAMELESS, **cost)
    read = read_guarded(lambda: _read(result.value))
    if isinstance(read, Raised):
        reason = shortened(str(read.error)) if type(read.error) is InvalidAnswer else read.reason
        return fail("malformed", reason, **cost)
    segments, replaces = read.value
    return accept_delivery(progress, path, award, segments, replaces=replaces, **cost)


def left_at_work(
    progress: Progress, results: Mapping[str, Sequence[AwardResult]], calls: CallBook
) -> Iterator[Faulted]:
    """What becomes of those whom an interrupted run had at work on this stage, and whose turn has not come again (R7).

    Args:
        progress: the request's present.
        results: what came of all awards that fell due, by lot.
        calls: the request's calls.
    """
    done = {
        (path, each.award.round, each.award.bidder) for path, of_lot in results.items() for each in of_lot if each.award
    }
    for task in calls.begun(TRANSFORM):
        if task.lot in progress.on_sale and (task.lot, task.round, task.bidder) not in done:
            spent = _spent_before(calls, key(*task))
            yield interrupted_work(progress, task.lot, task.bidder, task.round, **spent)


def _spent_before(calls: CallBook, task: str) -> _Cost:
    """What the calls of a task cost that an earlier driver had begun (R7)."""
    cost_nanos, known_nanos = calls.spent_before(task)
    return _Cost(cost_nanos=cost_nanos, known_nanos=known_nanos)


def _writing(progress: Progress, path: str, award: Award, on_text: TextListener | None) -> Writing | None:
    """What a winner writes into; only presenters write for the user's eyes."""
    if on_text is None or award.role != PRESENTER:
        return None
    return Writing(path, award.bidder, on_text, progress.request.rules.state_bytes_max)


def _cost_max_nanos(progress: Progress, path: str, award: Award) -> int:
    auction = progress.auctions[path]
    if award.kept:
        return auction.keep.cost_max_nanos if auction.keep else 0
    return next(answer.cost_max_nanos for answer in auction.answers if answer.bidder == award.bidder)


def _fault_of(error: BaseException, meter: TaskMeter) -> FaultKind:
    """Whose fault an error is; that it is not the bidder's must show in its calls, or its word would do (R6).

    A failure may be told after the call that it was in, as where an answer cannot be read: so any call of the task
    will do.
    """
    if isinstance(error, SpendCapReached):
        return "over the cap" if meter.was_refused else "raised"
    return "provider" if isinstance(error, ProviderError) and meter.has_asked else "raised"


def _reason_of(raised: Raised, fault: FaultKind) -> str:
    if fault != "raised" or not isinstance(raised.error, ProviderError):
        return raised.reason
    return shortened(f"{raised.reason} (its meter knows of no such call)")


def _won_lot(
    progress: Progress, path: str, award: Award, meter: TaskMeter, deadline_seconds: float, memory: Any
) -> WonLot:
    request = progress.request
    lot = progress.auctions[path].lot
    return WonLot(
        request_id=request.id,
        request=request.text,
        bounty=Money(request.bounty_nanos),
        lot=path,
        stage=lot.stage,
        stages_max=request.rules.stages_max,
        state=lot.state.copy(),
        role=award.role,
        bid=Money(award.bid_nanos),
        price=Money(0 if award.audition else award.price_nanos),
        deadline_seconds=deadline_seconds,
        seed=derive_seed(request.seed, path, award.round, award.bidder, TRANSFORM),
        memory=memory,
        meter=meter,
    )


def _read(delivered: Any) -> tuple[list[Segment], bool]:
    """Rebuild a delivery, reading each of its parts once: their objects may change their mind.

    So a digest that the bidder set itself cannot stand for another text, either.
    """
    replaces = isinstance(delivered, Replacement)
    pieces = delivered.segments if isinstance(delivered, Replacement) else delivered
    if not isinstance(pieces, list | tuple):
        raise InvalidAnswer(f"delivered {type(pieces).__name__}; a delivery is a list of Segment, or a Replacement")
    if len(pieces) > _SEGMENTS_MAX:
        raise InvalidAnswer(f"delivered {len(pieces):,} segments; at most {_SEGMENTS_MAX:,} are allowed")
    return [_rebuilt(piece) for piece in pieces], replaces


def _rebuilt(piece: Any) -> Segment:
    if not isinstance(piece, Segment):
        raise InvalidAnswer(f"delivered a list with {type(piece).__name__}; a delivery is a list of Segment")
    text: Any = piece.text
    if not isinstance(text, str):
        raise InvalidAnswer(f"a segment's text is str, not {type(text).__name__}")
    plain = _plain(text)
    check_text(plain)
    return Segment(plain, _label(piece.kind), _label(piece.media_type))


def _label(label: Any) -> str:
    plain = _plain(label) if isinstance(label, str) else ""
    if not 0 < len(plain) <= _LABEL_CHARACTERS_MAX or not plain.isprintable():
        raise InvalidAnswer("a segment's kind and media type are short printable strings")
    return plain


def _plain(text: str) -> str:
    """The characters of a string as exactly `str`: a subclass may say anything of itself."""
    return "".join((text,))


def check_text(text: str) -> None:
    """Check that a text can be stored anywhere.

    Raises:
        InvalidAnswer: it holds NUL characters or halves of surrogate pairs.
    """
    if "\x00" in text:
        raise InvalidAnswer("the text holds NUL characters; it is binary, not text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidAnswer("the text is not valid Unicode; it holds half a surrogate pair") from error
