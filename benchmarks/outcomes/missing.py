"""Missing answers: whether what was said is right is known, but it is no recorded answer that could be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import NO_ANSWER, Flags, Outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.worlds import methods_rows, worlds_report
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

Draw = Callable[[Outcomes, np.random.Generator], Flags]
"""Which answers are missing: query, model."""


def some_answers(share: float, data: Outcomes, draws: np.random.Generator) -> Flags:
    """A share of all answers, by chance."""
    return np.asarray(draws.random(data.scores.shape) < share)


def some_queries(share: float, data: Outcomes, draws: np.random.Generator) -> Flags:
    """All answers to a share of the queries, by chance: nothing in their texts tells them from the others."""
    return np.broadcast_to(draws.random(len(data))[:, None] < share, data.scores.shape)


def every_second_model(data: Outcomes) -> Flags:
    """All answers of every second model, the best one's among them."""
    order = np.argsort(-data.training_means(), kind="stable")
    return np.broadcast_to(np.isin(np.arange(len(data.models)), order[::2]), data.scores.shape)


def all_but_the_best(data: Outcomes) -> Flags:
    """All answers but those of the model that is best on the training queries."""
    best = data.training_means().argmax()
    return np.broadcast_to(np.arange(len(data.models)) != best, data.scores.shape)


def the_hardest_task(data: Outcomes) -> Flags:
    """All answers to the queries of the task that models do worst on among the training queries."""
    training, tasks = data.training(), np.array(data.tasks)
    means = data.scores.mean(axis=1)
    learned = sorted(set(tasks[training].tolist()))
    hardest = min(learned, key=lambda task: float(means[training][tasks[training] == task].mean()), default="")
    return np.broadcast_to((tasks == hardest)[:, None], data.scores.shape)


WORLDS: dict[str, Draw] = {
    "none": partial(some_answers, 0.0),
    "one answer in ten": partial(some_answers, 0.1),
    "three answers in ten": partial(some_answers, 0.3),
    "one query in ten": partial(some_queries, 0.1),
    "three queries in ten": partial(some_queries, 0.3),
    "the hardest task's": lambda data, _: the_hardest_task(data),
    "every second model's": lambda data, _: every_second_model(data),
    "all but the best model's": lambda data, _: all_but_the_best(data),
}
"""What is missing."""


def with_missing(data: Outcomes, missing: Draw, seed: int) -> Outcomes:
    """The record without some answers; scores and costs stay as they are."""
    gone = missing(data, np.random.default_rng(derive_seed(seed, "missing")))
    answers = tuple(
        tuple(None if lost else answer for answer, lost in zip(*row, strict=True))
        for row in zip(data.answers, gone.tolist(), strict=True)
    )
    return replace(data, answers=answers, codes=np.where(gone, NO_ANSWER, data.codes))


def missing_table(name: str, title: str, contest: Contest, design: Design, orders: int) -> Report:
    """Markets of one record, in which ever more answers are missing."""
    data = contest.user.data
    made = {world: with_missing(data, missing, contest.seed) for world, missing in WORLDS.items()}
    # Of a record of one task its hardest is all there is.
    worlds = {world: record for world, record in made.items() if (record.codes != NO_ANSWER).any()}
    return worlds_report(
        name, title, "missing answers", worlds, contest, lambda each: methods_rows(each, design, orders)
    )
