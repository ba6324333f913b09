"""The planner of several steps: tabular Q-learning over how many models were asked and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import numpy as np

from benchmarks.outcomes.baselines.planning import Maker, Turn
from benchmarks.outcomes.changes import Society
from benchmarks.outcomes.data import NO_ANSWER, Flags, Floats, Integers

ASKED_MAX = 3
GRAIN = 1e-6
"""Chance in first values, so that the first order is not the alphabet's."""


class Constants(NamedTuple):
    """What is tuned on the training queries.

    Attributes:
        further: the first value of asking a second or third model, as a share of the value of a right
            answer; a first model starts at 1, as a bandit's do. At 0 it asks one model, unless it explores.
        explore: a decision is drawn at random with probability `explore x models / queries so far`.
        step_min: the least weight of a new result; above 0 old ones are forgotten.
        traces: whether a result counts for all that was decided on the way to it, back to the last
            decision drawn at random (Watkins's Q(1)); else each value moves towards the best next one.
    """

    further: float
    explore: float
    step_min: float
    traces: bool


TRIED = tuple(Constants(*each) for each in product((0.0, 0.6, 1.0), (0.1, 0.5, 2.0), (0.0, 0.02), (True, False)))

State = tuple[int, int]
"""How many models were asked, and how many of them gave the leading answer."""


class _Step(NamedTuple):
    state: State
    action: int
    is_greedy: bool


@dataclass(slots=True)
class _Row:
    """A state's values: one for each model to ask, and last that of presenting."""

    values: Floats
    counts: Integers


@dataclass(slots=True)
class QPlanner:
    """Asks models one after another until presenting the leading answer is worth more.

    Values are shares of what a right answer is worth.

    Attributes:
        constants: those tuned.
        is_known: whether it may ask each model of the record.
        draws: where its chances come from.
        queries: how many it has learned from.
        table: what it has learned.
    """

    constants: Constants
    is_known: Flags
    draws: np.random.Generator
    queries: int = 0
    table: dict[State, _Row] = field(default_factory=dict)
    _closed: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._closed = np.append(np.where(self.is_known, 0.0, -np.inf), 0.0)

    def play(self, society: Society, query: int, *, learning: bool) -> Turn:
        """Ask and present; while learning, explore, and learn from what came of it."""
        data = society.contest.user.data
        codes = data.codes[query]
        present = len(self.is_known)
        rate = self.constants.explore * int(self.is_known.sum()) / (self.queries + 1) if learning else 0.0
        asked: list[int] = []
        steps: list[_Step] = []
        while True:
            leader, agreeing = leading(codes, asked)
            steps.append(self._decide((len(asked), agreeing), asked, rate))
            if steps[-1].action == present:
                break
            asked.append(steps[-1].action)
        if learning:
            costs = data.costs_usd[query, asked] / society.contest.value_usd
            is_right = data.scores[query, leader] > society.contest.user.draws[query]
            self._learn(steps, (-costs).tolist(), float(is_right))
        return Turn(tuple(asked), leader)

    def extended(self, models: Sequence[int]) -> QPlanner:
        """The same values, over other models."""
        return replace(self, is_known=_flags(models, len(self.is_known)))

    def _decide(self, state: State, asked: Sequence[int], rate: float) -> _Step:
        best = self._best(state, asked)
        if self.draws.random() >= rate:
            return _Step(state, best, True)
        open_to = np.append(self.is_known & (len(asked) < ASKED_MAX), bool(asked))
        open_to[list(asked)] = False
        action = int(self.draws.choice(np.flatnonzero(open_to)))
        return _Step(state, action, action == best)

    def _best(self, state: State, asked: Sequence[int]) -> int:
        """What is worth most of what may be done: nobody works twice, and nothing is presented before somebody has."""
        row = self._row(state)
        if len(asked) >= ASKED_MAX:
            return len(self.is_known)
        values = row.values + self._closed
        values[list(asked)] = -np.inf
        if not asked:
            values[-1] = -np.inf
        return int(values.argmax())

    def _row(self, state: State) -> _Row:
        row = self.table.get(state)
        if row is None:
            size = len(self.is_known) + 1
            first = 1.0 if state[0] == 0 else self.constants.further
            values = np.append(np.full(size - 1, first), 1.0) + GRAIN * self.draws.random(size)
            row = self.table[state] = _Row(values, np.ones(size, np.int64))
        return row

    def _learn(self, steps: Sequence[_Step], gains: Sequence[float], is_right: float) -> None:
        """From the last decision to the first; `gains` are those of all but the last, which presents."""
        self.queries += 1
        target = is_right
        for place in range(len(steps) - 1, -1, -1):
            step = steps[place]
            row = self.table[step.state]
            row.counts[step.action] += 1
            weight = max(1 / row.counts[step.action], self.constants.step_min)
            row.values[step.action] += weight * (target - row.values[step.action])
            if place:
                follows = self.constants.traces and step.is_greedy
                if not follows:
                    best = self._best(step.state, [before.action for before in steps[:place]])
                    target = float(row.values[best])
                target += gains[place - 1]


def leading(codes: Integers, asked: Sequence[int]) -> tuple[int, int]:
    """Of the models asked, the latest that gave the answer which most gave, and how many did.

    A model without an answer agrees with none; where none has one, the latest leads and 0 agree.
    """
    given = [int(codes[model]) for model in asked]
    counts = [given.count(code) if code != NO_ANSWER else 0 for code in given]
    if not counts:
        return -1, 0
    place = max(range(len(counts)), key=lambda each: (counts[each], each))
    return asked[place], counts[place]


def q_makers(models: int) -> list[Maker]:
    """Q-learning with all constants that are tried, on a record of so many models."""
    return [_maker(constants, models) for constants in TRIED]


def _maker(constants: Constants, models: int) -> Maker:
    return lambda known, seed: QPlanner(constants, _flags(known, models), np.random.default_rng(seed))


def _flags(models: Sequence[int], size: int) -> Flags:
    flags = np.zeros(size, np.bool_)
    flags[list(models)] = True
    return flags
