"""RouteLLM's protocol: what a curve of performance against strong calls comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import read_outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.router import Curve, curves, router_table
from benchmarks.outcomes.splits import report_contests
from benchmarks.outcomes.user import User
from bidders.policies.tracker import TrackerPolicy
from tests.benchmarks.made_up import made_up_rows, write_parquet
from tests.benchmarks.tallies import TalliesPolicy


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    path = tmp_path_factory.mktemp("outcomes") / "two.parquet"
    rows = made_up_rows(queries=200, models=2)
    for row in rows:
        # The strong model knows all puzzles, and both know all sums.
        row["score"] = float(row["model"] == "model-b" or row["task"] == "sums")
        row["prompt"] += " Think of every case before you answer." * (row["task"] == "puzzles")
    data = read_outcomes(write_parquet(path, rows))
    return report_contests(User.of(data, 0), 0.01, 0)[0]


def test_a_curve_is_told_in_the_papers_figures() -> None:
    curve = Curve(np.array([0.0, 0.25, 1.0]), np.array([0.0, 0.8, 1.0]), weak=0.6, strong=0.9)
    assert curve.average() == pytest.approx(0.25 * 0.4 + 0.75 * 0.9)
    assert curve.calls_to_recover(0.5) == pytest.approx(0.25 * 0.5 / 0.8)
    assert curve.calls_to_recover(0.8) == pytest.approx(0.25)
    assert curve.calls_to_recover(0.9) == pytest.approx(0.25 + 0.75 / 2)
    assert curve.calls_for_performance(0.95) == pytest.approx(0.25 + 0.75 * (0.85 - 0.8) / 0.2)


def test_who_knows_which_queries_are_hard_recovers_all_with_as_many_calls(contest: Contest) -> None:
    found = curves(contest, Design(TrackerPolicy, pooled=False, value_usd=0.01))
    assert found["random"].average() == pytest.approx(0.5, abs=0.05)
    puzzles = float(np.mean([contest.user.data.tasks[query] == "puzzles" for query in contest.test]))
    for name in ("prompt length", "logistic router"):
        assert found[name].average() == pytest.approx(1 - puzzles / 2, abs=0.02)
        assert found[name].calls_to_recover(0.5) == pytest.approx(puzzles / 2, abs=0.03)


def test_a_market_whose_policy_never_looks_at_the_text_routes_like_chance(contest: Contest) -> None:
    few = replace(contest, train=contest.train[:20], test=contest.test[:20])
    found = curves(few, Design(TalliesPolicy, pooled=True, value_usd=0.01))
    assert found["market, practised, bounty swept"].average() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("name", "published"), [("peer_routellm_gsm8k", 2), ("other_gsm8k", 0)])
def test_published_figures_stand_beside_the_files_that_they_are_of_and_no_others(
    name: str, published: int, contest: Contest
) -> None:
    data = replace(contest.user.data, name=name)
    few = replace(contest, user=replace(contest.user, data=data), train=contest.train[:20], test=contest.test[:40])
    report = router_table("router", "Two models", few, Design(TrackerPolicy, pooled=False, value_usd=0.01))
    assert sum("published" in row[0] for row in report.rows) == published
    assert ("like-for-like" in report.notes[0]) == bool(published)


def test_a_file_of_more_models_has_no_strong_and_weak(made_up_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.outcomes.__main__ import main

    assert main([str(made_up_file), "--policy", "tracker", "--table", "router"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: made-up records 4 models; the router table is for two\n"
