"""The bucket brigade's two tasks, a few presentations each."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.brigade.comparison import learn, measure, moving_light, run_market, run_net, xor
from benchmarks.brigade.neural import NeuralBrigade


def test_substance_enters_only_with_success_and_is_lost_otherwise() -> None:
    puzzle = xor()
    net = NeuralBrigade(puzzle.inputs, puzzle.hidden, 2, puzzle.recurrent, seed=0)
    shown = puzzle.activations[3]
    answer = int(net.present(shown, 1, learning=False))
    before = net.substance.sum()
    net.present(shown, 1 - answer)
    assert net.substance.sum() < before, "a wrong answer is paid nothing"
    assert (net.substance >= 0).all()


def test_without_learning_no_substance_flows() -> None:
    puzzle = moving_light()
    net = NeuralBrigade(puzzle.inputs, puzzle.hidden, 2, puzzle.recurrent, seed=0)
    before = net.substance.copy()
    net.present(puzzle.activations[0], 0, learning=False)
    assert np.array_equal(net.substance, before)


def test_rounds_are_counted_until_all_is_right_for_ten_in_a_row() -> None:
    shown: list[int] = []
    outcome = learn(2, shown.append, lambda: len(shown) >= 6, rounds=30, seed=0)
    assert outcome == (6, 6)
    assert learn(2, shown.append, lambda: False, rounds=5, seed=0) == (None, None)


@pytest.mark.slow
def test_a_market_whose_buyers_see_the_input_solves_xor_and_stays_right() -> None:
    outcome = run_market(xor(), seed=0, rounds=40, sight="both")
    assert outcome.stable is not None
    assert outcome == run_market(xor(), seed=0, rounds=40, sight="both")


@pytest.mark.slow
def test_neither_task_needs_a_hidden_unit_once_outputs_see_the_input() -> None:
    for puzzle in (xor(), moving_light()):
        classes = {(pattern.inputs[-1], pattern.label) for pattern in puzzle.patterns}
        assert len(classes) == len({last for last, _ in classes}), "the last input alone tells the class"
        assert run_market(puzzle, seed=0, rounds=40, sight="input").stable is not None


def test_a_net_is_reproducible_from_its_seed() -> None:
    assert run_net(xor(), 1, 30) == run_net(xor(), 1, 30)


def test_a_small_table_is_made() -> None:
    assert len(measure(seeds=1, rounds=3).rows) == 10
