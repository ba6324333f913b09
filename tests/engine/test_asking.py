"""Asking for bids: one deadline for all that a bidder is asked about a lot (R3)."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from orchestrator import Announcement, Market, Money, WonLot
from orchestrator.engine import deadline
from orchestrator.engine.guarded import Returned, TimedOut
from tests.engine.world import Scripted, answers, finish, make_market, presenter

DEADLINE_SECONDS = 1000.0


class Slow(Scripted):
    """Takes some of its time for each thing that it is asked, by a clock of the test's."""

    def __init__(self, seconds: dict[str, float], clock: list[float]) -> None:
        super().__init__("slow", {1: "2"})
        self.seconds = seconds
        self.clock = clock

    def eligible(self, announcement: Announcement) -> bool:
        self.take("eligible")
        return True

    async def reserve(self, lot: WonLot) -> Money:
        self.take("reserve")
        return Money(0)

    def bid_cost_max(self, announcement: Announcement) -> Money:
        self.take("bid_cost_max")
        return Money(0)

    def transform_cost_max(self, announcement: Announcement) -> Money:
        self.take("transform_cost_max")
        return Money(0)

    async def bid(self, announcement: Announcement) -> Any:
        self.take("bid")
        return await super().bid(announcement)

    def take(self, what: str) -> None:
        self.clock[0] += self.seconds.get(what, 0.0)


@pytest.mark.parametrize(
    ("seconds", "late_in"),
    [
        ({"bid_cost_max": 400.0, "bid": 400.0, "transform_cost_max": 100.0}, None),
        ({"bid_cost_max": 600.0, "bid": 600.0}, "transform_cost_max"),
        ({"eligible": 600.0, "bid": 600.0}, "transform_cost_max"),
        ({"eligible": 1001.0}, "bid_cost_max"),
        ({"bid_cost_max": 1001.0}, "bid"),
    ],
)
def test_all_that_is_asked_about_a_lot_is_answered_within_one_deadline(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float], late_in: str | None
) -> None:
    clock, left = [0.0], []

    async def run_guarded(work: Any, deadline_seconds: float) -> Any:
        left.append(deadline_seconds)
        return TimedOut() if deadline_seconds <= 0.0 else Returned(await _awaited(work()))

    monkeypatch.setattr(deadline, "run_guarded", run_guarded)
    monkeypatch.setattr(deadline, "_now_seconds", lambda: clock[0])
    slow = Slow(seconds, clock)
    market = make_market(slow, presenter("p", {2: "3"}), rules={"deadlines": {"bid_seconds": DEADLINE_SECONDS}})
    market.run("hello", 10, seed=1)
    answer = answers(market)["0", "slow"]
    if late_in is None:
        assert answer.kind == "bid"
    else:
        where = f"{late_in}: " if late_in != "bid" else ""
        assert answer.fault == "late"
        assert answer.reason == f"{where}had not answered when the lot closed after 1000 s"
    assert max(left) == DEADLINE_SECONDS
    assert min(left) >= 0.0
    finish(market)


async def _awaited(said: Any) -> Any:
    return await said if asyncio.iscoroutine(said) else said


def test_an_owner_tells_its_reserve_and_what_its_work_may_cost_within_one_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, left = [0.0], []

    async def run_guarded(work: Any, deadline_seconds: float) -> Any:
        left.append(deadline_seconds)
        return Returned(await _awaited(work()))

    monkeypatch.setattr(deadline, "run_guarded", run_guarded)
    monkeypatch.setattr(deadline, "_now_seconds", lambda: clock[0])
    slow = Slow({"reserve": 300.0}, clock)
    market = make_market(slow, presenter("p", {2: "3"}), rules={"deadlines": {"bid_seconds": DEADLINE_SECONDS}})
    market.run("hello", 10, seed=1)
    finish(market)
    assert left.count(DEADLINE_SECONDS - 300.0) == 1, "what is left for the cost of its work"


class Told(Scripted):
    """Remembers how long it was told that it has."""

    told: ClassVar[dict[str, float]] = {}

    def __init__(self, name: str) -> None:
        super().__init__(name, {1: "2"})

    def eligible(self, announcement: Announcement) -> bool:
        self.told[f"eligible {announcement.stage}"] = announcement.deadline_seconds
        return True

    async def bid(self, announcement: Announcement) -> Any:
        self.told[f"bid {announcement.stage}"] = announcement.deadline_seconds
        return await super().bid(announcement)

    async def reserve(self, lot: WonLot) -> Money:
        self.told["reserve"] = lot.deadline_seconds
        return Money(0)


def test_a_bidder_with_a_deadline_of_its_own_is_told_that_one() -> None:
    Told.told.clear()
    entry = {"name": "told", "type": f"{__name__}:Told", "bid_deadline_seconds": 7.0}
    market = Market({"version": 1, "bidders": [entry]}, bidders=[presenter("p", {2: "3"})], store="memory")
    market.run("hello", 10, seed=1)
    finish(market)
    assert (Told.told["eligible 1"], Told.told["reserve"]) == (7.0, 7.0)
    assert 6.0 < Told.told["bid 1"] <= 7.0
