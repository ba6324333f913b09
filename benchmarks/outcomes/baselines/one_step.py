"""The planner of one step: a bandit that asks one model a query and shows what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.outcomes.baselines.bandits import FAMILIES, Bandit, Family
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.baselines.planning import Maker, Turn
from benchmarks.outcomes.changes import Society
from benchmarks.outcomes.data import Floats


@dataclass(slots=True)
class OneStepPlanner:
    """A bandit over the models that it was told of.

    Attributes:
        family: which kind of bandit.
        constants: the bandit's.
        contexts: what it reads of each query.
        models: those that it may ask.
        draws: where its chances come from.
        seen: the queries that it has played, with the model asked, whether that was right, and its cost.
    """

    family: Family
    constants: tuple[float, ...]
    contexts: Floats
    models: tuple[int, ...]
    draws: np.random.Generator
    seen: list[tuple[int, int, bool, float]] = field(default_factory=list)
    _bandit: Bandit = field(init=False)

    def __post_init__(self) -> None:
        self._bandit = self.family.make(len(self.models), *self.constants)
        for query, model, is_right, cost in self.seen:
            if model in self.models:
                self._bandit.learn(self.contexts[query], self.models.index(model), is_right, cost)

    def play(self, society: Society, query: int, *, learning: bool) -> Turn:
        """Ask the best model, or one that is worth a try."""
        context = self.contexts[query]
        place = self._bandit.choose(context, self.draws) if learning else self._bandit.best(context)
        model = self.models[place]
        if learning:
            user, value_usd = society.contest.user, society.contest.value_usd
            is_right = bool(user.data.scores[query, model] > user.draws[query])
            cost = float(user.data.costs_usd[query, model]) / value_usd
            self._bandit.learn(context, place, is_right, cost)
            self.seen.append((query, model, is_right, cost))
        return Turn((model,), model)

    def extended(self, models: Sequence[int]) -> OneStepPlanner:
        """A bandit over other models, which has learned all that this one saw of them."""
        return replace(self, models=tuple(models))


def one_step_makers(contest: Contest) -> list[Maker]:
    """Every kind of bandit, with all constants that are tried."""
    return [
        _maker(family, constants, contexts)
        for family in FAMILIES.values()
        for contexts in [family.contexts(contest)]
        for constants in family.constants
    ]


def _maker(family: Family, constants: tuple[float, ...], contexts: Floats) -> Maker:
    return lambda models, seed: OneStepPlanner(family, constants, contexts, tuple(models), np.random.default_rng(seed))
