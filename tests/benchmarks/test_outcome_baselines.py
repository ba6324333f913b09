"""What an engineer would do instead: each rival does its best with what it is given."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from benchmarks.outcomes.baselines import cascades, choosing, economy, routers
from benchmarks.outcomes.baselines.bandits import FAMILIES, run, trained_bandit
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import NO_ANSWER, Outcomes, read_outcomes
from benchmarks.outcomes.held_out import baselines
from benchmarks.outcomes.splits import report_contests
from benchmarks.outcomes.user import User
from tests.benchmarks.made_up import made_up_rows, write_parquet

VALUE_USD = 0.01
BANDITS = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "LinUCB" else []) for name in FAMILIES]
)
"""By name; the one that solves for its weights before each query is left to the slow tests."""


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Contest:
    path = tmp_path_factory.mktemp("outcomes") / "rivals.parquet"
    data = read_outcomes(write_parquet(path, made_up_rows(queries=100, models=4, seed=5)))
    return report_contests(User.of(data, 0), VALUE_USD, 0)[0]


def on_training_rows(contest: Contest) -> Contest:
    """The same, measured on what is learned from."""
    return replace(contest, test=contest.train)


def utility(contest: Contest, played: object) -> float:
    return float(played.utilities(VALUE_USD).sum())  # type: ignore[attr-defined]


def test_best_single_is_the_best_model_of_the_training_rows(contest: Contest) -> None:
    asked = on_training_rows(contest)
    each = [utility(contest, choosing.always(asked, model)) for model in range(4)]
    assert utility(contest, choosing.best_single(asked)) == pytest.approx(max(each))


def test_the_cascade_is_the_best_of_all_pairs_and_thirds(contest: Contest) -> None:
    asked = on_training_rows(contest)
    data, rows = contest.user.data, contest.train
    accepts = contest.user.accepts()

    def brought(first: int, second: int, third: int) -> float:
        total = 0.0
        for query in rows:
            agreed = data.codes[query, first] == data.codes[query, second] != NO_ANSWER
            models = {first, second} if agreed else {first, second, third}
            total += accepts[query, first if agreed else third] * VALUE_USD
            total -= sum(data.costs_usd[query, model] for model in models)
        return total

    best = max(brought(a, b, c) for a, b in combinations(range(4), 2) for c in range(4))
    assert utility(contest, cascades.agreement_cascade(asked)) == pytest.approx(best)


@pytest.mark.parametrize(("shown", "called"), [(2, "pair"), (3, "trio")])
def test_a_fixed_set_is_the_best_of_all_sets_of_as_many_as_the_user_looks_at_or_fewer(
    shown: int, called: str, contest: Contest
) -> None:
    asked = on_training_rows(contest)
    accepts, costs = contest.user.accepts()[contest.train], contest.user.data.costs_usd[contest.train]
    sets = [list(chosen) for size in range(1, shown + 1) for chosen in combinations(range(4), size)]
    best = max(accepts[:, each].any(axis=1).sum() * VALUE_USD - costs[:, each].sum() for each in sets)
    found = {name: method for (name, _), method in baselines(shown, orders=1).items()}
    assert utility(contest, found[f"best fixed {called}, all shown"](asked)) == pytest.approx(best)


@pytest.mark.slow
def test_no_choice_of_one_model_beats_the_oracle(contest: Contest) -> None:
    bound = utility(contest, choosing.oracle(contest))
    for (name, _), method in baselines(shown=1, orders=1).items():
        if "cascade" not in name and name != "perfect verifier":
            assert utility(contest, method(contest)) <= bound + 1e-9, name


def test_a_perfect_verifier_stops_at_the_first_right_answer(contest: Contest) -> None:
    played = cascades.perfect_verifier(contest)
    order = cascades.verified_order(contest)
    accepts = contest.user.accepts()
    for query, accepted, stages in zip(played.queries, played.accepted, played.stages, strict=True):
        right = [bool(accepts[query, model]) for model in order]
        assert accepted == any(right)
        assert stages == (right.index(True) + 1 if any(right) else len(order))


@pytest.mark.parametrize("shown", [[], [2], [3, 1, 0]])
def test_a_graded_score_is_that_of_the_answer_taken_and_of_no_better_one_that_was_not_asked_for(
    shown: list[int], contest: Contest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = np.random.default_rng(1).random(contest.user.data.scores.shape)
    graded = replace(contest, user=User(replace(contest.user.data, scores=scores), contest.user.draws))
    taken = [
        next((scores[query, model] for model in shown if scores[query, model] > graded.user.draws[query]), None)
        for query in contest.test
    ]
    told = [
        float(score or (shown and scores[query, shown[0]]) or 0.0)
        for query, score in zip(contest.test, taken, strict=True)
    ]
    monkeypatch.setattr(cascades, "verified_order", lambda _: shown)
    assert cascades.perfect_verifier(graded).scores.tolist() == told
    monkeypatch.setattr(cascades, "best_set", lambda *_: tuple(shown))
    if shown:
        assert cascades.fixed_set(graded, 3).scores.tolist() == told


@BANDITS
def test_a_bandit_finds_a_model_that_is_far_better(contest: Contest, name: str) -> None:
    data = contest.user.data
    scores = np.zeros_like(data.scores)
    scores[:, 2] = 1.0
    costs = np.full_like(data.costs_usd, 1e-4)
    easy = replace(contest, user=User(replace(data, scores=scores, costs_usd=costs), contest.user.draws))
    assert trained_bandit(easy, FAMILIES[name], orders=1).accepted.all()


@BANDITS
def test_a_bandit_learns_from_nothing_but_what_it_asked(contest: Contest, name: str) -> None:
    family, data = FAMILIES[name], contest.user.data
    contexts = family.contexts(contest)

    def chosen(changed: Contest) -> list[float]:
        bandit = family.make(4, *family.constants[0])
        return list(run(bandit, changed, contest.train, contexts, seed=1).costs_usd)

    asked = chosen(contest)
    costs = data.costs_usd.copy()
    for query, spent in zip(contest.train, asked, strict=True):
        costs[query, costs[query] != spent] = 0.123
    elsewhere = replace(contest, user=User(replace(data, costs_usd=costs), contest.user.draws))
    assert chosen(elsewhere) == asked


@BANDITS
def test_a_bandit_learns_from_few_queries(tmp_path: Path, name: str) -> None:
    data = read_outcomes(write_parquet(tmp_path / "few.parquet", made_up_rows(queries=10, models=2)))
    few = report_contests(User.of(data, 0), 0.01, 0)[0]
    assert len(trained_bandit(few, FAMILIES[name], 1).queries) == 5


def test_money_in_the_economy_comes_from_bounties_and_goes_to_costs_and_the_house(contest: Contest) -> None:
    rival = economy.Economy(contest, share=0.05, opening=1.0, stages_max=4)
    before = rival.wealth.sum()
    played = rival.play(contest.train[:1], learning=True)
    house = rival.wealth.sum() - before - utility(contest, played)
    assert house < 0
    assert played.stages.max() <= 3


@pytest.mark.slow
def test_text_tells_a_router_which_model_knows_a_subject(tmp_path: Path) -> None:
    rows = made_up_rows(queries=300, models=2)
    for row in rows:
        row["score"] = float((row["task"] == "sums") == (row["model"] == "model-a"))
        row["cost_usd"] = 0.001
    data = read_outcomes(write_parquet(tmp_path / "subjects.parquet", rows))
    contest = report_contests(User.of(data, 0), VALUE_USD, 0)[0]
    for router in (routers.knn_router, routers.logistic_router, choosing.task_table):
        assert router(contest).accepted.mean() > 0.95
    assert choosing.best_single(contest).accepted.mean() < 0.7


@pytest.mark.slow
def test_no_rival_looks_at_the_answers_to_what_it_is_tested_on(made_up: Outcomes) -> None:
    asked = report_contests(User.of(made_up, 0), VALUE_USD, 0)[0]
    scores, costs = made_up.scores.copy(), made_up.costs_usd.copy()
    scores[asked.test] = 1 - scores[asked.test]
    other = replace(asked, user=User(replace(made_up, scores=scores, costs_usd=costs), asked.user.draws))
    for (name, learns_from), method in baselines(shown=3, orders=1).items():
        if learns_from != "a bound" and "cascade" not in name:
            assert method(asked).costs_usd.tolist() == method(other).costs_usd.tolist(), name
