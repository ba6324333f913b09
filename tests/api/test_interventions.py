"""What happens when somebody cancels under a running driver, or a judge breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Hearing, Money, Rank, ShownOffer
from orchestrator.errors import BrokenPlugin, InvalidRequest, WrongStatus
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


@pytest.mark.parametrize("name", [None, 5, "", "\ud800", "a\nb", "a" * 201])
def test_a_judge_whose_name_cannot_be_recorded_picks_nothing(name: Any) -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    market.run("hello", 10, seed=1)
    with pytest.raises(InvalidRequest, match="a judge's name is 1 to 200 printable characters"):
        market.pick("r1", 1, judge=name)
    assert market.result("r1").status == "open"
    market.pick("r1", 1, judge="Åsa")
    assert market.result("r1").status == "released"


def test_what_a_broken_judge_says_is_told_in_one_printable_line() -> None:
    class Garbled:
        name = "garbled"

        async def pick(self, request: str, offers: object) -> Rank:
            raise ValueError("\ud800 and\nmore" + "!" * 10_000)

    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(BrokenPlugin) as refusal:
        market.run("hello", 10, seed=1, judge=Garbled())
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500


class Paying:
    """A judge whose call costs money, and while which the request is cancelled."""

    name = "paying"
    provider = "model"

    def __init__(self, cancel: Any) -> None:
        self._cancel = cancel

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        return Money.usd("0.10")

    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Rank:
        async def perform() -> Charged:
            return Charged("the first", Money.usd("0.05"))

        assert hearing is not None
        await hearing.meter.call(perform)
        self._cancel()
        return Rank(1)


def test_a_request_that_ends_under_its_judge_is_told_as_that() -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(WrongStatus, match="r1 is rejected: it ended while judge paying looked at its offers"):
        market.run("hello", 10, seed=1, judge=Paying(lambda: market.cancel("r1")))
    assert_sound(market)
