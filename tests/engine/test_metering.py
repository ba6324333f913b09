"""Metering (R7): costs reach the books, and a run never spends more than its cap."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator import Charged, Market, Money, Pass
from orchestrator.core.keys import bidder_account
from orchestrator.engine.callbook import CallBook
from orchestrator.errors import InvalidAnswer
from orchestrator.ledger import Transfer
from tests.effort import EFFORT
from tests.engine.world import (
    HANG_SECONDS,
    Paid,
    Provider,
    Scripted,
    answers,
    assert_sound,
    faults,
    finish,
    make_market,
    posted,
    presenter,
)

USD = 10**9
CENT = USD // 100


def test_what_calls_cost_moves_from_the_bidders_wallet_to_the_provider() -> None:
    source = Provider("0.007")
    paid = Paid("a", {1: "2"}, source, bid_calls=1, transform_calls=3)
    market = make_market(paid, presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1)
    assert source.spent_nanos == posted(market, "provider:acme") == market.result("r1").statement().costs_nanos["a"]
    assert source.made == ["a/0/bid/0", "a/0/transform/0", "a/0/transform/1", "a/0/transform/2"]
    finish(market)


def test_a_cost_nobody_knows_is_unknown_and_takes_the_worst_case_from_the_cap() -> None:
    market = make_market(Paid("a", {1: "2"}, Provider(None), worst="0.04"), presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1)
    result = market.result("r1")
    assert posted(market, "cap:r1") == 10 * USD - 4 * CENT
    assert posted(market, "provider:acme") == 0
    assert result.statement().unknown_costs == ("a",)
    assert result.to_dict()["statement"]["costs"]["a"] == "unknown"
    finish(market)


def test_a_cost_above_the_promise_is_charged_to_the_wallet_and_to_the_cap() -> None:
    market = make_market(Paid("a", {1: "2"}, Provider("0.05"), worst="0.02"), presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1)
    assert posted(market, "provider:acme") == 5 * CENT
    assert posted(market, bidder_account("a")) == 50 * USD - 5 * CENT
    assert posted(market, "cap:r1") == 10 * USD - 5 * CENT
    assert_sound(market)


@pytest.mark.parametrize("cost", ["0.04", "0.05"], ids=["used up to the nano-dollar", "overrun"])
def test_after_its_worst_case_is_used_up_no_more_calls_are_made_for_the_task(cost: str) -> None:
    source = Provider(cost)
    paid = Paid("a", {1: "2"}, source, transform_calls=2, worst="0.02")
    market = make_market(paid, presenter("p", {1: "1", 2: "3"}))
    market.run("hello", 10, seed=1)
    assert len(source.made) == 1
    (found,) = faults(market)
    assert "used up the worst case of 0.04 USD that it declared" in found.reason
    finish(market)


def test_after_a_cost_that_nobody_knows_no_more_calls_are_made_for_the_task() -> None:
    source = Provider(None)
    market = make_market(Paid("a", {1: "2"}, source, transform_calls=2), presenter("p", {1: "1", 2: "3"}))
    market.run("hello", 10, seed=1)
    assert len(source.made) == 1
    (found,) = faults(market)
    assert "what an earlier call cost is not known" in found.reason
    finish(market)


def test_an_overrun_above_what_is_left_of_the_cap_uses_it_up() -> None:
    market = make_market(Paid("a", {1: "2"}, Provider("0.09"), worst="0.02"), presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1, spend_cap="0.06")
    assert posted(market, "provider:acme") == 9 * CENT
    assert posted(market, "cap:r1") == 0
    assert_sound(market)


def test_a_call_without_a_declared_worst_case_is_refused_before_it_is_made() -> None:
    source = Provider()
    undeclared = Paid("a", {1: "2"}, source, bid_calls=1)
    del undeclared.bid_cost_max
    market = make_market(undeclared, presenter("p", {1: "1"}))
    market.run("hello", 10, seed=1)
    assert source.made == []
    assert "needs its worst case declared" in answers(market)["0", "a"].reason
    finish(market)


@pytest.mark.parametrize("purpose", ["", "a\nb", "x" * 101, 3, None, "\ud800"])
def test_a_purpose_that_is_no_name_is_refused(purpose: Any) -> None:
    class Careless(Paid):
        async def bid(self, announcement: Any) -> Any:
            await announcement.meter.call(lambda: self.source.answer("x"), purpose=purpose)

    source = Provider()
    market = make_market(Careless("a", {}, source, bid_calls=1))
    market.run("hello", 10, seed=1)
    assert source.made == []
    assert "purpose" in answers(market)["0", "a"].reason
    assert_sound(market)


LOOSELY: Any = Charged


@pytest.mark.parametrize(
    "charged",
    [
        None,
        3,
        LOOSELY({1, 2}, Money(0)),
        LOOSELY("x", 0.5),
        LOOSELY("x", Money(1), {"tokens": "many"}),
        LOOSELY("x", True),
        LOOSELY("x", Money(1), 3),
    ],
)
def test_an_answer_that_is_none_leaves_its_cost_unknown(charged: Any) -> None:
    class Careless(Paid):
        async def bid(self, announcement: Any) -> Any:
            async def perform() -> Any:
                return charged

            return await announcement.meter.call(perform)

    market = make_market(Careless("a", {}, Provider(), bid_calls=1))
    market.run("hello", 10, seed=1)
    answer = answers(market)["0", "a"]
    assert (answer.kind, answer.bid_cost_nanos) == ("fault", None)
    assert "a metered call return" in answer.reason
    assert_sound(market)


def test_calls_made_at_once_by_one_task_are_made_one_after_the_other_and_all_counted() -> None:
    class Hasty(Paid):
        async def bid(self, announcement: Any) -> Any:
            await asyncio.gather(*(self._call(announcement, "bid", number) for number in range(3)))
            return Pass()

    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(Hasty("a", {}, source, bid_calls=3))
    market.run("hello", 10, seed=1)
    assert (len(source.made), source.running_most) == (3, 1)
    assert posted(market, "provider:acme") == 3 * CENT
    assert_sound(market)


def test_a_task_that_outlives_its_deadline_can_make_no_more_calls() -> None:
    """Otherwise swallowing a cancellation would buy calls that no hold covers."""
    refused: list[Exception] = []

    class Stubborn(Paid):
        async def bid(self, announcement: Any) -> Any:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                try:
                    await self._call(announcement, "bid", 0)
                except InvalidAnswer as error:
                    refused.append(error)

    source = Provider()
    market = make_market(Stubborn("a", {}, source, bid_calls=1), rules={"deadlines": {"bid_seconds": HANG_SECONDS}})
    market.run("hello", 10, seed=1)
    assert source.made == []
    assert [str(error) for error in refused] == ["its task is over; no more calls can be made for it"]
    assert_sound(market)


def test_a_call_cut_off_at_the_deadline_costs_the_cap_its_worst_case() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    source = Provider()
    source.pause = forever
    market = make_market(
        Paid("a", {1: "1"}, source, bid_calls=1, worst="0.03"),
        presenter("p", {1: "1"}),
        rules={"deadlines": {"bid_seconds": HANG_SECONDS}},
    )
    market.run("hello", 10, seed=1)
    assert answers(market)["0", "a"].bid_cost_nanos is None
    assert posted(market, "cap:r1") == 10 * USD - 3 * CENT
    finish(market)


def crowd(source: Provider, count: int) -> list[Any]:
    """Bidders at the first stage whose worst cases together are far above the cap of 0.30 USD."""
    paid: list[Any] = []
    for number in range(count):
        bidder: Any = Paid(f"a{number:02}", {1: f"0.{number + 10}"}, source, bid_calls=1, worst="0.10")
        bidder.eligible = lambda announcement: announcement.stage == 1
        paid.append(bidder)
    return [*paid, presenter("p", {2: "2"}), presenter("q", {2: "1"})]


# How many calls are made of twenty that want to be, by what each costs at most.
CALLS_BY_COST = {"0.10": 3, "0.06": 4, "0.01": 21, "0.000000001": 21, None: 3}


def run_crowd(source: Provider, store: str, count: int = 20) -> Market:
    market = make_market(*crowd(source, count), store=store)
    market.run("hello", 10, seed=1, spend_cap="0.30")
    return market


@pytest.mark.parametrize(
    ("kind", "cost", "calls"),
    [
        *(("memory", cost, calls) for cost, calls in CALLS_BY_COST.items()),
        *(pytest.param("sqlite", cost, CALLS_BY_COST[cost], marks=pytest.mark.slow) for cost in ("0.06", "0.01")),
        *(("sqlite", cost, CALLS_BY_COST[cost]) for cost in ("0.10", "0.000000001", None)),
    ],
)
def test_the_cap_holds_however_many_want_to_spend_at_once(kind: str, cost: str | None, calls: int, disk: str) -> None:
    source = Provider(cost)
    source.pause = lambda: asyncio.sleep(0)
    market = run_crowd(source, "memory" if kind == "memory" else disk)
    assert source.spent_nanos <= 30 * CENT
    assert source.running_most <= 3
    assert len(source.made) == calls
    refused = [row for row in answers(market).values() if "reached its spend cap" in row.reason]
    assert len(refused) == (0 if calls == 21 else 20 - calls)
    finish(market)
    market.close()


def test_the_cap_is_exceeded_where_nothing_is_held_against_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the one before."""
    monkeypatch.setattr("orchestrator.engine.metering.cap_hold", uncapped)
    source = Provider("0.10")
    source.pause = lambda: asyncio.sleep(0)
    run_crowd(source, "memory")
    assert source.spent_nanos > 30 * CENT
    assert source.running_most == 20


