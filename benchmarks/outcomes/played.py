"""What came of a run of queries under some method, query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.data import Flags, Floats, Integers
from benchmarks.outcomes.user import User


@dataclass(frozen=True, slots=True)
class Played:
    """Outcomes of one method, in the order in which the queries came.

    Attributes:
        queries: the queries' rows.
        accepted: whether the user took an answer; where plays were averaged, how often.
        scores: score of the answer taken, or else of the first one shown.
        costs_usd: what the models that worked cost.
        stages: how many models worked.
    """

    queries: Integers
    accepted: Flags | Floats
    scores: Floats
    costs_usd: Floats
    stages: Integers | Floats

    def utilities(self, value_usd: float) -> Floats:
        """Worth of what was accepted less what was spent, in dollars a query."""
        return self.accepted * value_usd - self.costs_usd

    @property
    def is_idle(self) -> bool:
        """Whether nobody worked on any query."""
        return not self.stages.any()

    def part(self, chosen: slice | Integers) -> Played:
        """Some of the queries."""
        return Played(
            self.queries[chosen],
            self.accepted[chosen],
            self.scores[chosen],
            self.costs_usd[chosen],
            self.stages[chosen],
        )

    def averaged(self) -> Played:
        """One row a query, in order of the queries: the mean of a query's plays."""
        rows, place, counts = np.unique(self.queries, return_inverse=True, return_counts=True)

        def mean(values: Floats | Flags | Integers) -> Floats:
            means: Floats = np.bincount(place, weights=values.astype(float)) / counts
            return means

        return Played(rows, mean(self.accepted), mean(self.scores), mean(self.costs_usd), mean(self.stages))


def join(parts: Sequence[Played]) -> Played:
    """Several runs as one."""
    return Played(
        np.concatenate([part.queries for part in parts]),
        np.concatenate([part.accepted for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.costs_usd for part in parts]),
        np.concatenate([part.stages for part in parts]),
    )


def single_choices(user: User, queries: Integers, models: Integers) -> Played:
    """Ask one model a query, and show what it answers."""
    data = user.data
    scores = data.scores[queries, models]
    return Played(
        queries, scores > user.draws[queries], scores, data.costs_usd[queries, models], np.ones(len(queries), np.int64)
    )
