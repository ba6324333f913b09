"""Societies of recorded models that change: who comes, goes and improves when, and the planners that are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import tables
from benchmarks.outcomes import change, measures, report
from benchmarks.outcomes.__main__ import main
from benchmarks.outcomes.baselines import one_step, q_learning
from benchmarks.outcomes.baselines.bandits import FAMILIES, EpsilonGreedy, Family
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.baselines.one_step import OneStepPlanner
from benchmarks.outcomes.baselines.planning import Turn, best_maker, play_planner
from benchmarks.outcomes.baselines.q_learning import Constants, QPlanner, leading, q_makers
from benchmarks.outcomes.changes import Cast, Society, changing_society, mean_utilities, static_society
from benchmarks.outcomes.data import Outcomes, read_outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.played import Played
from benchmarks.outcomes.splits import report_contests
from benchmarks.outcomes.user import User
from benchmarks.society.change import FORMS, Form
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Observation, Valuation
from orchestrator.core.keys import derive_seed
from orchestrator.errors import BrokenLaw, InvalidRequest
from orchestrator.ledger import Book
from tests.benchmarks.made_up import made_up_rows, write_parquet
from tests.benchmarks.tallies import TRANSFORMER, TalliesPolicy

VALUE_USD = 0.01
MODELS = 6
LEARNERS = Design(TrackerPolicy, pooled=False, value_usd=VALUE_USD)


class EveryoneWorks(TalliesPolicy):
    """Buys every model's work before an answer is shown, and loses little by it."""

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        bids = [0.5 if seen.role == TRANSFORMER else 0.45 for seen in observations]
        return Valuation(bids, [0.0] * len(bids))


