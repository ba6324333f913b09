"""Central planners: one learner decides whom to ask and when to present, and the models do as they are told.

A planner knows the models that it was built with. Where the society changes it is met in four forms. *Fixed* learns
on, with the models that it was built with. *Frozen* stops learning and exploring after the first phase. *Retrained*
is told of every change and starts anew. *Extended* is told of every change and keeps what it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from benchmarks.outcomes.changes import Phase, Society
from benchmarks.outcomes.data import Integers
from benchmarks.outcomes.played import Played
from benchmarks.outcomes.user import User
from benchmarks.society.change import Form
from orchestrator.core.keys import derive_seed


class Turn(NamedTuple):
    """What a planner did with a query.

    Attributes:
        asked: the models that worked, in order.
        shown: the one whose answer the user saw.
    """

    asked: tuple[int, ...]
    shown: int


class Planner(Protocol):
    """Decides for everybody."""

    def play(self, society: Society, query: int, *, learning: bool) -> Turn:
        """Play a query; while learning, explore, and learn from what came of it."""

    def extended(self, models: Sequence[int]) -> Planner:
        """One that knows what this one does, and may ask these models."""


Maker = Callable[[Sequence[int], int], Planner]
"""Makes a planner that knows nothing, from the models that it may ask and the root of its draws."""


def play_planner(make: Maker, form: Form, society: Society, seed: int) -> Played:
    """Play a whole stream with one form of planner."""
    phases = society.phases
    planner = make(phases[0].present, derive_seed(seed, 0))
    turns: list[Turn] = []
    for number, phase in enumerate(phases):
        if number:
            planner = _adapted(planner, make, form, phase, derive_seed(seed, number))
        learning = form != "frozen" or not number
        turns += [planner.play(society, query, learning=learning) for query in phase.queries.tolist()]
    return _read(society.contest.user, np.concatenate([phase.queries for phase in phases]), turns)


def _adapted(planner: Planner, make: Maker, form: Form, phase: Phase, seed: int) -> Planner:
    if form == "retrained":
        return make(phase.present, seed)
    return planner.extended(phase.present) if form == "extended" else planner


def best_maker(makers: Sequence[Maker], form: Form, societies: Sequence[Society], seed: int) -> Maker:
    """The planner that brings most in a form, over some streams; for choosing constants on the training queries."""

    def brought(make: Maker) -> float:
        return sum(
            float(
                play_planner(make, form, society, derive_seed(seed, order)).utilities(society.contest.value_usd).sum()
            )
            for order, society in enumerate(societies)
        )

    return max(makers, key=brought)


def _read(user: User, queries: Integers, turns: Sequence[Turn]) -> Played:
    shown = np.array([turn.shown for turn in turns])
    scores = user.data.scores[queries, shown]
    costs = [
        float(user.data.costs_usd[query, list(turn.asked)].sum())
        for query, turn in zip(queries.tolist(), turns, strict=True)
    ]
    return Played(
        queries, scores > user.draws[queries], scores, np.array(costs), np.array([len(turn.asked) for turn in turns])
    )
