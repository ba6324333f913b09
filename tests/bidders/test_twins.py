"""Twins: to a policy that keeps what it knows by bidder, they are one and the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from orchestrator import Contribution, Lesson, Observation, Receipt, entry_of
from tests.bidders.lots import offer
from tests.bidders.quiz import Player, Quiz, observe
from tests.bidders.test_bayes import observations, receipts
from tests.effort import examples

PLAYERS = {"weak": Player(-1.0), "fair": Player(0.8), "strong": Player(2.5, cost_usd=0.01)}
OPTIONS: list[dict[str, Any]] = [{"pool": "all"}, {}, {"pool": "all", "by": ["stage"]}, {"pool": "all", "answers": 3}]


def twin(name: str, draws: random.Random) -> str:
    """A bidder, or one of its twins."""
    return name + draws.choice(["", "~2", "~3"])


def by_twins(receipt: Receipt, draws: random.Random) -> Receipt:
    """The same, had twins done the work."""
    return receipt._replace(
        bidder=twin(receipt.bidder, draws),
        contributions=tuple(Contribution(twin(author, draws), claim) for author, claim in receipt.contributions),
        workers=tuple(twin(worker, draws) for worker in receipt.workers),
        repeats=tuple(twin(author, draws) for author in receipt.repeats),
    )


def seen_by_twins(seen: Observation, draws: random.Random) -> Observation:
    return seen._replace(
        bidder=twin(seen.bidder, draws),
        contributions=tuple(Contribution(twin(author, draws), claim) for author, claim in seen.contributions),
        workers=tuple(twin(worker, draws) for worker in seen.workers),
    )


def in_one_order(told: list[Receipt]) -> list[Receipt]:
    """Each of another request: of one request the order would depend on names."""
    return [each._replace(request_id=f"r{number}") for number, each in enumerate(told)]


@examples(30)
@given(
    told=st.lists(receipts, max_size=6),
    seen=st.lists(observations, min_size=1, max_size=3),
    options=st.sampled_from(OPTIONS),
    seed=st.integers(0, 99),
)
def test_who_of_its_twins_worked_or_is_asked_makes_no_difference(
    told: list[Receipt], seen: list[Observation], options: dict[str, Any], seed: int
) -> None:
    policy, draws = BayesPolicy(**options), random.Random(seed)
    told = in_one_order([*told, offer(7, "a", "b", "a", repeats=("b",), workers=("c", "b", "a"))])
    memory = policy.learn(None, told)

    assert policy.learn(None, [by_twins(each, draws) for each in told]) == memory
    assert policy.value(memory, [seen_by_twins(each, draws) for each in seen]) == policy.value(memory, seen)


def test_what_one_has_practised_its_twins_know() -> None:
    policy = BayesPolicy(pool="all")
    lessons = Quiz(PLAYERS).lessons(100)
    memory = policy.practise(None, lessons)
    both = [observe(name, "transformer", ()) for name in ("strong", "strong~2", "stranger~2")]

    means, deviations = policy.value(memory, both).means, policy.value(memory, both).deviations
    assert (means[0], deviations[0]) == (means[1], deviations[1])
    assert means[2] != means[0], "the control: a stranger's twin is a stranger"
    named = [Lesson(*lesson[:2], tuple(w._replace(bidder=f"{w.bidder}~2") for w in lesson.works)) for lesson in lessons]
    assert policy.practise(None, named) == memory


def test_twins_that_both_worked_on_a_task_do_not_echo_themselves() -> None:
    policy = BayesPolicy(pool="all")
    lessons = Quiz(PLAYERS).lessons(60)
    doubled = [
        each._replace(works=(*each.works, *(work._replace(bidder=f"{work.bidder}~2") for work in each.works)))
        for each in lessons
    ]
    tables = policy.describe(policy.practise(None, doubled))
    assert not any("Who says what another has said" in table.title for table in tables)


@pytest.mark.parametrize(("asked", "is_asked"), [("strong~2", False), ("strong", False), ("fair~2", True)])
def test_a_text_that_one_has_worked_on_is_worth_nothing_to_its_twins(asked: str, is_asked: bool) -> None:
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, Quiz(PLAYERS).lessons(100))
    held = (Contribution("strong~3", "x"), Contribution("weak", "y"))
    assert (policy.value(memory, [observe(asked, "transformer", held)]).means[0] > 0) == is_asked


@pytest.mark.parametrize(
    ("name", "entry"), [("writer", "writer"), ("writer~2", "writer"), ("writer~31", "writer"), ("a.b-c_d", "a.b-c_d")]
)
def test_policies_of_others_can_look_up_the_entry_of_a_bidder(name: str, entry: str) -> None:
    assert entry_of(name) == entry
