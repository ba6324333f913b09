"""Cancelling a request while bidders still work for it: nothing that they did can keep it from ending (R10)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator import Announcement, Market, WonLot
from orchestrator.api import Posting
from orchestrator.api.reports import leaderboard
from orchestrator.engine.driver import Driver
from orchestrator.progress import read_progress
from orchestrator.record import export_request, replay, verify
from orchestrator.record.calls import costs_without_calls
from orchestrator.record.document import parse
from tests.engine.world import Paid, Provider, Scripted, assert_sound, make_market, posted, presenter

NANOS = 10**9


class Working(Paid):
    """Makes one call at the first of its lots, then works until it is stopped."""

    working = 0

    async def transform(self, lot: WonLot) -> None:
        if lot.lot.endswith("0"):
            await self._call(lot, "transform", 0)
        self.working += 1
        await asyncio.Event().wait()


def cancel_once_working(market: Market, *workers: tuple[Working | Calling, int]) -> None:
    """Post a request, and cancel it once each of some bidders works on so many lots."""
    request_id = market.post(Posting("hello", 10, seed=1))

    async def drive() -> None:
        running = asyncio.ensure_future(Driver(market.store, market._recorder, request_id, lambda: 0.0).run())
        while not running.done() and any(worker.working < lots for worker, lots in workers):
            await asyncio.sleep(0)
        running.cancel()

    asyncio.run(drive())
    market.cancel(request_id)


def test_a_request_can_be_cancelled_whose_bidder_has_spent_what_it_holds_on_another_lot() -> None:
    greedy = Working("g", {2: "20"}, Provider("30"), worst="1")
    sellers = [Scripted("a", {1: "2"}), Scripted("b", {1: "2"})]
    market = make_market(*sellers, greedy, presenter("p", {3: "1"}), rules={"copies": [2, 1]})
    before = market.balance("g").nanos
    cancel_once_working(market, (greedy, 2))
    assert before == 50 * NANOS, "two bids of 20 and their promises leave 8, so the call takes what a bid sets free"
    assert market.balance("g").nanos == before - 30 * NANOS
    assert posted(market, "provider:acme") == 30 * NANOS
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []


async def never() -> None:
    await asyncio.Event().wait()


class Calling(Paid):
    """Makes a call while it bids, or transforms, and then works until it is stopped."""

    def __init__(self, name: str, provider: Provider, at: str) -> None:
        is_bid = at == "bid"
        super().__init__(name, {1: "2"}, provider, worst="1", bid_calls=is_bid, transform_calls=not is_bid)
        self.working = 0
        self._at = at

    async def bid(self, announcement: Announcement) -> Any:
        return await (self._work(announcement, "bid") if self._at == "bid" else super().bid(announcement))

    async def transform(self, lot: WonLot) -> Any:
        return await self._work(lot, "transform")

    async def _work(self, shown: Any, purpose: str) -> None:
        calling = asyncio.ensure_future(self._call(shown, purpose, 0))
        while not self.source.made:
            await asyncio.sleep(0)
        if self.source.pause is None:
            await calling
        self.working += 1
        await asyncio.Event().wait()


@pytest.mark.parametrize("at", ["bid", "transform"])
@pytest.mark.parametrize(
    ("cost", "is_under_way", "is_known"), [("0.3", True, False), (None, False, False), ("0.3", False, True)]
)
def test_what_calls_under_way_or_of_unknown_cost_have_cost_a_cancelled_request_is_said_not_to_be_known(
    at: str, cost: str | None, is_under_way: bool, is_known: bool
) -> None:
    provider = Provider(cost)
    provider.pause = never if is_under_way else None
    caller = Calling("a", provider, at)
    market = make_market(caller, Scripted("b", {1: "1"}), presenter("p", {2: "3"}))
    cancel_once_working(market, (caller, 1))
    money = market.result("r1").statement()
    assert money.unknown_costs == (() if is_known else ("a",))
    assert money.costs_nanos["a"] == (0.3 * NANOS if is_known else 0)
    assert market.result("r1").to_dict()["statement"]["costs"]["a"] == ("0.30" if is_known else "unknown")
    report = read_progress(market.store)
    assert report.objective.unknown_costs == (not is_known)
    assert {share.name for share in report.bidders if not share.cost_known} == set(money.unknown_costs)
    assert {row.bidder for row in leaderboard(market.store) if not row.cost_known} == set(money.unknown_costs)
    assert_sound(market)
    run = export_request(market.store, "r1")
    assert verify(run) == []
    assert replay(run).identical


def test_costs_that_are_said_not_to_be_known_of_whoever_made_no_call_are_found() -> None:
    caller = Calling("a", Provider(None), "transform")
    market = make_market(caller, Scripted("b", {1: "1"}), presenter("p", {2: "3"}))
    cancel_once_working(market, (caller, 1))
    run = parse(export_request(market.store, "r1"))
    (finding,) = costs_without_calls(run, ["a", "b"])
    assert finding == ("bidder b", "its costs are said not to be known, but it made no call that costs")


def test_a_cancelled_run_verifies_whose_bidder_had_made_calls_for_nothing() -> None:
    free = Working("f", {1: "1"}, Provider("0"), worst="0")
    market = make_market(free, presenter("p", {2: "1"}))
    cancel_once_working(market, (free, 1))
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []
