"""Metering: every call that costs money is held before it is made and recorded as it returns.

A task's worst case is held on its bidder's wallet and on the request's spend cap (R4, R7); a
call's answer is stored under its key, so that after a crash it is read and not paid again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from orchestrator.bidding import Charged
from orchestrator.core.holds import bid_cost_hold, cap_hold, spent_under
from orchestrator.core.keys import key, read_key
from orchestrator.core.lot import Lot
from orchestrator.core.tasks import BID, cap_hold_id
from orchestrator.engine.callbook import CallBook
from orchestrator.errors import InvalidAnswer, SpendCapReached
from orchestrator.money import NANOS_PER_USD, Money, format_usd
from orchestrator.store import AnswerRow

_PURPOSE_CHARACTERS_MAX = 100
# What a bidder says that a call cost moves counters which never go back, and what nobody can pay moves the
# issuer's: a few calls of a billion dollars used up what 64 bits count, and no request could be posted any more.
_COST_NANOS_MAX = 10_000 * NANOS_PER_USD


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
        is_declared: whether the bidder declared the worst case: one of 0 then allows calls that cost
            nothing, which are recorded like any other.
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
        *,
        is_declared: bool = False,
    ) -> None:
        self._book = book
        self._task = key(book.request_id, lot.path, round, bidder, purpose)
        self._wallet_hold = (
            bid_cost_hold(book.request_id, lot, bidder, cost_max_nanos, provider) if purpose == BID else None
        )
        self._cap_hold = cap_hold(book.request_id, lot, round, bidder, purpose, cost_max_nanos)
        self._cost_max_nanos = cost_max_nanos
        self._is_declared = is_declared
        self._spent_nanos = 0
        self._unknown = False
        self._calls = 0
        self._has_asked = False
        self._was_refused = False
        self._state: Literal["closed", "held", "settled"] = "closed"
        self._is_resumed = False
        self._one_at_a_time = asyncio.Lock()

    @property
    def cost_nanos(self) -> int | None:
        """What the task's calls cost; None where one of them has an unknown cost."""
        return None if self._unknown else self._spent_nanos

    @property
    def known_nanos(self) -> int:
        """What is known of the cost, where not all of it is; 0 where all is."""
        return self._spent_nanos if self._unknown else 0

    @property
    def has_asked(self) -> bool:
        """Whether the task has asked its provider anything, or was answered from the record."""
        return self._has_asked

    @property
    def was_refused(self) -> bool:
        """Whether the spend cap had no room for a call of the task."""
        return self._was_refused

    async def open(self) -> None:
        """Hold the task's worst case; free tasks hold nothing.

        What calls of an earlier driver have cost counts from here on, also those that are not made again: a bidder
        may decide otherwise when it is asked anew.
        """
        for row in self._book.answers_to(self._task):
            self._count(row)
        self._state = "held"
        if self._cap_hold is None:
            return
        holds = [held for held in (self._wallet_hold, self._cap_hold) if held is not None]
        state = await self._book.hold(holds)
        self._is_resumed = state != "new"
        again = self._book.held_again(self._task)
        if again is not None:
            self._cap_hold = again
            state = self._book.take_over(again)
        if state == "settled":
            self._state = "settled"

    async def close(self) -> None:
        """Free what was not spent; after an unknown cost the cap gives up the worst case."""
        state, self._state = self._state, "closed"
        if self._cap_hold is not None and state != "closed":
            spent_nanos = self._cost_max_nanos if self._unknown else self._spent_nanos
            held = None if state == "settled" else self._cap_hold
            await self._book.release(held, spent_under(self._cap_hold, self._cost_max_nanos, spent_nanos))

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        """Make a call, or take its answer from the record; see `orchestrator.bidding.Meter`."""
        if self._cap_hold is None and not self._is_declared:
            raise InvalidAnswer("a call that costs money needs its worst case declared: see bid_cost_max()")
        if type(purpose) is not str or not purpose.isprintable() or not 0 < len(purpose) <= _PURPOSE_CHARACTERS_MAX:
            raise InvalidAnswer("a call's purpose is a short printable string")
        answer_key = f"{self._task}/{purpose}/{self._calls}"
        self._calls += 1
        async with self._one_at_a_time:
            if self._state == "closed":
                raise InvalidAnswer("its task is over; no more calls can be made for it")
            self._has_asked = True
            row = self._book.recorded(answer_key) or await self._perform(perform, answer_key)
            return json.loads(row.body)

    def _check_room(self) -> None:
        if self._unknown:
            raise InvalidAnswer("what an earlier call cost is not known; it may have used up the worst case")
        if self._cap_hold is not None and self._spent_nanos >= self._cost_max_nanos:
            raise InvalidAnswer(
                f"its calls have used up the worst case of {format_usd(self._cost_max_nanos)} USD that it declared"
            )

    async def _perform(self, perform: Callable[[], Awaitable[Charged]], answer_key: str) -> AnswerRow:
        self._check_room()
        if self._state == "settled":
            await self._hold_again()
        self._unknown = True
        body, cost_nanos, usage = _read_charged(await perform())
        if self._cap_hold is None and cost_nanos:
            raise InvalidAnswer(f"it declared that its calls cost nothing, and one cost {format_usd(cost_nanos)} USD")
        if (cost_nanos or 0) > max(self._cost_max_nanos, _COST_NANOS_MAX):
            raise InvalidAnswer(
                f"it says that a call cost {format_usd(cost_nanos or 0)} USD; "
                f"above {format_usd(_COST_NANOS_MAX)} USD that is believed only as far as it was promised"
            )
        usage_text = json.dumps({**usage, **({"repeated": 1} if self._is_resumed else {})})
        row = AnswerRow(answer_key, self._book.request_id, self._task, body, cost_nanos, usage_text)
        self._unknown = False
        # Before it is written: the task's deadline may pass meanwhile, and what has been paid is known by now.
        self._count(row)
        await self._book.record(row)
        return row

    def _count(self, row: AnswerRow) -> None:
        if row.cost_nanos is None:
            self._unknown = True
        else:
            self._spent_nanos += row.cost_nanos

    async def _hold_again(self) -> None:
        """Hold what is left of the worst case: an earlier driver had settled with the cap, then crashed."""
        left_nanos = self._cost_max_nanos - self._spent_nanos
        while self._cap_hold is not None and self._state == "settled":
            next_id = cap_hold_id(self._task, read_key(self._cap_hold.id).attempt + 1)
            again = self._cap_hold._replace(id=next_id, amount_nanos=left_nanos)
            try:
                state = await self._book.hold([again], is_running=True)
            except SpendCapReached:
                self._was_refused = True
                raise
            self._cap_hold = again
            if state != "settled":
                self._state = "held"


def _read_charged(charged: Any) -> tuple[str, int | None, dict[str, int]]:
    """An answer's body as JSON, its cost and its usage.

    Raises:
        InvalidAnswer: the call returned something else.
    """
    if not isinstance(charged, Charged) or not (charged.cost is None or isinstance(charged.cost, Money)):
        raise InvalidAnswer(f"a metered call returns Charged with its cost as Money, not {type(charged).__name__}")
    cost_nanos = None if charged.cost is None else Money.usd(Money(charged.cost.nanos)).nanos
    try:
        usage = {str(name): int(count) for name, count in charged.usage.items()}
        return json.dumps(charged.body), cost_nanos, usage
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidAnswer(f"a metered call returned what JSON cannot hold: {error}") from error
