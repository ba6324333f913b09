"""Tasks that driver after driver takes over (R7): what the cap pays is what their calls have cost, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Market, Money, WonLot
from orchestrator.api.posting import Posting
from orchestrator.core.keys import CAP_ISSUER, CAP_SPENT, cap_account
from orchestrator.core.lot import Lot
from orchestrator.core.state import first_state
from orchestrator.core.tasks import TRANSFORM
from orchestrator.engine.callbook import CallBook, apply_due, read_calls
from orchestrator.engine.driver import Driver
from orchestrator.engine.metering import TaskMeter
from orchestrator.ledger import USD_CAP, Account, transfer
from orchestrator.record import export_request, verify
from orchestrator.record.document import seal_of
from orchestrator.store import AnswerRow, Store, open_store
from tests.engine.crashing import Crash, CrashingStore
from tests.engine.world import Paid, Provider, answers, assert_sound, faults, make_market, posted, presenter

CENT = 10**7
LOT = Lot("0", 1, first_state("hello", "digest"), "requester")
AGAIN = "r1/0/0/a/bid-cap/1"


class Priced(Provider):
    """Calls cost by their number, whoever makes them."""

    def __init__(self, *costs: str) -> None:
        super().__init__()
        self._costs = costs

    async def answer(self, key: str) -> Any:
        self.cost = Money.usd(self._costs[int(key.rpartition("/")[2])])
        return await super().answer(key)


class Growing(Paid):
    """Makes so many calls for a task, whatever it promises."""

    def __init__(self, name: str, bids: dict[int, str], source: Provider, calls: int, worst: str = "0.06") -> None:
        super().__init__(name, bids, source, bid_calls=calls, transform_calls=calls)
        self.bid_cost_max = self.transform_cost_max = lambda announcement: Money.usd(worst)


class Asking(Growing):
    """Makes calls for its bid alone; may not come to an end when they are answered."""

    def __init__(
        self, name: str, bid: str, source: Provider, calls: int, *, worst: str = "0.06", lingers: bool = False
    ) -> None:
        super().__init__(name, {1: bid}, source, calls, worst)
        del self.transform_cost_max
        self.transform_calls = 0
        self.is_answered = False
        self._lingers = lingers

    async def bid(self, announcement: Announcement) -> Any:
        said = await super().bid(announcement)
        if self._lingers:
            self.is_answered = True
            await asyncio.get_running_loop().create_future()
        return said


def market_of(store: Any, *bidders: Any) -> Market:
    return make_market(*bidders, presenter("p", {2: "3"}), store=store)


def stop_when_answered(bidder: Asking | Working, work: Coroutine[Any, Any, Any]) -> None:
    """The driver's process is gone while a bidder still works at what it was answered."""

    async def drive() -> None:
        running = asyncio.ensure_future(work)
        while not bidder.is_answered:
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(drive())


def settled_and_left(source: Provider) -> Store:
    """A driver has settled what `a` held on the cap, since `b` waited for room, and is then gone."""
    store = open_store("memory")
    waiting = Asking("b", "1", source, 1, lingers=True)
    market = market_of(store, Asking("a", "2", source, 1), waiting)
    stop_when_answered(waiting, market.arun("hello", 10, seed=1, spend_cap="0.10"))
    assert open_caps(store) == ["r1/0/0/b/bid-cap/0"]
    return store


def held_again_and_left(source: Provider) -> Store:
    """A second driver has held for `a` again, which makes a further call, and is gone as well."""
    store = settled_and_left(source)
    working = Asking("a", "2", source, 2, lingers=True)
    market = market_of(store, working, Asking("b", "1", source, 1))
    stop_when_answered(working, market.aresume("r1"))
    assert AGAIN in open_caps(store)
    return store


def open_caps(store: Store) -> list[str]:
    return [row.id for row in store.read(lambda reader: reader.open_holds("r1")) if row.code == "cap"]


def market_on(store: Store, source: Provider, calls: int, worst: str = "0.06") -> Market:
    return market_of(store, Asking("a", "2", source, calls, worst=worst), Asking("b", "1", source, 1))


def finish(market: Market) -> None:
    market.resume("r1")
    market.pick("r1", 1)


