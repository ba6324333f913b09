"""A market inside an asynchronous program: nothing blocks its loop, and what is stopped does not go on spending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec

import pytest

from orchestrator import Announcement, Event, Market, Posting, Progress, Rank, Segment, ShownOffer, Status, WonLot
from orchestrator.errors import InvalidRequest
from tests.engine.world import Scripted, assert_sound, make_market, presenter

HOURS_SECONDS = 3600.0
P = ParamSpec("P")


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Have a test run in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **options: P.kwargs) -> None:
        asyncio.run(test(*args, **options))

    return run


class Working(Scripted):
    """Works for hours, and says when it has begun and that it was stopped."""

    def __init__(self) -> None:
        super().__init__("a", {1: "4"})
        self.begun = asyncio.Event()
        self.stopped = asyncio.Event()
        self.may_finish = asyncio.Event()

    async def transform(self, lot: WonLot) -> list[Segment]:
        self.begun.set()
        try:
            await self.may_finish.wait()
        except asyncio.CancelledError:
            self.stopped.set()
            raise
        return [Segment("done")]


def working_market(bidder: Working) -> Market:
    deadlines = {"deadlines": {"transform_seconds": HOURS_SECONDS}}
    return make_market(bidder, presenter("p", {2: "3"}), presenter("q", {2: "2"}), rules=deadlines)


def quick_market() -> Market:
    return make_market(Scripted("a", {1: "4"}), presenter("p", {2: "3"}), presenter("q", {2: "2"}))


class Waiting:
    """A judge that waits for what another task of the same loop will say."""

    name = "waiting"

    def __init__(self) -> None:
        self.said: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Rank:
        asyncio.get_running_loop().call_soon(self.said.set_result, len(offers))
        return Rank(await self.said)


# --- cancelling ---


@in_a_loop
async def test_cancelling_a_request_stops_what_its_bidders_do_for_it() -> None:
    bidder, heard = Working(), list[str]()
    market = working_market(bidder)
    running = asyncio.create_task(market.arun("hello", 10, seed=1, on_event=lambda event, _: heard.append(event.kind)))
    await bidder.begun.wait()
    market.cancel("r1")
    result = await running
    await bidder.stopped.wait()
    assert (result.status, result.reason) == ("rejected", "cancelled by the requester")
    assert heard[-1] == "ended"
    assert_sound(market)


@in_a_loop
async def test_a_request_that_is_cancelled_from_another_thread_stops_too() -> None:
    bidder = Working()
    market = working_market(bidder)
    running = asyncio.create_task(market.arun("hello", 10, seed=1))
    await bidder.begun.wait()
    await asyncio.to_thread(market.cancel, "r1")
    assert (await running).status == "rejected"
    await bidder.stopped.wait()


@in_a_loop
async def test_cancelling_one_request_leaves_the_others_alone() -> None:
    bidder = Working()
    market = working_market(bidder)
    running = [asyncio.create_task(market.arun(text, 10, seed=1)) for text in ("one", "other")]
    await bidder.begun.wait()
    market.cancel("r1")
    bidder.may_finish.set()
    assert [(await each).status for each in running] == ["rejected", "open"]


@in_a_loop
async def test_a_waiting_task_that_is_cancelled_leaves_a_request_that_can_be_resumed() -> None:
    bidder = Working()
    market = working_market(bidder)
    running = asyncio.create_task(market.arun("hello", 10, seed=1))
    await bidder.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [row.id for row in market.interrupted()] == ["r1"]
    bidder.may_finish.set()
    assert [result.status for result in await market.aresume()] == ["open"]


@in_a_loop
async def test_a_task_that_is_cancelled_together_with_its_request_stays_cancelled() -> None:
    bidder = Working()
    market = working_market(bidder)
    running = asyncio.create_task(market.arun("hello", 10, seed=1))
    await bidder.begun.wait()
    market.cancel("r1")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


# --- resuming and judging ---


@in_a_loop
async def test_a_posted_request_is_driven_in_the_loop_that_asks() -> None:
    loops = set[asyncio.AbstractEventLoop]()

    class Noting(Scripted):
        async def bid(self, announcement: Announcement) -> Any:
            loops.add(asyncio.get_running_loop())
            return await super().bid(announcement)

    market = make_market(Noting("a", {1: "4"}), presenter("p", {2: "3"}))
    request_id = market.post(Posting("hello", 10, seed=1))
    (result,) = await market.aresume(request_id)
    assert (result.request_id, result.status) == (request_id, "open")
    assert loops == {asyncio.get_running_loop()}


@in_a_loop
async def test_a_judge_may_wait_for_another_task_of_the_same_loop() -> None:
    market = quick_market()
    await market.arun("hello", 10, seed=1)
    result = await market.ajudge("r1", Waiting())
    assert result.picked is not None
    assert result.picked.rank == len(result.offers)


# --- listening ---


@in_a_loop
async def test_events_are_told_from_the_posting_to_the_pick() -> None:
    heard: list[tuple[str, Status]] = []

    def hear(event: Event, progress: Progress) -> None:
        heard.append((event.kind, progress.status))

    market = quick_market()
    await market.arun("hello", 10, seed=1, judge="top", on_event=hear)
    assert heard[0] == ("requested", "running")
    assert heard[-3:] == [("offered", "open"), ("picked", "released"), ("ended", "released")]


@in_a_loop
async def test_a_request_that_was_posted_before_is_not_told_of_as_new() -> None:
    heard: list[str] = []
    market = quick_market()
    await market.arun("hello", 10, seed=1, idempotency_key="k")
    await market.arun("hello", 10, idempotency_key="k", on_event=lambda event, _: heard.append(event.kind))
    assert heard == []


class Asynchronous:
    async def __call__(self, *told: Any) -> None:
        raise AssertionError("nobody awaits this")


async def listen(*told: Any) -> None:
    raise AssertionError("nobody awaits this")


@pytest.mark.parametrize("name", ["on_event", "on_text"])
@pytest.mark.parametrize("listener", [listen, Asynchronous()])
@in_a_loop
async def test_a_listener_that_nobody_would_await_is_refused_before_a_request_is_posted(
    name: str, listener: Any
) -> None:
    market = quick_market()
    with pytest.raises(InvalidRequest, match=f"{name} is called and not awaited"):
        await market.arun("hello", 10, **{name: listener})
    with pytest.raises(InvalidRequest, match=f"{name} is a function, not int"):
        await market.arun("hello", 10, **{name: 5})  # type: ignore[arg-type]
    assert market.requests() == []


@pytest.mark.parametrize(
    ("name", "told"), [("on_event", "an event and the request's progress"), ("on_text", "a piece of text")]
)
def test_a_listener_that_cannot_be_called_is_refused_before_a_request_is_posted(name: str, told: str) -> None:
    market = quick_market()
    listeners: dict[str, Any] = {"on_event": lambda event: None, "on_text": lambda: None}
    for listen_to in (lambda **listening: market.run("hello", 10, **listening), market.resume):
        with pytest.raises(InvalidRequest, match=f"^{name} cannot be called with {told}: too many positional"):
            listen_to(**{name: listeners[name]})
    assert market.requests() == []


def test_a_judge_is_told_whose_work_an_offer_was_built_on_and_not_who_shows_it() -> None:
    shown: list[ShownOffer] = []

    class Reader:
        name = "reader"

        async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Rank:
            shown.extend(offers)
            return Rank(1)

    market = make_market(Scripted("a", {1: "2"}), Scripted("b", {2: "3"}), presenter("p", {3: "4"}))
    market.run("hello", 10, judge=Reader(), seed=1)
    assert [(each.bidder, each.authors) for each in shown] == [("p", ("a", "b"))]
