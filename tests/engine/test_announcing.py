"""What an announcement shows of other bidders, and when bidders are asked whether they want it (R3)."""

from __future__ import annotations

import asyncio

from orchestrator import Announcement
from tests.engine.world import Scripted, finish, make_market, presenter

NANOS = 10**9


def test_what_a_winner_bid_stays_sealed_from_those_who_buy_of_it() -> None:
    class Spy(Scripted):
        async def bid(self, announcement: Announcement) -> object:
            seen.extend((sale.buyer, sale.bid_nanos, sale.price_nanos) for sale in announcement.chain)
            return await super().bid(announcement)

    seen: list[tuple[str, int, int]] = []
    spy = Spy("spy", {2: "1"}, ("presenter",))
    market = make_market(Scripted("a", {1: "7"}), Scripted("b", {1: "2"}), spy, presenter("p", {2: "3"}))
    result = market.run("hello", 10, seed=1)
    assert seen == [("a", 2 * NANOS, 2 * NANOS)]
    assert result.offers[0].chain[0].bid_nanos == 7 * NANOS, "the record and the user know it"
    finish(market)


def test_whether_lots_are_wanted_is_asked_of_all_at_once() -> None:
    """A bidder that never says would else cost a stage its deadline for every lot."""

    class Choosy(Scripted):
        async def eligible(self, announcement: Announcement) -> bool:
            if announcement.stage == 2:
                asked.append(announcement.lot)
                while len(asked) < 2:
                    await asyncio.sleep(0)
                heard.append(announcement.lot)
            return True

    asked: list[str] = []
    heard: list[str] = []
    sellers = [Scripted("a", {1: "2"}), Scripted("b", {1: "2"})]
    rules = {"copies": [2, 1], "deadlines": {"bid_seconds": 0.2}}
    market = make_market(*sellers, Choosy("c", {2: "1"}), presenter("p", {2: "3"}), rules=rules)
    assert market.run("hello", 10, seed=1).status == "open"
    assert sorted(heard) == ["0.0", "0.1"]
    finish(market)
