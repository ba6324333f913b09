"""What policies say that they believe: the tables of `bayes`, `tracker` and `calibrated`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.contexts import context_of, lots_in_words
from bidders.policies.describing import ROWS_MAX
from bidders.policies.pooled.describing import chances_right
from bidders.policies.pooled.kinds import UNKNOWN_KIND
from bidders.policies.pooled.pool import Fit
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Beliefs, Lesson, Work
from orchestrator.engine.describing import read_tables
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, QUESTION, Player, Quiz, observe

NANOS = 10**9


def tables(policy: Any, memory: Any) -> dict[str, list[dict[str, Any]]]:
    """What a policy believes, by the first three words of a title: rows by column."""
    found: Sequence[Beliefs] = read_tables(policy.describe(memory))
    return {
        " ".join(each.title.split()[:3]): [dict(zip(each.columns, row, strict=True)) for row in each.rows]
        for each in found
    }


@pytest.mark.parametrize("policy", [BayesPolicy(), BayesPolicy(by=["stage"]), TrackerPolicy(), CalibratedPolicy()])
def test_who_has_learned_nothing_has_nothing_to_say(policy: Any) -> None:
    assert list(policy.describe(None)) == []
    assert list(policy.describe(policy.learn(None, []))) == []


# --- bayes ---

PLAYERS = {"strong": Player(2.5), "dear": Player(2.5, cost_usd=0.02), "weak": Player(-1.0), "hopeless": Player(-3.0)}


@pytest.fixture(scope="module")
def quiz() -> Quiz:
    made = Quiz(PLAYERS)
    made.memory = made.policy.practise(None, made.lessons(300))
    return made


def test_the_bidders_come_in_the_order_of_what_asking_them_first_promises(quiz: Quiz) -> None:
    rows = tables(quiz.policy, quiz.memory)["Whom to ask"]
    seen = [observe(row["bidder"], "transformer", ()) for row in rows]
    means = list(quiz.policy.value(quiz.memory, seen).means)
    assert means == pytest.approx(sorted(means, reverse=True), abs=1e-6 * BOUNTY_USD)
    assert rows[0]["bidder"] == "strong"
    assert rows[-1]["bidder"] == "dear", "its answers are as good, and cost more than they bring"


def test_the_chance_of_a_bidder_is_near_the_share_of_its_works_that_were_right(quiz: Quiz) -> None:
    lessons = quiz.lessons(300)
    for row in tables(quiz.policy, quiz.memory)["Whom to ask"]:
        right = np.mean([work.score for each in lessons for work in each.works if work.bidder == row["bidder"]])
        assert row["chance right"] == pytest.approx(right, abs=0.05)
        assert row["works seen"] == pytest.approx(300, abs=30)
        assert row["a work costs USD"] == pytest.approx(PLAYERS[row["bidder"]].cost_usd, rel=0.05)


def test_a_chance_counts_that_another_claim_than_the_evident_one_may_be_right() -> None:
    abilities = Fit.from_json(BayesPolicy().learn(None, [])["fit"]).abilities
    world = abilities.world()
    evident, speaks = abilities.proven_by_class()[0], 1.0 - abilities.silence.by_chance[0]
    wrong = world.decoys * world.upsets
    expected = speaks * float(np.sum(world.classes * (evident * (1 - world.decoys) + (1 - evident) * wrong)))
    assert chances_right(abilities)[0] == pytest.approx(expected)


def test_places_in_the_plan_are_those_of_a_request_of_unknown_kind(quiz: Quiz) -> None:
    fit = Fit.from_json(quiz.memory["fit"])
    places = {row["bidder"]: row["in the plan"] for row in tables(quiz.policy, quiz.memory)["Whom to ask"]}
    plan = [fit.names[each] for each in fit.plans[UNKNOWN_KIND]]
    assert plan
    assert [places.pop(name) for name in plan] == [str(place) for place in range(1, len(plan) + 1)]
    assert set(places.values()) <= {""}


def test_whom_to_ask_is_said_before_anything_was_ever_paid(quiz: Quiz) -> None:
    paid_nothing = [each._replace(bounty_usd=0.0) for each in quiz.lessons(20)]
    memory = quiz.policy.practise(None, paid_nothing)
    assert len(tables(quiz.policy, memory)["Whom to ask"]) == len(PLAYERS)


def test_who_says_what_another_has_said_is_named_with_the_share_of_requests() -> None:
    quiz = Quiz({"ann": Player(0.5), "cid": Player(0.3), "dan": Player(0.3)})
    echoed = [each._replace(works=(*each.works, each.works[0]._replace(bidder="bob"))) for each in quiz.lessons(100)]
    (row,) = tables(quiz.policy, quiz.policy.practise(None, echoed))["Who says what"]
    assert {row["bidder"], row["other bidder"]} == {"ann", "bob"}
    assert 0.8 < row["share of requests"] <= 1.0
    assert "Who says what" not in tables(quiz.policy, quiz.policy.practise(None, quiz.lessons(100)))


def test_of_a_large_pool_the_best_are_shown_and_the_title_counts_the_others() -> None:
    draws = np.random.default_rng(1)
    lessons = [
        Lesson(QUESTION, BOUNTY_USD, tuple(Work(f"b{each}", "18", 1.0, 0.001) for each in draws.permutation(70)))
        for _ in range(3)
    ]
    policy = BayesPolicy()
    whom = policy.describe(policy.practise(None, lessons))[0]
    assert whom.title.endswith(f"(the first {ROWS_MAX} of 70; 20 are left out)")
    assert len(whom.rows) == ROWS_MAX


def observed(figures: Mapping[str, float], usd: float, **other: Any) -> Any:
    return receipt(observed=tuple(figures.items()), revenue_nanos=round(usd * NANOS), **other)


@pytest.mark.parametrize("pool", [None, "experts"])
def test_lots_that_are_told_apart_are_shown_at_what_is_bid_for_them(pool: str | None) -> None:
    policy = BayesPolicy(pool=pool, by=["stage", "plan"])
    memory = None
    for number in range(6):
        memory = policy.learn(memory, [observed({"plan": 2.0}, 4.0 + number % 2, request_id=f"r{number}")])
    rows = tables(policy, memory)["What lots that"]
    assert {row["bidder"] for row in rows} == ({"all", "b"} if pool else {"all"})
    (row,) = [each for each in rows if each["bidder"] == ("b" if pool else "all")]
    valued = policy.value(memory, [observe("b", "transformer", (), stage=1, features={"plan": 2.0}, bounty_usd=1.0)])
    assert (row["role"], row["lots"], row["seen"]) == ("transformer", "stage 1, plan 2", 6)
    assert (row["share"], row["doubt"]) == pytest.approx((valued.means[0], valued.deviations[0]))


def test_work_without_comparable_answers_is_shown_at_what_it_has_brought() -> None:
    policy = BayesPolicy()
    memory = None
    for number in range(4):
        lot = observed({"estimate": 0.5}, 2.0 + 4.0 * (number % 2), request_id=f"r{number}")
        memory = policy.learn(memory, [lot])
    rows = tables(policy, memory)["What work without"]
    assert [(row["role"], row["bidder"], row["results"]) for row in rows] == [
        ("transformer", "all", 4),
        ("transformer", "b", 4),
    ]
    assert [row["share"] for row in rows] == pytest.approx([0.4, 0.4], abs=0.01)


# --- tracker ---


def test_a_tracker_names_the_lots_and_what_they_have_brought_and_how_many_it_has_seen() -> None:
    policy = TrackerPolicy(by=["stage", "plan"], prior=0.5)
    memory = None
    for number, figures in enumerate(({"plan": 2.0}, {"plan": 2.0}, {})):
        memory = policy.learn(memory, [observed(figures, 3.0, request_id=f"r{number}")])
    rows = tables(policy, memory)["What lots have"]
    assert [(row["role"], row["lots"], row["seen"]) for row in rows] == [
        ("transformer", "all", 3),
        ("transformer", "stage 1, plan 2", 2),
        ("transformer", "stage 1, no plan", 1),
    ]
    assert [row["share"] for row in rows] == pytest.approx([(0.5 + 3 * 0.3) / 4, 0.3, 0.3])


@pytest.mark.parametrize(
    ("by", "features", "words"),
    [
        (("stage",), {}, "stage 3"),
        (("plan",), {"plan": 2.5}, "plan 2.5"),
        (("plan", "stage", "a b"), {"a b": -1.0}, "no plan, stage 3, a b -1"),
        (("stage", "no"), {"no": 1e300}, "stage 3, no 1e+300"),
    ],
)
def test_lots_are_said_in_words(by: tuple[str, ...], features: Mapping[str, float], words: str) -> None:
    assert lots_in_words(by, context_of(by, 3, features)) == words


@pytest.mark.parametrize("context", ["plan=2.0", "7 plan=2.0", "no plan", ""])
def test_lots_that_were_told_apart_by_something_else_keep_their_name(context: str) -> None:
    assert lots_in_words(("stage",), context) == context


# --- calibrated ---


def test_what_estimates_are_taken_for_is_shown_for_each_role_with_the_number_of_results() -> None:
    policy = CalibratedPolicy(forget=0.0)
    memory = None
    for number in range(20):
        good = float(number % 2)
        lot = observed({"estimate": 0.3 + 0.6 * good}, 10.0 * good, request_id=f"r{number}")
        memory = policy.learn(memory, [lot, lot._replace(role="presenter")] if number < 4 else [lot])
    rows = tables(policy, memory)["What an estimate"]
    assert {(row["role"], row["results"]) for row in rows} == {("transformer", 20), ("presenter", 4)}
    for row in rows:
        assert row["taken for"] == policy.corrected(memory, row["role"], row["estimate"])
    taken = [row["taken for"] for row in rows if row["role"] == "transformer"]
    assert taken == sorted(taken)
    assert taken[0] < 0.2 < 0.6 < taken[-1]


def test_one_whose_work_is_accepted_as_it_is_comes_before_those_whose_answers_are_worse(quiz: Quiz) -> None:
    works = (("weak", "18", 0.0), ("better", "19", 0.0), ("note", "", 1.0))
    lesson = Lesson(QUESTION, BOUNTY_USD, tuple(Work(name, said, score, 0.0005) for name, said, score in works))
    memory = quiz.policy.practise(None, [lesson] * 60)
    rows = tables(quiz.policy, memory)["Whom to ask"]
    assert rows[0]["bidder"] == "note"
    means = quiz.policy.value(memory, [observe(row["bidder"], "transformer", ()) for row in rows]).means
    assert list(means) == pytest.approx(sorted(means, reverse=True), abs=1e-6 * BOUNTY_USD)


def test_those_are_named_who_claim_nothing_where_others_do(quiz: Quiz) -> None:
    works = (("strong", "18", 1.0), ("note", "", 1.0), ("lost", "", 0.0))
    lesson = Lesson(QUESTION, BOUNTY_USD, tuple(Work(name, said, score, 0.0005) for name, said, score in works))
    rows = tables(quiz.policy, quiz.policy.practise(None, [lesson] * 60))["Who claims nothing"]
    assert {row["bidder"] for row in rows} == {"note", "lost"}
    accepted = {row["bidder"]: row["accepted as they are"] for row in rows}
    assert accepted["note"] > 0.8
    assert accepted["lost"] < 0.2
    assert "Who claims nothing" not in tables(quiz.policy, quiz.memory)
