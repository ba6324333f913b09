"""The driver: moves one request from stage to stage until its offers are ready.

It performs what the core calls for and feeds back what happened. Everything it knows is in the
journal, so another driver can take over after a crash; whoever appends first goes on, and the
other stops (`StaleDriver`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from orchestrator.bidding import Announcement
from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce
from orchestrator.core.events import Announced, AwardResult, Event
from orchestrator.core.progress import Progress
from orchestrator.core.settlement import due_awards
from orchestrator.core.tasks import BID
from orchestrator.engine.announcing import Announcer, read_market, read_memories
from orchestrator.engine.asking import ask, pass_at_cost
from orchestrator.engine.callbook import CallBook, read_calls
from orchestrator.engine.delivering import deliver, left_at_work
from orchestrator.engine.invitations import read_promises
from orchestrator.engine.recorder import Recorder, RequestLog, read_log
from orchestrator.engine.streaming import TextListener
from orchestrator.errors import StaleDriver
from orchestrator.store import Store, Transaction
from orchestrator.telemetry import Attributes, recording

T = TypeVar("T")
Listener = Callable[[Event, Progress], None]


class Driver:
    """Drives one request.

    Args:
        store: where it is recorded.
        recorder: commits what the core decides.
        request_id: the request, which has been posted.
        clock: Unix time in seconds, for the lists; never part of the journal.
        listener: told of every event as it happens.
        on_text: told of what presenters write while they write.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        request_id: str,
        clock: Callable[[], float],
        listener: Listener | None = None,
        on_text: TextListener | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._listener = listener
        self._on_text = on_text
        self._log: RequestLog = store.read(lambda reader: read_log(reader, request_id))
        self._calls, self._announcer = self._take_up()

    def _take_up(self) -> tuple[CallBook, Announcer]:
        """What earlier drivers of the request have left, and what bidders are told by it."""
        calls = read_calls(self._store, self._log.progress.request.id)
        seats = self._recorder.seats
        memories = self._store.read(lambda reader: read_memories(reader, seats.values()))
        return calls, Announcer(seats, memories, calls, self._store.read(read_promises))

    async def run(self) -> Progress:
        """Go on until the request is open or has ended.

        Returns:
            Its present.

        Raises:
            StaleDriver: another driver has moved it on.
        """
        request = self._log.progress.request
        about: Attributes = {"vickrey.request.id": request.id, "vickrey.bounty.nanos": request.bounty_nanos}
        with recording("vickrey.request", about) as span:
            while self._log.progress.status == "running":
                await self._run_stage()
            span.note({"vickrey.status": self._log.progress.status, "vickrey.offers": len(self._log.progress.offers)})
        return self._log.progress

    async def _run_stage(self) -> None:
        """Go through one stage, or through what an earlier driver left of it."""
        stage, lots = self._log.progress.stage, len(self._log.progress.on_sale)
        with recording("vickrey.stage", {"vickrey.stage": stage, "vickrey.lots": lots}):
            if self._log.progress.phase == "bidding":
                await self._run_auctions()
            if self._log.progress.phase == "transforming":
                await self._transform()

    async def _run_auctions(self) -> None:
        progress = self._log.progress
        market = self._store.read(lambda reader: read_market(reader, progress))
        keeps = await self._announcer.ask_reserves(progress)
        lots = progress.lots()
        # At once, as all that bidders are asked: those that do not answer cost a stage one deadline, not one a lot.
        # (Owners that do not tell their reserve cost it one before, since bidders are told that.)
        found = await at_once(self._announcer.announce(progress, lot, market, keeps) for lot in lots)
        shown = {lot.path: rows for lot, rows in zip(lots, found, strict=True)}
        invited = {path: [*rows, *self._left_out(path, rows)] for path, rows in shown.items()}
        announced = announce(progress, keeps, invited)
        self._tell([announced], progress)
        answers = await self._ask_all(announced, shown)
        # Taken here and not in the writer's thread: a call that comes late may be kept meanwhile.
        due = self._calls.take_due()
        await self._commit(
            lambda tx: self._recorder.close(tx, self._log, announced, answers, due, self._clock()), already_told=1
        )

    async def _ask_all(
        self, announced: Announced, shown: Mapping[str, Mapping[str, Announcement]]
    ) -> dict[str, list[Answer]]:
        """Ask all invited, of all lots at once; answers come back in (lot, bidder) order (R13)."""
        asked = [(row.lot, name) for row in announced.lots for name in row.invited]
        given = await at_once(self._ask(lot, name, shown[lot].get(name)) for lot, name in asked)
        answers: dict[str, list[Answer]] = {row.lot: [] for row in announced.lots}
        for (lot, _), answer in zip(asked, given, strict=True):
            answers[lot].append(answer)
        return answers

    def _left_out(self, path: str, shown: Collection[str]) -> list[str]:
        """Whom an interrupted run had asked to bid for a lot, and who is not asked again: what they spent is theirs."""
        return [task.bidder for task in self._calls.begun(BID) if task.lot == path and task.bidder not in shown]

    async def _ask(self, path: str, name: str, announcement: Announcement | None) -> Answer:
        lot = self._log.progress.auctions[path].lot
        if announcement is None:
            return pass_at_cost(name, lot, self._calls, "was asked before the run was interrupted, and not again")
        seat = self._recorder.seats[name]
        deadline_seconds = seat.bid_seconds(self._log.progress.request.rules)
        return await ask(seat, announcement, lot, self._calls, deadline_seconds)

    async def _transform(self) -> None:
        results: dict[str, list[AwardResult]] = {}
        while due := due_awards(self._log.progress, results):
            tasks = [(path, award) for path, awards in due.items() for award in awards]
            delivered = await at_once(self._deliver(path, award) for path, award in tasks)
            for (path, _), result in zip(tasks, delivered, strict=True):
                results.setdefault(path, []).append(result)
        for fault in list(left_at_work(self._log.progress, results, self._calls)):
            results.setdefault(fault.lot, []).append(fault)
        due_transfers = self._calls.take_due()
        await self._commit(lambda tx: self._recorder.settle(tx, self._log, results, due_transfers, self._clock()))

    async def _deliver(self, path: str, award: Award) -> AwardResult:
        seat = self._recorder.seats.get(award.bidder)
        memory = self._announcer.memory_of(seat)
        return await deliver(self._log.progress, path, award, seat, self._calls, memory, self._on_text)

    async def _commit(self, work: Callable[[Transaction], RequestLog], already_told: int = 0) -> None:
        """Write a step, unless another driver of the request, gone or not, has had calls answered meanwhile.

        They have been paid for and count in the stage's costs: so it is gone through again, as after a crash.
        """
        is_all_counted = self._calls.counting()
        log = await asyncio.wrap_future(self._store.submit(lambda tx: work(tx) if is_all_counted(tx) else None))
        if log is None:
            self._check_not_overtaken()
            self._calls, self._announcer = self._take_up()
        else:
            self._log = log
            self._tell(log.latest[already_told:], log.progress)

    def _check_not_overtaken(self) -> None:
        request_id, sequence = self._log.progress.request.id, self._log.sequence
        if self._store.read(lambda reader: read_log(reader, request_id)).sequence != sequence:
            raise StaleDriver(
                f"request {request_id}: another driver has written journal entry {sequence}; this one stops"
            )

    def _tell(self, events: Sequence[Event], progress: Progress) -> None:
        if self._listener is not None:
            for event in events:
                self._listener(event, progress)


async def at_once(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do several things at once; where one raises, the others are stopped. What bidders do never raises here."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
