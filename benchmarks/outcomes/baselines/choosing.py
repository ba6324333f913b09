"""Methods that ask one model a query, and the bounds on what any choice can bring."""

from __future__ import annotations

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Integers
from benchmarks.outcomes.played import Played, single_choices


def best_model(contest: Contest) -> int:
    """The model of the highest utility on the training rows."""
    return int(contest.train_utilities().mean(axis=0).argmax())


def always(contest: Contest, model: int) -> Played:
    """Ask one model every query."""
    return single_choices(contest.user, contest.test, np.full(len(contest.test), model))


def best_single(contest: Contest) -> Played:
    return always(contest, best_model(contest))


def cheapest(contest: Contest) -> Played:
    return always(contest, int(contest.user.data.costs_usd[contest.train].mean(axis=0).argmin()))


def at_random(contest: Contest) -> Played:
    """Ask a model drawn at random: what is expected, so that no draw blurs it."""
    data, test = contest.user.data, contest.test
    accepted = contest.user.accepts()[test].mean(axis=1)
    ones = np.ones(len(test), np.int64)
    return Played(test, accepted, data.scores[test].mean(axis=1), data.costs_usd[test].mean(axis=1), ones)


def task_table(contest: Contest) -> Played:
    """Ask the model that was best on the query's task; on a task that never came, the best of all."""
    data = contest.user.data
    utilities = contest.train_utilities()
    tasks = np.array(data.tasks)
    learned = tasks[contest.train]
    table = {task: int(utilities[learned == task].mean(axis=0).argmax()) for task in set(learned)}
    best = best_model(contest)
    chosen: Integers = np.array([table.get(task, best) for task in tasks[contest.test]])
    return single_choices(contest.user, contest.test, chosen)


def oracle(contest: Contest) -> Played:
    """Ask the model that hindsight says is best for the query: a bound, no method."""
    return single_choices(contest.user, contest.test, contest.utilities(contest.test).argmax(axis=1))
