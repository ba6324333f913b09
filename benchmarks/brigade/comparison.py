"""How many presentations each learner needs, beside the published figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np

from benchmarks.brigade.neural import NeuralBrigade, Vector
from benchmarks.brigade.units import Pattern, Sight, network, present, solves
from benchmarks.tables import Report

SEEDS = 20
ROUNDS_MAX = 1500
STABLE_ROUNDS = 10
SIGHTS: dict[Sight, str] = {
    "symbol": "the symbol alone",
    "both": "symbol and input",
    "input": "the input alone (control)",
}
_TICKS = 6
_CELLS = 5


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A task: its patterns for the market, and the same as activations for the net.

    Attributes:
        name: as the table says.
        patterns: what the market is shown.
        activations: what the net is shown, a vector a tick, for each pattern.
        inputs: input units of the net.
        hidden: hidden units of both.
        recurrent: whether it takes memory.
        published: what Schmidhuber 1989 reports.
    """

    name: str
    patterns: tuple[Pattern, ...]
    activations: tuple[tuple[Vector, ...], ...]
    inputs: int
    hidden: int
    recurrent: bool
    published: str


def xor() -> Puzzle:
    """Exclusive or: two inputs and one that is always on, held for six ticks; one hidden step in the market."""
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1)]
    patterns = tuple(Pattern((2 * one + other,), one ^ other) for one, other in pairs)
    held = tuple((np.array([one, other, 1.0]),) * _TICKS for one, other in pairs)
    return Puzzle("XOR", patterns, held, 3, 3, False, "619 (stable after 674), 20 runs")


def moving_light() -> Puzzle:
    """A light that moves over five cells; which way, is asked one tick after it has gone."""
    ways = [tuple(range(_CELLS)), tuple(reversed(range(_CELLS)))]
    patterns = tuple(Pattern(cells, label) for label, cells in enumerate(ways))
    shown = tuple((*(np.eye(_CELLS)[cell] for cell in cells), np.zeros(_CELLS)) for cells in ways)
    return Puzzle("moving light", patterns, shown, _CELLS, 4, True, "446 (223 a sequence), 9 of 10 runs")


class Outcome(NamedTuple):
    """What one run came to.

    Attributes:
        first: presentations until all patterns were right for the first time; None if never.
        stable: presentations until they stayed right for ten rounds of learning; None if never.
    """

    first: int | None
    stable: int | None


def learn(patterns: int, show: Callable[[int], object], solved: Callable[[], bool], rounds: int, seed: int) -> Outcome:
    """Show all patterns in random order, round by round, until they have been right for ten rounds."""
    order, draws = list(range(patterns)), random.Random(seed)
    first, right_rounds = None, 0
    for number in range(1, rounds + 1):
        draws.shuffle(order)
        for each in order:
            show(each)
        right_rounds = right_rounds + 1 if solved() else 0
        if right_rounds and first is None:
            first = number * patterns
        if right_rounds == STABLE_ROUNDS:
            return Outcome(first, (number - STABLE_ROUNDS + 1) * patterns)
    return Outcome(first, None)


def run_net(puzzle: Puzzle, seed: int, rounds: int) -> Outcome:
    """The neural bucket brigade on a puzzle."""
    net = NeuralBrigade(puzzle.inputs, puzzle.hidden, 2, puzzle.recurrent, seed)
    labels = [pattern.label for pattern in puzzle.patterns]

    def is_right(number: int) -> bool:
        return net.present(puzzle.activations[number], labels[number], learning=False)

    return learn(
        len(labels),
        lambda number: net.present(puzzle.activations[number], labels[number]),
        lambda: all(map(is_right, range(len(labels)))),
        rounds,
        seed,
    )


def run_market(puzzle: Puzzle, seed: int, rounds: int, sight: Sight) -> Outcome:
    """The market on a puzzle."""
    market = network(puzzle.hidden, len(puzzle.patterns[0].inputs), sight, seed)
    return learn(
        len(puzzle.patterns),
        lambda number: present(market, puzzle.patterns[number]),
        lambda: solves(market, puzzle.patterns),
        rounds,
        seed,
    )


def measure(seeds: int = SEEDS, rounds: int = ROUNDS_MAX) -> Report:
    """Run both learners on both tasks."""
    market_rounds = min(rounds, 150)
    rows: list[tuple[str, ...]] = []
    for puzzle in (xor(), moving_light()):
        rows.append((puzzle.name, "Schmidhuber 1989, as published", puzzle.published, "", ""))
        nets = [run_net(puzzle, seed, rounds) for seed in range(seeds)]
        rows.append((puzzle.name, f"his equations, run here, {rounds} rounds at most", *_figures(nets)))
        for sight, seen in SIGHTS.items():
            runs = [run_market(puzzle, seed, market_rounds, sight) for seed in range(seeds)]
            rows.append((puzzle.name, f"market, outputs see {seen}, {market_rounds} rounds at most", *_figures(runs)))
    return Report(
        name="brigade",
        title=f"Presentations until every pattern is right ({seeds} seeds)",
        columns=("task", "learner", "first right", "right for ten rounds", "runs first right, stable"),
        rows=tuple(rows),
    )


def _figures(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    firsts = [outcome.first for outcome in outcomes if outcome.first is not None]
    stables = [outcome.stable for outcome in outcomes if outcome.stable is not None]
    counts = f"{len(firsts)}, {len(stables)} of {len(outcomes)}"
    return _spread(firsts), _spread(stables), counts


def _spread(figures: Sequence[int]) -> str:
    if not figures:
        return "never"
    return f"{fmean(figures):.0f} ± {stdev(figures) if len(figures) > 1 else 0.0:.0f}"
