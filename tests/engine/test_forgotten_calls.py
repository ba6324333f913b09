"""Calls that an interrupted run has paid for, and that its bidder does not make again when it is asked anew (R7)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Market, Money, Pass
from orchestrator.record import export_request, verify
from tests.engine.world import Scripted, assert_sound, make_market, posted, presenter

COST = Money.usd("0.01")


class Wavering(Scripted):
    """Asks a model in its first life; in its second it bids without, or asks another thing."""

    provider = "acme"

    def __init__(self, crash: asyncio.Event | None, asks: str | None, promises: Any = COST) -> None:
        super().__init__("a", {1: "2"})
        self.crash = crash
        self.asks = asks
        self.promises = promises

    def bid_cost_max(self, announcement: Announcement) -> Any:
        return self.promises if announcement.stage == 1 else Money(0)

    async def bid(self, announcement: Announcement) -> Any:
        if announcement.stage > 1:
            return Pass("enough")
        if self.asks is not None:
            await announcement.meter.call(self.answer, purpose=self.asks)
        if self.crash is not None:
            self.crash.set()
            await asyncio.sleep(60)
        return Money.usd(2)

    async def answer(self) -> Charged:
        return Charged("said", COST)


def interrupted_and_resumed(path: Path, asks: str | None, promises: Any = COST) -> Market:
    """A market whose first bid was interrupted after its call was paid, resumed with a bidder of another mind."""

    async def live() -> Market:
        crash = asyncio.Event()
        first = make_market(Wavering(crash, "model"), presenter("p", {2: "3"}), store=str(path))
        running = asyncio.ensure_future(first.arun("hello", 10, seed=1, spend_cap="0.01"))
        await crash.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        first.close()
        second = make_market(Wavering(None, asks, promises), presenter("p", {2: "3"}), store=str(path))
        await second.aresume()
        return second

    return asyncio.run(live())


@pytest.mark.parametrize("promises", [COST, Money.usd("0.02"), Money.usd("0.005"), Money(0), "nothing"], ids=str)
@pytest.mark.parametrize("asks", [None, "model", "another"])
def test_what_was_paid_is_charged_and_counts_against_the_cap_whatever_is_asked_or_promised_anew(
    tmp_path: Path, asks: str | None, promises: Any
) -> None:
    with interrupted_and_resumed(tmp_path / "market.db", asks, promises) as market:
        assert posted(market, "provider:acme") == COST.nanos
        result = market.result("r1")
        if result.status == "open":
            result.pick(1)
        assert result.statement().costs_nanos["a"] == COST.nanos
        assert verify(export_request(market.store, "r1")) == []
        assert_sound(market)


def test_a_call_for_which_the_earlier_ones_leave_no_room_is_refused(tmp_path: Path) -> None:
    with interrupted_and_resumed(tmp_path / "market.db", "another") as market:
        log = market.read_log("r1")
        (faulted,) = (row for row in log.progress.auctions["0"].answers if row.bidder == "a")
        assert "used up the worst case of 0.01 USD" in faulted.reason
