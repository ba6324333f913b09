"""What an interrupted run had asked of a bidder is charged to it, also where it is not asked again (R7)."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Market, Money, WonLot
from orchestrator.record import export_request, replay, verify
from tests.engine.world import Scripted, answers, assert_sound, faults, make_market, posted, presenter

CENT = 10**7
WORST = Money(4 * CENT)


class Interrupted(Scripted):
    """Makes calls for its bid, at these costs; its run is interrupted when they are answered, or in the last one."""

    provider = "acme"

    def __init__(self, *costs: int | None, is_in_a_call: bool = False) -> None:
        super().__init__("a", {1: "2"})
        self.costs = costs
        self.is_in_a_call = is_in_a_call
        self.interrupt = asyncio.Event()

    def bid_cost_max(self, announcement: Announcement) -> Money:
        return WORST

    async def bid(self, announcement: Announcement) -> Any:
        for nanos in self.costs:
            await announcement.meter.call(partial(self.answer, nanos))
        if self.is_in_a_call:
            await announcement.meter.call(self.hang)
        await self.hang()

    async def answer(self, nanos: int | None) -> Charged:
        return Charged("said", None if nanos is None else Money(nanos))

    async def hang(self) -> Charged:
        self.interrupt.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ends it")


class Unwilling(Scripted):
    """The same bidder, that takes part in no such request any more."""

    provider = "acme"

    def eligible(self, announcement: Announcement) -> bool:
        return False


class Moved(Scripted):
    """The same bidder, whose provider is another now; it would make no calls any more."""

    provider = "elsewhere"

    def bid_cost_max(self, announcement: Announcement) -> Money:
        return WORST


def market_of(path: Path, *others: Any) -> Market:
    return make_market(*others, Scripted("b", {1: "1"}), presenter("p", {2: "3"}), store=str(path))


def resumed(path: Path, first: Interrupted | Working, *now: Any) -> Market:
    """A market of these bidders, in which a run has been finished that was interrupted while `a` made its bid."""

    async def live() -> Market:
        before = market_of(path, first)
        running = asyncio.ensure_future(before.arun("hello", 10, seed=1, spend_cap="0.20"))
        await first.interrupt.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        before.close()
        market = market_of(path, *now)
        await market.aresume()
        return market

    market = asyncio.run(live())
    market.pick("r1", 1)
    return market


def assert_right(market: Market) -> None:
    assert_sound(market)
    record = export_request(market.store, "r1")
    assert verify(record) == []
    assert replay(record).identical


UNASKED: dict[str, list[Scripted]] = {
    "its filter says no": [Unwilling("a", {})],
    "it has left the market": [],
    "its provider is another": [Moved("a", {1: "2"})],
}


@pytest.mark.parametrize("now", UNASKED.values(), ids=UNASKED)
def test_who_is_not_asked_again_pays_the_provider_that_it_had_asked(tmp_path: Path, now: list[Scripted]) -> None:
    with resumed(tmp_path / "market.db", Interrupted(CENT, 2 * CENT), *now) as market:
        assert posted(market, "provider:acme") == posted(market, "cap-spent") == 3 * CENT
        assert posted(market, "bidder:a") == 50 * 10**9 - 3 * CENT
        money = market.result("r1").statement()
        assert (money.costs_nanos["a"], money.unknown_costs) == (3 * CENT, ())
        left = answers(market)["0", "a"]
        assert (left.kind, left.bid_cost_nanos, left.provider) == ("pass", 3 * CENT, "acme")
        assert_right(market)


@pytest.mark.parametrize(
    ("first", "known"),
    [
        (Interrupted(is_in_a_call=True), 0),
        (Interrupted(None), 0),
        (Interrupted(CENT, None), CENT),
    ],
    ids=["no call was answered", "at no known price", "at one known price"],
)
def test_what_is_not_known_of_its_calls_is_said_to_be_unknown(tmp_path: Path, first: Interrupted, known: int) -> None:
    with resumed(tmp_path / "market.db", first) as market:
        assert posted(market, "provider:acme") == known
        assert posted(market, "cap-spent") == WORST.nanos
        money = market.result("r1").statement()
        assert (money.costs_nanos["a"], money.unknown_costs) == (known, ("a",))
        assert_right(market)


def test_what_its_call_cost_beyond_its_promise_is_its_own_too(tmp_path: Path) -> None:
    with resumed(tmp_path / "market.db", Interrupted(7 * CENT)) as market:
        assert posted(market, "provider:acme") == 7 * CENT
        assert posted(market, "bidder:a") == 50 * 10**9 - 7 * CENT
        assert_right(market)


def test_who_had_not_been_asked_is_not_named(tmp_path: Path) -> None:
    """The control: whoever an interrupted run had not come to leaves no trace where it is not asked later."""
    with resumed(tmp_path / "market.db", Interrupted(CENT), Unwilling("z", {})) as market:
        assert {name for lot, name in answers(market) if lot == "0"} == {"a", "b", "p"}


class Working(Scripted):
    """Works without any call; its run is interrupted meanwhile."""

    def __init__(self) -> None:
        super().__init__("a", {1: "2"})
        self.interrupt = asyncio.Event()

    async def transform(self, lot: WonLot) -> Any:
        self.interrupt.set()
        await asyncio.Event().wait()


def test_a_winner_that_had_asked_nobody_before_it_left_has_cost_nothing(tmp_path: Path) -> None:
    with resumed(tmp_path / "market.db", Working()) as market:
        (fault,) = faults(market)
        assert (fault.bidder, fault.reason, fault.cost_nanos) == ("a", "is no longer part of this market", 0)
        assert market.result("r1").statement().unknown_costs == ()
        assert_right(market)