def uncapped(request_id: str, lot: Any, round: int, bidder: str, purpose: str, cost_max_nanos: int) -> Transfer:
    from orchestrator.core.holds import cap_hold

    held = cap_hold(request_id, lot, round, bidder, purpose, 1)
    assert held is not None
    return held


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_call_that_does_not_fit_waits_for_one_that_runs_and_then_fits(kind: str, disk: str) -> None:
    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(*crowd(source, 4)[:4], store="memory" if kind == "memory" else disk)
    market.run("hello", 10, seed=1, spend_cap="0.13")
    assert [row.kind for lot, row in sorted(answers(market).items())] == ["bid"] * 4
    assert source.running_most == 1
    market.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_call_that_still_does_not_fit_when_nothing_runs_is_refused(kind: str, disk: str) -> None:
    source = Provider("0.05")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(*crowd(source, 2)[:2], store="memory" if kind == "memory" else disk)
    market.run("hello", 10, seed=1, spend_cap="0.13")
    kinds = [(row.kind, row.reason[:36]) for _, row in sorted(answers(market).items())]
    assert kinds == [("bid", ""), ("pass", "request r1 has reached its spend cap")]
    assert len(source.made) == 1
    market.close()


def test_what_a_winner_that_failed_has_not_spent_is_there_for_its_substitute() -> None:
    class Failing(Paid):
        async def transform(self, lot: Any) -> Any:
            raise RuntimeError("fell over")

    bidders = [Failing("a", {1: "4"}, Provider(), worst="0.06"), Paid("b", {1: "3"}, Provider(), worst="0.06")]
    market = make_market(*bidders, presenter("p", {1: "1", 2: "3"}))
    result = market.run("hello", 10, seed=1, spend_cap="0.10")
    assert [(fault.bidder, fault.fault) for fault in faults(market)] == [("a", "raised")]
    assert [sale.buyer for sale in result.offers[0].chain] == ["b", "p"]
    finish(market)


