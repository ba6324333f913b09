"""Several drivers: of one request only one goes on; of one store all do."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Market, Money
from orchestrator.api.posting import Posting
from orchestrator.core.progress import Progress
from orchestrator.engine.driver import Driver
from orchestrator.engine.marks import is_alive
from orchestrator.errors import BidderError, InvalidConfig, StaleDriver, WrongStatus
from orchestrator.record import export_request, verify
from orchestrator.store import MemoryStore, Transaction
from tests.engine.world import Paid, Provider, Scripted, assert_sound, finish, make_market, posted, presenter


def crew(source: Provider) -> list[Any]:
    paid = [Paid(name, {1: "2", 2: "1"}, source, bid_calls=1) for name in ("a", "b", "c")]
    return [*paid, Scripted("d", {1: "1", 2: "3"}), presenter("p", {3: "4"}), presenter("q", {3: "3"})]


def driver_of(market: Market, request_id: str) -> Driver:
    return Driver(market.store, market._recorder, request_id, lambda: 0.0)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_second_driver_of_a_request_stops_and_the_first_goes_on(kind: str, disk: str) -> None:
    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(*crew(source), store="memory" if kind == "memory" else disk)
    request_id = market.post(Posting("hello", 10, seed=1))

    async def drive_twice() -> list[Any]:
        drivers = [driver_of(market, request_id) for _ in range(2)]
        return await asyncio.gather(*(driver.run() for driver in drivers), return_exceptions=True)

    outcomes = asyncio.run(drive_twice())
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Progress", "StaleDriver"]
    assert "another driver" in str(next(o for o in outcomes if isinstance(o, StaleDriver)))
    assert market.result(request_id).status == "open"
    finish(market)
    market.close()


def test_one_driver_alone_is_not_stale() -> None:
    """The control of the one before."""
    market = make_market(*crew(Provider("0.01")))
    request_id = market.post(Posting("hello", 10, seed=1))
    asyncio.run(driver_of(market, request_id).run())
    assert market.result(request_id).status == "open"
    finish(market)


def test_a_driver_that_wakes_up_late_writes_nothing() -> None:
    market = make_market(*crew(Provider("0.01")))
    request_id = market.post(Posting("hello", 10, seed=1))
    late = driver_of(market, request_id)
    market.resume(request_id)
    before = market.store.read(lambda reader: (reader.journal(request_id), reader.transfers()))
    with pytest.raises(StaleDriver):
        asyncio.run(late.run())
    after = market.store.read(lambda reader: (reader.journal(request_id), reader.transfers()))
    assert before[0] == after[0]
    assert before[1] == [row for row in after[1] if row in before[1]]
    finish(market)


def test_what_a_driver_that_was_overtaken_has_held_for_calls_is_settled_where_the_request_fails() -> None:
    """The driver that ends the request had begun before, and does not know of it."""

    async def hang_at_the_second() -> None:
        if len(source.made) == 2:
            await asyncio.Event().wait()

    async def overtake() -> None:
        ahead = driver_of(rest, request_id)
        overtaken = asyncio.ensure_future(driver_of(market, request_id).run())
        while len(source.made) < 2:
            await asyncio.sleep(0)
        held = market.store.read(lambda reader: reader.open_holds(request_id))
        assert [row.code for row in held] == ["cost", "cap"]
        await ahead.run()
        overtaken.cancel()
        await asyncio.wait({overtaken})

    source, store = Provider(), MemoryStore()
    source.pause = hang_at_the_second
    market = make_market(Scripted("a", {1: "1"}), Paid("b", {1: "2"}, source, bid_calls=2), store=store)
    rest = make_market(Scripted("a", {1: "1"}), store=store)
    request_id = market.post(Posting("hello", 10, seed=1))
    asyncio.run(overtake())
    assert market.result(request_id).status == "failed"
    assert posted(market, f"cap:{request_id}") == 0
    assert posted(market, "cap-spent") == Money.usd("0.01").nanos
    assert_sound(market)
    assert verify(export_request(store, request_id)) == []


SCRIPT = textwrap.dedent("""
    import asyncio, sys
    from tests.engine.world import Paid, Provider, Scripted, make_market, presenter
    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    paid = [Paid(name, {1: "2", 2: "1"}, source, bid_calls=1) for name in ("a", "b", "c")]
    bidders = [*paid, Scripted("d", {1: "1", 2: "3"}), presenter("p", {3: "4"}), presenter("q", {3: "3"})]
    market = make_market(*bidders, store=sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(5):
        result = market.run(f"hello {number}", 10, seed=number)
        result.pick(1)
        print(result.request_id, result.status, flush=True)
    market.close()
""")


def start(store: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, store],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.slow
def test_two_processes_on_one_store_share_wallets_and_end_all_their_requests(disk: str) -> None:
    processes = [start(disk) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
    outputs = [process.communicate("go\n", timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    lines = [line for out, _ in outputs for line in out.split("\n") if line]
    assert sorted(lines) == sorted(f"r{number} released" for number in range(1, 11))
    market = make_market(*crew(Provider()), store=disk)
    assert len(market.requests(["released"])) == 10
    assert_sound(market)
    market.close()


def test_a_request_that_another_living_process_drives_is_not_taken_over() -> None:
    market = make_market(*crew(Provider()))
    request_id = market.post(Posting("hello", 10, seed=1))
    row = market.requests()[0]
    lease = f"{socket.gethostname()}/1/{started(1)}/7"
    market.store.transact(lambda tx: tx.put_request(row._replace(driver=lease)))
    assert market.interrupted() == []
    with pytest.raises(WrongStatus, match="is being driven by another process"):
        market.resume(request_id)
    market.store.transact(lambda tx: tx.put_request(row._replace(driver=f"{socket.gethostname()}/1/then")))
    assert [row.id for row in market.interrupted()] == [request_id]
    market.resume()
    finish(market)


def test_of_several_interrupted_requests_one_that_fails_keeps_no_other_from_ending() -> None:
    market = make_market(*crew(Provider()))
    stuck, free = (market.post(Posting("hello", 10, seed=seed)) for seed in (1, 2))
    rows = market.requests()

    def leave(tx: Transaction) -> None:
        for row in rows:
            tx.put_request(row._replace(driver=""))

    market.store.transact(leave)

    def listen(event: object, progress: Progress) -> None:
        if progress.request.id == stuck:
            raise BidderError("it cannot go on")

    with pytest.raises(BidderError, match="it cannot go on"):
        market.resume(on_event=listen)
    assert {row.id: row.status for row in market.requests()} == {stuck: "running", free: "open"}


def test_a_market_that_has_none_of_a_requests_bidders_leaves_it_alone() -> None:
    store = MemoryStore()
    market = make_market(*crew(Provider()), store=store)
    request_id = market.post(Posting("hello", 10, seed=1))
    row = market.requests()[0]
    store.transact(lambda tx: tx.put_request(row._replace(driver="")))
    other = make_market(presenter("somebody"), presenter("else"), store=store)
    with pytest.raises(InvalidConfig, match=r"bidders of another market \(a, .*the config that has them"):
        other.resume(request_id)
    assert other.resume() == []
    assert market.requests()[0].status == "running"
    (result,) = market.resume()
    assert result.status == "open", "the control: its own market finishes it"
    (shown,) = other.resume(request_id)
    assert (shown.status, market.requests()[0].driver) == ("open", ""), "what has come to its offers needs no driver"


def test_what_a_process_on_another_host_drives_is_taken_over_only_where_somebody_says_that_it_is_gone() -> None:
    """After a store has moved to another machine, or a host has died, nobody can see that the driver is gone."""
    market = make_market(*crew(Provider()))
    elsewhere = [market.post(Posting("hello", 10, seed=seed)) for seed in (1, 2)]
    here = market.post(Posting("hello", 10, seed=3))
    marks = dict.fromkeys(elsewhere, "another-host/77/1234/1") | {here: f"{socket.gethostname()}/1/{started(1)}"}
    for row in market.requests():
        market.store.transact(lambda tx, row=row: tx.put_request(row._replace(driver=marks[row.id])))  # type: ignore[misc]
    assert market.interrupted() == []
    with pytest.raises(WrongStatus, match="if its host is gone, `vickrey resume r1 --take-over` goes on in its place"):
        market.resume("r1")
    (result,) = market.resume("r1", take_over=True)
    assert result.status == "open"
    assert [each.request_id for each in market.resume(take_over=True)] == ["r2"], "one that lives here is left alone"
    with pytest.raises(WrongStatus, match=r"by another process .*; wait for that, or cancel the request"):
        market.resume(here, take_over=True)
    market.cancel(here)
    finish(market)


def test_a_driver_that_was_taken_over_and_is_not_gone_stops_with_nothing_written() -> None:
    source = Provider("0.01")
    market = make_market(*crew(source))
    request_id = market.post(Posting("hello", 10, seed=1))
    alive = driver_of(market, request_id)
    row = market.requests()[0]
    market.store.transact(lambda tx: tx.put_request(row._replace(driver="another-host/77/1234/1")))
    market.resume(request_id, take_over=True)
    journal = market.store.read(lambda reader: reader.journal(request_id))
    with pytest.raises(StaleDriver):
        asyncio.run(alive.run())
    assert market.store.read(lambda reader: reader.journal(request_id)) == journal
    finish(market)


def test_two_calls_of_one_process_do_not_drive_the_same_request() -> None:
    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(*crew(source))

    async def ask_twice() -> list[Any]:
        asked = [market.arun("hello", 10, seed=1, idempotency_key="once") for _ in range(2)]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second = asyncio.run(ask_twice())
    assert first.status == "open"
    assert isinstance(second, WrongStatus)
    assert "r1 is being driven by another call in this process" in str(second)
    assert len(source.made) == len(set(source.made))
    assert market.run("hello", 10, seed=1, idempotency_key="once").request_id == "r1"
    finish(market)


def test_two_calls_of_one_process_do_not_resume_the_same_request() -> None:
    source = Provider("0.01")
    source.pause = lambda: asyncio.sleep(0)
    market = make_market(*crew(source))
    request_id = market.post(Posting("hello", 10, seed=1))

    async def resume_twice() -> list[Any]:
        return await asyncio.gather(*(market.aresume(request_id) for _ in range(2)), return_exceptions=True)

    (first,), second = asyncio.run(resume_twice())
    assert first.status == "open"
    assert isinstance(second, WrongStatus)
    assert len(source.made) == len(set(source.made))
    finish(market)


def test_a_request_whose_call_failed_in_this_process_can_be_resumed_here() -> None:
    market = make_market(*crew(Provider()))

    def fail(event: object, progress: object) -> None:
        raise LookupError("nobody listens")

    with pytest.raises(LookupError):
        market.run("hello", 10, seed=1, on_event=fail)
    assert [row.id for row in market.interrupted()] == ["r1"]
    (result,) = market.resume()
    assert result.status == "open"
    assert market.interrupted() == []
    finish(market)


def test_a_killed_process_that_its_parent_has_not_noticed_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        mark = f"{socket.gethostname()}/{process.pid}/{started(process.pid)}"
        assert is_alive(mark)
        process.kill()
        # Its output ends as it dies; only its parent's waiting would make it vanish altogether.
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(mark)


def started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
