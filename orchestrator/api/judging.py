"""Asking a judge, and reading its verdict (R9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator.api.picking import check_judge_name
from orchestrator.bidding import Hearing, Judge, Later, MeteredJudge, Rank, Reject, ShownOffer
from orchestrator.config import Config, build_judge
from orchestrator.core.events import Judged
from orchestrator.core.keys import derive_seed
from orchestrator.core.progress import Progress
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import JUDGE
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.guarded import Raised, Returned, awaitable, read_guarded, shortened
from orchestrator.engine.metering import TaskMeter
from orchestrator.engine.seat import plain_nanos
from orchestrator.errors import (
    BidderError,
    BrokenPlugin,
    InvalidConfig,
    InvalidRequest,
    ProviderError,
    VickreyError,
)
from orchestrator.judges import CallbackJudge
from orchestrator.ledger import Transfer
from orchestrator.money import Money
from orchestrator.telemetry import recording

AnyJudge = Judge | MeteredJudge | Callable[[str, Sequence[ShownOffer]], Any] | str
"""What a caller may name as a judge: one, a function of request and offers, or the name of one that is installed."""


@contextmanager
def chosen_judge(given: AnyJudge, config: Config) -> Iterator[Judge | MeteredJudge]:
    """The judge that a caller chose, before anything is spent on what it is to judge.

    Args:
        given: a judge; a function of the request and the offers, as judge `callback` asks it; or the name of a judge,
            which is the config's with its options where that has this name.
        config: the market's.

    Yields:
        The judge; one that was built for its name is closed afterwards.

    Raises:
        InvalidRequest: it is none of these, or there is no judge of this name that needs no options.
        BrokenPlugin: what is installed under this name cannot be loaded, fails or is no judge.
    """
    if not isinstance(given, str):
        yield _read_judge(given)
        return
    try:
        built = build_judge(config, given)
    except InvalidConfig as refusal:
        raise InvalidRequest(str(refusal)) from refusal
    try:
        missing = _missing(built)
        if missing:
            raise BrokenPlugin(f"judge {given!r} is none: {missing}")
        yield built
    finally:
        read_guarded(getattr(built, "close", lambda: None))


def _read_judge(given: Any) -> Judge | MeteredJudge:
    if isinstance(given, type):
        raise InvalidRequest(f"judge {given.__name__} is a class; give a judge made from it: {given.__name__}(...)")
    if callable(given) and not hasattr(given, "pick"):
        return CallbackJudge(given)
    missing = _missing(given)
    if missing:
        raise InvalidRequest(
            f"this {type(given).__name__} is no judge: {missing}; a judge has a `name` and "
            "`async def pick(request, offers)`; a function of request and offers will do, or the name of a judge, for "
            "example 'top'"
        )
    judge: Judge | MeteredJudge = given
    return judge


def _missing(judge: Any) -> str:
    """What an object lacks to be a judge that the record can name; empty where it is one."""

    def look() -> str:
        check_judge_name(judge.name)
        return "" if callable(judge.pick) else "its `pick` is no method"

    read = read_guarded(look)
    return str(read.value) if isinstance(read, Returned) else read.reason


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of asking a judge.

    Attributes:
        rank: the rank that it picked, 0 for none of the offers, None where it decides later.
        judged: what is recorded of it, where its calls may have cost something.
        due: how its hold on the spend cap turned out.
        failure: what its own fault is to be raised as, once its cost is recorded.
    """

    rank: int | None
    judged: Judged | None = None
    due: tuple[Transfer, ...] = ()
    failure: VickreyError | None = None


async def ask_judge(judge: Judge | MeteredJudge, progress: Progress, calls: CallBook) -> Ruling:
    """Have a judge look at a request's offers.

    Args:
        judge: who picks.
        progress: a request that is open.
        calls: the request's calls, for a judge whose calls cost money.

    Returns:
        What it decided, and what that cost.

    Raises:
        BrokenPlugin: the judge failed; the request stays open.
        InvalidRequest: its verdict is none.
    """
    with recording("vickrey.judge", {"vickrey.request.id": progress.request.id, "vickrey.judge": judge.name}) as span:
        if isinstance(judge, MeteredJudge):
            ruling = await _ask_metered(judge, progress, calls)
        else:
            verdict = await _asked(judge, progress, lambda offers: judge.pick(progress.request.text, offers))
            ruling = Ruling(_rank(judge.name, verdict))
        span.note({"vickrey.rank": ruling.rank})
        return ruling


async def _ask_metered(judge: MeteredJudge, progress: Progress, calls: CallBook) -> Ruling:
    """Ask a judge whose calls cost money: whatever comes of it, its cost is recorded."""
    cost_max_nanos = _cost_max_nanos(judge, progress)
    number = len(progress.judged)
    lot = progress.auctions["0"].lot
    meter = TaskMeter(calls, lot, REQUESTER, judge.provider, JUDGE, cost_max_nanos, number, is_declared=True)
    rank: int | None = None
    reason, failure, held_nanos = "", None, 0
    try:
        await meter.open()
        held_nanos = cost_max_nanos
        try:
            seed = derive_seed(progress.request.seed, JUDGE, number)
            hearing = Hearing(seed, progress.request.rules.transform_deadline_seconds, meter)
            verdict = await _asked(judge, progress, lambda offers: judge.pick(progress.request.text, offers, hearing))
            rank = _rank(judge.name, verdict)
            reason = verdict.reason if isinstance(verdict, Later) else ""
        finally:
            await meter.close()
    except (ProviderError, BidderError) as refusal:
        reason = str(refusal)
    except VickreyError as error:
        reason, failure = str(error), error
    calls.raise_failure()
    judged = Judged(judge.name, rank, shortened(reason), held_nanos, meter.cost_nanos, judge.provider)
    return Ruling(rank, judged, tuple(calls.take_due()), failure)


async def _asked(judge: Judge | MeteredJudge, progress: Progress, pick: Any) -> object:
    try:
        return await awaitable(pick(_shown(progress)))
    except VickreyError:
        raise
    except Exception as error:
        raise BrokenPlugin(
            f"judge {judge.name} failed ({Raised(error).reason}); request {progress.request.id} stays open"
        ) from error


def _cost_max_nanos(judge: MeteredJudge, progress: Progress) -> int:
    said = read_guarded(lambda: plain_nanos(judge.pick_cost_max(progress.request.text, _shown(progress))))
    if isinstance(said, Returned):
        return int(said.value)
    raise BrokenPlugin(
        f"judge {judge.name} cannot say what its calls may cost ({said.reason}); "
        f"request {progress.request.id} stays open"
    )


def _rank(judge: str, verdict: object) -> int | None:
    if isinstance(verdict, Later):
        return None
    if isinstance(verdict, Reject):
        return 0
    if not isinstance(verdict, Rank):
        raise InvalidRequest(f"judge {judge} returned {type(verdict).__name__}; it must be Rank, Reject or Later")
    if verdict.rank == 0:
        raise InvalidRequest(f"judge {judge} picked rank 0; ranks begin at 1, and Reject takes none")
    return verdict.rank


def _shown(progress: Progress) -> Sequence[ShownOffer]:
    return [
        ShownOffer(
            rank,
            offer.presenter,
            offer.text,
            Money(offer.last_bid_nanos),
            Money(offer.price_nanos),
            tuple(sale.buyer for sale in offer.chain),
        )
        for rank, offer in enumerate(progress.offers, 1)
    ]
