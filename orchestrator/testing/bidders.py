"""The conformance check of bidders."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import Any, Final

from orchestrator.bidding import Announcement, Bid, Pass, WonLot
from orchestrator.core.rules import TRANSFORMER, Role
from orchestrator.engine.guarded import Raised, TimedOut
from orchestrator.errors import ProviderError
from orchestrator.money import Money
from orchestrator.testing.answers import Unacceptable, read_bid, read_delivery
from orchestrator.testing.policies import check_policy
from orchestrator.testing.problem import Findings, Problem, require_none
from orchestrator.testing.running import Loop, NotAsync, Stuck, call_plainly
from orchestrator.testing.samples import FreeMeter, make_announcement, make_receipt, make_won_lot
from orchestrator.testing.shape import check_bidder_shape
from orchestrator.testing.situations import situations

DEADLINE_SECONDS: Final = 5.0
BLOCKING_SECONDS: Final = 1.0
_NOTHING: Final = object()


def check_bidder(
    bidder: Any,
    announcements: Iterable[Announcement] | None = None,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    blocking_seconds: float = BLOCKING_SECONDS,
) -> list[Problem]:
    """Put a bidder through announcements of many kinds, and say what is wrong with it.

    Args:
        bidder: the bidder.
        announcements: more announcements, for example one on which it is sure to bid.
        deadline_seconds: how long it may take to bid, and to transform.
        blocking_seconds: how long it may keep the event loop, on which everyone else runs, to itself.

    Returns:
        The problems, warnings last; none for a bidder that keeps the contract.
    """
    findings = Findings()
    roles = check_bidder_shape(bidder, findings)
    methods = (getattr(bidder, "bid", None), getattr(bidder, "transform", None))
    if roles and all(callable(method) for method in methods):
        with Loop() as loop:
            exercise = _Exercise(bidder, roles, findings, loop, deadline_seconds, blocking_seconds)
            exercise.run(announcements or ())
    return findings.problems()


def assert_bidder(bidder: Any, announcements: Iterable[Announcement] | None = None) -> None:
    """Fail a test if a bidder breaks its contract; warnings are let pass.

    Raises:
        AssertionError: it does; the message lists every problem.
    """
    require_none(f"bidder {getattr(bidder, 'name', bidder)}", check_bidder(bidder, announcements))


class _Exercise:
    """One bidder's way through all situations."""

    def __init__(
        self,
        bidder: Any,
        roles: tuple[Role, ...],
        findings: Findings,
        loop: Loop,
        deadline_seconds: float,
        blocking_seconds: float,
    ) -> None:
        self._bidder = bidder
        self._roles = roles
        self._findings = findings
        self._loop = loop
        self._deadline_seconds = deadline_seconds
        self._blocking_seconds = blocking_seconds
        self._is_over = False
        self._situation = ""
        self._blocked: Counter[str] = Counter()

    def run(self, announcements: Iterable[Announcement]) -> None:
        """Bid in every situation, and transform whatever was bid on."""
        own = [(f"your announcement {number}", shown) for number, shown in enumerate(announcements, 1)]
        has_bid = False
        for situation, announcement in [*situations(self._roles, self._learned()), *own]:
            self._situation = situation
            bid = self._bid(announcement)
            if isinstance(bid, Bid):
                has_bid = True
                self._transform(announcement, bid)
            if self._is_over:
                return
        self._reserve(make_won_lot(role=self._roles[0]))
        self._practises(make_announcement())
        if not has_bid and not self._findings.problems():
            self._findings.warn(
                "it passed on every announcement, so that transform() was not tried: "
                "give check_bidder() an announcement that it bids on"
            )

    def _learned(self) -> Any:
        """What its policy has learned from one receipt; its policy is checked on the way."""
        policy = getattr(self._bidder, "policy", None)
        if policy is None or self._findings.problems():
            return None
        for problem in check_policy(policy):
            note = self._findings.warn if problem.is_warning else self._findings.add
            note(f"its policy: {problem.message}", problem.situation)
        if self._findings.problems():
            return None
        return policy.learn(None, [make_receipt(bidder=self._bidder.name)])

    # --- bidding ---

    def _bid(self, announcement: Announcement) -> Bid | Pass | None:
        if not self._is_eligible(announcement):
            return None
        bid_cost_max = self._promise("bid_cost_max", announcement)
        transform_cost_max = self._promise("transform_cost_max", announcement)

        def ask() -> Any:
            shown = replace(announcement, memory=copy.deepcopy(announcement.memory), meter=FreeMeter(bid_cost_max))
            return self._call("bid", shown)

        def read(returned: Any) -> Bid | Pass:
            return read_bid(returned, announcement, self._roles, bid_cost_max + transform_cost_max)

        bid: Bid | Pass | None = self._twice("bid", ask, read)
        return bid

    def _is_eligible(self, announcement: Announcement) -> bool:
        check = getattr(self._bidder, "eligible", None)
        if not callable(check):
            return True
        result = call_plainly(check, announcement)
        if isinstance(result, Raised):
            self._add(f"eligible() raises {result.reason}")
            return True
        if not isinstance(result.value, bool):
            self._add(f"eligible() returned {type(result.value).__name__}; it must return True or False")
        return bool(result.value)

    def _promise(self, method: str, announcement: Announcement) -> Money:
        promise = getattr(self._bidder, method, None)
        if not callable(promise):
            return Money(0)
        result = call_plainly(promise, announcement)
        if isinstance(result, Raised):
            self._add(f"{method}() raises {result.reason}")
        elif isinstance(result.value, Money):
            return result.value
        else:
            self._add(f"{method}() returned {type(result.value).__name__}; it must return Money")
        return Money(0)

    # --- transforming ---

    def _transform(self, announcement: Announcement, bid: Bid) -> None:
        cost_max = self._promise("transform_cost_max", announcement)
        won = make_won_lot(announcement, role=bid.role, bid=bid.amount, price=Money(bid.amount.nanos // 2))

        def ask() -> Any:
            lot = replace(won, memory=copy.deepcopy(won.memory), meter=FreeMeter(cost_max))
            return self._call("transform", lot)

        self._twice("transform", ask, lambda returned: read_delivery(returned, won))

    def _reserve(self, lot: WonLot) -> None:
        if TRANSFORMER not in self._roles or not callable(getattr(self._bidder, "reserve", None)):
            return
        self._situation = "a lot of its own"
        returned = self._call("reserve", lot)
        if returned is not _NOTHING and returned is not None and not isinstance(returned, Money):
            self._add(f"reserve() returned {type(returned).__name__}; it must return Money, or None for no reserve")

    def _practises(self, task: Announcement) -> None:
        if TRANSFORMER not in self._roles or not callable(getattr(self._bidder, "practises", None)):
            return
        self._situation = "a task in practice"
        returned = self._call("practises", replace(task, meter=FreeMeter(Money(0))))
        if returned is not _NOTHING and not isinstance(returned, bool):
            self._add(f"practises() returned {type(returned).__name__}; it must return True or False")

    # --- calling ---

    def _twice(self, method: str, ask: Callable[[], Any], read: Callable[[Any], Any]) -> Any:
        """Call a method twice with equal arguments: it should give equal answers."""
        returned = ask()
        if returned is _NOTHING:
            return None
        try:
            first = read(returned)
        except Unacceptable as refusal:
            self._add(str(refusal))
            return None
        again = ask()
        if again is _NOTHING:
            return None
        try:
            is_same = read(again) == first
        except Unacceptable:
            is_same = False
        if not is_same:
            self._findings.warn(
                f"{method}() answers the same question differently the second time, so that runs cannot be repeated: "
                "draw from random.Random(seed) with the seed that it is given, and keep nothing between calls",
                self._situation,
            )
        return first

    def _call(self, method: str, argument: Announcement | WonLot) -> Any:
        """Call an async method; `_NOTHING` where it gave no answer, which has then been noted."""
        before = copy.deepcopy(
            {each.name: getattr(argument, each.name) for each in fields(argument) if each.name != "meter"}
        )
        attempt = self._loop.attempt(getattr(self._bidder, method), argument, self._deadline_seconds)
        for name, value in before.items():
            if getattr(argument, name) != value:
                self._add(f"{method}() changes {name} of what it was given, which others read too: copy it first")
        self._blocked[method] += attempt.blocked_seconds > self._blocking_seconds
        # Once may be an index that is built at first use, or a busy machine.
        if self._blocked[method] > 1:
            self._add(
                f"{method}() blocks the event loop for more than {self._blocking_seconds:g} s, in which nobody else "
                "can run: await what it waits for, or use asyncio.to_thread()"
            )
        result = attempt.result
        if isinstance(result, NotAsync):
            cure = "return the answer, do not yield it" if result.is_generator else f"write `async def {method}`"
            self._add(f"{method}() is not async: {cure}")
        elif isinstance(result, TimedOut | Stuck):
            self._is_over = True
            self._add(f"{method}() had not come back after {self._deadline_seconds:g} s: the market would not wait")
        elif isinstance(result, Raised):
            self._note_raised(method, result)
        else:
            return result.value
        return _NOTHING

    def _note_raised(self, method: str, result: Raised) -> None:
        if isinstance(result.error, ProviderError):
            self._findings.warn(
                f"{method}() could not be checked, its provider failed: {result.error}", self._situation
            )
        else:
            self._add(f"{method}() raises {result.reason}")

    def _add(self, message: str) -> None:
        self._findings.add(message, self._situation)
