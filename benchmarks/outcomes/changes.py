"""A society of recorded models that changes, phase by phase, by one rule for any file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Integers, Outcomes
from orchestrator.core.keys import derive_seed
from orchestrator.errors import InvalidRequest

PHASES = 5
MODELS_MIN = 3
LATE_MAX = 2
IMPROVES_IN = 2
"""The phase, counted from 0, from which on the model that improves is better."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Which models change, by their columns.

    Attributes:
        best: enters second and leaves in the fourth phase.
        competitor: the second best, which always takes part.
        improver: of middling utility; answers as the competitor does from the third phase on.
        late: those that enter in the last phase; none where there are few models.
    """

    best: int
    competitor: int
    improver: int
    late: tuple[int, ...]

    @classmethod
    def of(cls, contest: Contest) -> Cast:
        """Cast the models of a file by their utility on the whole record.

        Raises:
            InvalidRequest: there are fewer than three models.
        """
        models = contest.user.data.models
        if len(models) < MODELS_MIN:
            raise InvalidRequest(
                f"{contest.user.data.name} records {len(models)} models; a society that changes needs {MODELS_MIN}"
            )
        best, competitor, *others = np.argsort(-mean_utilities(contest), kind="stable").tolist()
        improver = others.pop(len(others) // 2)
        draws = np.random.default_rng(derive_seed(contest.seed, "late"))
        late = draws.permutation(np.array(others, np.int64))[:LATE_MAX]
        return cls(best, competitor, improver, tuple(sorted(late.tolist())))


def mean_utilities(contest: Contest) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Mean utility of asking each model alone, over all that is played."""
    means: np.ndarray[tuple[int], np.dtype[np.float64]] = contest.utilities(contest.everything()).mean(0)
    return means


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of queries during which nothing changes.

    Attributes:
        queries: in the order in which they come.
        present: the models that take part.
    """

    queries: Integers
    present: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Society:
    """A stream of queries, with who takes part when.

    Attributes:
        contest: what is played for, on the record as it reads with the improvement in it.
        phases: in order.
    """

    contest: Contest
    phases: tuple[Phase, ...]


def static_society(contest: Contest, queries: Integers) -> Society:
    """All models all the time."""
    everyone = tuple(range(len(contest.user.data.models)))
    return Society(contest, tuple(Phase(part, everyone) for part in np.array_split(queries, PHASES)))


def changing_society(contest: Contest, cast: Cast, queries: Integers) -> Society:
    """The best enters, a middling one improves, the best leaves, others enter."""
    parts = np.array_split(queries, PHASES)
    everyone = frozenset(range(len(contest.user.data.models)))
    without_late = everyone.difference(cast.late)
    without_best = without_late - {cast.best}
    present = (without_best, without_late, without_late, without_best, everyone - {cast.best})
    better = np.concatenate(parts[IMPROVES_IN:])
    record = improved(contest.user.data, cast.improver, cast.competitor, better)
    return Society(
        replace(contest, user=replace(contest.user, data=record)),
        tuple(Phase(part, tuple(sorted(models))) for part, models in zip(parts, present, strict=True)),
    )


def improved(data: Outcomes, model: int, like: int, queries: Integers) -> Outcomes:
    """The record in which a model answers some queries as another does, at its cost, under its own name."""
    scores, costs_usd, codes = data.scores.copy(), data.costs_usd.copy(), data.codes.copy()
    for values in (scores, costs_usd, codes):
        values[queries, model] = values[queries, like]
    answers = list(data.answers)
    for query in queries.tolist():
        row = list(answers[query])
        row[model] = row[like]
        answers[query] = tuple(row)
    return replace(data, scores=scores, costs_usd=costs_usd, codes=codes, answers=tuple(answers))
