"""What an announcement shows of other bidders (R3)."""

from __future__ import annotations

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
