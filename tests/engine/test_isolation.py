"""Bidders in processes of their own: whatever they do, the market goes on, and they can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from orchestrator import Market
from orchestrator.engine.isolation.bidder import IsolatedBidder, IsolatedPolicy
from orchestrator.engine.isolation.process import BidderProcess
from orchestrator.engine.isolation.wire import BrokenWire, decode_value, read_message
from orchestrator.errors import InvalidAnswer
from orchestrator.testing import make_announcement, make_won_lot
from tests.engine.awaiting import Awaiting
from tests.engine.world import answers, awards, faults, finish, posted, presenter

MODULE = "tests.engine.isolated"
DEADLINE_SECONDS = 0.1


def entry(name: str, kind: str, isolation: str = "process", **options: Any) -> dict[str, Any]:
    return {"name": name, "type": f"{MODULE}:{kind}", "isolation": isolation, "options": options}


def market_of(*entries: dict[str, Any], bids: Any = "3") -> Market:
    config = {
        "version": 1,
        "rules": {"deadlines": {"bid_seconds": 5.0, "transform_seconds": 5.0}},
        "wealth": {"faults_to_suspend": 1000},
        "bidders": [*entries, entry("steady", "Steady", "none")],
    }
    return Market(config, bidders=[presenter("p", bids), presenter("q", "1")], store="memory")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One market for many bad requests: `odd` has much time, `tardy` little to bid and `dawdler` little to work."""
    tardy = {**entry("tardy", "Misbehaving"), "bid_deadline_seconds": DEADLINE_SECONDS}
    dawdler = {**entry("dawdler", "Misbehaving"), "transform_deadline_seconds": DEADLINE_SECONDS}
    with market_of(entry("odd", "Misbehaving"), tardy, dawdler) as market:
        yield market


def provoke(market: Market, text: str) -> str:
    """Run a request that has a bidder misbehave, once the bidders' processes are ready."""
    for name in ("odd", "tardy", "dawdler"):
        bidder: Any = market.seats[name].bidder
        bidder.wait_until_ready()
    return market.run(text, 10, seed=1).request_id


@pytest.fixture
def closing() -> Iterator[list[Market]]:
    markets: list[Market] = []
    yield markets
    for market in markets:
        market.close()


def run(closing: list[Market], *entries: dict[str, Any]) -> Market:
    market = market_of(*entries)
    closing.append(market)
    assert market.broken == ()
    market.run("hello", 10, seed=1)
    return market


def is_gone_soon(pid: int) -> bool:
    patience = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < patience:
        time.sleep(0.01)
    return not is_alive(pid)


def is_ready_anew(bidder: Any, before: int) -> bool:
    """Whether another process than the one before comes up; that one's end is noticed in a thread of its own."""
    patience = time.monotonic() + 10
    while time.monotonic() < patience:
        bidder.wait_until_ready()
        if bidder.pid not in (None, before) and is_alive(bidder.pid):
            return True
        time.sleep(0.01)
    return False


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_an_isolated_bidder_takes_part_like_any_other_and_leaves_the_same_journal(closing: list[Market]) -> None:
    apart = run(closing, entry("a", "Steady"))
    together = run(closing, entry("a", "Steady", "none"))

    assert answers(apart)["0", "a"].kind == "bid"
    assert apart.result("r1").journal_hash == together.result("r1").journal_hash
    assert apart.seats["a"].bidder.pid != os.getpid()  # type: ignore[attr-defined]
    finish(apart)


