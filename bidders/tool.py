"""A bidder whose work is any Python function from text to text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import orchestrator
from bidders.capable import PRESENTER, TRANSFORMER, Appraisal, CapableBidder, prospect, resale_share
from bidders.options import kind_in, money_in, number_in
from orchestrator import (
    Announcement,
    Charged,
    Money,
    Policy,
    Role,
    Segment,
    WonLot,
    check_call,
    entry_of,
    find_function,
    in_daemon_thread,
)


class ToolBidder(CapableBidder):
    """Sells the work of a function `f(text) -> str | list[str]`, plain or async, on the state's text.

    A plain function runs in a thread of its own, so a slow one stops nobody else. A tool works on a
    state once: where its own segment, or a twin's, is there already, it passes.

    Args:
        name: unique in its market.
        function: where to find it: `package.module:callable` or `package.module.callable`.
        share: what its work closes of the gap between a state's price and the bounty, 0 to 1.
        policy: turns that into a value.
        kind: kind of the segments that it writes; by default its own name.
        role: `transformer`, or `presenter` for a function that writes whole offers.
        cost: what a call costs, in USD; charged at each call.
        needs: a regular expression; it passes on states whose text does not match.

    Raises:
        InvalidConfig: an option is out of range, or there is no such function that can be called with one text.
        InvalidMoney: the cost is not an amount of money.
    """

    def __init__(
        self,
        name: str,
        function: str,
        share: str | float = "0.1",
        policy: Policy | None = None,
        kind: str = "",
        role: Role = TRANSFORMER,
        cost: str | int = "0",
        needs: str = "",
    ) -> None:
        if role not in (TRANSFORMER, PRESENTER):
            raise orchestrator.errors.InvalidConfig(f"role is {TRANSFORMER} or {PRESENTER}, not {role!r}")
        super().__init__(name, role, policy)
        self._function: Callable[..., Any] = find_function(function, "function")
        check_call(self._function, ("",), f"function {function}", "one text")
        self._share = number_in("share", share, 0.0, 1.0)
        self._kind = kind_in("kind", kind or name)
        self._cost = money_in("cost", cost)
        try:
            self._needs = re.compile(needs)
        except re.error as error:
            raise orchestrator.errors.InvalidConfig(f"needs is not a regular expression: {error}") from error
        self.provider = name

    def transform_cost_max(self, announcement: Announcement) -> Money:
        """One call."""
        return self._cost

    def appraise(self, announcement: Announcement) -> Appraisal:
        """Expect its declared share of what the state still lacks, where it has what the function needs."""
        own = entry_of(self.name)
        if any(entry_of(segment.author) == own for segment in announcement.state.segments):
            return Appraisal(0.0, "its work is in this state already")
        if not self._needs.search(announcement.state.text):
            return Appraisal(0.0, "the state has nothing for it to work on")
        estimate = (
            self._share * prospect(announcement.lot)
            if self.role == PRESENTER
            else resale_share(announcement, self._share)
        )
        return Appraisal(estimate, f"adds {self._kind}")

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        """Call the function with the state's text and append what it returns."""
        if self._cost.nanos:
            answer = await lot.meter.call(lambda: self._charged(lot.state.text))
        else:
            answer = await self._called(lot.state.text)
        texts = [answer] if isinstance(answer, str) else list(answer)
        return [Segment(text, kind=self._kind) for text in texts]

    async def _charged(self, text: str) -> Charged:
        return Charged(await self._called(text), self._cost)

    async def _called(self, text: str) -> str | list[str]:
        if inspect.iscoroutinefunction(self._function):
            answer = await self._function(text)
        else:
            answer = await in_daemon_thread(lambda: self._function(text), f"tool {self.name}")
        if isinstance(answer, str):
            return answer
        if isinstance(answer, list | tuple) and all(isinstance(piece, str) for piece in answer):
            return list(answer)
        raise orchestrator.errors.InvalidAnswer(
            f"the function of tool {self.name} returned {type(answer).__name__}; it must return a str or a list of them"
        )
