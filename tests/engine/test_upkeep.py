"""Wallets are kept up when a request ends, whatever else their bidders are doing then (R11)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orchestrator import Market, WonLot
from orchestrator.api.standing import threat_to
from orchestrator.core.upkeep import Wallet, upkeep
from orchestrator.core.wealth_rules import WealthRules
from tests.engine.world import Scripted, assert_sound, make_market, presenter

NANOS = 10**9


class Busy(Scripted):
    """Stakes money on the request called `slow`, and takes its time over that."""

    def __init__(self, name: str, stake: str) -> None:
        super().__init__(name, {1: stake})
        self.started = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def transform(self, lot: WonLot) -> object:
        self.started.set()
        await self.may_go_on.wait()
        return await super().transform(lot)


def end_another_while_money_is_held(market: Market, busy: Busy) -> None:
    """End a request while one is still running on which a bidder has staked money; then end that too."""

    async def run() -> None:
        slow = asyncio.ensure_future(market.arun("slow", 10, seed=1))
        await busy.started.wait()
        other = await market.arun("quick", 10, seed=1)
        market.cancel(other.request_id)
        busy.may_go_on.set()
        await slow

    asyncio.run(run())
    assert_sound(market)


def test_a_bidder_whose_money_is_held_elsewhere_is_not_said_to_be_suspended_soon() -> None:
    busy, threats = Busy("a", "50"), []
    market = make_market(busy, presenter("p"), presenter("q"), wealth={"treasury_stock": 9, "refills_max": 0})

    async def run() -> None:
        slow = asyncio.ensure_future(market.arun("slow", 10, seed=1))
        await busy.started.wait()
        threats.append(market.store.read(lambda reader: threat_to(reader, "a", market.config.wealth)))
        busy.may_go_on.set()
        await slow

    asyncio.run(run())
    assert threats == [""]
    needy = replace(market.config.wealth, refill_below_nanos=51 * NANOS)
    threat = market.store.read(lambda reader: threat_to(reader, "a", needy))
    assert "put in 1.00 USD more" in threat, "the control: what it holds is less than it would need"


@pytest.mark.parametrize("refills_max", [0, 10])
def test_a_wallet_whose_money_is_held_elsewhere_has_not_run_low(refills_max: int) -> None:
    busy = Busy("a", "50")
    market = make_market(busy, presenter("p"), presenter("q"), wealth={"treasury_stock": 9, "refills_max": refills_max})
    end_another_while_money_is_held(market, busy)
    row = market.bidder_rows()["a"]
    assert (row.refills, row.status) == (0, "active")


def test_what_is_held_counts_in_a_wallet_that_is_filled_up() -> None:
    busy = Busy("a", "3.5")
    wealth = {"endowment": "0.4", "refill_below": 1, "refill_to": 5, "treasury_stock": 9}
    market = make_market(busy, presenter("p", "0.5"), presenter("q", "0.4"), wealth=wealth)
    end_another_while_money_is_held(market, busy)
    moved = market.store.read(lambda reader: list(reader.each_transfer("bidder:a")))
    assert [row.amount_nanos for row in moved if row.code == "refill"] == [(50 - 4) * NANOS]


def test_a_wallet_above_the_largest_amount_stops_nobody() -> None:
    market = make_market(Scripted("a", {1: "1"}), presenter("p", "0.5"), presenter("q", "0.4"))
    assert market.topup("a", 10**9).nanos == (10**9 + 50) * NANOS
    assert market.run("hello", 10, seed=1).status == "open"
    assert market.retire("a").nanos > 10**9 * NANOS
    assert market.reinstate("a") == market.balance("a")
    assert_sound(market)


def test_a_deposit_beside_the_largest_bounty_is_pledged() -> None:
    market = make_market(presenter("p"), presenter("q"), request={"bounty_max": 10**9})
    market.cancel(market.run("hello", 10**9, deposit=10**9, seed=1).request_id)
    assert_sound(market)


def refill_nanos(unrewarded_nanos: int, below: int = 10, to: int = 50) -> int:
    """What a wallet of 9 is refilled by whose bidder has spent so much since it last earned."""
    rules = WealthRules(50, below, to)
    due = upkeep("r1", {"a": Wallet(9, unrewarded_nanos=unrewarded_nanos)}, 1000, rules)
    assert due.suspended == ()
    return sum(row.amount_nanos for row in due.transfers)


def test_who_has_spent_what_a_refill_adds_and_earned_nothing_is_not_refilled() -> None:
    assert [refill_nanos(spent) for spent in (0, 39, 40, 1000)] == [41, 41, 0, 0]
    # A wallet that is filled up to where it would be low has a whole one to spend.
    assert [refill_nanos(spent, below=50, to=50) for spent in (49, 50)] == [41, 0]


def take_one_offer_in(market: Market, every: int) -> None:
    """Run a dozen requests, and take one in so many of what the highest bidder presents."""
    for number in range(1, 13):
        result = market.run("hello", 10, seed=number)
        market.pick(result.request_id, int(number % every == 0))
    assert_sound(market)


def test_a_presenter_whose_offers_nobody_ever_took_is_not_refilled() -> None:
    """Five bounties and ten refills of four were spent on keeping everybody else from being seen."""
    market = make_market(presenter("liar", "9"), presenter("q", "8"), wealth={"treasury_stock": 100})
    take_one_offer_in(market, every=100)
    row = market.bidder_rows()["liar"]
    assert (row.refills, row.status) == (0, "active")
    assert market.balance("liar").nanos < 10 * NANOS
    assert market.result("r12").offers[0].bidder == "q"


def test_who_earned_before_it_ran_low_is_refilled() -> None:
    """The control: a third of its offers are taken, and it pays too much for all of them."""
    market = make_market(presenter("unlucky", "9"), presenter("q", "8"), wealth={"treasury_stock": 100})
    take_one_offer_in(market, every=3)
    assert market.bidder_rows()["unlucky"].refills == 1


class Failing(Scripted):
    async def transform(self, lot: WonLot) -> object:
        raise RuntimeError("fell over")


@pytest.mark.parametrize(("faults_to_suspend", "kept_up"), [(1, set()), (2, {"rent", "refill"})])
def test_whoever_is_suspended_pays_no_rent_and_is_not_refilled(faults_to_suspend: int, kept_up: set[str]) -> None:
    wealth = {"endowment": 1, "rent": "0.25", "treasury_stock": 9, "faults_to_suspend": faults_to_suspend}
    market = make_market(Failing("a", {1: "4"}), presenter("p"), presenter("q"), wealth=wealth)
    market.pick(market.run("hello", 10, seed=1).request_id, 1)
    assert market.bidder_rows()["a"].status == ("active" if kept_up else "suspended")
    moved = market.store.read(lambda reader: list(reader.each_transfer("bidder:a")))
    assert {row.code for row in moved} & {"rent", "refill"} == kept_up
    assert_sound(market)
