"""RouteLLM's protocol: what a curve of performance against strong calls comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import read_outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.router import router_table, routes
from benchmarks.outcomes.routes import Curve, Pair, at_random, by_score, curve_of, resampled
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


def _pair(contest: Contest) -> Pair:
    scores = contest.user.data.scores[contest.test]
    return Pair(scores[:, 0], scores[:, 1])


def test_who_knows_which_queries_are_hard_recovers_all_with_as_many_calls(contest: Contest) -> None:
    found = routes(contest, Design(TrackerPolicy, pooled=False, value_usd=0.01))
    by_method = {name: curve_of(each, _pair(contest)) for name, each in found.items()}
    assert by_method["random"].figures() == pytest.approx((0.5, 50.0, 80.0, by_method["random"].figures()[3]))
    puzzles = float(np.mean([contest.user.data.tasks[query] == "puzzles" for query in contest.test]))
    for name in ("prompt length", "logistic router"):
        assert by_method[name].average() == pytest.approx(1 - puzzles / 2, abs=0.02)
        assert by_method[name].calls_to_recover(0.5) == pytest.approx(puzzles / 2, abs=0.03)


def test_a_market_whose_policy_never_looks_at_the_text_routes_like_chance(contest: Contest) -> None:
    few = replace(contest, train=contest.train[:20], test=contest.test[:20])
    found = routes(few, Design(TalliesPolicy, pooled=True, value_usd=0.01))
    curve = curve_of(found["market, practised, bounty swept"], _pair(few))
    assert curve.average() == pytest.approx(0.5, abs=0.01)


def test_a_query_that_counts_twice_is_as_two(contest: Contest) -> None:
    pair, scores = _pair(contest), np.linspace(1.0, 0.0, len(contest.test))
    counts = np.ones(len(scores))
    counts[:7] = 2.0
    twice = np.repeat(np.arange(len(scores)), counts.astype(int))
    found = curve_of(by_score(pair, scores), pair, counts)
    asked = by_score(pair, scores)
    alike = curve_of(asked._replace(strong=asked.strong[:, twice], scores=asked.scores[:, twice]),
                     Pair(pair.weak[twice], pair.strong[twice]))  # fmt: skip
    assert found.shares == pytest.approx(alike.shares)
    assert found.recovered == pytest.approx(alike.recovered)


@pytest.mark.slow
def test_the_error_of_a_figure_is_as_large_as_the_figure_varies_from_sample_to_sample() -> None:
    def figures(sample: np.random.Generator) -> tuple[float, float]:
        hard = sample.random(300)
        pair = Pair((sample.random(300) > 0.8 * hard).astype(float), (sample.random(300) > 0.2 * hard).astype(float))
        every = [by_score(pair, hard), at_random(pair)]
        return curve_of(every[0], pair).average(), float(resampled(every, pair, 1)[:, 0, 0].std())

    apart = [figures(np.random.default_rng(seed)) for seed in range(12)]
    assert np.std([apgr for apgr, _ in apart]) == pytest.approx(np.mean([error for _, error in apart]), rel=0.6)


def test_chance_has_no_error_and_a_sample_without_a_gap_none_that_is_known() -> None:
    sample = np.random.default_rng(0).random((2, 50))
    pair = Pair(sample[0] * 0.5, 0.5 + sample[1] * 0.5)
    assert resampled([at_random(pair)], pair, 1)[:, 0, :3].std(axis=0) == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert np.isnan(resampled([at_random(pair)], Pair(pair.strong, pair.weak), 1)).all()


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
