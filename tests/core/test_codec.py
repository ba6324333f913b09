"""Events to journal entries and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.codec import UNKNOWN_COST, decode, encode
from orchestrator.core.events import Closed, ClosedLot, Delivered, Ended, Event, Faulted, Spendable
from orchestrator.errors import InvalidRecord
from orchestrator.journal import GENESIS, Entry


def read_back(event: Event) -> Event:
    (entry,) = encode([event], 0, GENESIS)
    return decode(entry, {}, "r1")


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**63 - 1))
def test_figures_are_read_back_to_their_last_digit(figure: float, nanos: int) -> None:
    answer = Answer("ann", "bid", nanos, observed=(("figure", figure),))
    event = Closed(1, (ClosedLot("0", (answer,), (Spendable("bidder:ann", nanos),)),))
    assert read_back(event) == event


@pytest.mark.parametrize("reason", ["", "né\n\t\x00\u2028", "half of a pair: \ud83d", "\U0001f600"])
def test_a_reason_is_read_back_as_it_was_said(reason: str) -> None:
    event = Faulted(1, "0", "ann", "raised", reason)
    assert read_back(event) == event


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"rank": 1}', '{"rank": "one", "judge": "user"}', '{"rank": 1, "judge": "user"} {}']
)
def test_what_is_no_event_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRecord, match="journal entry 3 is not a valid `picked` event"):
        decode(Entry(3, "picked", body, ""), {}, "r1")


@pytest.mark.parametrize("is_known", [True, False])
def test_entries_of_costs_that_nobody_knows_and_no_others_are_found_by_what_stands_in_them(is_known: bool) -> None:
    cost_nanos = 5 if is_known else None
    told: list[Event] = [
        Closed(1, (ClosedLot("0", (Answer("ann", "pass", bid_cost_nanos=cost_nanos),), ()),)),
        Delivered(1, "0", Award("ann", "transformer", 7, 7), (), False, cost_nanos, "digest"),
        Faulted(1, "0", "ann", "raised", "it broke", cost_nanos=cost_nanos),
        Ended("rejected", "cancelled", 0, 0, 0, 0, unknown_costs=() if is_known else ("ann",)),
    ]
    bodies = [entry.body for entry in encode(told, 0, GENESIS)]
    assert [any(piece in body for piece in UNKNOWN_COST) for body in bodies] == [not is_known] * 4
