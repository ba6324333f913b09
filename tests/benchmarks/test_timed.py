"""Benchmarks that take the time: that they run, and what does not depend on the machine. No time is judged here."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from types import ModuleType

import numpy as np
import pytest

from benchmarks import auctions, crowd, overhead, refund, stage
from benchmarks.tables import Report

CROWD, INVITED, LEARNING, REQUESTS = 200, 20, 30, 60
SMALL: dict[ModuleType, dict[str, int]] = {
    auctions: {"ROUNDS": 1, "BATCHES": 1, "BATCH": 5, "BARE": 20},
    crowd: {"CROWD": 60, "INVITED": 10, "REQUESTS_ALL": 2, "REQUESTS_LEARNING": 6, "REQUESTS_INVITED": 3},
    overhead: {"ROUNDS": 1, "CALLS": 2},
    refund: {"REQUESTS": 30},
    stage: {"ROUNDS": 1, "STAGES": 3},
}


def small_table(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Report:
    for name, figure in SMALL[benchmark].items():
        monkeypatch.setattr(benchmark, name, figure)
    report: Report = benchmark.measure()
    return report


@pytest.mark.parametrize("benchmark", SMALL, ids=lambda benchmark: benchmark.__name__)
def test_a_small_table_is_made_of_figures_above_nothing(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    report = small_table(benchmark, monkeypatch)
    figures = [row[1] for row in report.rows]
    assert len(figures) > 1
    assert min(figures) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_the_crowd_that_bids_as_a_whole_loses_nothing() -> None:
    assert crowd.welfare_percents(crowd.run(CROWD, 0, 3)) == [100.0] * 3


def test_the_most_promising_do_better_than_as_many_drawn_by_lot() -> None:
    market = crowd.run(CROWD, INVITED, REQUESTS)
    asked = crowd.welfare_percents(market)
    assert max(asked) <= 100.0
    assert fmean(asked[LEARNING:]) > by_lot() + 2.0


def by_lot() -> float:
    """Welfare, in percent of the best, of as many of the crowd drawn by lot for each of the same requests."""
    draws = np.random.default_rng(7)
    talents = np.random.default_rng(0).random(CROWD)
    found = []
    for number in range(LEARNING, REQUESTS):
        shares = 0.6 * talents + 0.4 * np.random.default_rng([0, number]).random(CROWD)
        found.append(100 * shares[draws.choice(CROWD, INVITED, replace=False)].max() / shares.max())
    return fmean(found)
