"""Methods that ask several models: agreement cascade, fixed set, and cascade with a perfect verifier."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import NO_ANSWER, Flags, Floats, Integers, Outcomes
from benchmarks.outcomes.played import Played


def agreement_cascade(contest: Contest) -> Played:
    """Ask two models; where they agree show that, else ask a third and show what it says.

    All pairs with all thirds are tried on the training rows.
    """
    first, second, third = best_cascade(contest)
    data, test = contest.user.data, contest.test
    agreed = agree(data, test, first, second)
    shown = np.where(agreed, first, third)
    asked = ~agreed & (third not in (first, second))
    costs = data.costs_usd[test, first] + data.costs_usd[test, second] + asked * data.costs_usd[test, third]
    return Played(test, contest.user.accepts()[test, shown], data.scores[test, shown], costs, 2 + asked)


def best_cascade(contest: Contest) -> tuple[int, int, int]:
    """The two models and the third of the highest utility on the training rows."""
    data, train = contest.user.data, contest.train
    alone = contest.train_utilities()
    best, found = -np.inf, (0, 1, 0)
    for first, second in combinations(range(len(data.models)), 2):
        agreed = agree(data, train, first, second)
        asked = (alone[:, first] * agreed).sum() - data.costs_usd[train, second].sum()
        asked -= (data.costs_usd[train, first] * ~agreed).sum()
        totals = asked + (~agreed) @ alone
        # A model that has been asked is not paid a second time.
        for again in (first, second):
            totals[again] += (data.costs_usd[train, again] * ~agreed).sum()
        third = int(totals.argmax())
        if totals[third] > best:
            best, found = float(totals[third]), (first, second, third)
    return found


def agree(data: Outcomes, queries: Integers, first: int, second: int) -> Flags:
    """Where two models gave the same answer."""
    codes = data.codes[queries, first]
    agreed: Flags = (codes == data.codes[queries, second]) & (codes != NO_ANSWER)
    return agreed


def fixed_set(contest: Contest, size_max: int) -> Played:
    """Ask the same few models every query and show all they say; they are the best such set on the training rows."""
    data, test = contest.user.data, contest.test
    chosen = list(best_set(contest, size_max))
    accepted: Flags = np.any(contest.user.accepts()[test][:, chosen], axis=1)
    return Played(
        test,
        accepted,
        _scores_of_taken(contest, chosen),
        data.costs_usd[test][:, chosen].sum(axis=1),
        np.full(len(test), len(chosen)),
    )


def best_set(contest: Contest, size_max: int) -> tuple[int, ...]:
    """The models, so many or fewer where more do not pay, of the highest utility together on the training rows."""
    accepts = contest.user.accepts()[contest.train]
    costs = contest.user.data.costs_usd[contest.train].sum(axis=0)
    models = range(accepts.shape[1])
    sets = [chosen for size in range(1, size_max + 1) for chosen in combinations(models, size)]

    def utility(chosen: tuple[int, ...]) -> float:
        right = np.logical_or.reduce([accepts[:, model] for model in chosen])
        return float(right.sum() * contest.value_usd - costs[list(chosen)].sum())

    return max(sets, key=utility)


def perfect_verifier(contest: Contest) -> Played:
    """Ask models in one order until one is right, which a perfect verifier says: a bound, no method."""
    order = verified_order(contest)
    data, test = contest.user.data, contest.test
    accepts = contest.user.accepts()[test]
    waiting = np.ones(len(test), bool)
    costs: Floats = np.zeros(len(test))
    stages = np.zeros(len(test), np.int64)
    for model in order:
        costs += waiting * data.costs_usd[test, model]
        stages += waiting
        waiting &= ~accepts[:, model]
    return Played(test, ~waiting, _scores_of_taken(contest, order), costs, stages)


def _scores_of_taken(contest: Contest, shown: list[int]) -> Floats:
    """By test row, the score of the first answer that is taken, or else of the first one; 0 where none is shown."""
    if not shown:
        return np.zeros(len(contest.test))
    accepts = contest.user.accepts()[contest.test][:, shown]
    # Where none is taken, the first of equals is the first one shown.
    scores: Floats = contest.user.data.scores[contest.test, np.array(shown)[accepts.argmax(axis=1)]]
    return scores


def verified_order(contest: Contest) -> list[int]:
    """Add, while it pays on the training rows, the model that adds most."""
    utilities, accepts = contest.train_utilities(), contest.user.accepts()[contest.train]
    waiting = np.ones(len(contest.train), bool)
    order: list[int] = []
    while True:
        gains = waiting @ utilities
        gains[order] = -np.inf
        best = int(gains.argmax())
        if gains[best] <= 0:
            return order
        order.append(best)
        waiting &= ~accepts[:, best]
