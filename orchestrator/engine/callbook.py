"""The calls of one request: their answers, and what they hold on the spend cap (R7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Literal, TypeVar

from orchestrator.core.holds import CAP_OVERRUN, cap_overrun, spent_under
from orchestrator.core.keys import Key, cap_account, read_key
from orchestrator.core.tasks import cap_hold_id, first_attempt, is_for_bidding, is_on_cap, task_of, wallet_hold_id
from orchestrator.errors import BidderError, InsufficientFunds, LedgerRefused, SpendCapReached, TransferConflict
from orchestrator.ledger import PENDING, Transfer, void
from orchestrator.ledger.transfer import resolve
from orchestrator.money import format_usd
from orchestrator.store import AnswerRow, Reader, Store, Transaction

T = TypeVar("T")
HoldState = Literal["new", "open", "settled"]


class CallBook:
    """The calls of one request.

    Args:
        store: where answers and holds are kept.
        request_id: the request.
        answers: what earlier drivers of this request were answered.
        transfers: what has been held and moved for this request so far, oldest first.
    """

    def __init__(
        self, store: Store, request_id: str, answers: Iterable[AnswerRow] = (), transfers: Sequence[Transfer] = ()
    ) -> None:
        self.request_id = request_id
        self.failure: BaseException | None = None
        self._store = store
        self._cap = cap_account(request_id)
        self._answers: dict[str, AnswerRow] = {}
        self._by_task: dict[str, list[AnswerRow]] = {}
        for row in answers:
            self._keep(row)
        resolved = {row.pending_id for row in transfers}
        self._earlier = {row.id: row for row in transfers if row.kind == PENDING and is_for_calls(row)}
        self._orphans = {id: row for id, row in self._earlier.items() if id not in resolved}
        on_cap = [row for row in self._earlier.values() if is_on_cap(row.id)]
        self._again = {task_of(row.id): row for row in on_cap if row.id != first_attempt(row.id)}
        self._running = 0
        self._waiting = 0
        self._flushing = 0
        self._taking = 0
        self._flushes = 0
        self._freed = asyncio.Condition()
        self._due: list[Transfer] = []

    def recorded(self, answer_key: str) -> AnswerRow | None:
        """The answer of this key, if it returned before."""
        return self._answers.get(answer_key)

    def answers_to(self, task: str) -> tuple[AnswerRow, ...]:
        """What the calls of a task have been answered, earlier drivers' among them."""
        return tuple(self._by_task.get(task, ()))

    def promised_nanos(self, task: str) -> int | None:
        """The worst case that an earlier driver held for a task; None where it held none."""
        held = self._earlier.get(cap_hold_id(task))
        return None if held is None else held.amount_nanos

    def held_again(self, task: str) -> Transfer | None:
        """The latest hold on the cap of a task that an earlier driver had taken over and held for again."""
        return self._again.get(task)

    def begun(self, purpose: str) -> list[Key]:
        """The tasks of a purpose that earlier drivers had begun, in order; those that were free have left no trace."""
        tasks = {task_of(id) for id in self._earlier if is_on_cap(id)}
        return sorted(each for each in map(read_key, tasks) if each.purpose == purpose)

    def spent_before(self, task: str) -> tuple[int | None, int]:
        """What a task has cost that an earlier driver had begun, and nobody goes on with; see `known_cost`."""
        return (0, 0) if self.promised_nanos(task) is None else known_cost(self.answers_to(task))

    def left_on_wallet(self, task: str) -> Transfer | None:
        """Take over what an earlier driver held on a bidder's wallet for its bid, if it left that open."""
        return self._orphans.pop(wallet_hold_id(task), None)

    def take_over(self, held: Transfer) -> HoldState:
        """Go on under a hold that an earlier driver took, if it left it open."""
        return "settled" if self._orphans.pop(held.id, None) is None else "open"

    async def record(self, row: AnswerRow) -> None:
        """Make an answer durable, even where whoever asked for it, or all of the run, is stopped meanwhile.

        It has been paid for.
        """
        self._keep(row)
        await self._commit_surely(lambda tx: _keep_first(tx, row))

    async def hold(self, holds: Sequence[Transfer], *, is_running: bool = False) -> HoldState:
        """Take a task's holds, waiting for running tasks to free the cap if it is short.

        Args:
            holds: the last of them is on the cap.
            is_running: whether the task is counted as running already.

        Returns:
            Whether the hold on the cap is new, or another driver, which crashed or is at work still, had taken it
            and left it open or settled it.

        Raises:
            SpendCapReached: nothing is running and the cap still does not cover the worst case.
            BidderError: the bidder's wallet does not cover it.
        """
        self._running -= is_running
        try:
            state = await self._take(holds)
        except BaseException:
            self._running += is_running
            raise
        self._running += 1
        for row in holds:
            self._orphans.pop(row.id, None)
        return state

    async def release(self, held: Transfer | None, spent_nanos: int) -> None:
        """Settle a task's hold on the cap to what was spent.

        Args:
            held: the hold; None where an earlier driver has settled it.
            spent_nanos: what was spent under it; what exceeds it is charged to the cap as well.
        """
        if held is not None:
            self._due.append(resolve(held, min(spent_nanos, held.amount_nanos)))
            excess = spent_nanos - held.amount_nanos
            if excess > 0:
                self._due.append(cap_overrun(held, excess))
        self._running -= 1
        if self._waiting:
            await self._flush()

    def take_due(self) -> list[Transfer]:
        """What goes with the next market commit: how holds on the cap turned out.

        Holds that a crashed driver left and nobody has taken over are settled, too: the cap pays what
        is known, or else the worst case.
        """
        orphans = [settle_orphan(row, self._answers.values(), self._earlier) for row in self._orphans.values()]
        due, self._due, self._orphans = [*self._due, *orphans], [], {}
        return due

    def counting(self) -> Callable[[Reader], bool]:
        """Whether the store has no other answers than are known here by now; to be asked where a step is written.

        Where no call was answered here the store is not asked: another driver has the same bidders.
        """
        known = {row.key: row.cost_nanos for row in self._answers.values()}
        return lambda reader: not known or known.items() >= reader.answer_costs(self.request_id).items()

    def raise_failure(self) -> None:
        """Raise what kept an answer or a hold from being recorded: no fault of any bidder's."""
        if self.failure is not None:
            raise self.failure

    def _keep(self, row: AnswerRow) -> None:
        self._answers[row.key] = row
        self._by_task.setdefault(row.task, []).append(row)

    async def _take(self, holds: Sequence[Transfer]) -> HoldState:
        while True:
            flushes = self._flushes
            try:
                return await self._try_to_take(holds)
            except InsufficientFunds as shortfall:
                if shortfall.account != self._cap:
                    raise BidderError(str(shortfall)) from shortfall
                if not await self._room_came(flushes):
                    raise SpendCapReached(
                        f"request {self.request_id} has reached its spend cap: a call may cost "
                        f"{format_usd(holds[-1].amount_nanos)} USD, which no longer fits"
                    ) from shortfall
            except TransferConflict as conflict:
                raise BidderError(
                    "it declared another worst case, or another provider, before the run was interrupted"
                ) from conflict

    async def _try_to_take(self, holds: Sequence[Transfer]) -> HoldState:
        """One attempt; a store that commits in groups can tell of failures before successes."""
        self._taking += 1
        try:
            state = await self._commit(lambda tx: _state_once_applied(tx, holds))
        except BaseException:
            self._taking -= 1
            if self._waiting:
                await self._wake()
            raise
        self._taking -= 1
        return state

    async def _room_came(self, flushes: int) -> bool:
        """Wait until the cap may have room; False where nothing is left that could free any.

        Args:
            flushes: how often the cap had been given something back before it was found short.
        """
        if self._due:
            await self._flush()
        if self._flushes != flushes:
            return True
        if not self._may_free():
            return False
        self._waiting += 1
        try:
            async with self._freed:
                while self._flushes == flushes and self._may_free():
                    await self._freed.wait()
        finally:
            self._waiting -= 1
        return True

    def _may_free(self) -> bool:
        """Whether anything is under way that may give the cap something back."""
        return bool(self._running or self._flushing or self._taking)

    async def _wake(self) -> None:
        async with self._freed:
            self._freed.notify_all()

    async def _flush(self) -> None:
        """Give the cap back what is due, and wake whoever waits for it."""
        due, self._due = self._due, []
        if due:
            self._flushing += 1
            try:
                # One that is out of time may be the one to do this; what is given back is other tasks'.
                await self._commit_surely(lambda tx: apply_due(tx, due))
            finally:
                self._flushing -= 1
                self._flushes += 1
        await self._wake()

    async def _commit(self, work: Callable[[Transaction], T]) -> T:
        """Write what nobody needs once whoever waits for it is stopped: then it leaves the store's queue unwritten."""
        return await asyncio.wrap_future(self._begin(work))

    async def _commit_surely(self, work: Callable[[Transaction], Any]) -> None:
        """Write what must be written whoever is stopped meanwhile, also where the event loop ends before it is.

        A loop that ends cancels all of its tasks, shielded ones too, and what they wait for: so what is waited for
        here is not the writing itself.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[None] = loop.create_future()

        def tell(writing: Future[Any]) -> None:
            with suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(_settle, told, writing.exception())

        self._begin(work).add_done_callback(tell)
        await told

    def _begin(self, work: Callable[[Transaction], T]) -> Future[T]:
        try:
            writing = self._store.submit(work)
        except BaseException as error:
            self._note(error)
            raise
        writing.add_done_callback(lambda done: self._note(None if done.cancelled() else done.exception()))
        return writing

    def _note(self, error: BaseException | None) -> None:
        """Keep what went wrong with the store; that there is no money for a hold is for whoever asks for it."""
        if not isinstance(error, InsufficientFunds | TransferConflict):
            self.failure = self.failure or error


def _state_once_applied(tx: Transaction, holds: Sequence[Transfer]) -> HoldState:
    """Apply holds; what is told of the last is what the book says, which another driver may have changed by now."""
    last = holds[-1]
    if any(row.id == last.id for row in tx.apply(holds)):
        return "new"
    return "open" if any(row.id == last.id for row in tx.open_holds(last.request)) else "settled"


def _keep_first(tx: Transaction, row: AnswerRow) -> None:
    """Keep an answer; what another driver was answered to the same call may have been charged for already."""
    if not tx.has_answer(row.request, row.key):
        tx.put_answer(row)


def _settle(told: asyncio.Future[None], error: BaseException | None) -> None:
    """Tell whoever still waits."""
    if told.done():
        return
    if error is None:
        told.set_result(None)
    else:
        told.set_exception(error)


def read_calls(store: Store, request_id: str) -> CallBook:
    """The calls of a request, with what earlier drivers of it have left."""
    answers, transfers = store.read(lambda reader: (reader.answers(request_id), reader.transfers(request=request_id)))
    return CallBook(store, request_id, answers, transfers)


def is_for_calls(held: Transfer) -> bool:
    """Whether a hold was taken for a task's calls; all others are settled by the core."""
    return held.code == "cap" or is_for_bidding(held.id)


