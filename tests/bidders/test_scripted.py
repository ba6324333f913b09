"""The bidder that does what its script says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bidders.scripted import HUGE_CHARACTERS, ScriptedBidder
from orchestrator import Bid, Money, Pass, Replacement, errors
from tests.bidders.lots import RecordingMeter, announce, bid_usd, delivered, win


def answer(bidder: ScriptedBidder, **other: Any) -> Any:
    return asyncio.run(bidder.bid(announce(**other)))


@pytest.mark.parametrize("bids", [{1: "4.00", "2": 3}, ["4.00", 3]])
def test_bids_are_read_by_stage_from_a_mapping_or_a_list(bids: Any) -> None:
    bidder = ScriptedBidder("s", bids=bids)
    assert [bid_usd(bidder, announce(stage=stage)) for stage in (1, 2, 3)] == [4.0, 3.0, 0.0]


def test_a_bid_for_a_lot_goes_before_one_for_its_stage() -> None:
    bidder = ScriptedBidder("s", bids={"0.1": "2", 2: "3"})
    assert bid_usd(bidder, announce(lot="0.1", stage=2)) == 2.0
    assert bid_usd(bidder, announce(lot="0.0", stage=2)) == 3.0


def test_a_stage_of_null_is_a_pass_and_a_stage_of_nothing_is_a_bid_of_nothing() -> None:
    bidder = ScriptedBidder("s", bids=[None, 0])
    assert isinstance(answer(bidder, stage=1), Pass)
    assert answer(bidder, stage=2) == Bid(Money(0), "transformer")


def test_a_bidder_of_both_roles_presents_where_its_script_says_and_at_the_last_stage() -> None:
    bidder = ScriptedBidder("s", roles=("transformer", "presenter"), bids=[1, 1, 1], presents_at=[2])
    assert [answer(bidder, stage=stage).role for stage in (1, 2)] == ["transformer", "presenter"]
    assert answer(bidder, stage=3, roles=("presenter",)).role == "presenter"
    assert isinstance(answer(ScriptedBidder("t", bids=[1]), roles=("presenter",)), Pass)


def test_it_says_what_its_script_says_and_the_last_text_serves_later_stages() -> None:
    bidder = ScriptedBidder("s", says=["one", "two"])
    assert [delivered(bidder, win(announce(stage=stage))) for stage in (1, 2, 3)] == ["one", "two", "two"]
    assert delivered(ScriptedBidder("s"), win(announce())) == "s at 0"


def test_costs_are_promised_and_charged_through_the_meter() -> None:
    bidder = ScriptedBidder("s", bids=[1], cost="0.2", bid_cost="0.1")
    meter = RecordingMeter()
    answer(bidder, meter=meter)
    delivered(bidder, win(announce(), meter=meter))
    assert [charged.cost for charged in meter.charged] == [Money.usd("0.1"), Money.usd("0.2")]
    assert bidder.bid_cost_max(announce()) == Money.usd("0.1")
    assert bidder.transform_cost_max(announce()) == Money.usd("0.2")


def test_it_fails_at_the_stages_of_its_script_and_no_others() -> None:
    bidder = ScriptedBidder("s", fails_at=[2])
    assert delivered(bidder, win(announce(stage=1)))
    with pytest.raises(RuntimeError, match="stage 2"):
        delivered(bidder, win(announce(stage=2)))


def test_its_reserve_and_principal_are_as_scripted() -> None:
    assert asyncio.run(ScriptedBidder("s", reserve="3").reserve(win(announce()))) == Money.usd(3)
    assert asyncio.run(ScriptedBidder("s").reserve(win(announce()))) is None
    assert ScriptedBidder("s", principal="firm").principal == "firm"
    assert ScriptedBidder("s").principal == "s"


@pytest.mark.parametrize(
    ("how", "error"), [("raise", RuntimeError), ("exit", SystemExit), ("provider", errors.ProviderError)]
)
def test_it_breaks_on_demand(how: str, error: type[BaseException]) -> None:
    with pytest.raises(error):
        answer(ScriptedBidder("s", misbehaviour={"bid": how}))
    with pytest.raises(error):
        delivered(ScriptedBidder("s", misbehaviour={"transform": how}), win(announce()))


def test_it_hangs_on_demand_until_it_is_cancelled() -> None:
    async def impatient() -> None:
        await asyncio.wait_for(ScriptedBidder("s", misbehaviour={"bid": "hang"}).bid(announce()), timeout=0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())


@pytest.mark.parametrize("how", ["none", "text", "nan", "float", "negative"])
def test_it_returns_nonsense_for_a_bid_on_demand(how: str) -> None:
    assert not isinstance(answer(ScriptedBidder("s", misbehaviour={"bid": how})), Money | Bid | Pass)


def test_it_delivers_nonsense_on_demand() -> None:
    def wrong(how: str) -> Any:
        return asyncio.run(ScriptedBidder("s", misbehaviour={"transform": how}).transform(win(announce())))

    assert wrong("none") is None
    assert wrong("empty") == []
    assert len(wrong("huge")[0].text) == HUGE_CHARACTERS
    assert wrong("unchanged") == Replacement(announce().state.segments)


@pytest.mark.parametrize("script", [{"bid": "sing"}, {"dance": "raise"}, {"bid": "unchanged"}])
def test_an_unknown_misbehaviour_is_refused(script: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidConfig):
        ScriptedBidder("s", misbehaviour=script)
