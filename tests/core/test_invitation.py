"""Whom a crowded market asks."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.invitation import PRIOR_SHARE, BidRecord, invite
from tests.effort import examples

NAMES = [f"b{number:03}" for number in range(200)]
promises = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1), max_size=200)


@examples(60)
@given(promises, st.integers(0, 250), st.integers(0, 2**63 - 1))
def test_as_many_are_asked_as_the_limit_says_and_nobody_twice(known: dict[str, float], limit: int, seed: int) -> None:
    asked = invite(NAMES, known, limit, seed)
    assert asked == sorted(set(asked))
    assert set(asked) <= set(NAMES)
    assert len(asked) == (min(limit, len(NAMES)) if limit else len(NAMES))


@examples(60)
@given(promises, st.integers(10, 150), st.integers(0, 2**63 - 1))
def test_nobody_is_more_promising_than_nine_tenths_of_those_asked(
    known: dict[str, float], limit: int, seed: int
) -> None:
    asked = invite(NAMES, known, limit, seed)
    left = [known.get(name, PRIOR_SHARE) for name in NAMES if name not in asked]
    chosen = sorted((known.get(name, PRIOR_SHARE) for name in asked), reverse=True)
    best = chosen[: limit - math.ceil(limit / 10)]
    assert not left or min(best) >= max(left)


def test_whoever_bids_nothing_makes_room_for_those_not_yet_known() -> None:
    known = dict.fromkeys(NAMES[:100], BidRecord().after(0.0).promise)
    asked = invite(NAMES, known, 100, seed=1)
    assert len(set(asked) & set(NAMES[100:])) >= 90


def test_the_draw_reaches_everybody_in_the_end() -> None:
    known = dict.fromkeys(NAMES[:90], 1.0) | dict.fromkeys(NAMES[90:], 0.0)
    seen = {name for seed in range(200) for name in invite(NAMES, known, 100, seed)}
    assert seen == set(NAMES)


@pytest.mark.parametrize("limit", [1, 4, 10, 15])
def test_a_tenth_goes_by_lot_however_few_are_asked(limit: int) -> None:
    known = dict.fromkeys(NAMES[:limit], 1.0) | dict.fromkeys(NAMES[limit:], 0.0)
    drawn = [len(set(invite(NAMES, known, limit, seed)) & set(NAMES[limit:])) for seed in range(1000)]
    assert sum(drawn) / 1000 == pytest.approx(limit / 10, abs=0.06)


def test_a_record_moves_from_the_prior_to_what_was_bid_and_forgets() -> None:
    record = BidRecord()
    assert record.promise == PRIOR_SHARE
    for _ in range(200):
        record = record.after(0.2)
    assert record.promise == pytest.approx(0.2, abs=0.02)
    for _ in range(100):
        record = record.after(0.9)
    assert record.promise > 0.85


def test_a_bid_above_the_bounty_promises_no_more_than_the_bounty() -> None:
    boasting, honest = BidRecord(), BidRecord()
    for _ in range(30):
        boasting, honest = boasting.after(10.0**9), honest.after(1.0)
    assert boasting == honest
