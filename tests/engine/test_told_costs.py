"""What of the costs that a bidder tells is believed and charged (R7)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Segment, WonLot
from orchestrator.record import export_request, verify
from tests.engine.world import Paid, Provider, Scripted, assert_sound, faults, finish, make_market, posted, presenter

USD = 10**9
CENT = USD // 100


def test_costs_that_nobody_can_believe_do_not_use_up_what_the_market_can_count() -> None:
    """Nine calls said to cost a billion dollars each kept every later request from being posted."""
    liar = Paid("liar", {1: "1"}, Provider("1000000000"), worst="0.01")
    market = make_market(liar, Scripted("a", {1: "0.5"}), presenter("p", {2: "1"}))
    for seed in range(12):
        market.run("hello", 10, seed=seed).pick(1)
        if market.bidder_rows()["liar"].status != "active":
            market.reinstate("liar")
    assert "above 10000.00 USD that is believed only as far as it was promised" in faults(market)[0].reason
    assert posted(market, "issuer") > -1_000 * 10**9
    assert_sound(market)


def test_a_cost_as_high_as_its_promise_is_believed_whatever_it_is() -> None:
    rich = Paid("rich", {1: "1"}, Provider("20000"), worst="20000")
    market = make_market(rich, presenter("p", {2: "2"}), request={"bounty_max": 30_000})
    market.topup("rich", 30_000)
    market.run("hello", 10, seed=1, spend_cap=30_000)
    assert posted(market, "provider:acme") == 20_000 * 10**9
    finish(market)


@pytest.mark.parametrize("end", ["failing", "unpriced"])
def test_what_is_known_of_an_unknown_cost_is_charged(end: str) -> None:
    """A last call that fails, or has no price, made all the earlier ones free."""

    class Sly(Paid):
        async def bid(self, announcement: Announcement) -> Any:
            await self.spend(announcement)
            return await Scripted.bid(self, announcement)

        async def transform(self, lot: WonLot) -> Any:
            await self.spend(lot)
            return [Segment("done")]

        async def spend(self, shown: Announcement | WonLot) -> None:
            await self._call(shown, "work", 0)
            with contextlib.suppress(RuntimeError):
                await shown.meter.call(self.last, purpose="last")

        async def last(self) -> Charged:
            if end == "failing":
                raise RuntimeError("the connection broke")
            return Charged("said", None)

    sly = Sly("sly", {1: "1"}, Provider("0.25"), bid_calls=1, worst="1")
    market = make_market(sly, presenter("p", {2: "2"}), presenter("q", {2: "2"}))
    before = market.balance("sly").nanos
    result = market.run("hello", 10, seed=1, deposit="0.4")
    assert posted(market, "provider:acme") == 50 * CENT
    assert market.balance("sly").nanos == before - 50 * CENT + 2 * USD
    money = result.statement()
    assert (money.costs_nanos["sly"], money.unknown_costs) == (50 * CENT, ("sly",))
    market.pick(result.request_id, 0)
    assert market.balance("sly").nanos == before + 2 * USD - 10 * CENT, "the deposit pays what is known"
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []
