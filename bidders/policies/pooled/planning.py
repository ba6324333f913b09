"""Planning: whom to ask, and whom of all to ask next, looked ahead in full."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.belief import after_claims, first_belief, sizes_after
from bidders.policies.pooled.echoes import NO_ECHOES, Echoes
from bidders.policies.pooled.kinds import UNKNOWN_KIND
from bidders.policies.pooled.lookahead import Crew, Terms, Values, look_ahead
from bidders.policies.pooled.speaking import Speaking
from bidders.policies.pooled.world import Floats, Singles, World

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
        costs_usd: what a claim of each bidder is expected to cost.
        world: what requests are like.
        echoes: who echoes whom; those who do are not planned with together.
        mute: who mostly claims nothing; nobody plans with them.
    """

    right: Floats
    costs_usd: Floats
    world: World
    echoes: Echoes = NO_ECHOES
    mute: frozenset[int] = frozenset()
    _crews: OrderedDict[tuple[int, ...], Crew] = field(default_factory=OrderedDict, init=False, repr=False)

    @classmethod
    def of(cls, abilities: Abilities, speaking: Speaking, echoes: Echoes, kind: int = UNKNOWN_KIND) -> Planner:
        """The planner for requests of a kind, by what is believed of the bidders."""
        right, world = abilities.proven_by_class(), abilities.world(kind)
        return cls(right, speaking.claim_costs_usd, world, echoes, speaking.mute)

    def shares(
        self,
        weights: Floats,
        sizes: tuple[int, ...],
        left: Sequence[int],
        plan: Plan,
        terms: Terms,
        repeats: Singles | None = None,
    ) -> Floats:
        """What asking each bidder next is worth, and then those of a plan as long as it pays, before its own cost.

        Args:
            weights: of beliefs: belief, class, claim that is the evident answer (the last: none of them).
            sizes: how many works make each claim; the same in all beliefs.
            left: the bidders that may be asked.
            plan: those of them with whom the time after the next work is planned.
            terms: what the request pays, more than nothing.
            repeats: how likely each bidder repeats each claim because it echoes who made it: claim, bidder.

        Returns:
            As a share of the bounty, by belief and bidder; minus infinity for those that may not be asked.
        """
        given = weights / weights.sum(axis=(1, 2), keepdims=True)
        followers = [bidder for bidder in plan if bidder in left][: _CLAIMS_AND_WORKERS_MAX - len(sizes)]
        found_usd = np.full((len(weights), len(self.costs_usd)), -np.inf)
        if followers:
            found_usd[:, followers] = self._ahead(given, sizes, followers, terms).asking
        for others, useful in self._by_followers([bidder for bidder in left if bidder not in followers], followers):
            found_usd[:, others] = sum(
                self._then_followers(self._after(given, sizes, claim, others, repeats), sizes, claim, useful, terms)
                for claim in range(len(sizes) + 1)
            )
        return found_usd / terms.bounty_usd

    def _by_followers(self, others: Sequence[int], followers: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
        """Bidders, together where the same followers are of use after them, and these followers."""
        groups: dict[frozenset[int], list[int]] = {}
        for bidder in others:
            groups.setdefault(self.echoes.same_as(bidder).intersection(followers), []).append(bidder)
        for same, bidders in groups.items():
            yield bidders, [follower for follower in followers if follower not in same]

    def improved(self, plan: Plan, terms: Terms) -> Plan:
        """Find the few bidders that promise most, asked one after another as long as it pays.

        Args:
            plan: where to start; of those who echo one another the first.
            terms: what a typical request pays.
        """
        alone: list[int] = []
        for bidder in plan:
            if bidder not in self.mute and self.echoes.same_as(bidder).isdisjoint(alone):
                alone.append(bidder)
        return self.exchanged(self._grown(alone, terms), terms)

    def _after(
        self, given: Floats, sizes: tuple[int, ...], claim: int, others: Sequence[int], repeats: Singles | None
    ) -> Floats:
        """The weights of beliefs after one of some others makes a claim: belief, bidder, and as in a belief."""
        after = after_claims(given[:, None], sizes, self.right[list(others)], claim)
        if repeats is None:
            return after
        after *= (1.0 - repeats[:, others].sum(axis=0))[:, None, None]
        return after + repeats[claim, others][:, None, None] * given[:, None] if claim < len(sizes) else after

    def _then_followers(
        self, after: Floats, sizes: tuple[int, ...], claim: int, followers: Sequence[int], terms: Terms
    ) -> Floats:
        """What it is worth that a claim is made, times the probability that it is."""
        asked = followers[: min(_FOLLOWERS_MAX, _CLAIMS_AND_WORKERS_MAX - 1 - len(sizes))]
        ahead = self._ahead(after.reshape(-1, *after.shape[2:]), sizes_after(sizes, claim), asked, terms)
        return np.asarray(ahead.value.reshape(after.shape[:2]) * after.sum(axis=(2, 3)))

    def _ahead(self, weights: Floats, sizes: tuple[int, ...], workers: Sequence[int], terms: Terms) -> Values:
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
        """Those who may still be chosen: the few that would promise most alone, and none who echoes another."""
        alone = terms.bounty_usd * self.right[:-1] @ self.world.classes - self.costs_usd[:-1]
        best: list[int] = []
        for bidder in np.argsort(-alone, kind="stable").tolist():
            if len(best) == _CANDIDATES_MAX:
                break
            if bidder not in self.mute and self.echoes.same_as(bidder).isdisjoint(best):
                best.append(bidder)
        taken = set(chosen).union(*(self.echoes.same_as(bidder) for bidder in chosen))
        return [bidder for bidder in sorted(best) if bidder not in taken]

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
            others = self._left([*before, *after], terms)
            value, crew = self._best(([*before, other, *after] for other in others), terms)
            if value > best + _GAIN_MIN_SHARE * terms.bounty_usd:
                best, chosen = value, crew
        return tuple(chosen)
