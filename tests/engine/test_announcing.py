"""What an announcement shows of other bidders, and when bidders are asked whether they want it (R3)."""

from __future__ import annotations

import asyncio

from orchestrator import Announcement
from orchestrator.engine.announcing import read_market
from tests.engine.world import Paid, Provider, Scripted, finish, make_market, presenter

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


def test_who_takes_over_an_interrupted_stage_shows_bidders_what_they_were_shown_before() -> None:
    """What the interrupted run had set aside for their bids was missing in their balances, so others won."""
    read: dict[str, int] = {}

    class Prudent(Paid):
        async def bid(self, announcement: Announcement) -> object:
            if announcement.stage == 1:
                log = market.read_log(announcement.request_id)
                view = market.store.read(lambda reader: read_market(reader, log.progress))
                read["shown"], read["anew"] = announcement.balance.nanos, view.balances["bidder:a"]
                read["spendable"] = market.balance("a").nanos
            return await super().bid(announcement)

    market = make_market(Prudent("a", {1: "3"}, Provider("0.01"), bid_calls=1), presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1)
    assert read["anew"] == read["shown"]
    assert read["spendable"] < read["shown"], "the control: something was set aside"
    finish(market)
