"""Ordinary calls where an event loop is running already, as in a notebook's cell."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from orchestrator import Announcement, Market, Money, Posting, Segment, WonLot
from orchestrator.api.blocking import run_blocking

T = TypeVar("T")
PATIENCE_SECONDS = 20.0
PRESENTER = {"name": "pia", "type": "scripted", "options": {"roles": ["presenter"], "bids": [None, "2.00"]}}


@pytest.fixture
def control_c() -> Iterator[None]:
    """Have Ctrl-C raise, as a notebook does: of a process in the background the shell has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def in_a_cell(cell: Callable[[], T]) -> T:
    """Run a cell as a notebook does: inside a loop that leaves Ctrl-C to Python."""

    async def run() -> T:
        return cell()

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


class Interrupted:
    """A bidder in the middle of whose first work somebody presses Ctrl-C."""

    name = "ann"
    roles = ("transformer",)

    def __init__(self) -> None:
        self.was_stopped = False
        self.works = 0

    async def bid(self, announcement: Announcement) -> Money:
        return Money.usd(1)

    async def transform(self, lot: WonLot) -> list[Segment]:
        self.works += 1
        if self.works == 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            try:
                await asyncio.wait_for(asyncio.Event().wait(), PATIENCE_SECONDS)
            except asyncio.CancelledError:
                self.was_stopped = True
                raise
        return [Segment("done")]


def test_what_the_work_returns_and_raises_reaches_the_cell() -> None:
    async def fine() -> int:
        return 3

    async def failing() -> int:
        raise ValueError("as told")

    assert in_a_cell(lambda: run_blocking(fine)) == 3
    with pytest.raises(ValueError, match="as told"):
        in_a_cell(lambda: run_blocking(failing))


@pytest.mark.usefixtures("control_c")
def test_an_interrupted_cell_leaves_no_run_behind_that_goes_on_spending() -> None:
    config: dict[str, Any] = {"version": 1, "store": "memory", "bidders": [PRESENTER]}
    bidder = Interrupted()
    with Market(config, bidders=[bidder]) as market:
        with pytest.raises(KeyboardInterrupt):
            in_a_cell(lambda: market.run("hello", 10, seed=1))
        assert bidder.was_stopped
        assert [row.id for row in market.interrupted()] == ["r1"]
        (result,) = in_a_cell(market.resume)
        assert result.status == "open"


def test_a_cell_shows_a_list_of_requests_without_the_config_of_each_and_money_in_dollars() -> None:
    with Market({"version": 1, "store": "memory", "bidders": [PRESENTER]}) as market:
        market.post(Posting("hello", 10))
        (shown,) = map(repr, market.requests())
        assert shown.startswith("RequestRow(id='r1', status='running', requester='user', bounty_nanos=10000000000,")
        assert "setting" not in shown
        assert repr(market.balance("pia")) == "Money.usd('50.00')"