def assert_the_cap_paid_what_the_provider_got(market: Market, source: Provider) -> None:
    assert posted(market, "cap-spent") == posted(market, "provider:acme") == source.spent_nanos
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []


def test_a_call_after_the_hold_was_settled_takes_from_the_cap_what_it_costs() -> None:
    source = Priced("0.02", "0.013")
    store = settled_and_left(source)
    market = market_on(store, source, 2)
    finish(market)
    assert source.spent_nanos == 2 * 2 * CENT + 1.3 * CENT
    assert_the_cap_paid_what_the_provider_got(market, source)


@pytest.mark.parametrize("cost", ["0.013", "0.05"], ids=["as promised", "beyond the promise"])
def test_a_request_that_is_cancelled_after_a_task_was_held_for_again_pays_for_all_its_calls(cost: str) -> None:
    source = Priced("0.02", cost)
    market = market_on(held_again_and_left(source), source, 2)
    market.cancel("r1")
    assert_the_cap_paid_what_the_provider_got(market, source)


@pytest.mark.parametrize("cost", ["0.013", "0.05"], ids=["as promised", "beyond the promise"])
def test_a_third_driver_settles_what_the_second_held_by_what_was_spent_under_it(cost: str) -> None:
    source = Priced("0.02", cost)
    market = market_on(held_again_and_left(source), source, 2)
    finish(market)
    assert_the_cap_paid_what_the_provider_got(market, source)


def test_a_third_driver_makes_further_calls_under_what_the_second_held() -> None:
    source = Priced("0.02", "0.013", "0.014")
    market = market_on(held_again_and_left(source), source, 3)
    finish(market)
    assert answers(market)["0", "a"].bid_cost_nanos == 4.7 * CENT
    assert open_caps(market.store) == []
    assert_the_cap_paid_what_the_provider_got(market, source)


def test_what_the_second_driver_held_is_settled_by_what_was_spent_under_it_where_the_bidder_is_gone() -> None:
    source = Priced("0.02", "0.013")
    market = market_of(held_again_and_left(source), Asking("b", "1", source, 1))
    finish(market)
    assert posted(market, "cap-spent") == source.spent_nanos
    assert_sound(market)


def test_a_bidder_that_promises_otherwise_after_its_hold_was_settled_still_pays_for_its_calls() -> None:
    source = Priced("0.02", "0.013")
    market = market_on(settled_and_left(source), source, 2, worst="0.05")
    finish(market)
    assert_the_cap_paid_what_the_provider_got(market, source)


class Working(Growing):
    """Makes its calls for its transform alone; may not come to an end when they are answered."""

    def __init__(self, name: str, bid: str, source: Provider, calls: int, *, lingers: bool = False) -> None:
        super().__init__(name, {1: bid}, source, calls)
        del self.bid_cost_max
        self.bid_calls = 0
        self.is_answered = False
        self._lingers = lingers

    async def transform(self, lot: WonLot) -> Any:
        said = await super().transform(lot)
        if self._lingers:
            self.is_answered = True
            await asyncio.get_running_loop().create_future()
        return said


def test_a_winner_for_whose_further_call_the_cap_has_no_room_left_is_not_to_blame() -> None:
    """What it had held was settled when another waited for room, and that one has used it up since."""
    source, store = Provider("0.02"), open_store("memory")
    copies = {"copies": [2, 1]}
    lingering = Working("b", "1", source, 1, lingers=True)
    first = make_market(Working("a", "2", source, 1), lingering, presenter("p", {2: "3"}), store=store, rules=copies)
    stop_when_answered(lingering, first.arun("hello", 10, seed=1, spend_cap="0.10"))
    assert open_caps(store) == ["r1/0/0/b/transform-cap/0"]
    working = (Working("a", "2", source, 2), Working("b", "1", source, 3))
    market = make_market(*working, presenter("p", {2: "3"}), store=store, rules=copies)
    finish(market)
    (found,) = faults(market)
    assert (found.bidder, found.fault, found.own_fault, found.forfeit_nanos) == ("a", "over the cap", False, 0)
    assert_the_cap_paid_what_the_provider_got(market, source)


