"""kill -9 at random moments: the next process finishes the request as it would have ended."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.store import open_store
from tests.engine.killed import market_on, run
from tests.engine.world import assert_sound

KILLS = 50
CALL_SECONDS = 0.01


@pytest.fixture
def forker() -> Iterator[subprocess.Popen[str]]:
    """A process, without threads, that forks the drivers which are to be killed."""
    command = [sys.executable, "-m", "tests.engine.killed"]
    folder = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder
    ) as process:
        yield process
        process.kill()


def drive_and_kill(forker: subprocess.Popen[str], store: str, log: Path, lines: int, seconds: float) -> bool:
    """Have a driver run, and kill it some moments after its log has that many lines; whether that killed it."""
    assert forker.stdin is not None
    assert forker.stdout is not None
    forker.stdin.write(f"{store}\t{log}\n")
    forker.stdin.flush()
    pid = int(forker.stdout.readline())
    patience = time.monotonic() + 20
    while len(log.read_text().splitlines() if log.exists() else []) < lines and time.monotonic() < patience:
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)  # a zombie until the forker has waited for it, so never another's pid
    return os.waitstatus_to_exitcode(int(forker.stdout.readline())) == -signal.SIGKILL


def calls(log: Path, verb: str) -> Counter[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(line.partition(" ")[2] for line in lines if line.startswith(f"{verb} "))


@pytest.mark.slow
def test_fifty_kills_at_random_moments_change_nothing_in_the_end(tmp_path: Path, forker: subprocess.Popen[str]) -> None:
    template = tmp_path / "template.db"
    open_store(f"sqlite:///{template}").close()
    whole_log = tmp_path / "whole.log"
    whole = market_on(f"sqlite:///{shutil.copy(template, tmp_path / 'whole.db')}", whole_log, 0.0)
    run(whole)
    digest, once = whole.result("r1").journal_hash, calls(whole_log, "answered")
    whole.close()
    assert set(once.values()) == {1}

    chance = random.Random(2026)
    killed = repeated = midway = 0
    for number in range(KILLS):
        store = f"sqlite:///{shutil.copy(template, tmp_path / f'{number}.db')}"
        log = tmp_path / f"{number}.log"
        killed += drive_and_kill(forker, store, log, chance.randrange(2 * len(once)), chance.uniform(0, CALL_SECONDS))
        asked, answered = calls(log, "asked"), calls(log, "answered")
        midway += 0 < len(answered) < len(once)

        survivor = market_on(store, log, 0.0)
        recorded = survivor.store.read(lambda reader: reader.answers("r1"))
        run(survivor)
        assert survivor.result("r1").journal_hash == digest, number
        assert_sound(survivor)
        assert set(calls(log, "answered")) == set(once)
        again = {key for key, times in calls(log, "asked").items() if times > 1}
        assert again <= set(asked)
        assert len(recorded) + len(again) <= len(asked), number  # nothing recorded was asked for again
        repeated += len(again)
        survivor.close()
    assert killed > KILLS // 2
    assert midway > KILLS // 2
    assert repeated > 0  # otherwise no kill has hit a call in flight
