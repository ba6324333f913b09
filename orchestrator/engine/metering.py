"""Metering: every call that costs money is held before it is made and recorded as it returns.

A task's worst case is held on its bidder's wallet and on the request's spend cap (R4, R7); a
call's answer is stored under its key, so that after a crash it is read and not paid again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from orchestrator.bidding import Charged
from orchestrator.core.holds import bid_cost_hold, cap_hold, key
from orchestrator.core.keys import cap_account
from orchestrator.core.lot import Lot
from orchestrator.errors import BidderError, InsufficientFunds, InvalidAnswer, SpendCapReached
from orchestrator.ledger import Transfer
from orchestrator.ledger.transfer import resolve
from orchestrator.money import Money, format_usd
from orchestrator.store import AnswerRow, Store, Transaction

T = TypeVar("T")
BID = "bid"
TRANSFORM = "transform"


class CallBook:
    """The calls of one request: their answers, and what is held on the spend cap.

    Args:
        store: where answers and holds are kept.
        request_id: the request.
        answers: what earlier drivers of this request were answered.
    """

    def __init__(self, store: Store, request_id: str, answers: Iterable[AnswerRow] = ()) -> None:
        self.request_id = request_id
        self._store = store
        self._answers = {row.key: row for row in answers}
        self._running = 0
        self._waiting = 0
        self._freed = asyncio.Condition()
        self._due: list[Transfer] = []

    def recorded(self, answer_key: str) -> AnswerRow | None:
        """The answer of this key, if it returned before."""
        return self._answers.get(answer_key)

    async def record(self, row: AnswerRow) -> None:
        """Make an answer durable."""
        await self._commit(lambda tx: tx.put_answer(row))
        self._answers[row.key] = row

    async def hold(self, holds: list[Transfer]) -> bool:
        """Take a task's holds, waiting for running tasks to free the cap if it is short.

        Returns:
            Whether the holds are new; False where a driver that crashed had taken them.

        Raises:
            SpendCapReached: nothing is running and the cap still does not cover the worst case.
            BidderError: the bidder's wallet does not cover it.
        """
        while True:
            try:
                applied = await self._commit(lambda tx: tx.apply(holds))
            except InsufficientFunds as shortfall:
                if shortfall.account != cap_account(self.request_id):
                    raise BidderError(str(shortfall)) from shortfall
                if not self._running and not self._due:
                    raise SpendCapReached(
                        f"request {self.request_id} has reached its spend cap: a call may cost "
                        f"{format_usd(holds[-1].amount_nanos)} USD, which no longer fits"
                    ) from shortfall
                await self._wait_for_room()
                continue
            self._running += 1
            return bool(applied)

    async def release(self, held: Transfer, spent_nanos: int) -> None:
        """Settle a task's hold on the cap to what was spent."""
        self._due.append(resolve(held, min(spent_nanos, held.amount_nanos)))
        self._running -= 1
        if self._waiting:
            await self._flush()
            async with self._freed:
                self._freed.notify_all()

    def take_due(self) -> list[Transfer]:
        """Resolutions of cap holds that go with the next market commit."""
        due, self._due = self._due, []
        return due

    async def _wait_for_room(self) -> None:
        self._waiting += 1
        try:
            if self._due:
                await self._flush()
                return
            async with self._freed:
                await self._freed.wait()
        finally:
            self._waiting -= 1

    async def _flush(self) -> None:
        due = self.take_due()
        if due:
            await self._commit(lambda tx: tx.apply(due))

    async def _commit(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.submit(work))


class TaskMeter:
    """The meter of one task: one bidder's bid or transform of one lot.

    Args:
        book: the request's calls.
        lot: the lot.
        bidder: who is charged.
        provider: who is paid.
        purpose: `bid` or `transform`.
        cost_max_nanos: the worst case that the bidder promised.
        round: round of the award, for transforms.
    """

    def __init__(
        self,
        book: CallBook,
        lot: Lot,
        bidder: str,
        provider: str,
        purpose: str,
        cost_max_nanos: int,
        round: int = 0,
    ) -> None:
        self._book = book
        self._task = key(book.request_id, lot.path, round, bidder, purpose)
        self._wallet_hold = (
            bid_cost_hold(book.request_id, lot, bidder, cost_max_nanos, provider) if purpose == BID else None
        )
        self._cap_hold = cap_hold(book.request_id, lot, round, bidder, purpose, cost_max_nanos)
        self._cost_max_nanos = cost_max_nanos
        self._spent_nanos = 0
        self._unknown = False
        self._calls = 0
        self._resumed = False

    @property
    def cost_nanos(self) -> int | None:
        """What the task's calls cost; None where one of them has an unknown cost."""
        return None if self._unknown else self._spent_nanos

    async def open(self) -> None:
        """Hold the task's worst case; free tasks hold nothing."""
        holds = [held for held in (self._wallet_hold, self._cap_hold) if held is not None]
        if holds:
            self._resumed = not await self._book.hold(holds)

    async def close(self) -> None:
        """Free what was not spent; after an unknown cost the cap gives up the worst case."""
        if self._cap_hold is not None:
            await self._book.release(self._cap_hold, self._cost_max_nanos if self._unknown else self._spent_nanos)

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        """Make a call, or take its answer from the record; see `orchestrator.bidding.Meter`."""
        if self._cap_hold is None:
            raise InvalidAnswer("a call that costs money needs its worst case declared: see bid_cost_max()")
        if self._spent_nanos >= self._cost_max_nanos or self._unknown:
            raise InvalidAnswer(
                f"its calls have used up the worst case of {format_usd(self._cost_max_nanos)} USD that it declared"
            )
        answer_key = f"{self._task}/{purpose}/{self._calls}"
        self._calls += 1
        row = self._book.recorded(answer_key)
        if row is None:
            row = await self._perform(perform, answer_key)
        self._charge(row.cost_nanos)
        return json.loads(row.body)

    async def _perform(self, perform: Callable[[], Awaitable[Charged]], answer_key: str) -> AnswerRow:
        self._unknown = True
        charged: Any = await perform()
        if not isinstance(charged, Charged) or not (charged.cost is None or isinstance(charged.cost, Money)):
            raise InvalidAnswer(f"a metered call returns Charged with its cost as Money, not {type(charged).__name__}")
        usage = {**charged.usage, **({"repeated": 1} if self._resumed else {})}
        cost_nanos = None if charged.cost is None else charged.cost.nanos
        row = AnswerRow(
            answer_key, self._book.request_id, self._task, json.dumps(charged.body), cost_nanos, json.dumps(usage)
        )
        await self._book.record(row)
        self._unknown = False
        return row

    def _charge(self, cost_nanos: int | None) -> None:
        if cost_nanos is None:
            self._unknown = True
        else:
            self._spent_nanos += cost_nanos
