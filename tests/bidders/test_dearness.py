"""What works cost by the text of a request: long ones cost more, whoever works."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.outlook import Outlook
from bidders.policies.pooled.pool import Fit
from orchestrator import Contribution, Lesson, Observation, Work
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, NANOS

NAMES = ("cheap", "strong")
COSTS_USD = {"cheap": 0.002, "strong": 0.02}
CHANCES = {"cheap": 0.5, "strong": 0.8}
SHORT, LONG = (
    "How many are left of {}?",
    "How many are left of {}, after all that this document says? " + "It says more. " * 60,
)
DEAR = 8.0


def lessons(count: int, dear: float = DEAR, seed: int = 0) -> list[Lesson]:
    """Short requests and long ones by turns; works on long ones cost so many times as much."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(count):
        text, factor = (LONG, dear) if number % 2 else (SHORT, 1.0)
        works = []
        for name in NAMES:
            is_right = bool(draws.random() < CHANCES[name])
            claim = "right" if is_right else f"wrong {draws.integers(99)}"
            works.append(Work(name, claim, float(is_right), COSTS_USD[name] * factor * float(draws.uniform(0.8, 1.2))))
        found.append(Lesson(text.format(number), BOUNTY_USD, tuple(works)))
    return found


def outlook(memory: Any) -> Outlook:
    return Outlook(Fit.from_json(json.loads(json.dumps(memory))["fit"]), shape_and_words)


def lot(bidder: str, text: str, **more: Any) -> Observation:
    return Observation(bidder, "transformer", 1, 9, BOUNTY_USD, request=text.format(999), **more)


def test_works_are_expected_to_cost_what_works_on_such_texts_have_cost() -> None:
    known = outlook(BayesPolicy(pool="all").practise(None, lessons(400)))
    for name, cost_usd in COSTS_USD.items():
        assert known.expected_cost_usd(lot(name, SHORT)) == pytest.approx(cost_usd, rel=0.35)
        assert known.expected_cost_usd(lot(name, LONG)) == pytest.approx(DEAR * cost_usd, rel=0.35)


def test_on_average_they_are_expected_to_cost_what_they_have_cost() -> None:
    practised = lessons(400)
    known = outlook(BayesPolicy(pool="all").practise(None, practised))
    for place, name in enumerate(NAMES):
        expected = np.mean([known.cost_usd(name) * known.dearness.exact_factor(each.request) for each in practised])
        assert expected == pytest.approx(np.mean([each.works[place].cost_usd for each in practised]), rel=0.05)


def test_where_texts_tell_nothing_of_costs_all_requests_cost_the_same() -> None:
    known = outlook(BayesPolicy(pool="all").practise(None, lessons(400, dear=1.0)))
    assert {known.dearness.factor(each.request) for each in lessons(50, dear=1.0, seed=1)} == {1.0}


def test_the_dear_one_is_asked_where_that_pays() -> None:
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, lessons(400))
    on_short, on_long = (policy.value(memory, [lot(name, text) for name in NAMES]).means for text in (SHORT, LONG))
    assert on_short[1] > on_short[0]
    assert on_long[1] < on_long[0]


def test_who_was_asked_for_long_requests_only_is_not_taken_for_dearer() -> None:
    """From bounties each is seen on the requests that it was asked for."""
    policy, memory = BayesPolicy(pool="all"), None
    for number in range(300):
        text, factor = (LONG, DEAR) if number % 2 else (SHORT, 1.0)
        # The strong one works on long requests alone, after somebody else has shown what both sorts cost.
        for name in ("cheap", "strong") if number % 2 else ("cheap",):
            work = receipt(
                request_id=f"r{number}",
                bidder=name,
                request=text.format(number),
                claim="x",
                bounty_nanos=round(BOUNTY_USD * NANOS),
                cost_nanos=round(COSTS_USD[name] * factor * NANOS),
            )
            memory = policy.learn(memory, [work])
    known = outlook(memory)
    assert known.expected_cost_usd(lot("strong", SHORT)) == pytest.approx(COSTS_USD["strong"], rel=0.6)
    assert known.expected_cost_usd(lot("strong", LONG)) == pytest.approx(DEAR * COSTS_USD["strong"], rel=0.6)


def test_works_that_cost_nothing_tell_nothing() -> None:
    free = [each._replace(works=tuple(work._replace(cost_usd=0.0) for work in each.works)) for each in lessons(100)]
    known = outlook(BayesPolicy(pool="all").practise(None, free))
    assert not known.dearness
    assert known.expected_cost_usd(lot("cheap", LONG)) == known.expected_cost_usd(lot("cheap", SHORT))


def test_what_a_bidder_says_of_the_lot_is_believed_and_nobody_exceeds_its_worst_case() -> None:
    known = outlook(BayesPolicy(pool="all").practise(None, lessons(400)))
    assert known.expected_cost_usd(lot("strong", LONG, cost_usd=0.5)) == 0.5
    assert known.expected_cost_usd(lot("strong", LONG, cost_max_usd=0.03)) == 0.03


def test_memories_that_knew_nothing_of_it_are_read() -> None:
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, lessons(60))
    older = {**memory, "fit": {key: value for key, value in memory["fit"].items() if key != "dearness"}}
    del older["dearness"]
    assert policy.value(older, [lot("cheap", LONG)]).means[0] > 0.0
    assert policy.practise(older, lessons(60, seed=2))["dearness"]


def test_of_texts_with_other_numbers_nothing_is_known() -> None:
    memory = BayesPolicy(pool="all").practise(None, lessons(100))
    assert Outlook(Fit.from_json(memory["fit"]), lambda text: [float(len(text))]).dearness.factor(LONG) == 1.0


def test_a_state_of_a_dear_request_is_worth_no_more_than_of_a_usual_one() -> None:
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, lessons(400))
    held = (Contribution("cheap", "x"),)
    short, long = (policy.value(memory, [lot("strong", text, contributions=held)]).means[0] for text in (SHORT, LONG))
    assert long < short


def test_what_was_learned_of_costs_fades_to_nothing_and_can_be_stored_on_the_way() -> None:
    policy = BayesPolicy(pool="all", forget=0.5)
    memory = policy.practise(None, lessons(60))
    for number in range(60):
        work = receipt(request_id=f"r{number}", bidder="cheap", request=SHORT, claim="x", cost_known=False)
        memory = policy.learn(memory, [work])
        json.dumps(memory, allow_nan=False)
    assert memory["dearness"] == {}
    assert outlook(memory).dearness.factor(LONG) == 1.0
