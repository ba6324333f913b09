"""The benchmark of open-ended work, on a small stream: what it measures is what it says."""

from __future__ import annotations

from statistics import fmean

import pytest

from benchmarks.writing import World, best_set, best_single, fixed, measure, play
from bidders.policies.bayes import BayesPolicy


def test_a_world_is_drawn_to_the_digit_and_holds_writers_that_help_and_that_harm() -> None:
    first, again, other = World.drawn(1), World.drawn(1), World.drawn(2)
    assert first == again != other
    for adds in first.adds:
        assert min(adds.values()) < -0.4
        assert max(adds.values()) > 0.4


def test_the_best_set_is_worth_more_than_the_best_writer_alone() -> None:
    world = World.drawn(1)
    for sort in range(2):
        alone, together = (world.utility(sort, choose(world, sort), "clear") for choose in (best_single, best_set))
        assert together > alone
        assert world.chance(sort, best_set(world, sort), "clumsy") < world.chance(sort, best_set(world, sort), "plain")


def test_fixed_writers_bring_the_same_at_every_request_of_a_sort() -> None:
    stream = fixed(1, best_set, 30)
    assert len(set(stream.utilities)) == 2
    assert len(set(fixed(1, lambda world, sort: best_set(world, 0), 30).utilities)) == 2


@pytest.mark.slow
def test_a_stream_is_the_same_again_and_a_pool_that_draws_otherwise_plays_another() -> None:
    first, again, other = (
        play(3, BayesPolicy(pool="p", exploration=explores), pooled=True, requests=12) for explores in (1.0, 1.0, 0.0)
    )
    assert first == again != other


@pytest.mark.slow
def test_a_pool_learns_whom_to_ask() -> None:
    stream = play(3, BayesPolicy(pool="p"), pooled=True, requests=400)
    assert fmean(stream.utilities[-100:]) > fmean(stream.utilities[:100]) + 0.15


@pytest.mark.slow
def test_the_table_has_a_row_for_each_way() -> None:
    report = measure(worlds=2, requests=20)
    ways = {row[0]: row for row in report.rows}
    assert ways["the best set of writers (known)"][1] > ways["the best writer alone (known)"][1]
    assert len(ways) == 5