def test_its_code_is_never_imported_by_the_market(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    config = {"version": 1, "bidders": [entry("a", "Steady")]}
    with Market(config, store="memory"):
        assert MODULE not in sys.modules
    with Market({"version": 1, "bidders": [entry("a", "Steady", "none")]}, store="memory"):
        assert MODULE in sys.modules  # the control


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "kind", "reason"),
    [
        ("hang", "late", "had not answered when the lot closed after 0.1 s"),
        ("sleep", "late", "had not answered when the lot closed after 0.1 s"),
        ("wait", "late", "had not answered when the lot closed after 0.1 s"),
        ("stubborn", "late", "had not answered when the lot closed after 0.1 s"),
        ("exit", "raised", "ProcessOver: its process ended with exit code 3"),
        ("orphan", "raised", "ProcessOver: its process ended with exit code 3"),
        ("segfault", "raised", "ProcessOver: its process was killed by SIGSEGV"),
        ("abort", "raised", "ProcessOver: its process was killed by SIGABRT"),
        ("system_exit", "raised", "SystemExit: 4"),
        ("raise", "raised", "ValueError: no idea"),
        ("unpicklable", "malformed", "returned Unsendable function <function"),
        ("float", "malformed", "returned float 1.5; a bid is Money, Bid or Pass"),
        ("forged", "raised", "InvalidAnswer: money cannot be negative"),
        ("pickle", "raised", "ProcessOver: its process sent something that is no message"),
        ("huge", "raised", "ProcessOver: its process sent 20,000,"),
    ],
)
def test_whatever_it_does_when_it_bids_is_a_fault_and_the_run_goes_on(
    hostile: Market, act: str, kind: str, reason: str
) -> None:
    name = "tardy" if kind == "late" else "odd"
    request_id = provoke(hostile, f"{name} bid {act}")

    first = answers(hostile, request_id)["0", name]
    assert (first.kind, first.fault) == ("fault", kind)
    assert first.reason.startswith(reason)
    assert hostile.result(request_id).offers
    finish(hostile, request_id)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "fault", "own_fault"),
    [
        ("hang", "late", True),
        ("exit", "raised", True),
        ("huge", "raised", True),
        ("surrogate", "malformed", True),
        ("unpicklable", "malformed", True),
        ("provider", "provider", False),
    ],
)
def test_a_winner_that_fails_in_its_process_is_replaced(hostile: Market, act: str, fault: str, own_fault: bool) -> None:
    name = "dawdler" if fault == "late" else "odd"
    request_id = provoke(hostile, f"{name} transform {act}")

    (found,) = (row for row in faults(hostile, request_id) if row.award is not None)
    first, second = (award for lot, award in awards(hostile, request_id) if lot == "0")
    assert (found.fault, found.own_fault) == (fault, own_fault)
    assert (found.forfeit_nanos > 0) == own_fault
    assert first.bidder == name
    assert second.bidder != name
    finish(hostile, request_id)


def test_a_process_that_hangs_is_killed_and_the_next_use_starts_another(hostile: Market) -> None:
    bidder: Any = hostile.seats["tardy"].bidder
    bidder.wait_until_ready()
    first = bidder.pid
    provoke(hostile, "tardy bid hang")
    assert is_gone_soon(first)
    assert is_ready_anew(bidder, first)


def test_what_a_bidder_has_left_behind_ends_with_it(hostile: Market) -> None:
    told = Path(tempfile.gettempdir()) / f"vickrey-brood-{os.getpid()}"
    provoke(hostile, "odd bid brood")
    child = int(told.read_text())
    told.unlink()
    assert is_gone_soon(child)


