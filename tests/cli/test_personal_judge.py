"""A judge that costs money, as the command shows it: what it decided, why not, and what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.store import open_store
from tests.cli.markets import BIDDERS, vickrey


@pytest.fixture
def judged_by(tmp_path: Path) -> Any:
    def write(*script: Any) -> None:
        model = {
            "type": "mock",
            "options": {"script": list(script), "prices": {"input_per_million": 1, "output_per_million": 2}},
        }
        judge = {"type": "personal", "options": {"model": "chooser", "preferences_path": "likes.txt"}}
        (tmp_path / "likes.txt").write_text("quiet places", encoding="utf-8")
        document = {"version": 1, "models": {"chooser": model}, "judge": judge, "bidders": BIDDERS}
        (tmp_path / "vickrey.yaml").write_text(json.dumps(document), encoding="utf-8")

    return write


def test_its_pick_and_its_cost_are_told(judged_by: Any) -> None:
    judged_by('{"pick": 1}')
    shown = vickrey("run", "Plan a tour", "-b", "10", "--seed", "1").stdout
    assert "personal took offer" in shown
    assert "Judging cost the requester 0.000" in " ".join(shown.split())
    document = vickrey("statement", "r1", "--json").document
    assert document["judging"].startswith("0.000")
    assert document["balanced"]
    assert vickrey("audit").code == 0


def test_why_it_decided_nothing_is_told_in_one_line(judged_by: Any) -> None:
    judged_by({"fails": "RateLimited", "says": "529: overloaded"})
    outcome = vickrey("run", "Plan a tour", "-b", "10", "--seed", "1")
    assert outcome.code == 0
    assert "The judge personal decided nothing: 529: overloaded." in outcome.stdout
    assert "r1 is open and its bounty waits." in outcome.stdout
    assert vickrey("pick", "r1", "1").code == 0
    assert vickrey("export", "r1", "run.json").code == 0
    assert "books agree" in vickrey("verify", "run.json").stdout


def test_a_document_says_what_judging_cost(judged_by: Any) -> None:
    judged_by('{"pick": 0}')
    document = vickrey("run", "Plan a tour", "-b", "10", "--json").document
    assert document["status"] == "rejected"
    assert float(document["statement"]["judging"]) > 0


def test_a_judge_on_another_host_is_taken_over_from_once_its_host_is_said_to_be_gone(
    judged_by: Any, vickrey_home: Path
) -> None:
    judged_by({"fails": "RateLimited", "says": "529: overloaded"}, '{"pick": 1}')
    vickrey("run", "Plan a tour", "-b", "10", "--seed", "1")
    store = open_store(f"sqlite:///{vickrey_home / 'market.db'}")
    store.transact(lambda tx: tx.put_request(tx.requests()[0]._replace(driver="elsewhere/1/1/1")))
    store.close()
    outcome = vickrey("resume", "r1")
    assert outcome.code == 2
    assert "if its host is gone, `vickrey resume r1 --take-over` judges in its place" in outcome.stderr
    assert "personal took offer" in vickrey("resume", "r1", "--take-over").stdout
