"""Planning: whom to ask, and whom to ask first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bidders.policies.pooled.belief import first_belief
from bidders.policies.pooled.lookahead import Crew, Terms, Worth, look_ahead
from bidders.policies.pooled.world import Floats, World

PLANNED_MAX = 5
_CLAIMS_AND_WORKERS_MAX = 6
_FOLLOWERS_MAX = 4
_CANDIDATES_MAX = 12
_GAIN_MIN_SHARE = 1e-5
_CREWS_KEPT = 8

Plan = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Planner:
    """Finds whom to ask under given abilities and costs.

    Attributes:
        right: each bidder's chance to find the evident answer, by class; the last row is a newcomer's.
        costs_usd: what each bidder's work is expected to cost.
        world: what requests are like.
    """

    right: Floats
    costs_usd: Floats
    world: World
    _crews: OrderedDict[tuple[int, ...], Crew] = field(default_factory=OrderedDict, init=False, repr=False)

    def openings(self, classes: Floats, plan: Plan, terms: Terms) -> Floats:
        """What asking each bidder first is worth, and then those of a plan as long as it pays, before its own cost.

        Args:
            classes: how frequent each class is, one row for each kind of request.
            plan: the bidders with whom the time after the first work is planned.
            terms: what the request pays, more than nothing.

        Returns:
            As a share of the bounty, by kind and bidder.
        """
        followers = list(plan[:_CLAIMS_AND_WORKERS_MAX])
        worth_usd = np.empty((len(classes), len(self.costs_usd)))
        if followers:
            ahead = self._ahead(classes[:, :, None], (), followers, terms)
            worth_usd[:, followers] = ahead.going_on + self.costs_usd[followers]
        others = [bidder for bidder in range(len(self.costs_usd)) if bidder not in followers]
        right = self.right[others]
        claimed = np.stack([classes[:, None] * right, classes[:, None] * (1.0 - right)], axis=3)
        ahead = self._ahead(claimed.reshape(-1, *claimed.shape[2:]), (1,), followers[:_FOLLOWERS_MAX], terms)
        worth_usd[:, others] = ahead.value.reshape(len(classes), -1)
        return worth_usd / terms.bounty_usd

    def improved(self, plan: Plan, terms: Terms) -> Plan:
        """Find the few bidders that promise most, asked one after another as long as it pays.

        Args:
            plan: where to start.
            terms: what a typical request pays.
        """
        return self.exchanged(self._grown(list(plan), terms), terms)

    def _ahead(self, weights: Floats, sizes: tuple[int, ...], workers: Sequence[int], terms: Terms) -> Worth:
        return look_ahead(weights, sizes, self._crew(tuple(workers)), self.world, terms)

    def _crew(self, workers: tuple[int, ...]) -> Crew:
        """Some of the bidders; those that were last looked ahead with are kept with what was worked out of them."""
        found = self._crews.pop(workers, None)
        if found is None:
            found = Crew(self.right[list(workers)], self.costs_usd[list(workers)])
        self._crews[workers] = found
        if len(self._crews) > _CREWS_KEPT:
            self._crews.popitem(last=False)
        return found

    def _promise(self, workers: Sequence[int], terms: Terms) -> float:
        if not workers:
            return 0.0
        return float(self._ahead(first_belief(self.world).weights[None], (), workers, terms).value[0])

    def _best(self, crews: Iterable[list[int]], terms: Terms) -> tuple[float, list[int]]:
        return max(((self._promise(crew, terms), crew) for crew in crews), default=(0.0, []))

    def _left(self, chosen: Sequence[int], terms: Terms) -> list[int]:
        """Those who may still be chosen: the few that would promise most alone."""
        alone = terms.bounty_usd * self.right[:-1] @ self.world.classes - self.costs_usd[:-1]
        best = np.argsort(-alone, kind="stable")[:_CANDIDATES_MAX]
        return [bidder for bidder in sorted(best.tolist()) if bidder not in chosen]

    def _grown(self, chosen: list[int], terms: Terms) -> list[int]:
        """Add the best bidder, or where no single one helps the best pair, as long as that helps."""
        best = self._promise(chosen, terms)
        gain_min = _GAIN_MIN_SHARE * terms.bounty_usd
        while len(chosen) < PLANNED_MAX:
            left = self._left(chosen, terms)
            value, crew = self._best(([*chosen, one] for one in left), terms)
            if value <= best + gain_min and len(chosen) <= PLANNED_MAX - 2:
                value, crew = self._best(([*chosen, one, two] for one in left for two in left if one < two), terms)
            if value <= best + gain_min:
                break
            best, chosen = value, crew
        return chosen

    def exchanged(self, plan: Sequence[int], terms: Terms) -> Plan:
        """A plan of as many bidders, exchanged one at a time as long as that helps."""
        chosen = list(plan)
        best = self._promise(chosen, terms)
        for place in range(len(chosen)):
            before, after = chosen[:place], chosen[place + 1 :]
            value, crew = self._best(([*before, other, *after] for other in self._left(chosen, terms)), terms)
            if value > best + _GAIN_MIN_SHARE * terms.bounty_usd:
                best, chosen = value, crew
        return tuple(chosen)
