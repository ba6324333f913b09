"""An answer that has been paid for is written, though the run is stopped while the store has others to serve first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator import Market, Money, WonLot
from orchestrator.engine.callbook import CallBook
from orchestrator.errors import StoreUnavailable
from orchestrator.record import export_request, verify
from orchestrator.store import AnswerRow
from tests.engine.busy import BusyStore
from tests.engine.world import Paid, Provider, assert_sound, make_market, posted, presenter


class Stopping(Paid):
    """Has the run stopped by the time that its call has been answered, which the store is too busy to write."""

    def __init__(self, source: Provider, store: BusyStore, stop: Callable[[], object]) -> None:
        super().__init__("a", {1: "2"}, source)
        self.store = store
        self.stop = stop

    async def transform(self, lot: WonLot) -> Any:
        async def keep_busy() -> None:
            self.store.is_busy = True
            asyncio.get_running_loop().call_soon(self.stop)

        self.source.pause = keep_busy
        return await super().transform(lot)


def interrupted(market: Market, stop: list[Callable[[], object]]) -> None:
    """A Ctrl-C in a program that is not asynchronous."""
    stop.append(lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        market.run("hello", 10, seed=1)


def out_of_time(market: Market, stop: list[Callable[[], object]]) -> None:
    """An asynchronous program gives up waiting and ends, and its event loop with it."""

    async def main() -> None:
        running = asyncio.ensure_future(market.arun("hello", 10, seed=1))
        stop.append(running.cancel)
        await asyncio.wait({running})

    asyncio.run(main())


@pytest.fixture(autouse=True)
def an_ordinary_ctrl_c() -> Iterator[None]:
    """Whoever started these tests may have had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("end", [interrupted, out_of_time])
def test_a_call_that_was_answered_before_its_run_was_stopped_is_not_made_again(end: Callable[..., None]) -> None:
    source, store = Provider("0.01"), BusyStore()
    stop: list[Callable[[], object]] = []
    others = presenter("p", {2: "3"})
    end(make_market(Stopping(source, store, lambda: stop[0]()), others, store=store), stop)
    assert source.made == ["a/0/transform/0"]
    assert store.waiting, "the store had written the answer before the run was stopped"
    store.go_on()
    source.pause = None
    market = make_market(Paid("a", {1: "2"}, source), others, store=store)
    (result,) = market.resume("r1")
    assert result.status == "open"
    assert source.made == ["a/0/transform/0"]
    assert posted(market, "provider:acme") == Money.usd("0.01").nanos
    assert_sound(market)
    assert verify(export_request(store, "r1")) == []


@pytest.mark.parametrize("is_written", [True, False])
def test_what_becomes_of_an_answer_whose_bidder_is_out_of_time_is_told_to_the_run_alone(is_written: bool) -> None:
    store = BusyStore()
    book = CallBook(store, "r1")
    heard: list[Any] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: heard.append(context))
        store.is_busy = True
        late = asyncio.ensure_future(book.record(AnswerRow("key", "r1", "task", "{}", 5)))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.wait({late})
        ((_, future),) = store.waiting
        if is_written:
            store.go_on()
        else:
            future.set_exception(StoreUnavailable("the disk is full"))
        await asyncio.sleep(0.01)

    asyncio.run(work())
    assert heard == []
    if is_written:
        book.raise_failure()
        return
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        book.raise_failure()
