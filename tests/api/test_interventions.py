"""What happens when somebody cancels under a running driver, or a judge breaks."""

from __future__ import annotations

import pytest

from orchestrator import Announcement, Money, Rank
from orchestrator.errors import BrokenPlugin
from tests.engine.world import Scripted, assert_sound, make_market, presenter


def test_cancelling_under_the_driver_returns_the_rejected_result() -> None:
    class Cancelling(Scripted):
        async def bid(self, announcement: Announcement) -> Money:
            if announcement.stage == 2:
                market.cancel("r1")
            return Money.usd(1)

    market = make_market(Cancelling("a", {}), Scripted("b", {1: "2"}), presenter("p", {2: "3"}))
    result = market.run("hello", 10, seed=1)
    assert (result.status, result.reason) == ("rejected", "cancelled by the requester")
    assert_sound(market)


class BrokenJudge:
    name = "broken"

    async def pick(self, request: str, offers: object) -> Rank:
        raise ZeroDivisionError("no taste")


def test_a_judge_that_breaks_is_named_and_leaves_the_request_open() -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(
        BrokenPlugin, match=r"judge broken failed \(ZeroDivisionError: no taste\); request r1 stays open"
    ):
        market.run("hello", 10, seed=1, judge=BrokenJudge())
    assert market.result("r1").status == "open"
    market.pick("r1", 1)
    assert_sound(market)