EVERYONE_WORKS = Design(EveryoneWorks, pooled=True, value_usd=1.0)


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Forty queries to six models."""
    path = tmp_path_factory.mktemp("change") / "six.parquet"
    return read_outcomes(write_parquet(path, made_up_rows(models=MODELS)))


@pytest.fixture
def contest(six: Outcomes) -> Contest:
    return contest_of(six)


def contest_of(data: Outcomes, seed: int = 0) -> Contest:
    return report_contests(User.of(data, seed), VALUE_USD, seed)[0]


def all_queries(contest: Contest) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(1).permutation(len(contest.user.data))


def changed(contest: Contest) -> tuple[Cast, Society]:
    cast = Cast.of(contest)
    return cast, changing_society(contest, cast, all_queries(contest))


def test_models_are_cast_by_what_they_bring_on_the_whole_record(contest: Contest) -> None:
    cast, means = Cast.of(contest), mean_utilities(contest)
    ranks = np.argsort(-means).tolist()
    assert [cast.best, cast.competitor, cast.improver] == [ranks[0], ranks[1], ranks[4]]
    assert len(set(cast.late)) == 2
    assert set(cast.late) < {ranks[2], ranks[3], ranks[5]}
    assert len({Cast.of(replace(contest, seed=seed)).late for seed in range(5)}) > 1


def test_each_phase_has_its_own_models_and_every_query_comes_once(contest: Contest) -> None:
    cast, society = changed(contest)
    first, second, third, fourth, fifth = (set(phase.present) for phase in society.phases)
    assert set(range(MODELS)) - first == {cast.best, *cast.late}
    assert second - first == {cast.best}
    assert third == second
    assert fourth == first
    assert fifth - fourth == set(cast.late)
    assert sorted(np.concatenate([phase.queries for phase in society.phases])) == list(range(40))
    assert {len(phase.queries) for phase in society.phases} == {8}


@pytest.mark.slow
def test_in_the_market_exactly_those_work_who_are_there(contest: Contest) -> None:
    _, society = changed(contest)
    assert works(society) == [len(phase.present) for phase in society.phases for _ in phase.queries]
    assert works(static_society(contest, all_queries(contest))) == [MODELS] * 40


def works(society: Society) -> list[int]:
    """How many models worked on each query; the charges must be those of who is there, on the record as it reads."""
    played = change.play_market(society, EVERYONE_WORKS, seed=0)
    costs = society.contest.user.data.costs_usd
    expected = [costs[query, phase.present].sum() for phase in society.phases for query in phase.queries]
    assert played.costs_usd.tolist() == pytest.approx(expected)
    return [int(each) for each in played.stages]


def test_the_model_that_improves_answers_as_the_competitor_from_the_third_phase_on(contest: Contest) -> None:
    cast, society = changed(contest)
    before, after = contest.user.data, society.contest.user.data
    late = np.concatenate([phase.queries for phase in society.phases[2:]])
    early = np.concatenate([phase.queries for phase in society.phases[:2]])
    for name in ("scores", "costs_usd", "codes"):
        was, now = getattr(before, name), getattr(after, name)
        assert (now[late, cast.improver] == was[late, cast.competitor]).all()
        assert (now[early, cast.improver] == was[early, cast.improver]).all()
        others = np.delete(np.arange(MODELS), cast.improver)
        assert (now[:, others] == was[:, others]).all()
    assert all(after.answers[query][cast.improver] == before.answers[query][cast.competitor] for query in late)
    assert all(after.answers[query] == before.answers[query] for query in early)
    assert after.models == before.models
    assert (before.costs_usd[late, cast.improver] != before.costs_usd[late, cast.competitor]).all()


def test_books_that_do_not_balance_stop_a_changing_market(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    _, society = changed(contest)
    change.play_market(society, LEARNERS, seed=0)
    monkeypatch.setattr(Book, "totals", lambda self: {"USD": 1})
    with pytest.raises(BrokenLaw, match="do not balance"):
        change.play_market(society, LEARNERS, seed=0)


def test_three_models_are_enough_and_two_are_not(tmp_path: Path) -> None:
    three = contest_of(read_outcomes(write_parquet(tmp_path / "three.parquet", made_up_rows(models=3))))
    cast, society = changed(three)
    assert cast.late == ()
    assert [len(phase.present) for phase in society.phases] == [2, 3, 3, 2, 2]
    assert "no change" in change.describe(cast, three.user.data.models)
    four = contest_of(read_outcomes(write_parquet(tmp_path / "four.parquet", made_up_rows(models=4))))
    assert len(Cast.of(four).late) == 1
    two = contest_of(read_outcomes(write_parquet(tmp_path / "two.parquet", made_up_rows(models=2))))
    with pytest.raises(InvalidRequest, match="two records 2 models"):
        Cast.of(two)


@dataclass
class Notebook:
    """A planner that notes what it may ask and whether it learns, and asks the first that it may."""

    models: tuple[int, ...]
    notes: list[tuple[tuple[int, ...], bool, int]]
    knows: list[int] = field(default_factory=list)

    def play(self, society: Society, query: int, *, learning: bool) -> Turn:
        self.notes.append((self.models, learning, len(self.knows)))
        if learning:
            self.knows.append(query)
        return Turn((self.models[0],), self.models[0])

    def extended(self, models: Sequence[int]) -> Notebook:
        return replace(self, models=tuple(models))


def noted(form: Form, society: Society) -> list[tuple[tuple[int, ...], bool, int]]:
    """What a form of planner may ask, whether it learns, and how many queries it knows, as each phase begins."""
    notes: list[tuple[tuple[int, ...], bool, int]] = []
    play_planner(lambda models, _: Notebook(tuple(models), notes), form, society, seed=0)
    return notes[:: len(society.phases[0].queries)]


def test_each_form_of_planner_is_told_what_it_should_be(contest: Contest) -> None:
    _, society = changed(contest)
    present = [phase.present for phase in society.phases]
    assert noted("fixed", society) == [(present[0], True, 8 * number) for number in range(5)]
    assert noted("frozen", society) == [(present[0], number == 0, 8 * min(number, 1)) for number in range(5)]
    assert noted("retrained", society) == [(models, True, 0) for models in present]
    assert noted("extended", society) == [(models, True, 8 * number) for number, models in enumerate(present)]


def test_what_a_planner_spends_is_what_those_cost_whom_it_asked(contest: Contest) -> None:
    _, society = changed(contest)
    data = society.contest.user.data
    for form in FORMS:
        played = play_planner(q_makers(MODELS)[-1], form, society, seed=0)
        assert played.stages.max() > 1
        single = played.stages == 1
        for query, spent in zip(played.queries[single], played.costs_usd[single], strict=True):
            assert spent in data.costs_usd[query]


def test_the_leading_answer_is_the_most_given_and_silence_agrees_with_none() -> None:
    codes = np.array([0, 1, 0, -1, -1])
    assert leading(codes, []) == (-1, 0)
    assert leading(codes, [0, 1]) == (1, 1)
    assert leading(codes, [0, 1, 2]) == (2, 2)
    assert leading(codes, [3, 4]) == (4, 0)
    assert leading(codes, [0, 3]) == (0, 1)


def referee(queries: int = 600) -> Contest:
    """Two cheap models that are right when they agree, and one that is dear and always right."""
    draws = np.random.default_rng(0)
    codes = np.stack([draws.random(queries) < 0.4, draws.random(queries) < 0.4, np.zeros(queries)], axis=1).astype(int)
    codes[:, 1] *= 2
    scores = (codes == 0).astype(float)
    costs = np.tile([1e-4, 1e-4, 4e-3], (queries, 1))
    words = tuple(tuple(map(str, row)) for row in codes.tolist())
    folds = np.arange(queries) % 10
    prompts = tuple(map(str, range(queries)))
    data = Outcomes("referee", ("a", "b", "c"), ("t",) * queries, folds, prompts, scores, costs, words, codes)
    return contest_of(data)


def test_q_learning_finds_that_agreement_is_enough_and_asks_a_third_where_there_is_none() -> None:
    contest = referee()
    society = static_society(contest, np.arange(600))
    constants = Constants(further=1.0, explore=0.5, step_min=0.0, traces=True)
    planner = QPlanner(constants, np.ones(3, np.bool_), np.random.default_rng(0))
    for query in range(600):
        planner.play(society, query, learning=True)
    turns = [planner.play(society, query, learning=False) for query in range(600)]
    best_alone = contest.utilities(np.arange(600)).mean(axis=0).max()
    right = np.array([contest.user.data.scores[query, turn.shown] for query, turn in enumerate(turns)])
    spent = [contest.user.data.costs_usd[query, list(turn.asked)].sum() for query, turn in enumerate(turns)]
    assert (VALUE_USD * right - np.array(spent)).mean() > best_alone
    assert {len(turn.asked) for turn in turns} == {2, 3}


def test_in_hindsight_each_phase_has_the_best_of_those_who_are_there(contest: Contest) -> None:
    cast, society = changed(contest)
    asked = [cast.competitor, cast.best, cast.best, cast.competitor, cast.competitor]
    played = change.in_hindsight(contest, society)
    costs = society.contest.user.data.costs_usd
    expected = [
        costs[query, model] for model, phase in zip(asked, society.phases, strict=True) for query in phase.queries
    ]
    assert played.costs_usd.tolist() == expected


def test_a_planner_that_does_not_learn_stays_as_it_is(contest: Contest) -> None:
    society = static_society(contest, all_queries(contest))
    planner = q_makers(MODELS)[0](range(MODELS), 0)
    assert isinstance(planner, QPlanner)
    first = [planner.play(society, query, learning=False) for query in range(5)]
    assert planner.queries == 0
    assert [planner.play(society, query, learning=False) for query in range(5)] == first
    planner.play(society, 0, learning=True)
    assert planner.queries == 1


def test_an_extended_bandit_keeps_what_it_saw_of_those_who_stay(contest: Contest) -> None:
    society = static_society(contest, all_queries(contest))
    family = FAMILIES["Thompson sampling"]
    contexts = family.contexts(contest)
    planner = OneStepPlanner(family, (8, 1), contexts, (0, 1, 2), np.random.default_rng(0))
    for query in range(40):
        planner.play(society, query, learning=True)
    assert planner.extended((0, 1, 2)).play(society, 0, learning=False) == planner.play(society, 0, learning=False)
    newcomer = planner.extended((0, 1, 2, 5))
    assert newcomer.play(society, 0, learning=False).asked == (5,), "who has not been tried promises most"
    fresh = OneStepPlanner(family, (8, 1), contexts, (0, 1, 2), np.random.default_rng(0))
    assert fresh.play(society, 0, learning=False).asked == (0,)


def test_constants_are_those_that_bring_most(contest: Contest) -> None:
    society = static_society(contest, all_queries(contest))
    makers = q_makers(MODELS)[::6]

    def brought(played: Played) -> float:
        return float(played.utilities(VALUE_USD).sum())

    chosen = best_maker(makers, "fixed", [society], seed=0)
    seed = derive_seed(0, 0)
    utilities = [brought(play_planner(make, "fixed", society, seed)) for make in makers]
    assert brought(play_planner(chosen, "fixed", society, seed)) == max(utilities) > min(utilities)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two orders and few constants, so that a whole table takes a second."""
    monkeypatch.setattr(change, "ORDERS", 2)
    monkeypatch.setattr(change, "TUNING_ORDERS", 1)
    monkeypatch.setattr(q_learning, "TRIED", q_learning.TRIED[::8])
    monkeypatch.setattr(one_step, "FAMILIES", {"eps-greedy": Family(EpsilonGreedy, [(1, 0.0), (4, 0.01)])})


