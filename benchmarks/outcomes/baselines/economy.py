"""A market by the rules of Economy of Minds (2026): first price, bids in proportion to wealth, equal shares.

At each stage the richest bidder that may act does, and pays its bid, a fixed share of its wealth,
to whoever acted before; the first pays the house. When the user takes the answer shown, everyone on
the path gets an equal share of the bounty. Everyone bears its own costs; who is broke is replaced
by a newcomer with a fresh endowment. Nothing else is learned: wealth is the memory. The bidders
are those of our market: the models, and three that show what most models in the state said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.data import NO_ANSWER, Floats, Integers
from benchmarks.outcomes.played import Played, join
from orchestrator.core.keys import derive_seed

PRESENTERS = 3
CONSTANTS = tuple(product((0.05, 0.2), (0.25, 1.0), (2, 3, 4, 6, 10)))
"""Share of its wealth that a bidder bids; its first bid, as a share of the bounty; the last stage."""
TUNING_ORDERS = 2


@dataclass(slots=True)
class Economy:
    """Bidders and their wealth.

    Attributes:
        contest: what is played for.
        share: of its wealth, what a bidder bids.
        opening: the first bid, as a share of the bounty.
        stages_max: the last stage, at which only presenters may act.
        wealth: by bidder, models first.
    """

    contest: Contest
    share: float
    opening: float
    stages_max: int
    wealth: Floats = field(init=False)

    def __post_init__(self) -> None:
        models = len(self.contest.user.data.models)
        # A grain of chance, so that the first order is not the alphabet's.
        grains = np.random.default_rng(derive_seed(self.contest.seed, "economy")).random(models + PRESENTERS) * 1e-3
        self.wealth = self._endowment() * (1 + grains)

    def play(self, rows: Integers, *, learning: bool) -> Played:
        """Play queries; wealth changes hands only while learning."""
        played = [self._play_one(query, learning=learning) for query in rows.tolist()]
        accepted, scores, costs, stages = zip(*played, strict=True)
        return Played(rows, np.array(accepted), np.array(scores), np.array(costs), np.array(stages))

    def _endowment(self) -> float:
        return self.opening * self.contest.value_usd / self.share

    def _play_one(self, query: int, *, learning: bool) -> tuple[bool, float, float, int]:
        data = self.contest.user.data
        path, spent = self._path(query, learning=learning)
        models = path[:-1]
        shown = _most_given(data.codes[query], models)
        is_right = bool(data.scores[query, shown] > self.contest.user.draws[query])
        if learning:
            self.wealth[path] += is_right * self.contest.value_usd / len(path)
            self.wealth[self.wealth <= 0] = self._endowment()
        return is_right, float(data.scores[query, shown]), spent, len(models)

    def _path(self, query: int, *, learning: bool) -> tuple[list[int], float]:
        """Who acts, in order; the last is a presenter."""
        data = self.contest.user.data
        count = len(data.models)
        path: list[int] = []
        spent = 0.0
        while True:
            bids = self.wealth * self.share
            bids[path] = -np.inf
            if not path:
                bids[count:] = -np.inf
            elif len(path) >= min(self.stages_max - 1, count):
                bids[:count] = -np.inf
            actor = int(bids.argmax())
            cost = float(data.costs_usd[query, actor]) if actor < count else 0.0
            if learning:
                self.wealth[actor] -= bids[actor] + cost
                if path:
                    self.wealth[path[-1]] += bids[actor]
            path.append(actor)
            spent += cost
            if actor >= count:
                return path, spent


def _most_given(codes: Integers, models: list[int]) -> int:
    """The model whose answer most of these gave, of equals the latest."""
    given = codes[models]

    def weight(place: int) -> tuple[int, int]:
        return (1 if given[place] == NO_ANSWER else int((given == given[place]).sum()), place)

    return models[max(range(len(models)), key=weight)]


def economy_of_minds(contest: Contest, orders: int) -> Played:
    """Learn over the training rows, then play the test at the wealth that came of it; in several orders."""
    constants = tuned_constants(contest)
    played = []
    for order in range(orders):
        economy = Economy(contest, *constants)
        economy.play(shuffled(contest.train, contest.seed, "training", order), learning=True)
        played.append(economy.play(contest.test, learning=False))
    return join(played)


def tuned_constants(contest: Contest) -> tuple[float, float, int]:
    """The constants that bring most on the training rows."""

    def brought(constants: tuple[float, float, int]) -> float:
        total = 0.0
        for order in range(TUNING_ORDERS):
            rows = shuffled(contest.train, contest.seed, "tuning", order)
            total += float(Economy(contest, *constants).play(rows, learning=True).utilities(contest.value_usd).sum())
        return total

    return max(CONSTANTS, key=brought)
