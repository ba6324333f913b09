"""Leaving the market and coming back (R11): wallets, grants, and requests that still wait."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator import Market, Money, WonLot
from orchestrator.api import Posting
from orchestrator.api.roster import read_roster
from orchestrator.config import load_config
from orchestrator.core.keys import audition_account
from orchestrator.engine.driver import Driver
from orchestrator.errors import UnknownBidder, WrongStatus
from tests.engine.world import Scripted, assert_sound, make_market, posted, presenter

NANOS = 10**9


def market_of(**config: object) -> Market:
    bidders = [Scripted("a", {1: "5"}), Scripted("b", {1: "4"}), presenter("p", {2: "6"}), presenter("q", {2: "5"})]
    return make_market(*bidders, **config)  # type: ignore[arg-type]


def roster(market: Market, request_id: str) -> list[str]:
    return [entry.name for entry in market.read_log(request_id).progress.request.roster]


def test_a_retired_bidder_takes_no_further_part_and_its_wallet_is_the_treasurys() -> None:
    market = market_of()
    assert market.retire("a") == Money.usd(50)
    assert (market.balance("a").nanos, posted(market, "treasury")) == (0, 50 * NANOS)
    result = market.run("hello", 10, seed=1)
    assert roster(market, result.request_id) == ["b", "p", "q"]
    result.pick(1)
    assert_sound(market)


def test_it_stays_retired_when_the_market_is_opened_again() -> None:
    market = market_of()
    market.retire("a")
    again = make_market(Scripted("a", {1: "5"}), presenter("p", {2: "6"}), store=market.store)
    assert again.bidder_rows()["a"].status == "retired"
    assert again.balance("a").nanos == 0, "and is not endowed once more"


def test_who_comes_back_has_what_it_had_and_no_more() -> None:
    market = market_of()
    for _ in range(2):
        assert market.retire("a") == Money.usd(50)
        assert market.reinstate("a") == Money.usd(50)
    assert roster(market, market.run("hello", 10, seed=1).request_id) == ["a", "b", "p", "q"]
    assert_sound(market)


def test_what_was_given_back_before_is_not_given_back_again_however_much_the_treasury_holds() -> None:
    market = market_of(wealth={"treasury_stock": 50})
    for _ in range(2):
        assert market.retire("a") == Money.usd(50)
        assert market.reinstate("a") == Money.usd(50)
    assert posted(market, "treasury") == 500 * NANOS
    assert_sound(market)


def test_what_the_treasury_has_spent_since_is_not_given_back() -> None:
    market = market_of(wealth={"refill_below": 6, "refill_to": 6})
    market.retire("a")
    result = market.run("hello", 10, seed=1)
    result.pick(1)
    in_treasury = posted(market, "treasury")
    assert in_treasury < 50 * NANOS
    assert market.reinstate("a").nanos == in_treasury
    assert posted(market, "treasury") == 0
    assert_sound(market)


def test_what_a_waiting_request_still_brings_goes_to_the_treasury() -> None:
    market = market_of()
    result = market.run("hello", 10, seed=1)
    market.retire("p")
    assert market.balance("p").nanos == 0
    result.pick(1)
    assert result.statement().profits_nanos["p"] == 5 * NANOS, "it was paid the bounty for what it had bought"
    assert market.balance("p").nanos == 0
    assert_sound(market)


def test_nobody_retires_from_a_request_that_is_running() -> None:
    class Stuck(Scripted):
        async def transform(self, lot: WonLot) -> None:
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    market = make_market(Stuck("a", {1: "5"}), presenter("p"))
    request_id = market.post(Posting("hello", 10, seed=1))

    async def run_until_begun() -> None:
        running = asyncio.ensure_future(Driver(market.store, market._recorder, request_id, lambda: 0.0).run())
        await begun.wait()
        running.cancel()

    asyncio.run(run_until_begun())
    with pytest.raises(WrongStatus, match="bidder a takes part in r1, which is running"):
        market.retire("a")
    market.cancel(request_id)
    assert market.retire("a") == Money.usd(50)
    assert_sound(market)


def test_a_bidder_in_the_wrong_standing_is_told_so() -> None:
    market = market_of()
    with pytest.raises(WrongStatus, match="takes part already"):
        market.reinstate("a")
    market.retire("a")
    with pytest.raises(WrongStatus, match="has retired already"):
        market.retire("a")
    with pytest.raises(WrongStatus, match="bidders reinstate a` lets it take part again"):
        market.topup("a", 5)
    with pytest.raises(UnknownBidder):
        market.retire("nobody")
    assert_sound(market)


def test_a_suspended_bidder_can_be_reinstated_and_gains_nothing_by_it() -> None:
    market = market_of()
    row = market.bidder_rows()["a"]
    market.store.transact(lambda tx: tx.put_bidder(row._replace(status="suspended", faults_in_a_row=5)))
    assert market.reinstate("a").nanos == 0
    row = market.bidder_rows()["a"]
    assert (row.status, row.faults_in_a_row) == ("active", 0)


def test_a_retired_newcomer_leaves_its_grant_too() -> None:
    market = market_of(wealth={"audition": {"trials": 3, "budget": 1}, "treasury_stock": 10})
    market.run("hello", 10, seed=1).pick(1)
    assert posted(market, audition_account("b")) > 0
    market.retire("b")
    assert posted(market, audition_account("b")) == 0
    assert_sound(market)


def test_a_grant_stays_while_another_newcomer_of_its_principal_waits_for_a_trial() -> None:
    newcomers = [Scripted("a", {1: "5"}, principal="P"), Scripted("b", {1: "4"}, principal="P")]
    bidders = [*newcomers, presenter("p", {2: "6"}), presenter("q", {2: "5"})]
    market = make_market(*bidders, wealth={"audition": {"trials": 3, "budget": 1}, "treasury_stock": 10})
    market.run("hello", 10, seed=1).pick(1)
    granted = posted(market, audition_account("P"))
    market.retire("b")
    assert posted(market, audition_account("P")) == granted > 0
    market.retire("a")
    assert posted(market, audition_account("P")) == 0
    assert_sound(market)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "suspended", "faults_in_a_row": 5}, "failed 5 times in a row after it had won"),
        ({"status": "suspended", "refills": 10}, "fell below 10.00 USD again after 10 refills"),
        ({"status": "retired"}, "bidders reinstate a"),
        ({"status": "active"}, ""),
    ],
)
def test_the_list_says_why_a_bidder_takes_no_part(change: dict[str, object], said: str) -> None:
    config = load_config({"version": 1, "store": "memory", "bidders": [{"name": "a", "type": "scripted"}]})
    market = Market(config)
    row = market.bidder_rows()["a"]
    market.store.transact(lambda tx: tx.put_bidder(row._replace(**change)))  # type: ignore[arg-type]
    (shown,) = read_roster(config, market.store).rows
    assert said in shown.reason
    assert bool(shown.reason) == bool(said)
