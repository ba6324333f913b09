"""A crash at every durable write: a new market on the same store finishes as the first would have."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from orchestrator import Market, Money, Segment, WonLot
from orchestrator.engine.callbook import CallBook
from orchestrator.record import export_request, verify
from orchestrator.store import open_store
from tests.engine.crashing import Crash, CrashingStore
from tests.engine.world import Paid, Provider, Scripted, assert_sound, faults, make_market, posted, presenter


class Failing(Paid):
    """Pays for an answer, and then delivers nothing."""

    async def transform(self, lot: Any) -> Any:
        await super().transform(lot)
        raise ValueError("lost it")


class Keeping(Paid):
    async def reserve(self, lot: Any) -> Money:
        return Money.usd("3.5")


def bidders(source: Provider) -> list[Any]:
    """Metered bids and transforms, substitutions, kept lots, copies, an empty delivery, an unknown cost."""
    unknown = Paid("u", {1: "1.5"}, Provider(None), bid_calls=1)
    unknown.source.made = source.made
    return [
        Paid("a", {1: "3", 2: "2"}, source, bid_calls=2, transform_calls=2),
        Failing("b", {1: "5", 2: "1"}, source, bid_calls=1),
        Keeping("k", {1: "2"}, source, transform_calls=1),
        Scripted("d", {1: "1", 2: "3"}, says=""),
        unknown,
        presenter("p", {2: "0.1", 3: "4"}),
        presenter("q", {1: "0.5", 3: "3"}),
    ]


CONFIG: dict[str, Any] = {"rules": {"copies": [2, 1], "stages_max": 4}, "wealth": {"rent": "0.01"}}


def market_on(store: Any, source: Provider) -> Market:
    return make_market(*bidders(source), store=store, **CONFIG)


def finish_and_pick(market: Market) -> str:
    """Drive the request to its end, whatever state it is in; its journal's hash."""
    if not market.requests():
        market.run("hello", 10, seed=7, spend_cap="0.50")
    elif market.requests()[0].status == "running":
        market.resume("r1")
    result = market.result("r1")
    if result.status == "open":
        result.pick(1)
    return result.journal_hash


@cache
def uninterrupted() -> tuple[str, int, Counter[str]]:
    """What every test compares with; nobody changes it."""
    source = Provider("0.003")
    store = CrashingStore(open_store("memory"), None)
    market = market_on(store, source)
    digest = finish_and_pick(market)
    assert market.result("r1").status == "released"
    assert_sound(market)
    return digest, store.writes, Counter(source.made)


def crash_and_finish(url: str, at: int, *, after: bool) -> tuple[str, Counter[str], Market]:
    source = Provider("0.003")
    store = open_store(url)
    try:
        finish_and_pick(market_on(CrashingStore(store, at, after=after), source))
    except Crash:
        pass
    else:
        raise AssertionError(f"no crash at write {at}")
    survivor = market_on(store, source)
    return finish_and_pick(survivor), Counter(source.made), survivor


def test_the_run_has_all_that_a_crash_could_confuse() -> None:
    """Otherwise the enumeration below would prove little."""
    market = market_on("memory", Provider("0.003"))
    finish_and_pick(market)
    auctions = market.read_log("r1").progress.auctions.values()
    assert any(auction.faults for auction in auctions)
    assert any(award.kept for auction in auctions for award in auction.awards)
    assert len(market.read_log("r1").progress.offers) >= 2
    assert market.result("r1").statement().unknown_costs == ("u",)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_write_in_memory_changes_nothing_in_the_end(after: bool) -> None:
    digest, writes, made = uninterrupted()
    assert writes > 30
    for at in range(1, writes + 1):
        ended, again, market = crash_and_finish_in_memory(at, after=after)
        assert ended == digest, at
        assert_sound(market)
        check_calls(made, again, at)


def crash_and_finish_in_memory(at: int, *, after: bool) -> tuple[str, Counter[str], Market]:
    return crash_and_finish("memory", at, after=after)


def check_calls(made: Counter[str], again: Counter[str], at: int) -> None:
    """No answered call was made twice: at most the one whose answer was lost with the crash."""
    assert set(again) == set(made), at
    repeated = {key: count for key, count in again.items() if count > made[key]}
    assert sum(again.values()) - sum(made.values()) <= in_flight_most(repeated), (at, repeated)


def in_flight_most(repeated: dict[str, int]) -> int:
    """Each task has one call in flight at most; all tasks of a stage may be at it when it crashes."""
    tasks = {key.rpartition("/")[0] for key in repeated}
    assert len(tasks) == len(repeated)
    return len(tasks)


@pytest.mark.parametrize("after", [pytest.param(False, marks=pytest.mark.slow), True], ids=["before", "after"])
def test_a_crash_at_some_writes_on_disk_changes_nothing_in_the_end(after: bool, new_disk: Callable[[], str]) -> None:
    digest, writes, made = uninterrupted()
    for at in range(1 + after, writes + 1, 15):
        ended, again, market = crash_and_finish(new_disk(), at, after=after)
        assert ended == digest, at
        assert_sound(market)
        check_calls(made, again, at)
        market.close()


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_write_on_disk_changes_nothing_in_the_end(after: bool, new_disk: Callable[[], str]) -> None:
    digest, writes, made = uninterrupted()
    for at in range(1, writes + 1):
        ended, again, market = crash_and_finish(new_disk(), at, after=after)
        assert ended == digest, at
        assert_sound(market)
        check_calls(made, again, at)
        market.close()


