"""Cancelling a request while bidders still work for it: nothing that they did can keep it from ending (R10)."""

from __future__ import annotations

import asyncio

from orchestrator import Market, WonLot
from orchestrator.api import Posting
from orchestrator.engine.driver import Driver
from orchestrator.record import export_request, verify
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


def cancel_once_working(market: Market, *workers: tuple[Working, int]) -> None:
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


def test_a_cancelled_run_verifies_whose_bidder_had_made_calls_for_nothing() -> None:
    free = Working("f", {1: "1"}, Provider("0"), worst="0")
    market = make_market(free, presenter("p", {2: "1"}))
    cancel_once_working(market, (free, 1))
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []
