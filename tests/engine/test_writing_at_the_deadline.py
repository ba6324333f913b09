"""What has been paid is charged, and what is free again can be used, though a deadline passes while that is written."""

from __future__ import annotations

import asyncio
from typing import Any

from orchestrator import Charged, Money, WonLot
from orchestrator.core.holds import cap_hold
from orchestrator.core.keys import CAP_ISSUER, CAP_SPENT, cap_account
from orchestrator.core.lot import Lot
from orchestrator.core.state import first_state
from orchestrator.core.tasks import TRANSFORM
from orchestrator.engine.callbook import CallBook
from orchestrator.ledger import USD_CAP, Account, Transfer, transfer
from orchestrator.record import export_request, verify
from tests.engine.busy import BusyStore
from tests.engine.world import HANG_SECONDS, Scripted, assert_sound, faults, make_market, posted, presenter


class Paid(Scripted):
    """Makes one call, whose answer the store is too busy to write."""

    provider = "acme"

    def __init__(self, store: BusyStore) -> None:
        super().__init__("a", {1: "2"})
        self.store = store

    def transform_cost_max(self, announcement: Any) -> Money:
        return Money.usd("0.10")

    async def transform(self, lot: WonLot) -> Any:
        async def perform() -> Charged:
            self.store.is_busy = True
            return Charged("done", Money.usd("0.04"))

        await lot.meter.call(perform)
        return await super().transform(lot)


def test_a_call_whose_answer_is_being_written_at_the_deadline_is_charged() -> None:
    store = BusyStore()
    deadlines = {"deadlines": {"transform_seconds": HANG_SECONDS}}
    market = make_market(Paid(store), presenter("p", {2: "3"}), store=store, rules=deadlines)
    assert market.run("hello", 10, seed=1).status == "failed"
    (fault,) = faults(market)
    assert (fault.fault, fault.cost_nanos) == ("late", Money.usd("0.04").nanos)
    assert posted(market, "provider:acme") == Money.usd("0.04").nanos
    assert market.result("r1").statement().unknown_costs == ()
    assert_sound(market)
    assert verify(export_request(store, "r1")) == []


LOT = Lot("0", 1, first_state("Plan a trip", "digest"), "requester")


def worst_case(bidder: str) -> Transfer:
    held = cap_hold("r1", LOT, 0, bidder, TRANSFORM, 6)
    assert held is not None
    return held


def test_what_one_task_leaves_of_the_cap_is_not_lost_where_another_runs_out_of_time() -> None:
    store = BusyStore()
    accounts = [Account(cap_account("r1"), USD_CAP), Account(CAP_SPENT, USD_CAP), Account(CAP_ISSUER, USD_CAP, True)]
    store.transact(lambda tx: tx.open_accounts(accounts))
    store.transact(lambda tx: tx.apply([transfer("r1/cap", CAP_ISSUER, cap_account("r1"), 10, "cap", "r1")]))

    async def work() -> str:
        book = CallBook(store, "r1")
        await book.hold([worst_case("a")])
        await book.release(worst_case("a"), 1)
        late = asyncio.ensure_future(book.hold([worst_case("b")]))
        while not store.waiting:
            # It is refused first; then it wants to give back what `a` has left, and waits for the store.
            await asyncio.sleep(0)
            store.is_busy = True
        store.is_busy = False
        late.cancel()
        await asyncio.wait({late})
        store.go_on()
        return await book.hold([worst_case("c")])

    assert asyncio.run(work()) == "new"
