"""What every method is given: the user, the value of a right answer, and what it may learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.data import Floats, Integers
from benchmarks.outcomes.played import Played
from benchmarks.outcomes.user import User
from orchestrator.core.keys import derive_seed


@dataclass(frozen=True, slots=True)
class Contest:
    """One task for every method.

    Attributes:
        user: who takes answers, with the record.
        value_usd: what a right answer is worth.
        train: rows that a method may learn from.
        test: rows on which it is measured.
        seed: root of its draws.
    """

    user: User
    value_usd: float
    train: Integers
    test: Integers
    seed: int = 0

    def everything(self) -> Integers:
        """All rows that may be played, in the file's order."""
        return np.sort(np.concatenate([self.train, self.test]))

    def train_utilities(self) -> Floats:
        """Utility of asking each model alone, for each row of `train`."""
        return self.utilities(self.train)

    def utilities(self, queries: Integers) -> Floats:
        """Utility of asking each model alone."""
        data = self.user.data
        return self.user.accepts()[queries] * self.value_usd - data.costs_usd[queries]


def shuffled(queries: Integers, seed: int, *key: str | int) -> Integers:
    """Rows in an order drawn from the seed."""
    return np.random.default_rng(derive_seed(seed, *key)).permutation(queries)


Method = Callable[[Contest], Played]
