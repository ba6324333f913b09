"""The monitor of competition: what it names, and what it leaves alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answer import Answer
from orchestrator.core.rules import TRANSFORMER
from orchestrator.progress.rivalry import LOTS_MIN, PRINCIPALS_MAX, Pair, lot_bids, rivalry
from tests.core.making import bid, close, make_request, opened

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
    assert [pair.principals for pair in rivalry(with_ring(1)).suspects()] == [("a", "b")]


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


def test_bids_are_read_by_principal_the_highest_of_each_and_without_passes() -> None:
    request = make_request("a", "a2", "b", "c", principals={"a2": "a"})
    passed = Answer("c", "pass", 0, TRANSFORMER)
    after = close(opened(request), {"0": [bid("a", 5), bid("a2", 7), bid("b", 3), passed]}).progress
    assert lot_bids(after) == [{"a": 7, "b": 3}]
    assert lot_bids(opened(request)) == [{}]


def test_of_very_many_those_are_looked_at_that_bid_most_often() -> None:
    often = {f"p{number}": number + 1 for number in range(PRINCIPALS_MAX)}
    seen = rivalry([often] * LOTS_MIN + [{"rare": 1, **often}] * (LOTS_MIN + 1))
    assert len(seen.pairs) == PRINCIPALS_MAX * (PRINCIPALS_MAX - 1) // 2
    assert all("rare" not in pair.principals for pair in seen.pairs)


@given(lots, st.randoms(use_true_random=False))
def test_shares_are_shares_and_the_order_of_lots_makes_no_difference(
    bids: list[dict[str, int]], luck: random.Random
) -> None:
    seen = rivalry(bids)
    for pair in seen.pairs:
        assert 0 <= pair.cover_share <= 1
        assert 0 <= pair.cover_share_by_chance <= 1
        assert -1 - 1e-9 <= pair.correlation <= 1 + 1e-9
    shuffled = rivalry(luck.sample(bids, len(bids)))
    assert shuffled.lots == seen.lots
    assert {pair.principals: pair.cover_share for pair in shuffled.pairs} == {
        pair.principals: pair.cover_share for pair in seen.pairs
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
