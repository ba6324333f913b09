"""Keys of tasks and of what they hold: made and read in one place, so that they always lead to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answer import Answer
from orchestrator.core.holds import LotHolds, bid_cost_hold, cap_hold, cap_overrun, charge, hold_behind, spent_under
from orchestrator.core.keys import key
from orchestrator.core.lot import Lot
from orchestrator.core.state import first_state
from orchestrator.core.tasks import (
    BID,
    JUDGE,
    TRANSFORM,
    are_rounds_of_one,
    cap_hold_id,
    first_attempt,
    is_for_bidding,
    is_for_transforming,
    is_on_cap,
    task_of,
    wallet_hold_id,
)
from orchestrator.ledger import post, void

LOT = Lot("0.2", 2, first_state("Plan a trip", "digest"), "owner")

# Names may look like what keys are made of.
names = st.sampled_from(["a", "bid-cost", "x-cap", "transform", "0"])
rounds = st.integers(0, 3)


@given(names, rounds, st.sampled_from([BID, TRANSFORM, JUDGE]), st.integers(0, 3))
def test_a_hold_leads_back_to_the_task_that_it_was_taken_for(name: str, round: int, purpose: str, attempt: int) -> None:
    task = key("r1", "0.2", round, name, purpose)

    assert task_of(cap_hold_id(task, attempt)) == task
    assert first_attempt(cap_hold_id(task, attempt)) == cap_hold_id(task)
    assert is_on_cap(cap_hold_id(task, attempt))
    assert not is_for_bidding(cap_hold_id(task))
    assert not is_for_transforming(cap_hold_id(task))


@given(names, rounds)
def test_one_hold_on_a_wallet_serves_all_rounds_of_a_transform(name: str, round: int) -> None:
    task = key("r1", "0.2", round, name, TRANSFORM)
    held = wallet_hold_id(task)

    assert held == wallet_hold_id(key("r1", "0.2", 0, name, TRANSFORM))
    assert are_rounds_of_one(task_of(held), task)
    assert (is_on_cap(held), is_for_bidding(held), is_for_transforming(held)) == (False, False, True)


def test_rounds_are_of_one_transform_only_where_request_lot_and_bidder_are_the_same() -> None:
    task = key("r1", "0.2", 0, "a", TRANSFORM)
    others = (
        *(key("r2", "0.2", 1, "a", TRANSFORM), key("r1", "0.21", 1, "a", TRANSFORM)),
        *(key("r1", "0.2", 1, "b", TRANSFORM), key("r1", "0.2", 1, "a", BID), "of no form at all"),
    )

    assert are_rounds_of_one(task, key("r1", "0.2", 1, "a", TRANSFORM))
    assert [other for other in others if are_rounds_of_one(task, other)] == []


def test_what_the_core_holds_is_held_under_the_keys_of_the_tasks() -> None:
    answer = Answer("a", "bid", cost_max_nanos=5, provider="p")
    (cost,) = LotHolds("r1", LOT).backing(answer, "bidder:a")
    bidding, on_cap = bid_cost_hold("r1", LOT, "a", 5, "p"), cap_hold("r1", LOT, 1, "a", TRANSFORM, 5)

    assert cost.id == wallet_hold_id(key("r1", "0.2", 0, "a", TRANSFORM))
    assert bidding is not None
    assert is_for_bidding(bidding.id)
    assert task_of(bidding.id) == key("r1", "0.2", 0, "a", BID)
    assert on_cap is not None
    assert task_of(on_cap.id) == key("r1", "0.2", 1, "a", TRANSFORM)


def test_whatever_resolves_or_overruns_a_hold_leads_back_to_it() -> None:
    held = cap_hold("r1", LOT, 0, "a", TRANSFORM, 5)
    assert held is not None

    assert {hold_behind(row) for row in (held, post(held, 3), void(held), cap_overrun(held, 2))} == {held.id}
    assert {hold_behind(row) for row in charge(held, 9)} == {held.id}


@pytest.mark.parametrize(("held_nanos", "spent_nanos"), [(10, 7), (6, 3), (3, 0), (1, 0)])
def test_what_a_hold_lacks_of_the_first_had_been_spent_before_it(held_nanos: int, spent_nanos: int) -> None:
    held = cap_hold("r1", LOT, 0, "a", TRANSFORM, held_nanos)
    assert held is not None

    assert spent_under(held, 10, 7) == spent_nanos