def test_a_transform_that_does_not_fit_under_the_cap_is_nobodys_fault() -> None:
    source = Provider("0.05")
    bidders = [Paid("a", {1: "2"}, source, worst="0.20"), Scripted("b", {1: "1"}), presenter("p", {2: "3"})]
    market = make_market(*bidders)
    market.run("hello", 10, seed=1, spend_cap="0.10")
    (found,) = faults(market)
    assert (found.bidder, found.fault, found.own_fault, found.forfeit_nanos) == ("a", "over the cap", False, 0)
    assert source.made == []
    finish(market)


def test_a_bidder_too_poor_for_the_cost_of_bidding_is_not_asked() -> None:
    source = Provider("0.05")
    market = make_market(Paid("a", {1: "2"}, source, bid_calls=1, worst="60"), presenter("p", {1: "1"}))
    market.run("hello", 10, seed=1, spend_cap="100")
    assert source.made == []
    assert "bidder:a has 50.00 USD to spend" in answers(market)["0", "a"].reason
    finish(market)


def test_a_spend_cap_of_zero_leaves_free_bidders_to_work() -> None:
    source = Provider()
    bidders = [Paid("a", {1: "2"}, source, bid_calls=1), Scripted("b", {1: "1"}), presenter("p", {2: "3"})]
    market = make_market(*bidders)
    assert market.run("hello", 10, seed=1, spend_cap=0).offers
    assert source.made == []
    finish(market)


def test_whoever_waits_for_the_cap_is_woken_by_every_way_of_freeing_it() -> None:
    """Random finishing orders and costs; a lost wake-up would hang, and the test time out."""

    async def play(seed: int) -> None:
        import random

        chance = random.Random(seed)
        source = Provider("0.02")
        delays = [chance.randrange(4) for _ in range(100)]

        async def pause() -> None:
            for _ in range(delays[len(source.made) % 100]):
                await asyncio.sleep(0)

        source.pause = pause
        market = make_market(*crowd(source, 12))
        await asyncio.wait_for(market.arun("hello", 10, seed=seed, spend_cap="0.25"), 10)
        assert source.spent_nanos <= 25 * CENT
        finish(market)

    for seed in range(max(10, int(40 * EFFORT))):
        asyncio.run(play(seed))


def test_an_answer_that_cannot_be_stored_is_the_stores_failure_and_no_bidders_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from orchestrator.errors import StoreUnavailable

    market = make_market(Paid("a", {1: "2"}, Provider()), presenter("p", {1: "1", 2: "2"}))

    record = CallBook.record

    async def record_and_fail(self: CallBook, row: Any) -> None:
        monkeypatch.setattr(
            self._store, "submit", lambda work: (_ for _ in ()).throw(StoreUnavailable("the disk is full"))
        )
        await record(self, row)

    monkeypatch.setattr(CallBook, "record", record_and_fail)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        market.run("hello", 10, seed=1)
    monkeypatch.undo()
    assert faults(market) == []
    market.resume("r1")
    assert faults(market) == []
    finish(market)
