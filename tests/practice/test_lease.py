"""One process at a time practises a file: what is asked twice is paid twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.engine.marks import own_mark
from orchestrator.errors import InvalidRequest, WrongStatus
from orchestrator.practice import practise
from orchestrator.practice.lease import Lease, claim
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
    assert all("are being practised by another process" in said and own_mark() in said for said in refusals)
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.practice.lease.own_mark", lambda: gone)
        market.store.transact(lambda tx: claim(tx, id, Lease()))
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
