"""Delivery versus payment (R6): a winner that fails is replaced, and nobody pays for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator import Charged, Market, Money, Replacement, Segment
from orchestrator.core.keys import bidder_account
from orchestrator.errors import ProviderError, SpendCapReached
from tests.engine.world import Scripted, assert_sound, awards, faults, finish, make_market, posted, presenter, sales

USD = 10**9


class Failing(Scripted):
    """Wins, then fails, as often as it is told."""

    def __init__(self, name: str, bids: Any, error: Exception | None = None, times: int = 1000, **more: Any) -> None:
        super().__init__(name, bids, **more)
        self.error = error or ValueError("cannot")
        self.times = times

    async def transform(self, lot: Any) -> Any:
        if self.times:
            self.times -= 1
            raise self.error
        return await super().transform(lot)


def run(*bidders: Any, **config: Any) -> Market:
    market = make_market(*bidders, presenter("p", {2: "4"}), presenter("q", {2: "3"}), **config)
    market.run("hello", 10, seed=1)
    return market


def test_a_substitute_pays_the_best_bid_still_losing() -> None:
    market = run(Failing("a", {1: "5"}), Scripted("b", {1: "3"}), Scripted("c", {1: "1"}), Scripted("d", {1: "0.5"}))
    first, second = (award for lot, award in awards(market) if lot == "0")
    assert (first.bidder, first.price_nanos, first.round) == ("a", 3 * USD, 0)
    assert (second.bidder, second.price_nanos, second.round) == ("b", 1 * USD, 1)
    assert sales(market)[0] == ("0", "requester", "b", 1 * USD)
    finish(market)


def test_the_last_substitute_pays_the_reserve() -> None:
    market = run(Failing("a", {1: "5"}), Scripted("b", {1: "3"}), rules={"reserve": "0.25"})
    assert sales(market)[0] == ("0", "requester", "b", USD // 4)
    finish(market)


def test_who_fails_by_its_own_fault_pays_nothing_but_its_forfeit() -> None:
    market = run(Failing("a", {1: "5"}), Scripted("b", {1: "3"}))
    (found,) = faults(market)
    assert found.forfeit_nanos == 5 * USD // 2
    assert posted(market, bidder_account("a")) == 50 * USD - 5 * USD // 2
    finish(market)


class Down(Scripted):
    """Has its provider fail in a call, or after one, or says so without any."""

    provider = "acme"

    def __init__(self, error: Exception, when: str) -> None:
        super().__init__("a", {1: "5"})
        self.error = error
        self.when = when

    def transform_cost_max(self, announcement: Any) -> Money:
        return Money(0)

    async def transform(self, lot: Any) -> Any:
        if self.when != "without a call":
            await lot.meter.call(self.answer)
        raise self.error

    async def answer(self) -> Charged:
        if self.when == "in a call":
            raise self.error
        return Charged("what nobody can read", Money(0))


@pytest.mark.parametrize("when", ["in a call", "after a call"])
def test_who_fails_by_its_providers_fault_forfeits_nothing(when: str) -> None:
    market = run(Down(ProviderError("down"), when), Scripted("b", {1: "3"}))
    (found,) = faults(market)
    assert (found.fault, found.own_fault, found.forfeit_nanos) == ("provider", False, 0)
    assert found.reason == "ProviderError: down"
    assert posted(market, bidder_account("a")) == 50 * USD
    assert market.bidder_rows()["a"].faults_in_a_row == 0
    finish(market)


@pytest.mark.parametrize(
    ("error", "when"),
    [
        (ProviderError("down"), "without a call"),
        (SpendCapReached("no room"), "without a call"),
        (SpendCapReached("no room"), "after a call"),
    ],
)
def test_who_only_says_that_its_provider_or_the_cap_failed_it_forfeits_and_is_suspended(
    error: Exception, when: str
) -> None:
    market = run(Down(error, when), Scripted("b", {1: "3"}), wealth={"faults_to_suspend": 1})
    (found,) = faults(market)
    assert (found.fault, found.own_fault, found.forfeit_nanos) == ("raised", True, 5 * USD // 2)
    assert found.reason == f"{type(error).__name__}: {error} (its meter knows of no such call)"
    assert market.bidder_rows()["a"].status == "suspended"
    finish(market)


def test_where_all_fail_the_chain_is_dead_and_the_bounty_returns() -> None:
    market = make_market(*(Failing(name, {1: bid}) for name, bid in (("a", "3"), ("b", "2"), ("c", "1"))))
    result = market.run("hello", 10, seed=1)
    assert [award.bidder for _, award in awards(market)] == ["a", "b", "c"]
    assert (result.status, result.reason) == ("failed", "no bidder made an offer")
    assert posted(market, "treasury") == 3 * USD  # half of each bid
    assert_sound(market)


def test_a_dead_chain_leaves_the_offers_of_the_others() -> None:
    bidders = [Scripted("a", {1: "3"}), Failing("x", {2: "5"}, principal="x"), presenter("p", {1: "4"})]
    market = make_market(*bidders, rules={"copies": [2, 1]})
    result = market.run("hello", 10, seed=1)
    assert [offer.bidder for offer in result.offers] == ["p"]
    finish(market)


def test_with_copies_every_failure_is_replaced_and_those_that_delivered_keep_their_price() -> None:
    bidders = [
        Scripted("a", {1: "5"}),
        Failing("b", {1: "4"}),
        Scripted("c", {1: "3"}),
        Scripted("d", {1: "2"}),
        Scripted("e", {1: "1"}),
    ]
    market = run(*bidders, rules={"copies": [2, 1]})
    assert [(award.bidder, award.price_nanos, award.round) for lot, award in awards(market) if lot == "0"] == [
        ("a", 3 * USD, 0),
        ("b", 3 * USD, 0),
        ("c", 2 * USD, 1),
    ]
    assert [(buyer, price) for lot, _, buyer, price in sales(market) if lot == "0"] == [("a", 3 * USD), ("c", 2 * USD)]
    finish(market)


def test_two_failures_of_one_round_are_replaced_in_one_round() -> None:
    bidders = [
        Failing("a", {1: "5"}),
        Failing("b", {1: "4"}),
        *(Scripted(n, {1: b}) for n, b in (("c", 3), ("d", 2), ("e", 1))),
    ]
    market = run(*bidders, rules={"copies": [2, 1]})
    assert [(award.bidder, award.price_nanos, award.round) for lot, award in awards(market) if lot == "0"] == [
        ("a", 3 * USD, 0),
        ("b", 3 * USD, 0),
        ("c", 1 * USD, 1),
        ("d", 1 * USD, 1),
    ]
    finish(market)


def test_equal_states_are_merged_into_the_highest_bidders() -> None:
    bidders = [
        Scripted("a", {1: "5"}, says="the same"),
        Scripted("b", {1: "4"}, says="the same"),
        Scripted("c", {1: "1"}),
    ]
    market = run(*bidders, rules={"copies": [2, 1]})
    assert [buyer for lot, _, buyer, _ in sales(market) if lot == "0"] == ["a"]
    assert posted(market, bidder_account("b")) == 50 * USD
    finish(market)


class Keeping(Scripted):
    """Keeps what it owns unless someone pays a lot, and goes on with it."""

    async def reserve(self, lot: Any) -> Money | None:
        return Money.usd("7") if lot.stage == 2 else None

    async def transform(self, lot: Any) -> Any:
        return Replacement([*lot.state.segments, Segment(f"stage {lot.stage}")])


def test_an_owner_keeps_below_its_reserve_and_transforms_again_without_paying() -> None:
    market = make_market(Keeping("a", {1: "2"}), presenter("p", {2: "4", 3: "4"}), presenter("q", {3: "3"}))
    market.run("hello", 10, seed=1)
    assert sales(market)[:2] == [("0", "requester", "a", 0), ("0.0", "a", "a", 0)]
    assert market.result("r1").offers[0].chain[1].kept
    assert market.read_log("r1").progress.auctions["0.0.0"].lot.state.text == "hello\n\nstage 1\n\nstage 2"
    finish(market)


def test_an_owner_sells_where_its_reserve_is_met() -> None:
    """The control of the one before."""
    market = make_market(Keeping("a", {1: "2"}), presenter("p", {2: "8"}), presenter("q", {2: "3"}))
    market.run("hello", 10, seed=1)
    assert sales(market)[1] == ("0.0", "a", "p", 7 * USD)
    finish(market)


def test_an_owner_that_fails_to_transform_what_it_kept_ends_its_chain() -> None:
    class Tiring(Keeping):
        async def transform(self, lot: Any) -> Any:
            if lot.stage == 2:
                raise ValueError("tired")
            return await super().transform(lot)

    market = make_market(Tiring("a", {1: "2"}), presenter("p", {2: "4"}))
    assert market.run("hello", 10, seed=1).status == "failed"
    (found,) = faults(market)
    assert (found.bidder, found.forfeit_nanos) == ("a", 0)
    assert_sound(market)


def test_repeated_failures_suspend_and_a_topup_reinstates() -> None:
    bidders = [Failing("a", {1: "5"}), Scripted("b", {1: "3"}), presenter("p", {2: "4"}), presenter("q", {2: "3"})]
    market = make_market(*bidders, wealth={"faults_to_suspend": 2})

    def winners() -> list[str]:
        request_id = market.run("hello", 10, seed=1).request_id
        finish(market, request_id)
        return [award.bidder for lot, award in awards(market, request_id) if lot == "0"]

    assert winners() == ["a", "b"]
    assert market.bidder_rows()["a"].status == "active"
    assert winners() == ["a", "b"]
    assert market.bidder_rows()["a"].status == "suspended"
    assert winners() == ["b"]
    market.topup("a", 1)
    assert market.bidder_rows()["a"].status == "active"
    assert winners() == ["a", "b"]
    assert market.bidder_rows()["a"].status == "active", "that was the first failure since"


def test_breaches_at_bidding_are_counted_and_suspend_nobody() -> None:
    class Raising(Scripted):
        async def bid(self, announcement: Any) -> Any:
            raise ValueError("no")

    bidders = [Raising("a", {}), Scripted("b", {1: "3"}), presenter("p", {2: "4"}), presenter("q", {2: "3"})]
    market = make_market(*bidders, wealth={"faults_to_suspend": 2})
    for _ in range(2):
        finish(market, market.run("hello", 10, seed=1).request_id)
    row = market.bidder_rows()["a"]
    assert (row.status, row.faults, row.faults_in_a_row) == ("active", 4, 0)


def test_a_delivery_between_failures_keeps_a_bidder_from_being_suspended() -> None:
    """The control of the one before."""
    failing = Failing("a", {1: "5"}, times=1)
    market = make_market(failing, Scripted("b", {1: "3"}), presenter("p", {2: "4"}), wealth={"faults_to_suspend": 2})
    for _ in range(3):
        failing.times = 1
        finish(market, market.run("hello", 10, seed=1).request_id)
        finish(market, market.run("hello", 10, seed=1).request_id)
    assert market.bidder_rows()["a"].status == "active"


@pytest.mark.parametrize("rule", ["vickrey", "first_price"])
def test_the_books_balance_whatever_fails_under_every_rule(rule: str) -> None:
    bidders = [Failing("a", {1: "5", 2: "3"}, times=1), Scripted("b", {1: "3", 2: "2"}), Failing("c", {1: "1", 2: "6"})]
    market = make_market(
        *bidders, presenter("p", {2: "4", 3: "4"}), presenter("q", {3: "5"}), rules={"rule": rule, "copies": [3, 2, 1]}
    )
    market.run("hello", 10, seed=1)
    finish(market)
