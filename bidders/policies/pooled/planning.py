"""Planning: whom to ask, and what a state is worth to whoever would work on it next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bidders.policies.pooled.belief import Belief, after_claims, first_belief, joint_chances, sizes_after
from bidders.policies.pooled.lookahead import Crew, Terms, Worth, best_sum, look_ahead
from bidders.policies.pooled.world import Floats, World

PLANNED_MAX = 5
_CLAIMS_AND_WORKERS_MAX = 6
_FOLLOWERS_MAX = 4
_CANDIDATES_MAX = 12
_OTHERS_MAX = 6
_GAIN_MIN_SHARE = 1e-5
_CREWS_KEPT = 8

Plan = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prospects:
    """What can be done with a state.

    Attributes:
        chances: the chance of each claim to be accepted.
        stop_usd: the value of showing the best claims now.
        going_on_usd: by bidder, the value of buying its work next, its cost taken off; minus
            infinity for one that has worked already; the last is a newcomer's.
    """

    chances: Floats
    stop_usd: float
    going_on_usd: Floats


@dataclass(frozen=True, slots=True)
class Planner:
    """Values states under given abilities and costs.

    Attributes:
        right: each bidder's chance to find the evident answer, by class; the last row is a newcomer's.
        costs_usd: what each bidder's work is expected to cost.
        world: what requests are like.
    """

    right: Floats
    costs_usd: Floats
    world: World
    _crews: OrderedDict[tuple[int, ...], Crew] = field(default_factory=OrderedDict, init=False, repr=False)

    def prospects(self, belief: Belief, asked: frozenset[int], plan: Plan, terms: Terms) -> Prospects:
        """Value a state.

        Args:
            belief: what its claims say.
            asked: the bidders that have worked on it.
            plan: the bidders with whom the time after the next work is planned.
            terms: what the request pays.
        """
        followers = [bidder for bidder in plan if bidder not in asked]
        followers = followers[: max(1, _CLAIMS_AND_WORKERS_MAX - belief.claims)]
        going_on = np.full(len(self.costs_usd), -np.inf)
        if followers:
            going_on[followers] = self._ahead(belief.weights[None], belief.sizes, followers, terms).going_on[0]
        others = [bidder for bidder in range(len(going_on)) if bidder not in asked and bidder not in followers]
        if others:
            going_on[others] = self._then_followers(others, followers, belief, terms)
        chances = belief.chances(self.world)
        return Prospects(chances, terms.bounty_usd * float(best_sum(chances, terms.answers)), going_on)

    def improved(self, plan: Plan, terms: Terms) -> Plan:
        """Find the few bidders that promise most, asked one after another as long as it pays.

        Args:
            plan: where to start.
            terms: what a typical request pays.
        """
        return self.exchanged(self._grown(list(plan), terms), terms)

    def _then_followers(self, others: Sequence[int], followers: Sequence[int], belief: Belief, terms: Terms) -> Floats:
        """The value of asking each of some others now, and then the followers as long as it pays.

        Once there are claims, that is worked out for the few others that promise most if nobody is asked after them;
        of the rest it is left at what they promise so.
        """
        costs_usd = self.costs_usd[list(others)]
        weights = [after_claims(belief, self.right[list(others)], claim) for claim in range(belief.claims + 1)]
        value = sum(self._shown(each, terms) for each in weights) / belief.weights.sum() - costs_usd
        few = np.argsort(-value, kind="stable")[: _OTHERS_MAX if belief.claims else len(others)]
        after = followers[: max(0, min(_FOLLOWERS_MAX, _CLAIMS_AND_WORKERS_MAX - 1 - belief.claims))]
        total = np.zeros(len(few))
        for claim, each in enumerate(weights):
            worth = self._ahead(each[few], sizes_after(belief.sizes, claim), after, terms)
            total += worth.value * each[few].sum(axis=(1, 2))
        value[few] = total / belief.weights.sum() - costs_usd[few]
        return np.asarray(value)

    def _shown(self, weights: Floats, terms: Terms) -> Floats:
        """What beliefs are worth if the best claims are shown now, times the probability of what was claimed."""
        return terms.bounty_usd * best_sum(joint_chances(weights, self.world).T, terms.answers)

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
