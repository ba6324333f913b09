"""Works that are shown side by side: practised tasks tell which fail together, and no sum of what each adds can."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.offers import Offers, with_topics
from bidders.policies.pooled.together import (
    Outcomes,
    Together,
    after_more,
    no_outcomes,
    outcomes_from_json,
    outcomes_to_json,
)
from bidders.policies.pooled.topics import UNKNOWN_TOPIC, Topics
from bidders.policies.pooled.world import Floats
from orchestrator import Contribution, Lesson, Observation, Receipt, Role, Work
from tests.bidders.lots import offer

POLICY = BayesPolicy(pool="p", answers=2)
COST_USD = 0.01
TASKS = 200
# Two of one family fail on the same tasks; another, who is not as good, on others.
FAMILY = ("elder", "younger")
OTHER = "stranger"


def score(bidder: str, number: int) -> float:
    """Four tasks of five are easy for the family, and three of five for the stranger, the hard ones among them."""
    return float(number % 5 != 0) if bidder in FAMILY else float(number % 5 in (0, 1, 2))


def lessons(count: int = TASKS, bidders: tuple[str, ...] = (*FAMILY, OTHER)) -> list[Lesson]:
    return [
        Lesson(f"Task {number}", 1.0, tuple(Work(one, "", score(one, number), COST_USD) for one in bidders))
        for number in range(count)
    ]


def practised(policy: BayesPolicy = POLICY, *, given: list[Lesson] | None = None) -> Any:
    return json.loads(json.dumps(policy.practise(None, lessons() if given is None else given)))


def worths(memory: Any, *authors: str, policy: BayesPolicy = POLICY) -> dict[str, float]:
    """What a text on which some have worked is worth to those who have not, and to a presenter."""
    works = tuple(Contribution(author, "") for author in authors)
    asked: list[tuple[str, Role]] = [(one, "transformer") for one in (*FAMILY, OTHER) if one not in authors]
    lots = [
        Observation(bidder, role, 1 + len(authors), 9, 1.0, request="Task 7", contributions=works)
        for bidder, role in (*asked, ("p", "presenter"))
    ]
    return dict(zip([lot.bidder for lot in lots], policy.value(memory, lots).means, strict=True))


def test_who_fails_on_other_tasks_is_asked_beside_one_rather_than_who_is_better_and_fails_on_the_same() -> None:
    worth = worths(practised(), "elder")
    assert max(worth, key=worth.__getitem__) == OTHER


def test_what_two_bring_together_is_what_they_would_have_brought_on_the_tasks() -> None:
    memory = practised()
    assert worths(memory, "elder", OTHER)["p"] == pytest.approx(1.0, abs=0.03)
    assert worths(memory, "elder", "younger")["p"] == pytest.approx(0.8, abs=0.03)


def test_two_who_cover_all_tasks_are_asked_first_rather_than_who_is_best_alone() -> None:
    right = {"best": (0, 1, 2, 5, 6, 7), "low": (0, 1, 2, 3, 4), "high": (5, 6, 7, 8, 9)}
    tasks = [
        Lesson(
            "A task",
            1.0,
            tuple(Work(one, "", float(number % 10 in of_bidder), COST_USD) for one, of_bidder in right.items()),
        )
        for number in range(TASKS)
    ]
    memory = practised(given=tasks)
    lots = [Observation(one, "transformer", 1, 9, 1.0, request="A task") for one in right]
    worth = dict(zip(right, POLICY.value(memory, lots).means, strict=True))
    assert worth["best"] < min(worth["low"], worth["high"]) - 0.1


def test_where_one_work_is_shown_nothing_is_kept_of_what_tasks_would_have_brought_together() -> None:
    assert "tasks" not in practised(BayesPolicy(pool="p"))["offers"]
    assert "tasks" in practised()["offers"]


def test_a_pool_that_comes_to_show_all_works_makes_no_use_of_it() -> None:
    memory = practised()
    showing_all = BayesPolicy(pool="p")
    without = {**memory, "offers": {**memory["offers"], "id": "without tasks"}}
    del without["offers"]["tasks"]
    assert worths(memory, "elder", policy=showing_all) == worths(without, "elder", policy=showing_all)
    assert worths(memory, "elder") != worths(without, "elder")


def refusals(*authors: str, times: int) -> list[Receipt]:
    return [
        offer(number, *authors, taken=False, outcome="rejected", request=f"Task {number}") for number in range(times)
    ]


def test_what_is_learned_of_offers_afterwards_counts_beside_it() -> None:
    memory = practised()
    before = worths(memory, "elder", OTHER)["p"]
    after = worths(POLICY.learn(memory, refusals("elder", OTHER, times=60)), "elder", OTHER)["p"]
    assert after < before - 0.2


def test_who_did_not_practise_counts_beside_those_who_did() -> None:
    memory = practised(given=lessons(bidders=("elder",)))
    alone, beside = worths(memory, "elder")["p"], worths(memory, "elder", OTHER)["p"]
    assert alone == pytest.approx(0.8, abs=0.03)
    assert alone < beside < 1.0


def test_tasks_of_a_later_practice_are_added_and_the_oldest_forgotten() -> None:
    policy = BayesPolicy(pool="p", answers=2, window=150)
    memory = practised(policy, given=lessons(100))
    assert len(memory["offers"]["tasks"]["topics"]) == 100
    memory = policy.practise(memory, lessons(80))
    assert len(memory["offers"]["tasks"]["topics"]) == 150


def outcomes(*scores: Floats, octaves: Floats | None = None, topics: list[int] | None = None) -> Outcomes:
    count = len(scores[0])
    return Outcomes(
        dict(enumerate(scores)),
        np.full(count, UNKNOWN_TOPIC) if topics is None else np.array(topics),
        np.zeros(count) if octaves is None else octaves,
    )


@given(st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan")]), min_size=3, max_size=3), max_size=40))
def test_outcomes_come_back_from_storage_as_they_were(rows: list[list[float]]) -> None:
    scores = np.array(rows).reshape(-1, 3)
    known = outcomes(*scores.T)
    found = outcomes_from_json(json.loads(json.dumps(outcomes_to_json(known))))
    for number in range(3):
        np.testing.assert_array_equal(found.scores[number], known.scores[number])
    assert found.topics.tolist() == known.topics.tolist()
    assert outcomes_from_json(None).scores == no_outcomes().scores == {}


MISSING = float("nan")


def test_who_did_not_work_on_a_task_is_expected_to_be_as_good_there_as_elsewhere() -> None:
    known = Together.by(outcomes(np.array([1.0, 0.0, MISSING, 0.0]), np.array([0.0, 0.0, 0.5, 0.5])))
    assert known.taken([0]) == pytest.approx((1.0, 3.0))
    assert known.taken([1, 0]) == known.taken([0, 1]) == pytest.approx((1.0 + 0.5 + 0.5 / 3 + 0.5, 4.0))


def test_who_is_never_right_promises_nothing_because_it_worked_on_easy_tasks_alone() -> None:
    easy, hard = np.ones(50), np.zeros(50)
    known = Together.by(outcomes(np.concatenate([easy, hard]), np.concatenate([0.0 * easy, MISSING + hard])))
    assert known.taken([0, 1]) == pytest.approx(known.taken([0]))


def test_those_who_practised_on_different_tasks_are_known_beside_one_another() -> None:
    right, nothing = np.array([1.0, 1.0, 1.0, 0.0] * 10), np.full(40, MISSING)
    known = Together.by(outcomes(np.concatenate([right, nothing]), np.concatenate([nothing, right])))
    taken, tasks = known.taken([0, 1])
    assert taken / tasks == pytest.approx(1.0 - 0.25**2)


def test_who_worked_on_none_of_the_latest_tasks_is_not_kept() -> None:
    found = after_more(outcomes(np.ones(3)), Outcomes({1: np.ones(3)}, np.zeros(3, dtype=np.int64), np.zeros(3)), 3)
    assert list(found.scores) == [1]


def test_later_outcomes_stand_behind_earlier_ones_with_those_missing_who_did_not_work() -> None:
    found = after_more(outcomes(np.array([1.0, 0.0])), Outcomes({1: np.array([0.5])}, np.array([3]), np.zeros(1)), 2)
    np.testing.assert_array_equal(found.scores[0], [0.0, np.nan])
    np.testing.assert_array_equal(found.scores[1], [np.nan, 0.5])
    assert found.topics.tolist() == [UNKNOWN_TOPIC, 3]


def test_tasks_of_the_topic_count_alone_if_there_are_enough_of_them() -> None:
    many = Together.by(outcomes(np.array([1.0, 0.0] * 30), topics=[0, 1] * 30))
    assert many.on(0).taken([0]) == (30.0, 30.0)
    assert many.on(UNKNOWN_TOPIC).taken([0]) == (30.0, 60.0)
    few = Together.by(outcomes(np.array([1.0, 0.0] * 10), topics=[0, 1] * 10))
    assert few.on(0).taken([0]) == (10.0, 20.0)


def test_tasks_on_which_works_cost_about_as_much_count_most() -> None:
    known = Together.by(outcomes(np.array([1.0, 0.0] * 60), octaves=np.array([2.0, -2.0] * 60)))
    shares = [taken / tasks for taken, tasks in (known.near(octaves).taken([0]) for octaves in (2, 0, -2))]
    assert shares == pytest.approx([1.0, 0.5, 0.0], abs=0.01)


def test_where_topics_become_others_it_is_not_known_of_earlier_tasks_what_they_ask_for() -> None:
    offers: Offers = practised(given=lessons(60))["offers"]
    offers["tasks"] = {**offers["tasks"], "topics": [0, 1] * 30}
    found = with_topics(offers, Topics(np.zeros((65, 2))), 100)
    assert set(found["tasks"]["topics"]) == {UNKNOWN_TOPIC}
    assert found["id"] != offers["id"]
