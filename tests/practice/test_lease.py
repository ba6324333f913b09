"""One process at a time practises a file: what is asked twice is paid twice."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator import Market
from orchestrator.engine.marks import own_mark
from orchestrator.engine.memory_keys import lease_key
from orchestrator.errors import InvalidRequest, WrongStatus
from orchestrator.practice import LabelledTask, Session, practise, prepare
from orchestrator.practice.lease import Lease, take_lease
from orchestrator.practice.paying import open_cap
from orchestrator.practice.verifiers import exact
from tests.engine.world import Provider, assert_sound, make_market, posted
from tests.practice.test_practice import SUMS, Answering, plan, run, session_of, write_tasks

CENT = 10**7


def test_a_second_run_is_refused_while_the_first_is_at_it_and_nothing_is_paid_twice(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, *SUMS)
    refusals: list[str] = []

    async def both() -> None:
        first, late = await plan(market, tasks), await plan(market, tasks)
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def pause() -> None:
            reached.set()
            await go_on.wait()

        provider.pause = pause
        running = asyncio.ensure_future(practise(first, 2 * CENT))
        await reached.wait()
        for attempt in (practise(late, 2 * CENT), plan(market, tasks)):
            with pytest.raises(WrongStatus) as refused:
                await attempt
            refusals.append(str(refused.value))
        go_on.set()
        await running

    asyncio.run(both())
    assert all("are being practised by another call in this process" in said for said in refusals)
    assert len(provider.made) == 2
    assert posted(market, "provider:acme") == 2 * CENT
    assert_sound(market)


def test_a_plan_that_another_run_has_overtaken_is_not_carried_out(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, *SUMS)
    overtaken = session_of(market, tasks)
    run(market, tasks)
    with pytest.raises(WrongStatus, match=r"another run has practised these tasks since .* run this again"):
        asyncio.run(practise(overtaken, overtaken.plan.cost_max_nanos))
    assert len(provider.made) == 2
    assert_sound(market)


def test_a_practice_whose_process_is_gone_can_be_taken_up(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, *SUMS)
    id = session_of(market, tasks).plan.id
    gone = subprocess.run(
        [sys.executable, "-c", "from orchestrator.engine.marks import own_mark; print(own_mark())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    leased_by(gone, market, id)
    assert [pupil.works for pupil in run(market, tasks).pupils] == [2]


def test_a_run_that_fails_leaves_the_practice_to_the_next(tmp_path: Path) -> None:
    def confused(record: object, text: str) -> float:
        return 2.0 if text == "18" else 0.0

    market = make_market(Answering("a", "18", Provider("0.01")))
    tasks = write_tasks(tmp_path, *SUMS)
    session = session_of(market, tasks, confused)
    with pytest.raises(InvalidRequest, match="the verifier returned"):
        asyncio.run(practise(session, session.plan.cost_max_nanos))
    assert [pupil.works for pupil in run(market, tasks).pupils] == [2]


def prepared(market: Market, tasks: Sequence[LabelledTask], *, take_over: bool) -> Session:
    return asyncio.run(prepare(market.store, market.seats, market.config.rules, tasks, exact, take_over=take_over))


def leased_by(mark: str, market: Market, id: str, found: Lease | None = None) -> None:
    market.store.transact(lambda tx: take_lease(tx, id, found or Lease(), mark))


def test_what_a_process_on_another_host_was_at_is_taken_over_only_if_one_says_that_it_is_gone(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider))
    tasks = write_tasks(tmp_path, *SUMS)
    early = session_of(market, tasks)
    leased_by("another.host/1/1", market, early.plan.id)
    with pytest.raises(WrongStatus, match=r"another\.host.*if that process is gone, --take-over goes on"):
        session_of(market, tasks)
    # Nor does a plan from before take it over.
    with pytest.raises(WrongStatus, match="are being practised by another process"):
        asyncio.run(practise(early, 2 * CENT))
    session = prepared(market, tasks, take_over=True)
    assert [pupil.works for pupil in asyncio.run(practise(session, 2 * CENT)).pupils] == [2]
    assert run(market, tasks).pupils
    assert len(provider.made) == 2
    assert_sound(market)


def test_a_process_on_this_host_that_lives_is_not_taken_over(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider("0.01")))
    tasks = write_tasks(tmp_path, *SUMS)
    leased_by(own_mark(), market, session_of(market, tasks).plan.id)
    with pytest.raises(WrongStatus, match="run this again when that is done") as refused:
        prepared(market, tasks, take_over=True)
    assert "--take-over" not in str(refused.value)


def lease_of(market: Market, id: str) -> Lease:
    row = market.store.read(lambda reader: reader.memory(lease_key(id)))
    assert row is not None
    return Lease(**json.loads(row.body))


def test_a_run_that_was_taken_over_stops_and_leaves_lease_and_cap_to_whoever_goes_on(tmp_path: Path) -> None:
    """Its process was believed gone, as one on another host can be."""
    tasks = write_tasks(tmp_path, *[{"request": f"{n} * 3?", "answer": "18"} for n in range(12)])
    provider, successor = Provider("0.01"), "another.host/1/1"
    market = make_market(Answering("a", "18", provider))
    session = session_of(market, tasks)
    id = session.plan.id

    async def take_over() -> None:
        provider.pause = None
        leased_by(successor, market, id, lease_of(market, id))
        market.store.transact(lambda tx: open_cap(tx, id, 30 * CENT))

    provider.pause = take_over
    with pytest.raises(WrongStatus, match="were taken over by another run"):
        asyncio.run(practise(session, session.plan.cost_max_nanos))
    assert lease_of(market, id) == Lease(successor, 2)
    assert posted(market, f"cap:{id}") >= 30 * CENT - provider.spent_nanos
    assert len(provider.made) < len(tasks)
    assert_sound(market)


def test_a_run_that_nobody_took_over_gives_its_cap_back_and_leaves(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider("0.01"), worst="0.05"))
    tasks = write_tasks(tmp_path, *SUMS)
    report = run(market, tasks)
    assert (lease_of(market, report.id), posted(market, f"cap:{report.id}")) == (Lease("", 1), 0)