def record_of_a_task_that_was_held_for_again() -> dict[str, Any]:
    """It held 0.04 again, of which its last call took more."""
    source = Priced("0.02", "0.05")
    market = market_on(settled_and_left(source), source, 2)
    finish(market)
    return export_request(market.store, "r1")


@pytest.mark.parametrize(
    ("amounts", "found"),
    [
        ({"/post": 2 * CENT}, "/post"),
        ({"/overrun": 3 * CENT}, "/overrun"),
        ({"": 7 * CENT, "/post": 7 * CENT}, "/post"),
    ],
    ids=["what had been spent before", "all that its calls cost beyond it", "more held than was promised at first"],
)
def test_a_wrong_amount_of_what_was_held_again_is_found(amounts: dict[str, int], found: str) -> None:
    record = record_of_a_task_that_was_held_for_again()
    assert verify(record) == []
    rows = {row["id"]: row for row in record["transfers"]}
    for suffix, nanos in amounts.items():
        rows[AGAIN + suffix]["amount_nanos"] = nanos
    findings = verify({**record, "seal": seal_of(record)})
    assert (f"transfer {AGAIN}{found}", "no rule of the market calls for it") in findings


def test_a_hold_that_another_driver_has_settled_meanwhile_covers_no_further_call() -> None:
    store = open_store("memory")
    accounts = [Account(cap_account("r1"), USD_CAP), Account(CAP_SPENT, USD_CAP), Account(CAP_ISSUER, USD_CAP, True)]
    store.transact(lambda tx: tx.open_accounts(accounts))
    store.transact(lambda tx: tx.apply([transfer("r1/cap", CAP_ISSUER, cap_account("r1"), 100, "cap", "r1")]))
    held: list[list[str]] = []

    async def call() -> Charged:
        held.append(open_caps(store))
        return Charged("done", Money(2))

    async def work_at(book: CallBook, meter: TaskMeter, purpose: str) -> None:
        await meter.call(call, purpose=purpose)
        await meter.close()
        store.transact(lambda tx: apply_due(tx, book.take_due()))

    async def take_over() -> tuple[CallBook, TaskMeter]:
        book = read_calls(store, "r1")
        meter = TaskMeter(book, LOT, "a", "acme", TRANSFORM, 10)
        await meter.open()
        return book, meter

    async def drive() -> None:
        await work_at(*await take_over(), "first")
        second, third = await take_over(), await take_over()
        await work_at(*second, "second")
        await work_at(*third, "third")

    asyncio.run(drive())
    assert held == [[f"r1/0/0/a/transform-cap/{attempt}"] for attempt in range(3)]


def drive_until_answered_and_overtake(
    market: Market, worker: Asking | Working, other: Market, after: Any, *, knows_holds: bool = False
) -> None:
    """A driver that was taken over is not gone: it goes on with its calls beside the one that took over.

    Args:
        market: whose driver is taken over.
        worker: its bidder, which lingers when its calls are answered.
        other: whose driver has begun before any of them was answered, and ends the stage.
        after: what is to come of the first's work once the other is done; `None` where nothing is.
        knows_holds: whether the first had held for its calls when the other began.
    """

    async def drive() -> None:
        def beginning(each: Market) -> Driver:
            return Driver(each.store, each._recorder, "r1", lambda: 0.0)

        store, second = market.store, beginning(other)
        first = asyncio.ensure_future(beginning(market).run())
        while not worker.is_answered:
            if not store.read(lambda reader: reader.answers("r1")) and (knows_holds or not open_caps(store)):
                second = beginning(other)
            await asyncio.sleep(0)
        await second.run()
        if after is not None:
            await after()
        first.cancel()
        await asyncio.wait({first})

    asyncio.run(drive())


