"""Appraising: what states are worth, to whoever may work on them next or show them, on requests of one topic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import inf, log2
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.belief import (
    Belief,
    EchoChances,
    after_claim,
    after_silence,
    best_first,
    first_belief,
)
from bidders.policies.pooled.evidence import SILENT
from bidders.policies.pooled.foresight import Foresight
from bidders.policies.pooled.kinds import ALL_KINDS, UNKNOWN_KIND
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.planning import Plan, Planner
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.speaking import Instead, Speaking
from bidders.policies.pooled.world import Floats, Singles, by_class

_STATES_MAX = 20_000

Works = tuple[tuple[int, int], ...]
"""Who worked on a state, by row in the fit, and what each claims, by number; equal numbers agree."""


class Appraised(NamedTuple):
    """A state, valued.

    Attributes:
        chances: the chance of each claim to be accepted.
        order: its claims by number, the likeliest first.
        shares: by bidder, what asking it next is worth before its own cost, as a share of the bounty; minus infinity
            for one that has worked already; the last is a newcomer's.
        unclaimed: where there is no claim, the chance that works that claim nothing are accepted as they are, if others
            could claim something.
        opened: where there is no claim, the chance that nobody ever makes one.
    """

    chances: list[float]
    order: list[int]
    shares: list[float]
    unclaimed: float = 0.0
    opened: float = 0.0


class _Skills(NamedTuple):
    """What works are like, by bidder and class.

    Attributes:
        right: the chance that one that is not silent by chance has found the evident answer.
        silent: the chance that one claims nothing.
        accepted: the chance that one that claims nothing is accepted as it is.
    """

    right: Floats
    silent: Floats
    accepted: Floats


@dataclass(slots=True)
class Appraiser:
    """Values states by what is believed of bidders; what it has worked out is kept to save time.

    Attributes:
        fit: what the pool believes, of requests of one topic where it tells topics apart.
    """

    fit: Fit
    _costs_usd: list[float] = field(init=False)
    _foresight: Foresight = field(init=False)
    _speaking: Speaking = field(init=False)
    _skills: _Skills = field(init=False)
    _planners: dict[int, Planner] = field(default_factory=dict)
    _doubts: dict[int, list[float]] = field(default_factory=dict)
    _openings: dict[tuple[int, Terms], list[float]] = field(default_factory=dict)
    _beliefs: dict[tuple[int, Works], Belief] = field(default_factory=dict)
    _plans: dict[tuple[int, int, int], Plan] = field(default_factory=dict)
    _states: dict[tuple[int, Works, Terms], Appraised] = field(default_factory=dict)

    def __post_init__(self) -> None:
        abilities, self._costs_usd = self.fit.abilities, self.fit.costs_usd.tolist()
        right, accepted = abilities.proven_by_class(), by_class(abilities.silence.accepted)
        self._skills = _Skills(right, abilities.silent_by_class(), accepted)
        self._speaking = Speaking(abilities.speaking, self.fit.costs_usd)
        self._foresight = Foresight(right, self._speaking.claim_costs_usd, abilities.world(), self.fit.echoes)

    def doubts(self, kind: int) -> list[float]:
        """By bidder, how unsure its chance to be right about a request of a kind is; the last is a newcomer's."""
        if kind not in self._doubts:
            self._doubts[kind] = self.fit.abilities.doubts(kind).tolist()
        return self._doubts[kind]

    def appraise(self, kind: int, works: Works, terms: Terms) -> Appraised:
        """Value a state by its request's kind and by what it holds."""
        key = (kind, works, terms)
        found = self._states.get(key)
        if found is None:
            if len(self._states) >= _STATES_MAX:
                self._states.clear()
                self._beliefs.clear()
            found = self._states[key] = self._appraised(kind, works, terms)
        return found

    def prepare(self) -> None:
        """Work out whom to ask first about requests of the usual terms, before the first of them comes."""
        if self.fit.plans[UNKNOWN_KIND]:
            for kind in ALL_KINDS:
                self._opening(kind, self.fit.terms)

    def promises_usd(self) -> list[float]:
        """By bidder, what asking it first about a typical request promises, less its cost; the last is a newcomer's."""
        terms = self.fit.terms
        if terms.bounty_usd <= 0.0:
            return [-cost_usd for cost_usd in self._costs_usd]
        # Not from `_opening`, which works out what it may soon be asked for of all kinds that share a plan.
        plan = self._plan(UNKNOWN_KIND, terms)
        (ahead,) = self._opened([UNKNOWN_KIND], plan, terms)
        shares = self._or_as_it_is(self._belief(UNKNOWN_KIND, ()), ahead, Instead(0.0, plan, terms.bounty_usd))
        return [share * terms.bounty_usd - cost for share, cost in zip(shares, self._costs_usd, strict=True)]

    def _planner(self, kind: int) -> Planner:
        if kind not in self._planners:
            self._planners[kind] = Planner.of(self.fit.abilities, self._speaking, self.fit.echoes, kind)
        return self._planners[kind]

    def _appraised(self, kind: int, works: Works, terms: Terms) -> Appraised:
        if all(claim == SILENT for _, claim in works):
            return self._appraised_unclaimed(kind, works, terms)
        belief, plan = self._belief(kind, works), self._plan(kind, terms)
        chances: list[float] = belief.chances(self._foresight.world).tolist()
        order = best_first(chances)
        asked = self._asked(works)
        of_use = self._of_use(plan, asked)
        repeats = self._repeats(works) if self.fit.echoes else None
        if plan and len(works) == len(order) == 1 and works[0][0] == self._first(kind, terms):
            # Most requests pass here, and there is one such state for each kind; those of tryouts are very many.
            left = [bidder for bidder in range(self.fit.newcomer + 1) if bidder not in asked]
            ahead = self._planner(kind).shares(belief.weights[None], belief.sizes, left, of_use, terms, repeats)
            spoken: list[float] = ahead[0].tolist()
        else:
            spoken = self._foresight.shares(belief, order, of_use, terms, repeats)
        stop = sum(chances[claim] for claim in order[: terms.answers])
        shares: list[float] = self._speaking.asked(spoken, Instead(stop, of_use, terms.bounty_usd)).tolist()
        return Appraised(chances, order, _without(asked, shares))

    def _appraised_unclaimed(self, kind: int, works: Works, terms: Terms) -> Appraised:
        """Value a state that holds no claim: it may be accepted as it is, and so may what claims nothing next."""
        belief, skills, asked = self._belief(kind, works), self._skills, self._asked(works)
        shown = [1.0 - skills.accepted[bidder] for bidder, _ in works[-terms.answers :]]
        accepted = float((1.0 - np.prod(shown, axis=0)) @ belief.weights[:, 0]) if shown else 0.0
        instead = Instead(accepted, self._of_use(self._plan(kind, terms), asked), terms.bounty_usd)
        if works:
            spoken = self._foresight.shares(belief, [], instead.plan, terms)
            ahead = self._speaking.asked(spoken, instead).tolist()
        else:
            ahead = self._opening(kind, terms)
        shares = self._or_as_it_is(belief, ahead, instead)
        opened = float(self.fit.abilities.silence.open_chance(self._silence_chance(kind, works)))
        return Appraised([], [], _without(asked, shares), accepted, opened)

    def _or_as_it_is(self, belief: Belief, ahead: Sequence[float], instead: Instead) -> list[float]:
        """What asking each bidder next is worth where a work that claims nothing may be shown as it is, too.

        Args:
            belief: what is believed where nobody has claimed anything.
            ahead: what asking each is worth if claims alone are shown.
            instead: what else may be done with the state.
        """
        classes, skills, goes_on = belief.weights[:, 0], self._skills, np.array(ahead)
        silent, alone = skills.silent @ classes, (skills.silent * skills.accepted) @ classes
        # So it is for want of an answer, too, though that was looked ahead over as a wrong claim: worth about as much.
        left = self._speaking.without_each(goes_on, instead)
        shares: list[float] = (goes_on + np.maximum(0.0, alone - silent * left)).tolist()
        return shares

    def _silence_chance(self, kind: int, works: Works) -> float:
        """How likely those who worked would all have claimed nothing, could they have claimed something."""
        silent = np.prod([self._skills.silent[bidder] for bidder, _ in works], axis=0)
        return float(np.sum(self._planner(kind).world.classes * silent))

    def _asked(self, works: Works) -> set[int]:
        """Who has worked. Newcomers share a row: that one has does not mean that another has."""
        return {bidder for bidder, _ in works} - {self.fit.newcomer}

    def _of_use(self, plan: Plan, asked: Collection[int]) -> Plan:
        """Those of a plan whom it is of use to ask after others."""
        same = frozenset[int]().union(asked, *(self.fit.echoes.same_as(bidder) for bidder in asked))
        return tuple([bidder for bidder in plan if bidder not in same])

    def _repeats(self, works: Works) -> Singles | None:
        """How likely each bidder repeats each claim of a state because it echoes who made it."""
        authors, claims = zip(*works, strict=True)
        return self.fit.echoes.repeats(authors, claims, max(claims) + 1, self.fit.newcomer + 1)

    def _echo(self, before: Works, bidder: int, claim: int) -> EchoChances | None:
        """How likely a work on a state is an echo; None where it echoes nobody."""
        repeats = self._repeats(before) if before and self.fit.echoes else None
        if repeats is None or claim >= len(repeats):
            return None
        return EchoChances(float(repeats[claim, bidder]), 1.0 - float(repeats[:, bidder].sum()))

    def _belief(self, kind: int, works: Works) -> Belief:
        """What works say, mostly what was believed before the last of them and what that one adds."""
        found = self._beliefs.get((kind, works))
        if found is not None:
            return found
        before = self._beliefs.get((kind, works[:-1]))
        belief = before or first_belief(self._planner(kind).world)
        for place in range(len(works) - 1 if before else 0, len(works)):
            bidder, claim = works[place]
            right, silent = self._skills.right[bidder], self._skills.silent[bidder]
            if claim == SILENT:
                belief = after_silence(belief, silent).given
            else:
                belief = after_claim(belief, right, claim, self._echo(works[:place], bidder, claim)).given
        self._beliefs[kind, works] = belief
        return belief

    def _opening(self, kind: int, terms: Terms) -> list[float]:
        """By bidder, what asking it first is worth before its own cost, as a share of the bounty."""
        key = (kind, terms)
        if key not in self._openings:
            if len(self._openings) >= _STATES_MAX:
                self._openings.clear()
            plan = self._plan(kind, terms)
            # All that share a plan at once, whoever comes first: the last digits depend on what goes together.
            alike = [each for each in ALL_KINDS if self.fit.plans[each] == plan] if terms == self.fit.terms else [kind]
            opened = zip(alike, self._opened(alike, plan, terms), strict=True)
            self._openings |= {(each, terms): shares for each, shares in opened}
        return self._openings[key]

    def _opened(self, kinds: Sequence[int], plan: Plan, terms: Terms) -> list[list[float]]:
        weights, everybody = self.fit.abilities.kinds[list(kinds)][:, :, None], range(self.fit.newcomer + 1)
        spoken: list[list[float]] = self._planner(kinds[0]).shares(weights, (), everybody, plan, terms).tolist()
        instead = Instead(0.0, plan, terms.bounty_usd)
        return [self._speaking.asked(of_kind, instead).tolist() for of_kind in spoken]

    def _first(self, kind: int, terms: Terms) -> int:
        """The bidder that promises most if it is asked first."""
        shares = self._opening(kind, terms)
        return max(range(self.fit.newcomer), key=lambda one: shares[one] * terms.bounty_usd - self._costs_usd[one])

    def _plan(self, kind: int, terms: Terms) -> Plan:
        """The plan for what a request pays: the stored one, or where the request is of another size one like it."""
        usual = self.fit.terms
        usual_plan = self.fit.plans[kind]
        if not usual_plan or terms.bounty_usd <= 0:
            return ()
        doublings = round(log2(terms.bounty_usd) - log2(usual.bounty_usd))
        if doublings == 0 and terms.answers == usual.answers:
            return usual_plan
        key = (kind, doublings, terms.answers)
        if key not in self._plans:
            alike = Terms(usual.bounty_usd * 2.0**doublings, terms.answers)
            self._plans[key] = self._planner(kind).improved(usual_plan, alike)
        return self._plans[key]


def _without(asked: Collection[int], shares: list[float]) -> list[float]:
    """What asking each bidder is worth, and nothing to speak of for those who were asked."""
    return [-inf if bidder in asked else share for bidder, share in enumerate(shares)] if asked else shares