def test_a_late_task_that_stops_when_told_does_not_cost_the_process_its_life(
    hostile: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may need longer than a tenth of a second to run the few lines that stop the task.
    monkeypatch.setattr("orchestrator.engine.isolation.process.GRACE_SECONDS", 10.0)
    bidder: Any = hostile.seats["tardy"].bidder
    # What an earlier test asked of it may yet cost the process of then its life.
    bidder.rest()
    bidder.wait_until_ready()
    first = bidder.pid
    request_id = provoke(hostile, "tardy bid wait")
    assert answers(hostile, request_id)["0", "tardy"].fault == "late"
    assert bidder.pid == first
    assert is_alive(first)


@pytest.mark.slow
def test_a_hanging_call_blocks_the_market_only_where_the_bidder_is_not_isolated(closing: list[Market]) -> None:
    """The control of all the others: in the market's own process nothing can stop synchronous code."""
    ticks: list[float] = []

    async def watch(market: Market) -> None:
        async def tick() -> None:
            while True:
                ticks.append(time.monotonic())
                await asyncio.sleep(0.01)

        ticking = asyncio.ensure_future(tick())
        await market.arun("hello", 10, seed=1)
        ticking.cancel()

    for isolation, blocks in (("process", False), ("none", True)):
        ticks.clear()
        blocker = {**entry("odd", "Blocking", isolation), "bid_deadline_seconds": 0.05}
        market = market_of(blocker)
        closing.append(market)
        asyncio.run(watch(market))
        longest = max(later - earlier for earlier, later in pairwise(ticks))
        assert (longest > 1.2) == blocks, (isolation, longest)


@pytest.mark.parametrize(("named", "behind"), [({}, "a"), ({"principal": "acme"}, "acme")])
def test_who_stands_behind_it_is_not_for_it_to_say(closing: list[Market], named: dict[str, str], behind: str) -> None:
    market = run(closing, {**entry("a", "Impostor", usd="5"), **named})
    assert market.seats["a"].participant.principal == behind
    finish(market)


@pytest.mark.parametrize("method", ["eligible", "bid_cost_max", "transform_cost_max"])
def test_hanging_in_a_cheap_method_harms_only_the_bidder(closing: list[Market], method: str) -> None:
    slow = {**entry("odd", "Undecided", method=method), "bid_deadline_seconds": DEADLINE_SECONDS}
    market = run(closing, slow)
    first = answers(market)["0", "odd"]
    if method == "eligible":
        assert first.kind in ("bid", "fault")
    else:
        assert first.fault == "late"
        assert first.reason.startswith(f"{method}: had not answered")
    finish(market)


@pytest.mark.parametrize(("request_", "works"), [("odd, do this", True), ("do that", False)])
def test_it_says_which_tasks_it_works_on_in_practice(closing: list[Market], request_: str, works: bool) -> None:
    market = market_of(entry("odd", "Practising"))
    closing.append(market)
    assert asyncio.run(market.seats["odd"].practises(make_announcement(request=request_))) == works


def test_what_it_prints_reaches_nobody(hostile: Market, capfd: pytest.CaptureFixture[str]) -> None:
    request_id = provoke(hostile, "odd bid noise")
    assert answers(hostile, request_id)["0", "odd"].kind == "bid"
    assert capfd.readouterr() == ("", "")


def test_its_metered_calls_are_charged_to_it_and_made_in_its_process(closing: list[Market], tmp_path: Path) -> None:
    log = tmp_path / "calls"
    market = run(closing, {**entry("a", "Paying", log=str(log), usd="3")})

    statement = market.result("r1").statement()
    made = log.read_text().split()
    assert made.count("bid") == 1  # not eligible for its own lot, nor beyond its stages
    assert made.count("transform") == 2
    assert statement.costs_nanos["a"] == len(made) * 2_000_000
    assert posted(market, "provider:acme") == len(made) * 2_000_000
    finish(market)


def test_its_answered_calls_are_not_made_again(closing: list[Market], tmp_path: Path) -> None:
    log = tmp_path / "calls"
    market = market_of(entry("a", "Paying", log=str(log), usd="3"))
    closing.append(market)
    bidder: Any = market.seats["a"].bidder

    class Recorded:
        async def call(self, perform: Any, *, purpose: str = "call") -> Any:
            return {"heard": "the record"}

    async def bid() -> Any:
        from orchestrator.core.state import first_state
        from tests.engine.announcements import announcement

        return await bidder.bid(announcement(first_state("hello", ""), Recorded()))

    asyncio.run(bid())
    assert not log.exists()


def test_a_provider_that_fails_there_is_the_providers_fault_here(closing: list[Market], tmp_path: Path) -> None:
    market = run(closing, entry("a", "Paying", log=str(tmp_path / "calls"), fail=True))
    first = answers(market)["0", "a"]
    assert (first.kind, first.reason) == ("pass", "ProviderError: the model is down")
    assert first.bid_cost_nanos is None  # unknown, never 0
    finish(market)


def test_its_policy_learns_there_and_its_memory_is_kept_here(closing: list[Market]) -> None:
    market = run(closing, entry("a", "Learning"))
    finish(market)
    row = market.store.read(lambda reader: reader.memory("a/learner/3"))
    assert row is not None
    assert (row.policy, row.version) == ("learner", 3)
    learned = json.loads(row.body)
    assert learned["receipts"] >= 1
    assert learned["pid"] != os.getpid()


async def bid_of(bidder: Any) -> str:
    return str(await bidder.bid(make_announcement()))


async def learned_by(bidder: Any) -> str:
    return str(bidder.policy.learn(None, [])["receipts"])


@pytest.mark.parametrize(("use", "says"), [(bid_of, "2.00"), (learned_by, "0")])
def test_what_follows_a_task_that_does_not_stop_is_asked_of_the_next_process(
    closing: list[Market], tmp_path: Path, use: Any, says: str
) -> None:
    """Else it would die with the one that is about to be killed: nothing was learned from a deadline that passed."""
    begun = tmp_path / "begun"
    market = market_of(entry("a", "Overdue", begun=str(begun)))
    closing.append(market)
    bidder: Any = market.seats["a"].bidder

    async def be_late_and_go_on() -> str:
        late = asyncio.ensure_future(bidder.transform(make_won_lot()))
        while not begun.exists():
            await asyncio.sleep(0.01)
        late.cancel()
        await asyncio.wait({late})
        before = bidder.pid
        said: str = await use(bidder)
        assert bidder.pid != before
        return said

    assert asyncio.run(be_late_and_go_on()) == says


def test_policies_in_processes_of_their_own_learn_at_once(
    closing: list[Market], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is locked meanwhile: of several that do not answer, each would cost everybody its whole time."""
    together = threading.Barrier(2)

    def learn(_self: IsolatedPolicy, _memory: Any, _receipts: Any) -> Any:
        together.wait(timeout=5.0)
        return "learned"

    monkeypatch.setattr(IsolatedPolicy, "learn", learn)
    market = run(closing, entry("a", "Learning"), entry("b", "Learning"))
    finish(market)
    for name in ("a", "b"):
        row = market.store.read(lambda reader, name=name: reader.memory(f"{name}/learner/3"))  # type: ignore[misc]
        assert row is not None
        assert row.body == '"learned"'


@pytest.mark.slow
def test_several_lots_are_bid_on_at_once_in_one_process(closing: list[Market]) -> None:
    config = {"version": 1, "rules": {"copies": [3, 1]}, "bidders": [entry(name, "Steady") for name in ("a", "b", "c")]}
    market = Market(config, bidders=[presenter("p"), presenter("q", "1")], store="memory")
    closing.append(market)
    market.run("hello", 10, seed=1)
    assert {lot for lot, name in answers(market) if name == "a"} >= {"0", "0.1", "0.2"}
    finish(market)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Unbuildable", "RuntimeError: out of tune"),
        ("Exiting", "its process ended with exit code 7"),
        ("Missing", "has no attribute 'Missing'"),
        ("Unawaited", "bidder a: its policy: its `value` is asynchronous, but is not awaited; write `def value`"),
    ],
)
def test_one_that_cannot_be_built_is_listed_as_broken(closing: list[Market], kind: str, reason: str) -> None:
    market = market_of(entry("a", kind))
    closing.append(market)
    (broken,) = market.broken
    assert broken.name == "a"
    assert reason in broken.reason
    assert "\n" not in broken.reason
    market.run("hello", 10, seed=1)
    finish(market)


def test_one_that_takes_too_long_to_start_is_broken() -> None:
    with pytest.raises(Exception, match=r"had not started after 0\.05 s and was killed"):
        IsolatedBidder("a", Sleeper(), start_seconds=0.05)


class Sleeper:
    """A recipe that takes its time."""

    def __call__(self) -> Any:
        time.sleep(3600)


def test_a_task_that_is_cancelled_before_its_process_is_ready_is_never_begun(tmp_path: Path) -> None:
    built = tmp_path / "built"
    process = BidderProcess(pickle.dumps(Awaiting(built)), 30.0)
    try:
        hanging = process.begin("learn", ("hang",), lambda message: None)
        process.cancel(hanging)
        built.touch()
        said: SimpleQueue[Any] = SimpleQueue()
        process.begin("learn", ("memory",), said.put)
        assert said.get(timeout=30)["value"] == "memory"
        assert not process.is_stopping()
    finally:
        process.kill("is not needed any more")


def test_a_recipe_that_cannot_be_pickled_is_refused_with_its_reason() -> None:
    with pytest.raises(Exception, match="cannot run in a process of its own"):
        IsolatedBidder("a", lambda: None)


def test_a_role_that_there_is_not_is_told_as_it_was_written(closing: list[Market]) -> None:
    market = market_of(entry("a", "Misnamed"), entry("b", "AtOnce"))
    closing.append(market)
    (broken,) = market.broken
    assert broken.reason == "bidder a: `roles` is ('transfomer',); it is ('transformer',), ('presenter',) or both"
    market.run("hello", 10)
    assert {(fault.bidder, fault.fault, fault.reason) for fault in faults(market)} == {
        ("b", "raised", "TypeError: it returned Money at once; write it with `async def`")
    }


def test_closing_the_market_leaves_no_process(closing: list[Market]) -> None:
    market = market_of(entry("a", "Steady"))
    bidder: Any = market.seats["a"].bidder
    assert is_alive(bidder.pid)
    market.close()
    assert not is_alive(bidder.pid)


def test_processes_end_with_a_market_that_was_never_closed() -> None:
    market: Market | None = market_of(entry("a", "Steady"))
    assert market is not None
    pid = market.seats["a"].bidder.pid  # type: ignore[attr-defined]
    market.store.close()
    del market
    assert is_gone_soon(pid)


@pytest.mark.parametrize("frame", [b"", b"{", b"[]", b'{"kind": 3}', b"[" * 100_000, b"\xff", b"9" * 5_000])
def test_frames_that_are_no_messages_are_refused(frame: bytes) -> None:
    with pytest.raises(BrokenWire):
        read_message(frame)


@pytest.mark.parametrize(
    "body",
    [None, 3, {}, {"money": "1"}, {"money": -1}, {"money": 10**30}, {"list": 3}, {"bid": {"plain": 1}}, {"plain": []}],
)
def test_values_outside_the_contract_are_refused(body: Any) -> None:
    with pytest.raises(InvalidAnswer):
        decode_value(body)


def test_a_process_that_was_killed_is_waited_for(hostile: Market) -> None:
    """Else it stays in the system's table of processes as long as the market's own runs."""
    bidder: Any = hostile.seats["tardy"].bidder
    bidder.wait_until_ready()
    pid = bidder.pid
    provoke(hostile, "tardy bid hang")
    patience = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < patience:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
