"""The bidder around a Python function."""

from __future__ import annotations

import asyncio

import pytest

from bidders.tool import ToolBidder
from orchestrator import Money, Segment, errors
from tests.bidders import sample_tools
from tests.bidders.lots import RecordingMeter, announce, bid_usd, delivered, pass_reason, state_of, win

HERE = "tests.bidders.sample_tools"


def tool(function: str, **options: str) -> ToolBidder:
    return ToolBidder("tool", f"{HERE}:{function}", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [f"{HERE}:shout", f"{HERE}.shout"])
def test_a_function_is_found_by_either_spelling_of_its_path(function: str) -> None:
    assert delivered(ToolBidder("tool", function), win(announce(request="hi"))) == "HI"


def test_functions_may_be_async_or_return_several_texts() -> None:
    assert delivered(tool("whisper"), win(announce(request="Hi"))) == "hi"
    assert delivered(tool("split"), win(announce(request="a b"))) == "a\n\nb"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("no.such.module:f", "No module named 'no'"),
        (f"{HERE}:nothing", "has no attribute 'nothing'"),
        (f"{HERE}:NOT_A_FUNCTION", "not a function"),
        ("shout", "package.module:function"),
    ],
)
def test_a_function_that_cannot_be_had_breaks_the_bidder(function: str, message: str) -> None:
    with pytest.raises(errors.InvalidConfig, match=message):
        ToolBidder("tool", function)


@pytest.mark.parametrize("function", ["two_texts", "nothing_at_all"])
def test_a_function_that_cannot_be_called_with_one_text_is_refused_before_anybody_pays_for_it(function: str) -> None:
    with pytest.raises(errors.InvalidConfig, match=f"{function} cannot be called with one text: .*argument"):
        tool(function)


def test_a_function_that_a_decorator_completes_can_be_called_with_one_text() -> None:
    assert delivered(tool("completed"), win(announce(request="hi"))) == "hihi"


def test_a_plain_function_runs_in_a_daemon_thread() -> None:
    assert delivered(tool("thread_kind"), win(announce())) == "daemon=True"


def test_a_function_that_hangs_can_be_given_up() -> None:
    async def impatient() -> None:
        await asyncio.wait_for(tool("block").transform(win(announce())), timeout=0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    sample_tools.released.set()


@pytest.mark.parametrize(
    ("function", "error"), [("fail", ValueError), ("leave", RuntimeError), ("count", errors.InvalidAnswer)]
)
def test_what_goes_wrong_in_a_function_is_an_error_of_the_transform(function: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        delivered(tool(function), win(announce()))


def test_a_call_that_costs_goes_through_the_meter_and_a_free_one_does_not() -> None:
    meter = RecordingMeter()
    dear = tool("shout", cost="0.25")
    assert delivered(dear, win(announce(request="hi"), meter=meter)) == "HI"
    assert [charged.cost for charged in meter.charged] == [Money.usd("0.25")]
    assert dear.transform_cost_max(announce()) == Money.usd("0.25")
    assert dear.provider == "tool"
    delivered(tool("shout"), win(announce(), meter=meter))
    assert len(meter.charged) == 1


def test_it_bids_its_share_of_the_gap_and_less_what_a_call_costs() -> None:
    assert bid_usd(tool("shout", share="0.2"), announce()) == 2.0
    assert bid_usd(tool("shout", share="0.5"), announce(price="6")) == 8.0
    assert bid_usd(tool("shout", share="0.2", cost="0.5"), announce()) == 1.5


def test_it_works_on_a_state_once_and_only_where_it_finds_what_it_needs() -> None:
    done = state_of(Segment("HI", kind="tool", author="tool"))
    assert pass_reason(tool("shout"), announce(done)) == "its work is in this state already"
    assert "nothing for it" in pass_reason(tool("shout", needs=r"\d euros"), announce())
    assert bid_usd(tool("shout", needs=r"two-day"), announce()) > 0


@pytest.mark.parametrize("options", [{"role": "judge"}, {"share": "2"}, {"needs": "("}])
def test_options_that_make_no_sense_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidConfig):
        tool("shout", **options)
