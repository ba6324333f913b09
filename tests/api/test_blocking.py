"""Ordinary calls end with what they came to, whatever bidders have left half done in the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from orchestrator import Announcement
from tests.engine.world import Scripted, assert_sound, make_market, presenter


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
