"""Bandits: they ask one model a query and see, as the market does, only what that one brought.

Each has constants, which are tuned by what it would have brought on the training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.baselines.routers import text_features
from benchmarks.outcomes.data import Floats, Integers
from benchmarks.outcomes.played import Played, join, single_choices
from orchestrator.core.keys import derive_seed

TUNING_ORDERS = 5
DIMENSIONS = 16


class Bandit(Protocol):
    """Chooses models, and learns from what they bring, as a share of the value of a right answer."""

    def choose(self, context: Floats, draws: np.random.Generator) -> int:
        """The model to ask, exploring."""

    def learn(self, context: Floats, model: int, is_right: bool, cost_share: float) -> None:
        """Learn what asking it brought."""

    def best(self, context: Floats) -> int:
        """The model to ask, not exploring."""


class EpsilonGreedy:
    """Asks a model drawn at random with a probability that falls with time; else the best so far.

    Args:
        models: how many there are.
        constant: the probability is `constant x models / queries so far`, at most 1 and at least `least`.
    """

    def __init__(self, models: int, constant: float, least: float) -> None:
        self._constant, self._least = constant, least
        self._sums, self._counts = np.ones(models), np.ones(models)

    def choose(self, context: Floats, draws: np.random.Generator) -> int:
        time = self._counts.sum() - len(self._counts) + 1
        if draws.random() < max(self._least, min(1.0, self._constant * len(self._counts) / time)):
            return int(draws.integers(len(self._counts)))
        return self.best(context)

    def learn(self, context: Floats, model: int, is_right: bool, cost_share: float) -> None:
        self._sums[model] += is_right - cost_share
        self._counts[model] += 1

    def best(self, context: Floats) -> int:
        return int((self._sums / self._counts).argmax())


class Thompson:
    """Draws each model's chance to be right from its posterior (a beta distribution), less its mean cost.

    Args:
        models: how many there are.
        prior: of how many right answers the prior counts as, beside one wrong one.
        sharpness: by how much more a result counts than one: above 1 it explores less.
    """

    def __init__(self, models: int, prior: float, sharpness: float) -> None:
        self._sharpness = sharpness
        self._right, self._wrong = np.full(models, prior), np.ones(models)
        self._costs, self._counts = np.zeros(models), np.zeros(models)

    def choose(self, context: Floats, draws: np.random.Generator) -> int:
        return int((draws.beta(self._right, self._wrong) - self._mean_costs()).argmax())

    def learn(self, context: Floats, model: int, is_right: bool, cost_share: float) -> None:
        self._right[model] += self._sharpness * is_right
        self._wrong[model] += self._sharpness * (not is_right)
        self._costs[model] += cost_share
        self._counts[model] += 1

    def best(self, context: Floats) -> int:
        return int((self._right / (self._right + self._wrong) - self._mean_costs()).argmax())

    def _mean_costs(self) -> Floats:
        return self._costs / np.maximum(self._counts, 1)


class LinUCB:
    """A ridge regression a model on the query's text, and a bonus for what it has seen little of.

    Args:
        models: how many there are.
        bonus: how much a standard deviation of doubt counts.
        ridge: strength of the prior.
    """

    def __init__(self, models: int, bonus: float, ridge: float) -> None:
        self._bonus = bonus
        self._inverse = np.stack([np.eye(DIMENSIONS + 1) / ridge] * models)
        self._sums = np.zeros((models, DIMENSIONS + 1))

    def choose(self, context: Floats, draws: np.random.Generator) -> int:
        along = self._inverse @ context
        return int((self._means(along) + self._bonus * np.sqrt(along @ context)).argmax())

    def learn(self, context: Floats, model: int, is_right: bool, cost_share: float) -> None:
        inverse = self._inverse[model]
        along = inverse @ context
        self._inverse[model] = inverse - np.outer(along, along) / (1 + context @ along)
        self._sums[model] += context * (is_right - cost_share)

    def best(self, context: Floats) -> int:
        return int(self._means(self._inverse @ context).argmax())

    def _means(self, along: Floats) -> Floats:
        means: Floats = (along * self._sums).sum(axis=1)
        return means


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of bandit, with the constants that are tried.

    Attributes:
        make: makes one, given the number of models and its constants.
        constants: those tried.
        reads_texts: whether it looks at queries.
    """

    make: Callable[..., Bandit]
    constants: Sequence[tuple[float, ...]]
    reads_texts: bool = False

    def tuned(self, contest: Contest) -> tuple[float, ...]:
        """The constants that bring most on the training rows, over several orders."""
        contexts = self.contexts(contest)

        def brought(constants: tuple[float, ...]) -> float:
            total = 0.0
            for order in range(TUNING_ORDERS):
                rows = shuffled(contest.train, contest.seed, "tuning", order)
                bandit = self.make(len(contest.user.data.models), *constants)
                played = run(bandit, contest, rows, contexts, derive_seed(contest.seed, "draws", order))
                total += float(played.utilities(contest.value_usd).sum())
            return total

        return max(self.constants, key=brought)

    def contexts(self, contest: Contest) -> Floats:
        """A row of numbers a query; a lone 1 where the bandit does not read texts."""
        ones = np.ones((len(contest.user.data), 1))
        if not self.reads_texts:
            return ones
        from sklearn.decomposition import TruncatedSVD

        features = text_features(contest.user.data.prompts, contest.train)
        # Texts that do not vary leave shares of their variance, which nobody reads, at 0 / 0.
        with np.errstate(invalid="ignore"):
            reduction = TruncatedSVD(DIMENSIONS, random_state=0).fit(features[contest.train])
        reduced = reduction.transform(features)
        # Fewer training rows than dimensions span fewer of them.
        reduced = np.pad(reduced, ((0, 0), (0, DIMENSIONS - reduced.shape[1])))
        return np.hstack([ones, reduced / np.maximum(reduced.std(axis=0), 1e-9)])


FAMILIES = {
    "eps-greedy": Family(EpsilonGreedy, [(c, least) for c in (1, 2, 4, 8, 16) for least in (0.0, 0.01, 0.05)]),
    "Thompson sampling": Family(Thompson, [(p, s) for p in (1, 2, 4, 8) for s in (1, 2, 4)]),
    "LinUCB": Family(LinUCB, [(b, r) for b in (0.05, 0.1, 0.2, 0.4) for r in (1, 10)], reads_texts=True),
}


def run(bandit: Bandit, contest: Contest, rows: Integers, contexts: Floats, seed: int) -> Played:
    """Let a bandit play queries, learning from each before the next comes."""
    draws = np.random.default_rng(seed)
    accepts = contest.user.accepts()
    costs = contest.user.data.costs_usd / contest.value_usd
    chosen = np.empty(len(rows), np.int64)
    for place, query in enumerate(rows.tolist()):
        chosen[place] = model = bandit.choose(contexts[query], draws)
        bandit.learn(contexts[query], model, bool(accepts[query, model]), float(costs[query, model]))
    return single_choices(contest.user, rows, chosen)


def trained_bandit(contest: Contest, family: Family, orders: int) -> Played:
    """Learn over the training rows, query by query, then play the test without exploring; in several orders."""
    contexts, constants = family.contexts(contest), family.tuned(contest)
    played = []
    for order in range(orders):
        bandit = family.make(len(contest.user.data.models), *constants)
        rows = shuffled(contest.train, contest.seed, "training", order)
        run(bandit, contest, rows, contexts, derive_seed(contest.seed, "training draws", order))
        chosen = np.array([bandit.best(contexts[query]) for query in contest.test.tolist()])
        played.append(single_choices(contest.user, contest.test, chosen))
    return join(played)
