"""What the treasury pays under rule `subsidised`, and what a cancellation leaves to be paid (R5, R10)."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator import WonLot
from orchestrator.api import Posting
from orchestrator.api.reports import leaderboard
from orchestrator.engine.driver import Driver
from orchestrator.errors import TreasuryEmpty
from tests.engine.world import Paid, Provider, Scripted, assert_sound, finish, make_market, presenter

NANOS = 10**9
SUBSIDISED = {"rule": "subsidised"}


def bidders() -> list[Scripted]:
    return [
        Scripted("a", {1: "5"}),
        Scripted("b", {1: "2"}),
        presenter("p", {2: "6"}),
        presenter("q", {2: "4"}),
    ]


def test_a_subsidy_is_paid_from_the_treasurys_own_stock() -> None:
    market = make_market(*bidders(), rules=SUBSIDISED, wealth={"treasury_stock": 1})
    result = market.run("hello", 10, seed=1)
    finish(market, result.request_id)
    summary = result.statement()
    # a bid 5 and paid 2 to escrow; p bid 6 and paid 4 to a, who receives 6.
    assert summary.profits_nanos["a"] == (6 - 2) * NANOS
    assert summary.treasury_nanos == (3 - 2 - 3) * NANOS
    assert summary.imbalance_nanos() == 0
    assert_sound(market)


def test_an_empty_treasury_stops_the_run_with_a_remedy_that_works() -> None:
    market = make_market(*bidders(), rules=SUBSIDISED)
    with pytest.raises(TreasuryEmpty, match=r"wealth\.treasury_stock"):
        market.run("hello", 10, seed=1)
    assert market.audit() == []
    richer = make_market(*bidders(), rules=SUBSIDISED, wealth={"treasury_stock": 1}, store=market.store)
    (result,) = richer.resume("r1")
    assert result.status == "open"
    assert_sound(richer)


def test_stock_is_put_in_once_and_filled_up_when_it_is_raised() -> None:
    first = make_market(*bidders(), wealth={"treasury_stock": 1})
    for stock in (1, 1, 3):
        first = make_market(*bidders(), wealth={"treasury_stock": stock}, store=first.store)
    assert first.store.read(lambda reader: reader.spendable(["treasury"])) == {"treasury": 30 * NANOS}
    assert_sound(first)


def test_a_merged_copy_is_no_win() -> None:
    twins = [Scripted("a", {1: "5"}, says="the same"), Scripted("b", {1: "4"}, says="the same")]
    market = make_market(*twins, presenter("p", {2: "6"}), rules={"copies": [2, 1]})
    market.run("hello", 10, seed=1)
    assert {name: row.wins for name, row in market.bidder_rows().items()} == {"a": 1, "b": 0, "p": 1}


def test_cancelling_a_running_request_compensates_the_work_that_it_cuts_off() -> None:
    class Stuck(Paid):
        async def transform(self, lot: WonLot) -> None:
            await self._call(lot, "transform", 0)
            answered.set()
            await asyncio.Event().wait()

    answered = asyncio.Event()
    market = make_market(Stuck("a", {1: "5"}, Provider("0.01")), presenter("p"))
    request_id = market.post(Posting("hello", 10, seed=1, deposit="0.5"))

    async def run_until_answered() -> None:
        driver = Driver(market.store, market._recorder, request_id, lambda: 0.0)
        running = asyncio.ensure_future(driver.run())
        await answered.wait()
        running.cancel()

    asyncio.run(run_until_answered())
    before = market.balance("a")
    market.cancel(request_id)
    result = market.result(request_id)
    assert result.statement().costs_nanos["a"] == NANOS // 100
    assert result.statement().profits_nanos["a"] == -NANOS // 100
    assert {row.bidder: row.profit_nanos for row in leaderboard(market.store)}["a"] == -NANOS // 100
    assert market.balance("a").nanos - before.nanos == 5 * NANOS + NANOS // 100, "its hold is free and its cost repaid"
    assert_sound(market)
