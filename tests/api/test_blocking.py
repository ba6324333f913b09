"""Ordinary calls end with what they came to, whatever bidders have left half done in the loop."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator import Announcement
from orchestrator.errors import BidderError
from tests.engine.world import Scripted, assert_sound, finish, make_market, presenter


async def pieces() -> AsyncIterator[str]:
    try:
        while True:
            yield "piece"
    finally:
        await asyncio.get_running_loop().create_future()


class HalfReading(Scripted):
    """Keeps a stream of which it has read the first piece, and whose end never comes."""

    async def bid(self, announcement: Announcement) -> Any:
        self.stream = pieces()
        await anext(self.stream)
        return await super().bid(announcement)


def test_a_stream_that_a_bidder_left_half_read_does_not_cost_the_caller_its_result() -> None:
    market = make_market(HalfReading("a", {1: "2"}), presenter("p", {2: "3"}))
    assert market.run("hello", 10, seed=1, judge="top").status == "released"
    assert_sound(market)


class Exiting(Scripted):
    """Begins a task that ends the program, and waits for it."""

    async def bid(self, announcement: Announcement) -> Any:
        return await asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        sys.exit(7)


class ExitingUnawaited(Exiting):
    """Begins it and goes on."""

    async def bid(self, announcement: Announcement) -> Any:
        self.leaving = asyncio.create_task(self._leave())
        await asyncio.sleep(0)
        return await Scripted.bid(self, announcement)


def test_a_task_of_a_bidder_that_exits_is_its_bidders_fault_and_ends_no_program() -> None:
    market = make_market(Exiting("a", {1: "2"}), Scripted("b", {1: "1"}), presenter("p", {2: "3"}))
    assert market.run("hello", 10, seed=1, judge="top").status == "released"
    (fault,) = [each for each in market.read_log("r1").progress.auctions["0"].answers if each.bidder == "a"]
    assert (fault.kind, fault.reason) == ("fault", "RuntimeError: a task of its own called sys.exit(7)")
    assert_sound(market)


def test_a_task_that_a_bidder_does_not_wait_for_and_that_exits_ends_no_program() -> None:
    market = make_market(ExitingUnawaited("a", {1: "2"}), presenter("p", {2: "3"}))
    assert market.run("hello", 10, seed=1, judge="top").status == "released"
    assert_sound(market)


class Undoing(Exiting):
    """Begins a task and cancels it before it has begun."""

    async def bid(self, announcement: Announcement) -> Any:
        asyncio.create_task(self._leave()).cancel()
        await asyncio.sleep(0)
        return await Scripted.bid(self, announcement)


@pytest.mark.filterwarnings("error")
def test_a_task_that_a_bidder_cancels_before_it_begins_is_no_work_that_nobody_awaited() -> None:
    market = make_market(Undoing("a", {1: "2"}), presenter("p", {2: "3"}))
    assert market.run("hello", 10, seed=1, judge="top").status == "released"
    gc.collect()
    assert_sound(market)


class Meddling(Scripted):
    """Does something to the loop that it runs in, once."""

    acts = True

    async def bid(self, announcement: Announcement) -> Any:
        if self.acts:
            self.acts = False
            self.meddle()
            await asyncio.sleep(0)
        return await super().bid(announcement)

    def meddle(self) -> None:
        for task in asyncio.all_tasks():
            task.cancel()


class Stopping(Meddling):
    def meddle(self) -> None:
        asyncio.get_running_loop().stop()


@pytest.mark.parametrize("meddling", [Meddling, Stopping])
def test_a_bidder_that_cancels_or_stops_all_is_told_of_in_an_error_of_ours(meddling: type[Meddling]) -> None:
    market = make_market(meddling("a", {1: "2"}), presenter("p", {2: "3"}))
    with pytest.raises(BidderError, match=r"`vickrey resume` goes on"):
        market.run("hello", 10, seed=1)
    market.resume()
    finish(market)