@pytest.mark.parametrize("begins", ["before", "after"])
@pytest.mark.parametrize("kind", [Asking, Working])
def test_calls_of_a_driver_that_is_not_gone_are_paid_where_another_ends_their_stage(kind: Any, begins: str) -> None:
    source, store = Provider("0.01"), open_store("memory")
    lingering = kind("a", "2", source, 2, lingers=True)
    market, other = market_of(store, lingering), market_of(store, kind("a", "2", source, 1))
    market.post(Posting("hello", 10, seed=1))
    drive_until_answered_and_overtake(market, lingering, other, None, knows_holds=begins == "after")
    other.pick("r1", 1)
    recorded = [row.cost_nanos for row in store.read(lambda reader: reader.answers("r1"))]
    assert recorded == [CENT, CENT]
    assert posted(other, "cap-spent") == posted(other, "provider:acme") == 2 * CENT
    assert_sound(other)
    assert verify(export_request(store, "r1")) == []


def test_what_a_call_was_answered_stands_whoever_makes_it_again() -> None:
    """It has been charged; a driver that was overtaken, and does not know, put its own in the place of it."""
    source, store = Provider("0.01"), open_store("memory")
    lingering = Asking("a", "2", Provider("0.05"), 0, lingers=True)
    market, other = market_of(store, lingering), market_of(store, Asking("a", "2", source, 1))
    market.post(Posting("hello", 10, seed=1))

    async def make_its_call_again() -> None:
        late = AnswerRow("r1/0/0/a/bid/0/model/0", "r1", "r1/0/0/a/bid/0", '"late"', 5 * CENT)
        await CallBook(store, "r1").record(late)

    drive_until_answered_and_overtake(market, lingering, other, make_its_call_again)
    other.pick("r1", 1)
    assert [row.cost_nanos for row in store.read(lambda reader: reader.answers("r1"))] == [CENT]
    assert verify(export_request(store, "r1")) == []


def growing(store: Any, source: Provider, calls: int) -> Market:
    """Under a tight cap: who does not fit waits, so holds are settled before the stage is; and bids change."""
    bidders = [
        Growing("a", {1: "2", 2: "1"}, source, calls),
        Growing("b", {1: "1", 2: "2"}, source, calls),
        Growing("c", {1: "1.5", 2: "0.7"}, source, calls),
    ]
    presenters = [presenter("p", {2: "0.5", 3: "4"}), presenter("q", {1: "0.5", 3: "3"})]
    return make_market(*bidders, *presenters, store=store, rules={"copies": [2, 1], "stages_max": 4})


def go_on(market: Market) -> None:
    if not market.requests():
        market.run("hello", 10, seed=7, spend_cap="0.17")
    elif market.requests()[0].status == "running":
        market.resume("r1")
    if market.requests()[0].status == "open":
        market.pick("r1", 1)


def crash(store: Store, at: int, calls: int, *, after: bool) -> bool:
    """Drive until the process dies at a write; whether there was such a one."""
    try:
        go_on(growing(CrashingStore(store, at, after=after), Provider("0.01"), calls))
    except Crash:
        return True
    return False


def check_ending(store: Store, ending: str) -> None:
    market = growing(store, Provider("0.01"), 3)
    if ending == "cancel" and [row.status for row in market.requests()] in (["running"], ["open"]):
        market.cancel("r1")
    go_on(market)
    costs = [row.cost_nanos or 0 for row in store.read(lambda reader: reader.answers("r1"))]
    assert posted(market, "cap-spent") == posted(market, "provider:acme") == sum(costs)
    assert_sound(market)
    assert verify(export_request(store, "r1")) == []


# Often: at every third write. Else at some that lie in different steps of a stage.
STEPS = [pytest.param(3, marks=pytest.mark.slow), 16]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("ending", ["cancel", "finish"])
def test_two_crashes_at_any_writes_leave_the_cap_paid_as_the_provider_was(ending: str, after: bool, step: int) -> None:
    counting = CrashingStore(open_store("memory"), None)
    go_on(growing(counting, Provider("0.01"), 1))
    held: set[str] = set()
    for first in range(2, counting.writes, step):
        for second in range(1, 100, step):
            store = open_store("memory")
            crash(store, first, 1, after=after)
            # Bidders make one call more than under the driver before.
            has_crashed = crash(store, second, 2, after=after)
            check_ending(store, ending)
            held |= {row.id.rpartition("/")[2] for row in store.read(lambda reader: reader.transfers(request="r1"))}
            if not has_crashed:
                break
    assert "1" in held, "no task was held for again"