def test_answers_that_are_not_recorded_are_paid_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the record of answers, a crash after them costs the same money twice."""
    _, writes, made = uninterrupted()
    monkeypatch.setattr(CallBook, "recorded", lambda self, key: None)
    _, again, _ = crash_and_finish("memory", writes - 3, after=False)
    assert sum(again.values()) >= sum(made.values())
    late = next(at for at in range(writes, 0, -1) if repeats(at) > 0)
    assert repeats(late) > 0


def repeats(at: int) -> int:
    _, _, made = uninterrupted()
    _, again, _ = crash_and_finish("memory", at, after=True)
    return sum(again.values()) - sum(made.values())


# Often: at every other write. Else at a few that lie in different steps of a stage.
STEPS = [pytest.param(2, marks=pytest.mark.slow), 7]


@pytest.mark.parametrize("step", STEPS)
def test_a_bidder_that_is_gone_after_the_crash_leaves_no_hold_behind(step: int) -> None:
    """What it held for its bids and calls is settled with the stage that it is missing from."""
    _, writes, _ = uninterrupted()
    for at in range(2, writes, step):
        source = Provider("0.003")
        store = open_store("memory")
        with pytest.raises(Crash):
            finish_and_pick(market_on(CrashingStore(store, at), source))
        rest = [bidder for bidder in bidders(source) if bidder.name not in ("a", "b")]
        survivor = make_market(*rest, store=store, **CONFIG)
        finish_and_pick(survivor)
        assert_sound(survivor)
        assert verify(export_request(store, "r1")) == []


class Lingering(Paid):
    """Gets the answers to its calls, and then does not come to an end."""

    async def transform(self, lot: WonLot) -> Any:
        await super().transform(lot)
        self.is_answered = True
        await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("cost", ["0.01", None])
def test_a_winner_that_is_gone_after_the_crash_pays_for_what_it_was_answered(cost: str | None) -> None:
    async def crash() -> None:
        running = asyncio.ensure_future(before.arun("hello", 10, seed=1))
        while not hasattr(leaver, "is_answered"):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})

    store, source = open_store("memory"), Provider(cost)
    leaver, rest = Lingering("a", {1: "2"}, source), [Scripted("b", {1: "1"}), presenter("p", {2: "3"})]
    before = make_market(leaver, *rest, store=store)
    asyncio.run(crash())
    market = make_market(*rest, store=store)
    market.resume()
    (fault,) = faults(market)
    assert (fault.reason, fault.own_fault) == ("is no longer part of this market", False)
    assert fault.cost_nanos == (None if cost is None else source.spent_nanos)
    assert posted(market, "provider:acme") == source.spent_nanos
    market.pick("r1", 1)
    assert_sound(market)
    assert verify(export_request(store, "r1")) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_bidder_that_promises_otherwise_after_the_crash_does_not_stop_the_run(step: int) -> None:
    _, writes, _ = uninterrupted()
    for at in range(2, writes, step):
        source = Provider("0.003")
        store = open_store("memory")
        with pytest.raises(Crash):
            finish_and_pick(market_on(CrashingStore(store, at), source))
        changed = bidders(source)
        for bidder in changed:
            if isinstance(bidder, Paid):
                bidder.worst = Money.usd("0.011")
        survivor = make_market(*changed, store=store, **CONFIG)
        finish_and_pick(survivor)
        assert_sound(survivor)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_under_a_tight_cap_keeps_the_cap(after: bool) -> None:
    """Calls that time out, waiting for the cap, and holds settled before the crash."""

    class Slow(Paid):
        async def _call(self, shown: Any, verb: str, number: int) -> Any:
            answer = await super()._call(shown, verb, number)
            if self.name == "s1":
                await asyncio.Event().wait()
            return answer

    def crowd(source: Provider) -> list[Any]:
        paid = [Slow(f"s{number}", {1: f"{number + 1}"}, source, bid_calls=1, worst="0.05") for number in range(4)]
        return [*paid, presenter("p", {2: "4"}), presenter("q", {2: "3"})]

    rules = {"rules": {"deadlines": {"bid_seconds": 0.02, "transform_seconds": 0.02}}}

    def drive(store: Any, source: Provider) -> Market:
        market = make_market(*crowd(source), store=store, **rules)
        if not market.requests():
            market.run("hello", 10, seed=7, spend_cap="0.12")
        elif market.requests()[0].status == "running":
            market.resume("r1")
        return market

    counting = CrashingStore(open_store("memory"), None)
    drive(counting, Provider("0.01"))
    for at in range(1, counting.writes + 1, 2):
        source = Provider("0.01")
        store = open_store("memory")
        with contextlib.suppress(Crash):  # how often who waits tries again is a matter of timing
            drive(CrashingStore(store, at, after=after), source)
        market = drive(store, source)
        assert market.result("r1").status in ("open", "failed")
        if market.result("r1").status == "open":
            market.pick("r1", 1)
        assert_sound(market)
        repeated = sum(source.made.count(key) - 1 for key in set(source.made))
        assert source.spent_nanos <= Money.usd("0.12").nanos + repeated * Money.usd("0.01").nanos


def test_a_segment_survives_the_crash_word_for_word() -> None:
    text = "Café at 7 — «sim»\n\ttwo\u2028lines \U0001f3c4"
    store = open_store("memory")
    writer = Scripted("w", {1: "1"}, says=text)
    with pytest.raises(Crash):
        make_market(writer, presenter("p", {2: "1"}), store=CrashingStore(store, 6)).run("hello", 10, seed=1)
    market = make_market(writer, presenter("p", {2: "1"}), store=store)
    market.resume("r1")
    assert market.read_log("r1").progress.auctions["0.0"].lot.state.segments[-1] == Segment(text, author="w")
