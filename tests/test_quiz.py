"""The market of short questions that comes along: its tasks, and what it learns from them with a real model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bidders.arithmetic import result
from orchestrator.config import load_config
from orchestrator.practice import read_tasks
from tests.local_model import need_local_model

ROOT = Path(__file__).parent.parent
CONFIG, TASKS = ROOT / "configs" / "quiz.yaml", ROOT / "configs" / "quiz" / "tasks.jsonl"


def test_the_calculator_takes_the_sums_among_the_tasks_and_nothing_else_and_is_right() -> None:
    (calculator,) = (spec for spec in load_config(CONFIG).bidders if spec.name == "calculator")
    needs = re.compile(str(calculator.options["needs"]))
    tasks = read_tasks(TASKS, 1)
    sums = [task for task in tasks if needs.search(task.request)]
    assert len(sums) == len(tasks) / 2
    assert {task.request.startswith("What is the capital of ") for task in tasks if task not in sums} == {True}
    assert all(result(task.request) == str(task.record["answer"]) for task in sums)


@pytest.mark.slow
def test_the_market_learns_from_the_tasks_whom_to_ask_for_a_sum(tmp_path: Path) -> None:
    need_local_model()
    practised = vickrey(tmp_path, "practise", str(TASKS), "--verifier", "contains", "--limit", "4", "--yes")
    works = {each["bidder"]: (each["works"], each["failures"]) for each in practised["bidders"]}
    assert works == {"brief": (4, 0), "calculator": (2, 0), "wordy": (4, 0)}
    released = vickrey(tmp_path, "run", "What is 48 minus 27?", "--budget", "0.10", "--judge", "top")
    (offer,) = released["offers"]
    assert offer["text"] == "21"
    assert "calculator" in [sale["buyer"] for sale in offer["chain"]]


def vickrey(home: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "orchestrator.cli", *words, "--config", str(CONFIG), "--home", str(home), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
