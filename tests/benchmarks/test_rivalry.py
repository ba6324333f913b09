"""The monitor of competition: what it names, and what it leaves alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.soundness.rivalry import LOTS_MIN, Pair, bids_by_lot, rivalry
from tests.bidders.lots import receipt

lots = st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 100), max_size=4), max_size=60)


def honest(seed: int, count: int = 100) -> list[dict[str, int]]:
    """Independent bids of three bidders."""
    draws = random.Random(seed)
    return [{name: draws.randint(1, 1000) for name in "abc"} for _ in range(count)]


def with_ring(seed: int, count: int = 100) -> list[dict[str, int]]:
    """The same, but of `a` and `b` only the higher bids in earnest."""
    found = honest(seed, count)
    for bids in found:
        bids["a" if bids["a"] < bids["b"] else "b"] = 0
    return found


def test_a_ring_is_named_and_nobody_else() -> None:
    assert [pair.bidders for pair in rivalry(with_ring(1)).suspects()] == [("a", "b")]


@pytest.mark.parametrize("seed", range(20))
def test_independent_bidders_are_not_suspected(seed: int) -> None:
    assert rivalry(honest(seed)).suspects() == ()


def test_a_strong_and_a_weak_bidder_are_no_ring() -> None:
    """Chance explains it: the weak one's bids are below a tenth of whatever the strong one bids."""
    draws = random.Random(3)
    bids = [{"strong": draws.randint(800, 1000), "weak": draws.randint(10, 60)} for _ in range(100)]
    (pair,) = rivalry(bids).pairs
    assert (pair.cover_share, pair.cover_share_by_chance) == (1.0, 1.0)
    assert not pair.is_suspect


def test_a_pair_that_met_seldom_is_not_judged() -> None:
    assert rivalry(with_ring(1, LOTS_MIN - 1)).pairs == ()
    assert len(rivalry(with_ring(1, LOTS_MIN)).pairs) == 3


def test_bids_that_move_together_or_against_each_other_are_told_apart() -> None:
    together = [{"a": n, "b": 2 * n} for n in range(1, 41)]
    against = [{"a": n, "b": 100 - n} for n in range(1, 41)]
    assert rivalry(together).pairs[0].correlation == pytest.approx(1.0)
    assert rivalry(against).pairs[0].correlation == pytest.approx(-1.0)
    assert rivalry([{"a": 5, "b": n} for n in range(40)]).pairs[0].correlation == 0.0


def test_thinness_is_the_gap_below_the_highest_bid() -> None:
    assert rivalry([{"a": 10, "b": 8}]).thinness == pytest.approx(0.2)
    assert rivalry([{"a": 10}]).thinness == 1.0
    assert rivalry([{"a": 0, "b": 0}]).thinness == 0.0
    assert rivalry([{}]).lots == 0


def test_bids_are_read_from_receipts_without_passes_and_kept_lots() -> None:
    rows = [
        receipt(bidder="a", bid_nanos=5),
        receipt(bidder="b", bid_nanos=3),
        receipt(bidder="c", answer="pass"),
        receipt(bidder="d", lot="0.0", kept=True),
        receipt(bidder="a", lot="0.0", bid_nanos=7),
    ]
    assert bids_by_lot(rows) == [{"a": 5, "b": 3}, {"a": 7}]


@given(lots, st.randoms(use_true_random=False))
def test_shares_are_shares_and_the_order_of_lots_makes_no_difference(
    bids: list[dict[str, int]], luck: random.Random
) -> None:
    seen = rivalry(bids)
    assert 0 <= seen.thinness <= 1
    for pair in seen.pairs:
        assert 0 <= pair.cover_share <= 1
        assert 0 <= pair.cover_share_by_chance <= 1
        assert -1 - 1e-9 <= pair.correlation <= 1 + 1e-9
    shuffled = rivalry(luck.sample(bids, len(bids)))
    assert shuffled.lots == seen.lots
    assert shuffled.thinness == pytest.approx(seen.thinness)
    assert {pair.bidders: pair.cover_share for pair in shuffled.pairs} == {
        pair.bidders: pair.cover_share for pair in seen.pairs
    }


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=LOTS_MIN, max_size=40))
def test_the_chance_of_a_cover_is_that_over_all_other_pairings(both: list[tuple[int, int]]) -> None:
    (pair,) = rivalry([{"a": one, "b": other} for one, other in both]).pairs
    crossed = [
        (one, other) for here, (one, _) in enumerate(both) for there, (_, other) in enumerate(both) if here != there
    ]
    covers = sum(10 * min(each) < max(each) for each in crossed)
    assert pair.cover_share_by_chance == pytest.approx(covers / len(crossed))


def test_no_chance_at_all_still_leaves_doubt() -> None:
    assert Pair(("a", "b"), 20, 0.0, 0.1, 0.0).is_suspect is False
    assert Pair(("a", "b"), 20, 0.0, 1.0, 0.0).is_suspect is True
