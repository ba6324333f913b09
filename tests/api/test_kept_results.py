"""Results that a program keeps of many single requests: what they were made with is not kept along."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from orchestrator import run_request

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
