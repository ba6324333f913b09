"""A substitute pays for what it was answered before a crash, though its turn does not come again (R7)."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Market, Money, WonLot
from orchestrator.core.events import Faulted
from orchestrator.record import export_request, replay, verify
from orchestrator.record.document import seal_of
from tests.engine.world import (
    Scripted,
    assert_sound,
    awards,
    deliveries,
    faults,
    finish,
    make_market,
    posted,
    presenter,
)

CENT = 10**7
WALLET = 50 * 10**9
FAILS, RECOVERS, BREAKS_DOWN = (True, True), (True, False), (False, True)
"""Whether a worker fails before its run is interrupted, and whether it does later."""


class Worker(Scripted):
    """Delivers, or fails."""

    def __init__(self, name: str, usd: str, *, fails: bool = False) -> None:
        super().__init__(name, {1: usd})
        self.fails = fails

    async def transform(self, lot: WonLot) -> Any:
        if self.fails:
            raise RuntimeError("fell over")
        return await super().transform(lot)


class Substitute(Worker):
    """Makes calls at these costs first; or its run is interrupted when they are answered."""

    provider = "acme"

    def __init__(self, *costs: int | None, fails: bool = False, interrupt: asyncio.Event | None = None) -> None:
        super().__init__("s", "0.5", fails=fails)
        self.costs = costs
        self.interrupt = interrupt

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return Money(4 * CENT)

    async def transform(self, lot: WonLot) -> Any:
        for nanos in self.costs:
            await lot.meter.call(partial(self.answer, nanos))
        if self.interrupt is not None:
            self.interrupt.set()
            await asyncio.sleep(10)
        return await super().transform(lot)

    async def answer(self, nanos: int | None) -> Charged:
        return Charged("said", None if nanos is None else Money(nanos))


def market_of(path: Path, *workers: Worker, copies: int = 1) -> Market:
    presenters = (presenter("p", {2: "3"}), presenter("q", {2: "2"}))
    return make_market(*workers, *presenters, store=str(path), rules={"copies": [copies, 1]})


def resumed(
    path: Path, first: tuple[int | None, ...], now: Substitute, *others: tuple[bool, bool], copies: int = 1
) -> Market:
    """Resume a run that was interrupted while a substitute made its calls at these first costs.

    Args:
        path: the store's.
        first: costs of the calls that it had been answered.
        now: the substitute, when the run is resumed.
        others: whether those who bid more fail, before the interruption and after it.
        copies: how many of them win at first.
    """

    def workers(life: int) -> list[Worker]:
        return [Worker(f"w{number}", f"{9 - number}", fails=fails[life]) for number, fails in enumerate(others)]

    async def live() -> Market:
        interrupt = asyncio.Event()
        before = market_of(path, *workers(0), Substitute(*first, interrupt=interrupt), copies=copies)
        running = asyncio.ensure_future(before.arun("hello", 10, seed=1, deposit="0.5"))
        await interrupt.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        before.close()
        market = market_of(path, *workers(1), now, copies=copies)
        await market.aresume()
        return market

    return asyncio.run(live())


def interrupted(market: Market) -> list[Faulted]:
    return [fault for fault in faults(market) if fault.fault == "interrupted"]


def assert_right(market: Market) -> None:
    assert_sound(market)
    record = export_request(market.store, "r1")
    assert verify(record) == []
    assert replay(record).identical
    assert replay(record, without="s").unknown_beyond == ()


@pytest.mark.parametrize(
    ("first", "cost", "known"),
    [((CENT, 2 * CENT), 3 * CENT, 0), ((7 * CENT,), 7 * CENT, 0), ((CENT, None), None, CENT), ((), None, 0)],
    ids=["known", "beyond its promise", "known in part", "nothing was answered"],
)
def test_a_substitute_that_is_not_needed_any_more_pays_for_its_calls_and_for_nothing_else(
    tmp_path: Path, first: tuple[int | None, ...], cost: int | None, known: int
) -> None:
    with resumed(tmp_path / "market.db", first, Substitute(), RECOVERS) as market:
        (found,) = interrupted(market)
        assert (found.bidder, found.cost_nanos, found.known_nanos) == ("s", cost, known)
        assert (found.own_fault, found.forfeit_nanos) == (False, 0)
        row = market.bidder_rows()["s"]
        assert (row.faults, row.faults_in_a_row) == (0, 0)
        charged = known if cost is None else cost
        assert posted(market, "provider:acme") == charged
        assert posted(market, "bidder:s") == WALLET - charged
        market.pick("r1", 1)
        money = market.result("r1").statement()
        assert (money.costs_nanos["s"], money.unknown_costs) == (charged, ("s",) if cost is None else ())
        assert_right(market)


def test_a_substitute_whose_turn_comes_again_pays_once(tmp_path: Path) -> None:
    """The control: its task is taken up where it stood."""
    with resumed(tmp_path / "market.db", (CENT,), Substitute(CENT), FAILS) as market:
        assert interrupted(market) == []
        assert deliveries(market)[0][1].bidder == "s"
        assert posted(market, "provider:acme") == CENT
        finish(market)
        assert_right(market)


@pytest.mark.parametrize(
    ("others", "rounds", "fails"),
    [
        ((FAILS, RECOVERS, BREAKS_DOWN), (1, 2), False),
        ((FAILS, BREAKS_DOWN, RECOVERS), (2, 1), False),
        ((FAILS, BREAKS_DOWN, RECOVERS), (2, 1), True),
    ],
    ids=["later", "earlier", "earlier, and fails"],
)
def test_a_substitute_whose_turn_comes_in_another_round_pays_for_both(
    tmp_path: Path, others: tuple[tuple[bool, bool], ...], rounds: tuple[int, int], fails: bool
) -> None:
    now = Substitute(3 * CENT, fails=fails)
    with resumed(tmp_path / "market.db", (3 * CENT,), now, *others, copies=2) as market:
        (found,) = [fault.award.round for fault in interrupted(market) if fault.award is not None]
        (again,) = {award.round for _, award in awards(market) if award.bidder == "s"} - {found}
        assert (found, again) == rounds
        assert posted(market, "provider:acme") == 6 * CENT
        market.pick("r1", 0)
        assert market.result("r1").statement().costs_nanos["s"] == 6 * CENT
        moved = market.store.read(lambda reader: reader.transfers(request="r1"))
        assert [row.amount_nanos for row in moved if row.code == "compensation"] == [4 * CENT], "what it had promised"
        assert [row.amount_nanos for row in moved if row.code == "overrun"] == []
        assert_right(market)


@pytest.mark.parametrize(
    "forged",
    [{"round": 0}, {"bid_nanos": 6 * 10**8}, {"price_nanos": 1}, {"bidder": "p"}],
    ids=lambda forged: next(iter(forged)),
)
def test_interrupted_work_that_nobody_can_have_begun_is_found(tmp_path: Path, forged: dict[str, Any]) -> None:
    with resumed(tmp_path / "market.db", (CENT,), Substitute(), RECOVERS) as market:
        market.pick("r1", 1)
        record = export_request(market.store, "r1")
    (entry,) = (entry for entry in record["journal"] if entry["body"].get("fault") == "interrupted")
    entry["body"]["award"].update(forged)
    findings = verify({**record, "seal": seal_of(record)})
    assert any("has a result, but never fell due" in finding.what for finding in findings)
