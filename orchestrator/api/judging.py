"""Judging: picking offers, by rank or by asking a judge and reading its verdict (R9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from orchestrator.api.lease import judging_alone
from orchestrator.api.listening import tell
from orchestrator.api.picking import check_judge_name, check_pick
from orchestrator.bidding import Hearing, Judge, Later, MeteredJudge, Rank, Reject, ShownOffer
from orchestrator.core.events import Judged
from orchestrator.core.judge_at_work import JudgeAtWork
from orchestrator.core.keys import derive_seed, digest_text
from orchestrator.core.progress import Progress
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import JUDGE
from orchestrator.engine.callbook import CallBook, read_calls
from orchestrator.engine.driver import Listener
from orchestrator.engine.guarded import Returned, TimedOut, read_guarded, run_guarded, shortened
from orchestrator.engine.metering import TaskMeter
from orchestrator.engine.recorder import Recorder, RequestLog, read_log
from orchestrator.engine.seat import plain_nanos
from orchestrator.errors import (
    BidderError,
    BrokenPlugin,
    InvalidRequest,
    ProviderError,
    VickreyError,
    WrongStatus,
)
from orchestrator.ledger import Transfer
from orchestrator.money import Money
from orchestrator.store import Store, Transaction
from orchestrator.telemetry import recording

_RECIPE_CHARACTERS: Final = 16
# What stops whoever judges, by no fault of the judge's. In an asynchronous program a Ctrl-C is a cancellation, too.
_STOPS: Final = (KeyboardInterrupt, SystemExit, asyncio.CancelledError)


@dataclass(frozen=True, slots=True)
class _Ruling:
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
    failure: BaseException | None = None


class Judging:
    """How offers of a market's open requests are picked: by rank, or by a judge that looks at them.

    Args:
        store: where the requests are.
        recorder: writes down picks, and what judges cost.
        clock: Unix time in seconds.
        deadline_seconds: how long a judge may take that waits for no person.
    """

    def __init__(self, store: Store, recorder: Recorder, clock: Callable[[], float], deadline_seconds: float) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._deadline_seconds = deadline_seconds

    def pick(self, request_id: str, rank: int, judge: str) -> RequestLog:
        """Pick an offer by its rank, or none (0).

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: it is not open.
            InvalidRequest: it has no offer of this rank, or the judge's name cannot be recorded.
        """
        check_judge_name(judge)

        def work(tx: Transaction) -> RequestLog:
            check_pick(read_log(tx, request_id).progress, rank)
            return self._recorder.pick(tx, request_id, rank, judge, self._clock())

        return self._store.transact(work)

    async def judge(
        self,
        request_id: str,
        judge: Judge | MeteredJudge,
        on_event: Listener | None = None,
        *,
        take_over: bool = False,
    ) -> None:
        """Have a judge look at a request's offers, charge what its calls cost, and record its pick.

        Where it decides later, or the request is not open, nothing is picked.

        Args:
            request_id: the request.
            judge: who looks.
            on_event: told that a judge was asked at a cost, and of its pick.
            take_over: whether a process on another host, whose judge looks, is gone.

        Raises:
            UnknownRequest: there is no such request.
            WrongStatus: the request has ended while the judge looked; what that cost is charged all the same. Or
                another judge looks whose calls cost money, as this one's do.
            BrokenPlugin: the judge failed, had not decided at its deadline, or gave no verdict on these offers; the
                request stays open.
            VickreyError: its model failed; what its calls cost is charged all the same.
        """
        is_paid = isinstance(judge, MeteredJudge)
        with judging_alone(self._store, request_id, take_over=take_over) if is_paid else nullcontext():
            rank = await self._hear(request_id, judge, on_event)
        if rank is not None:
            tell(on_event, self.pick(request_id, rank, judge.name))

    async def _hear(self, request_id: str, judge: Judge | MeteredJudge, on_event: Listener | None) -> int | None:
        """The rank that a judge picks, 0 for none of the offers; None where there is nothing to pick now."""
        store = self._store
        progress = store.read(lambda reader: read_log(reader, request_id)).progress
        if progress.status == "open" and isinstance(judge, MeteredJudge):
            progress = self._charge_gone(request_id, judge, on_event)
        if progress.status != "open":
            return None
        ruling = await _ask(judge, progress, read_calls(store, request_id), self._deadline_seconds)
        judged, now_seconds = ruling.judged, self._clock()
        if judged is not None:

            def charge(tx: Transaction) -> RequestLog:
                return self._recorder.charge_judge(tx, request_id, judged, ruling.due, now_seconds)

            log = store.transact(charge)
            tell(on_event, log)
            if not isinstance(ruling.failure, _STOPS):
                _check_open(log.progress, judge.name)
        if ruling.failure is not None:
            raise ruling.failure
        return ruling.rank

    def _charge_gone(self, request_id: str, judge: MeteredJudge, on_event: Listener | None) -> Progress:
        """Charge what another judge had spent that was gone before it was recorded; this one makes its own calls."""
        present, now_seconds = _at_work(judge), self._clock()

        def charge(tx: Transaction) -> RequestLog:
            return self._recorder.charge_gone_judge(tx, request_id, now_seconds, present=present)

        log = self._store.transact(charge)
        tell(on_event, log)
        return log.progress


def _check_open(progress: Progress, judge: str) -> None:
    if progress.status != "open":
        raise WrongStatus(
            f"request {progress.request.id} is {progress.status}: it ended while judge {judge} looked at its offers"
        )


async def _ask(judge: Judge | MeteredJudge, progress: Progress, calls: CallBook, deadline_seconds: float) -> _Ruling:
    with recording("vickrey.judge", {"vickrey.request.id": progress.request.id, "vickrey.judge": judge.name}) as span:
        if isinstance(judge, MeteredJudge):
            ruling = await _ask_metered(judge, progress, calls, deadline_seconds)
        else:
            rank, _ = await _asked(
                judge, progress, lambda offers: judge.pick(progress.request.text, offers), deadline_seconds
            )
            ruling = _Ruling(rank)
        span.note({"vickrey.rank": ruling.rank})
        return ruling


async def _ask_metered(judge: MeteredJudge, progress: Progress, calls: CallBook, deadline_seconds: float) -> _Ruling:
    """Ask a judge whose calls cost money: whatever comes of it, its cost is recorded."""
    cost_max_nanos = _cost_max_nanos(judge, progress)
    number = len(progress.judged)
    lot = progress.auctions["0"].lot
    present = _at_work(judge)
    if any(task.bidder == REQUESTER and task.round == number for task in calls.begun(JUDGE)):
        # Begun when keys did not name judges: whoever judges next goes on with it, as it was then.
        present = present._replace(recipe="")
    meter = TaskMeter(calls, lot, present.worker, judge.provider, JUDGE, cost_max_nanos, number, is_declared=True)
    rank: int | None = None
    failure: BaseException | None = None
    reason, held_nanos = "", 0
    try:
        await meter.open()
        held_nanos = cost_max_nanos
        try:
            seed = derive_seed(progress.request.seed, JUDGE, number)
            hearing = Hearing(seed, deadline_seconds, meter)
            rank, reason = await _asked(
                judge, progress, lambda offers: judge.pick(progress.request.text, offers, hearing), deadline_seconds
            )
        finally:
            await meter.close()
    except (ProviderError, BidderError) as refusal:
        reason = str(refusal)
    except (VickreyError, *_STOPS) as error:
        reason, failure = str(error) or type(error).__name__, error
    calls.raise_failure()
    costs = (held_nanos, meter.cost_nanos, judge.provider, meter.known_nanos)
    judged = Judged(judge.name, rank, shortened(reason), *costs, present.recipe)
    return _Ruling(rank, judged, tuple(calls.take_due()), failure)


def _at_work(judge: MeteredJudge) -> JudgeAtWork:
    """Who judges: its name, its provider, and a digest of what its verdicts follow from: its class and what it says."""
    said = read_guarded(lambda: getattr(judge, "recipe", ""))
    recipe = said.value if isinstance(said, Returned) and isinstance(said.value, str) else ""
    kind = type(judge)
    digest = digest_text(f"{kind.__module__}:{kind.__qualname__}/{recipe}")[:_RECIPE_CHARACTERS]
    return JudgeAtWork(judge.name, judge.provider, digest)


async def _asked(
    judge: Judge | MeteredJudge, progress: Progress, pick: Any, deadline_seconds: float
) -> tuple[int | None, str]:
    """The rank that a judge picks, and why it decides later, if it does; a person may take any time."""
    stays_open = f"request {progress.request.id} stays open"
    deadline = None if getattr(judge, "waits_for_person", False) else deadline_seconds
    said = await run_guarded(lambda: pick(_shown(progress)), deadline)
    if isinstance(said, TimedOut):
        raise BrokenPlugin(
            f"judge {judge.name} had not decided after {deadline_seconds:g} s; {stays_open}; "
            "request.judge_seconds in the config says how long it may take"
        )
    if isinstance(said, Returned):
        said = read_guarded(partial(_read_verdict, progress, said.value))
    if isinstance(said, Returned):
        rank, reason = said.value
        return rank, reason
    if isinstance(said.error, InvalidRequest):
        raise BrokenPlugin(f"judge {judge.name} gave no verdict: {said.error}; {stays_open}") from said.error
    # Whoever is at the keyboard may end the program while a function of its own judges.
    if isinstance(said.error, VickreyError | KeyboardInterrupt | SystemExit):
        raise said.error
    raise BrokenPlugin(f"judge {judge.name} failed ({said.reason}); {stays_open}") from said.error


def _cost_max_nanos(judge: MeteredJudge, progress: Progress) -> int:
    said = read_guarded(lambda: plain_nanos(judge.pick_cost_max(progress.request.text, _shown(progress))))
    if isinstance(said, Returned):
        return int(said.value)
    raise BrokenPlugin(
        f"judge {judge.name} cannot say what its calls may cost ({said.reason}); "
        f"request {progress.request.id} stays open"
    )


def _read_verdict(progress: Progress, verdict: object) -> tuple[int | None, str]:
    """The rank that a verdict names, 0 for none of the offers; None where it comes later, and why it does."""
    if isinstance(verdict, Later):
        return None, str(verdict.reason or "")
    if isinstance(verdict, Reject):
        return 0, ""
    if not isinstance(verdict, Rank):
        raise InvalidRequest(f"it returned {type(verdict).__name__}, which must be Rank, Reject or Later")
    rank = verdict.rank
    if rank == 0:
        raise InvalidRequest("it picked rank 0; ranks begin at 1, and Reject takes none")
    # Before it is recorded: an entry that cannot be read back would lock up the request for good.
    check_pick(progress, rank)
    return int(rank), ""


def _shown(progress: Progress) -> Sequence[ShownOffer]:
    return [
        ShownOffer(
            rank,
            offer.presenter,
            offer.text,
            Money(offer.last_bid_nanos),
            Money(offer.price_nanos),
            tuple(sale.buyer for sale in offer.chain if sale.role == TRANSFORMER),
        )
        for rank, offer in enumerate(progress.offers, 1)
    ]
