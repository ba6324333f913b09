"""The market on recorded outcomes: what bidders see, what is charged, and who is shown what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Outcomes, read_outcomes
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.players import ModelPlayer, cost_bounds_nanos, cost_nanos
from benchmarks.outcomes.regimes import newcomer_share, practised, requests_to_settle
from benchmarks.outcomes.splits import report_contests, validation_contests
from benchmarks.outcomes.user import User
from bidders.policies.bayes import BayesPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Observation
from orchestrator.core.keys import digest_text
from orchestrator.engine.simulation import Delivery
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Book
from tests.benchmarks.made_up import made_up_rows, write_parquet
from tests.benchmarks.tallies import TalliesPolicy

LEARNERS = Design(TrackerPolicy, pooled=False, value_usd=0.01)
PRACTISED = Design(TalliesPolicy, pooled=True, value_usd=0.01)


def contest_of(data: Outcomes, value_usd: float = 0.01) -> Contest:
    return report_contests(User.of(data, 0), value_usd, 0)[0]


def test_what_was_spent_is_what_the_record_says(made_up: Outcomes) -> None:
    market = OutcomeMarket(User.of(made_up, 0), LEARNERS)
    played = market.learn(made_up.training())
    assert len(played.queries) == len(market.worked) == 20
    for query, spent, workers in zip(played.queries, played.costs_usd, market.worked, strict=True):
        assert spent == pytest.approx(sum(made_up.costs_usd[query, model] for model in workers))


def test_the_user_takes_exactly_what_is_right(made_up: Outcomes) -> None:
    user = User.of(made_up, 0)
    played = OutcomeMarket(user, LEARNERS).learn(made_up.training())
    assert (played.accepted == (played.scores > user.draws[played.queries])).all()
    assert 0 < played.accepted.sum() < len(played.queries)


def test_a_graded_score_is_the_chance_to_be_taken(tmp_path: Path) -> None:
    rows = made_up_rows(queries=400, models=2, graded=True)
    data = read_outcomes(write_parquet(tmp_path / "graded.parquet", rows))
    assert User.of(data, 0).accepts().mean() == pytest.approx(data.scores.mean(), abs=0.06)


def test_a_charge_that_the_record_does_not_know_stops_the_run(
    made_up: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ModelPlayer.transform

    def overcharge(self: ModelPlayer, *given: object) -> Delivery:
        work = honest(self, *given)  # type: ignore[arg-type]
        return work._replace(cost_nanos=work.cost_nanos + 1)

    monkeypatch.setattr(ModelPlayer, "transform", overcharge)
    with pytest.raises(BrokenLaw, match="charged something else than the record says"):
        OutcomeMarket(User.of(made_up, 0), LEARNERS).learn(made_up.training())


def test_an_answer_that_only_repeats_the_query_is_a_fault_that_costs_what_it_cost(tmp_path: Path) -> None:
    rows = made_up_rows(queries=40, models=2)
    for row in rows:
        row["prompt"] = str(row["prompt"])[:-1]
        row["answer"] = row["prompt"] if row["model"] == "model-b" else "1"
    data = read_outcomes(write_parquet(tmp_path / "parrot.parquet", rows))
    market = OutcomeMarket(User.of(data, 0), PRACTISED)
    played = market.test(data.test())
    assert any(len(workers) == 2 for workers in market.worked)
    for query, spent, workers in zip(played.queries, played.costs_usd, market.worked, strict=True):
        assert spent == pytest.approx(sum(data.costs_usd[query, model] for model in workers))


def test_books_that_do_not_balance_stop_the_run(made_up: Outcomes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "totals", lambda self: {"USD": 1})
    with pytest.raises(BrokenLaw, match="do not balance"):
        OutcomeMarket(User.of(made_up, 0), LEARNERS).learn(made_up.training())


def test_nobody_sees_what_a_model_will_say_score_or_cost(made_up: Outcomes) -> None:
    def seen(data: Outcomes) -> list[Observation]:
        policy = TalliesPolicy()
        OutcomeMarket(User.of(data, 0), replace(PRACTISED, policy=lambda: policy)).test(data.test())
        return [each for each in policy.seen if not each.contributions]

    other = replace(
        made_up,
        scores=1 - made_up.scores,
        costs_usd=np.where(made_up.costs_usd == made_up.costs_usd.max(axis=0), made_up.costs_usd, 1e-5),
        answers=tuple(tuple("something else" for _ in row) for row in made_up.answers),
    )
    first = seen(made_up)
    assert first
    assert first == seen(other)


def test_a_models_worst_case_covers_every_answer(made_up: Outcomes) -> None:
    bounds = cost_bounds_nanos(made_up)
    for query in range(len(made_up)):
        assert all(cost_nanos(made_up, query, model) <= bound for model, bound in enumerate(bounds))


def test_models_that_agree_make_one_claim_and_silence_makes_none(tmp_path: Path) -> None:
    rows = made_up_rows(queries=10, models=3)
    for row in rows:
        row["answer"] = {"model-a": "8", "model-b": "8.0", "model-c": None}[row["model"]]
    data = read_outcomes(write_parquet(tmp_path / "agreed.parquet", rows))
    policy = TalliesPolicy(works=3)
    design = replace(PRACTISED, policy=lambda: policy)
    market = OutcomeMarket(User.of(data, 0), design)
    market.practise(data.training())
    market.test(data.test())
    held = {piece.author: piece.claim for seen in policy.seen for piece in seen.contributions}
    assert held == {"model-a": digest_text("8"), "model-b": digest_text("8"), "model-c": ""}


def test_practice_shows_every_models_work_on_the_training_queries_only(made_up: Outcomes) -> None:
    market = OutcomeMarket(User.of(made_up, 0), PRACTISED)
    market.practise(made_up.training())
    assert market.memories["market"] == {
        name: pytest.approx(
            (made_up.scores[made_up.training(), model].mean(), made_up.costs_usd[made_up.training(), model].mean())
        )
        for model, name in enumerate(made_up.models)
    }


def test_a_practised_market_asks_the_model_that_was_best(made_up: Outcomes) -> None:
    contest = contest_of(made_up)
    best = int(contest.train_utilities().mean(axis=0).argmax())
    played = practised(contest, PRACTISED)
    assert played.costs_usd.tolist() == pytest.approx(made_up.costs_usd[contest.test, best].tolist())


def test_testing_neither_learns_nor_explores(made_up: Outcomes) -> None:
    market = OutcomeMarket(User.of(made_up, 0), LEARNERS)
    market.learn(made_up.training())
    before = dict(market.memories)
    first = market.test(made_up.test())
    assert market.memories == before
    assert (market.test(made_up.test()).costs_usd == first.costs_usd).all()


def test_of_several_answers_the_user_takes_a_right_one_if_there_is_one(made_up: Outcomes) -> None:
    user = User.of(made_up, 0)
    design = replace(PRACTISED, policy=lambda: TalliesPolicy(works=3), shown=3)
    market = OutcomeMarket(user, design)
    market.practise(made_up.training())
    played = market.test(made_up.test())
    assert {len(workers) for workers in market.worked} == {3}
    any_right = [
        user.accepts()[query, list(workers)].any() for query, workers in zip(played.queries, market.worked, strict=True)
    ]
    assert played.accepted.tolist() == any_right
    assert not (played.accepted == user.accepts()[played.queries, [workers[0] for workers in market.worked]]).all()


def test_a_presenter_shows_no_more_answers_than_the_user_looks_at(made_up: Outcomes) -> None:
    accepted = {}
    for shown in (1, 2, 3):
        design = replace(PRACTISED, policy=lambda: TalliesPolicy(works=3), shown=shown)
        market = OutcomeMarket(User.of(made_up, 0), design)
        market.practise(made_up.training())
        accepted[shown] = int(market.test(made_up.test()).accepted.sum())
    assert accepted[1] < accepted[2] < accepted[3]


def test_the_same_seed_gives_the_same_run_and_another_does_not(made_up: Outcomes) -> None:
    def spent(seed: int) -> list[float]:
        return list(OutcomeMarket(User.of(made_up, 0), LEARNERS, seed).learn(made_up.training()).costs_usd)

    assert spent(0) == spent(0)
    assert spent(0) != spent(1)


def test_a_newcomer_works_only_after_its_entry(made_up: Outcomes) -> None:
    market = OutcomeMarket(User.of(made_up, 0), LEARNERS, absent=frozenset({3}))
    market.learn(made_up.training())
    assert not any(3 in workers for workers in market.worked)
    market.enter(3)
    market.learn(made_up.test())
    assert any(3 in workers for workers in market.worked)
    assert newcomer_share(contest_of(made_up), LEARNERS, 3, order=0).dtype == bool


@pytest.mark.parametrize(
    ("shares", "requests", "final"),
    [
        ([0.5] * 200, 10, 0.5),
        ([0.0] * 100 + [0.4] * 300, 140, 0.4),
        ([1.0] * 100 + [0.4] * 300, 144, 0.4),
        ([0.0] * 200, None, 0.0),
        ([0.0] * 100 + [0.01] * 100, None, 0.01),
    ],
)
def test_a_newcomer_has_settled_when_its_share_is_near_its_final_one(
    shares: list[float], requests: int | None, final: float
) -> None:
    settled = requests_to_settle(np.array(shares))
    assert settled[0] == requests
    assert settled[1] == pytest.approx(final)


def test_choosing_never_touches_the_folds_of_the_report(made_up: Outcomes) -> None:
    contests = validation_contests(User.of(made_up, 0), 0.01, 0)
    assert len(contests) == 5
    for contest in contests:
        assert set(made_up.folds[np.concatenate([contest.train, contest.test])]) == set(range(5))
        assert not set(contest.train) & set(contest.test)
        assert len(set(made_up.folds[contest.test])) == 2


def without_answers(tmp_path: Path, queries: int, models: int) -> User:
    rows = made_up_rows(queries, models, seed=1)
    return User.of(read_outcomes(write_parquet(tmp_path / "made_up.parquet", rows)).without_answers(), 0)


def offers_without_answers(tmp_path: Path, shown: int) -> list[dict[str, Any]]:
    design = Design(lambda: BayesPolicy(pool="p", answers=shown), pooled=True, value_usd=0.01, shown=shown)
    market = OutcomeMarket(without_answers(tmp_path, 40, 3), design)
    market.learn(market.user.data.training())
    stored: list[dict[str, Any]] = market.memories["market"]["offers"]["stored"]
    return stored


@pytest.mark.parametrize("shown", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_of_works_that_claim_nothing_as_many_are_shown_as_the_user_looks_at(tmp_path: Path, shown: int) -> None:
    assert max(len(offer["authors"]) for offer in offers_without_answers(tmp_path, shown)) == shown


def test_of_works_that_claim_nothing_the_others_are_known_to_be_hidden(tmp_path: Path) -> None:
    assert any(offer.get("hidden") for offer in offers_without_answers(tmp_path, 1))


@pytest.mark.slow
def test_where_no_answer_is_known_a_market_learns_to_ask_one_good_model(tmp_path: Path) -> None:
    user = without_answers(tmp_path, 800, 6)
    market = OutcomeMarket(user, Design(lambda: BayesPolicy(pool="p"), pooled=True, value_usd=0.05))
    market.learn(user.data.training())
    played = market.test(user.data.test())
    alone = user.accepts()[played.queries].mean(axis=0) * 0.05 - user.data.costs_usd[played.queries].mean(axis=0)
    assert played.stages.mean() < 1.1
    assert played.utilities(0.05).mean() > sorted(alone)[-3]
