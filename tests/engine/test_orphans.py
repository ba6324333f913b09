"""Holds that no task comes back for (R7): the cap pays what is known, or the worst case; the bidder pays nothing."""

from __future__ import annotations

import pytest

from orchestrator.core.holds import bid_cost_hold, cap_hold
from orchestrator.core.lot import Lot
from orchestrator.core.state import first_state
from orchestrator.core.tasks import TRANSFORM, cap_hold_id, task_of
from orchestrator.engine.callbook import is_for_calls, settle_orphan
from orchestrator.ledger import Transfer, post, void
from orchestrator.store import AnswerRow

LOT = Lot("0.1", 2, first_state("Plan a trip", "digest"), "owner")


def settled(held: Transfer, answers: list[AnswerRow], first: Transfer | None = None) -> Transfer:
    recorded = first or held
    return settle_orphan(held, answers, {recorded.id: recorded})


def on_cap(round: int = 1) -> Transfer:
    held = cap_hold("r1", LOT, round, "a", TRANSFORM, 10)
    assert held is not None
    return held


def answered(held: Transfer, *costs: int | None) -> list[AnswerRow]:
    task = task_of(held.id)
    return [AnswerRow(f"{task}/call/{number}", "r1", task, "{}", cost) for number, cost in enumerate(costs)]


@pytest.mark.parametrize(
    ("costs", "spent"),
    [((), 10), ((3, 4), 7), ((3, None), 10), ((None,), 10), ((30,), 10), ((0,), 0)],
    ids=["nothing is known", "all is known", "one is unknown", "the only one is unknown", "more than held", "free"],
)
def test_the_cap_pays_what_calls_are_known_to_have_cost_or_the_worst_case(
    costs: tuple[int | None, ...], spent: int
) -> None:
    held = on_cap()

    assert settled(held, answered(held, *costs)) == (post(held, spent) if spent else void(held))


def test_what_another_round_has_cost_is_not_counted_twice() -> None:
    held = on_cap()

    assert settled(held, [*answered(on_cap(round=0), 5), *answered(held, 2)]) == post(held, 2)


@pytest.mark.parametrize(
    ("costs", "spent"),
    [((3,), 0), ((3, 4), 4), ((3, 30), 7), ((3, None), 7)],
    ids=["nothing since", "a call since", "more than held", "one is unknown"],
)
def test_what_was_held_again_pays_only_for_what_was_spent_since(costs: tuple[int | None, ...], spent: int) -> None:
    first = on_cap()
    again = first._replace(id=cap_hold_id(task_of(first.id), attempt=1), amount_nanos=7)

    assert settled(again, answered(again, *costs), first) == (post(again, spent) if spent else void(again))


def test_the_bidder_is_charged_nothing() -> None:
    held = bid_cost_hold("r1", LOT, "a", 10, "provider")
    assert held is not None

    assert is_for_calls(held)
    assert settled(held, answered(held, 3)) == void(held)