@pytest.mark.slow
@pytest.mark.usefixtures("few_draws")
def test_the_table_and_the_plot_get_into_the_docs_and_are_the_same_for_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = tmp_path / "docs"
    (docs / "images").mkdir(parents=True)
    monkeypatch.setattr(tables, "DOCS", docs)
    monkeypatch.setattr(report, "DOCS", docs)
    key = "outcomes/small/0.01/1/change"
    page = docs / "learning.md"
    page.write_text(f"<!-- benchmark {key} -->\n<!-- end {key} -->\n")
    (tmp_path / "README.md").write_text("")
    path = write_parquet(tmp_path / "small.parquet", made_up_rows(models=3, queries=10))
    asked = [str(path), "--policy", "tracker", "--value", "0.01", "--table", "change", "--json"]
    said = []
    for more in (["--write"], [], ["--seed", "1"]):
        assert main([*asked, *more]) == 0
        said.append(json.loads(capsys.readouterr().out)["rows"])
    assert said[0] == said[1] != said[2]
    assert {(row["society"], row["who decides"]) for row in said[0]} == {
        (society, player)
        for society in ("static", "changing")
        for player in (
            change.HINDSIGHT,
            measures.MARKET,
            *(f"{kind}, {form}" for kind in (change.Q_LEARNING, change.ONE_STEP) for form in FORMS),
        )
    }
    assert "| changing | market |" in page.read_text()
    picture = docs / "images" / "change-small-0.01-1.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 200_000


