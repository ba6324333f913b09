"""What asking a bidder next is worth: a promise that can be kept, worked out for all bidders at once."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidders.policies.pooled.belief import Belief, best_first
from bidders.policies.pooled.foresight import Foresight
from bidders.policies.pooled.lookahead import Crew, Terms, look_ahead
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.world import CLASSES, World
from tests.bidders.beliefs import believed, world

SINGLE_PRECISION = 1e-5
skills = st.floats(0.01, 0.99)


def asked_next(belief: Belief, right: Any, costs: Any, assumed: World, plan: list[int], terms: Terms) -> Any:
    """The value of asking each next, its cost taken off."""
    order = best_first(belief.chances(assumed))
    shares = Foresight(right, costs, assumed).shares(belief, order, plan, terms)
    return terms.bounty_usd * np.array(shares) - costs


def in_full(belief: Belief, right: Any, costs: Any, assumed: World, terms: Terms) -> Any:
    """The same, looked ahead over all that can follow if any of them is asked."""
    return look_ahead(belief.weights[None], belief.sizes, Crew(right, costs), assumed, terms).asking[0] - costs


@given(
    decoys=st.floats(0.0, 0.99),
    upsets=st.floats(0.0, 1.0),
    claims=st.lists(st.integers(0, 2), max_size=4),
    right=arrays(float, (4, CLASSES), elements=skills),
    answers=st.integers(1, 3),
    plan=st.permutations(range(4)),
)
def test_no_more_is_promised_than_looking_ahead_over_all_who_may_be_asked_finds(
    decoys: float, upsets: float, claims: list[int], right: Any, answers: int, plan: list[int]
) -> None:
    assumed, terms, costs = world(decoys, upsets), Terms(2.0, answers), np.array([0.01, 0.02, 0.1, 0.3])
    belief = believed(assumed, claims).given
    found = asked_next(belief, right, costs, assumed, plan, terms)
    assert (found <= in_full(belief, right, costs, assumed, terms) + SINGLE_PRECISION).all()


@pytest.mark.parametrize("answers", [1, 2, 3])
@pytest.mark.parametrize("agree", range(4))
@pytest.mark.parametrize("decoys", [0.0, 0.3])
def test_with_one_more_to_ask_after_some_who_agree_nearly_nothing_is_missed_that_looking_ahead_finds(
    agree: int, answers: int, decoys: float
) -> None:
    assumed, terms, costs = world(decoys, decoys), Terms(1.0, answers), np.array([0.005, 0.01])
    belief = believed(assumed, [0] * agree).given
    missed = []
    # Of one who is mostly wrong the best use would be to do the opposite; that is left out.
    for pair in product(np.linspace(0.5, 0.99, 8), repeat=2):
        right = np.array(pair)[:, None] * np.ones(CLASSES)
        found = asked_next(belief, right, costs, assumed, [0, 1], terms)
        missed += (in_full(belief, right, costs, assumed, terms) - found).tolist()
    assert max(missed) < 0.02
    assert np.mean(missed) < 0.0005


def test_a_cheap_check_is_worth_asking_for_since_a_dear_bidder_decides_where_it_fails() -> None:
    assumed, terms = world(0.0, 0.0), Terms(1.0)
    right = np.array([0.7, 0.7, 0.95])[:, None] * np.ones(CLASSES)
    costs = np.array([0.0, 0.0, 0.05])
    belief = believed(assumed, [0], right[0]).given
    by_plan = {
        name: asked_next(belief, right, costs, assumed, plan, terms)[0]
        for name, plan in {"nobody": [], "check": [1], "decide": [2], "both": [1, 2]}.items()
    }
    full = in_full(belief, right, costs, assumed, terms)[0]
    assert by_plan["nobody"] + 0.01 < by_plan["check"]
    assert max(by_plan["check"], by_plan["decide"]) + 0.005 < by_plan["both"] <= full + SINGLE_PRECISION
    assert full - by_plan["both"] < 0.01


def test_nobody_is_asked_twice() -> None:
    assumed, terms = world(0.0, 0.0), Terms(1.0)
    right, costs = np.full((2, CLASSES), 0.6), np.zeros(2)
    belief = believed(assumed, [0, 1], right[0]).given
    found, alone = (asked_next(belief, right, costs, assumed, plan, terms) for plan in ([0], []))
    assert found[0] == pytest.approx(alone[0])
    assert found[1] > alone[1] + 0.01


def test_the_more_claims_there_are_the_fewer_are_thought_of_after_the_next() -> None:
    assumed, terms = world(0.0, 0.0), Terms(1.0)
    right, costs = np.full((4, CLASSES), 0.5), np.zeros(4)
    gains = []
    for claims in range(1, 7):
        belief = believed(assumed, list(range(claims)), right[0]).given
        found, alone = (asked_next(belief, right, costs, assumed, plan, terms)[3] for plan in ([0, 1, 2], []))
        gains.append(found - alone)
    assert [gain > SINGLE_PRECISION for gain in gains] == [True] * 4 + [False] * 2


@given(
    right=arrays(float, (6, CLASSES), elements=skills),
    kinds=arrays(float, (3, CLASSES), elements=skills),
    claims=st.lists(st.integers(0, 1), max_size=2),
)
def test_what_is_looked_ahead_in_full_is_so_for_all_bidders_and_for_several_kinds_at_once(
    right: Any, kinds: Any, claims: list[int]
) -> None:
    assumed, terms, costs, plan = world(0.1, 0.2), Terms(2.0), np.linspace(0.01, 0.2, 6), (4, 1)
    classes = kinds / kinds.sum(axis=1, keepdims=True)
    beliefs = [believed(World(each, assumed.decoys, assumed.upsets), claims, right[0]).given for each in classes]
    weights = np.array([belief.weights for belief in beliefs])
    found = Planner(right, costs, assumed).shares(weights, beliefs[0].sizes, range(1, 6), plan, terms)
    assert (found[:, 0] == -np.inf).all()
    for row, belief in zip(found, beliefs, strict=True):
        for bidder in range(1, 6):
            asked = [bidder, *(one for one in plan if one != bidder)]
            full = in_full(belief, right[asked], costs[asked], assumed, terms)
            assert terms.bounty_usd * row[bidder] - costs[bidder] == pytest.approx(full[0], abs=SINGLE_PRECISION)