def settle_orphan(held: Transfer, answers: Iterable[AnswerRow], recorded: Mapping[str, Transfer]) -> Transfer:
    """Settle a hold that no task will come back for.

    The cap is charged what its calls are known to have cost, or else the worst case. A wallet's hold is freed: when
    its stage closed, its bidder was charged for what was known then.

    Args:
        held: the hold.
        answers: what the request's calls were answered.
        recorded: the request's holds for calls, by id; others do no harm.
    """
    if held.code != "cap":
        return void(held)
    task = task_of(held.id)
    cost_nanos, _ = known_cost(row for row in answers if row.task == task)
    if cost_nanos is None:
        return resolve(held, held.amount_nanos)
    spent_nanos = spent_under(held, recorded[first_attempt(held.id)].amount_nanos, cost_nanos)
    return resolve(held, min(spent_nanos, held.amount_nanos))


def known_cost(answers: Iterable[AnswerRow]) -> tuple[int | None, int]:
    """What a task has cost that nobody goes on with, though its worst case was held (R7).

    Args:
        answers: to its calls; where there is none, a call may have been under way.

    Returns:
        Its cost, None where that is unknown; then also what is known of it.
    """
    costs = [row.cost_nanos for row in answers]
    known_nanos = sum(cost or 0 for cost in costs)
    return (known_nanos, 0) if costs and None not in costs else (None, known_nanos)


def apply_due(tx: Transaction, due: Iterable[Transfer]) -> None:
    """Apply how holds on the cap turned out.

    What another driver of the same request has settled otherwise stays as it is: whichever of
    the two may go on is decided by the journal. An overrun takes what the cap has left.
    """
    for row in due:
        if row.code == CAP_OVERRUN:
            left = min(row.amount_nanos, tx.spendable([row.debit])[row.debit])
            rows = [row._replace(amount_nanos=left)] if left > 0 else []
        else:
            rows = [row]
        try:
            tx.apply(rows)
        except LedgerRefused:
            continue