def test_too_few_queries_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in made_up_rows(models=3, queries=7) if row["fold"] in (0, 1, 5, 6)]
    path = write_parquet(tmp_path / "four.parquet", rows)
    assert main([str(path), "--policy", "tracker", "--table", "change"]) == 2
    assert capsys.readouterr().err == "error: four has 4 queries to play; a society that changes needs 5\n"


def test_too_few_models_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_parquet(tmp_path / "two.parquet", made_up_rows(models=2))
    assert main([str(path), "--policy", "tracker", "--table", "change"]) == 2
    assert capsys.readouterr().err.startswith("error: two records 2 models")


@pytest.mark.usefixtures("few_draws")
def test_within_the_training_folds_neither_the_cast_nor_a_society_comes_from_the_others(contest: Contest) -> None:
    learned = contest.train
    inside = replace(contest, train=learned[::2], test=learned[1::2])
    scores = contest.user.data.scores.copy()
    scores[contest.test] = 1.0 - scores[contest.test]
    elsewhere = replace(inside, user=replace(contest.user, data=replace(contest.user.data, scores=scores)))
    assert Cast.of(elsewhere) == Cast.of(inside)
    played = change.play_societies(inside, Design(TalliesPolicy, pooled=True, value_usd=inside.value_usd))
    assert {query for society in played for query in society.streams[0].orders[0].queries.tolist()} == set(
        learned.tolist()
    )
