"""Results that a program keeps of many single requests: what they were made with is not kept along."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from orchestrator import arun_request, run_request
from orchestrator.errors import InvalidMoney
from tests.api.test_openings import Held

PATIENCE_SECONDS = 20.0
MODULE = "tests.engine.isolated"


def config(folder: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "store": str(folder / "market.db"),
        "bidders": [
            {"name": "ann", "type": f"{MODULE}:Steady", "isolation": "process", "options": {"stages": 1}},
            {"name": "pia", "type": "scripted", "options": {"roles": ["presenter"], "bids": [None, "2.00"]}},
        ],
    }


def test_a_kept_result_of_a_single_request_keeps_no_thread_and_no_process(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    result = run_request("hello", 10, config=config(tmp_path), seed=1)
    market: Any = result._market
    assert market.seats["ann"].bidder.pid is None
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), thread.name


def test_a_kept_result_can_still_be_read_and_picked_from(tmp_path: Path) -> None:
    result = run_request("hello", 10, config=config(tmp_path), seed=1)
    assert [offer.bidder for offer in result.offers] == ["pia"]
    assert result.pick(1).status == "released"


@pytest.fixture
def held() -> dict[str, Any]:
    Held.closed.clear()
    return {"version": 1, "store": "memory", "bidders": [{"name": "built", "type": "tests.api.test_openings:Held"}]}


def test_a_single_request_closes_the_bidders_that_were_built_for_it(held: dict[str, Any]) -> None:
    result = run_request("hello", 10, config=held)
    assert (Held.closed, result.status) == (["built"], "failed")


def test_so_it_does_in_asynchronous_code(held: dict[str, Any]) -> None:
    asyncio.run(arun_request("hello", 10, config=held))
    assert Held.closed == ["built"]


def test_so_it_does_where_the_request_is_refused(held: dict[str, Any]) -> None:
    with pytest.raises(InvalidMoney):
        run_request("hello", -1, config=held)
    assert Held.closed == ["built"]


def test_a_bidder_in_a_process_of_its_own_still_learns_of_a_pick(tmp_path: Path) -> None:
    given = config(tmp_path)
    given["bidders"][0] |= {"type": f"{MODULE}:Learning", "options": {}}
    given["bidders"][1]["options"]["bids"] = [None, "3.00"]
    result = run_request("hello", 10, config=given, seed=1).pick(1)
    market: Any = result._market
    assert market.store.read(lambda reader: reader.memory("ann/learner/3")) is not None
    market.close()
