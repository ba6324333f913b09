"""The outlook: a pool's memory made ready for valuing lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2
from typing import NamedTuple

from bidders.policies.pooled.belief import Belief, after_claim, after_silence, best_first, first_belief
from bidders.policies.pooled.evidence import SILENT
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.planning import Plan, Planner, Prospects
from bidders.policies.pooled.pool import Fit
from orchestrator import Contribution

_STATES_MAX = 20_000


class Appraised(NamedTuple):
    """A state, valued.

    Attributes:
        prospects: what can be done with it.
        order: its claims by number, the likeliest first.
    """

    prospects: Prospects
    order: list[int]


@dataclass(slots=True)
class Outlook:
    """What a pool believes, with what has been worked out from it; the latter is only kept to save time.

    Attributes:
        fit: what the pool believes.
        numbers: each bidder's row in the fit.
        planner: what values states under it.
        costs_usd: what each bidder's work is expected to cost, by row.
    """

    fit: Fit
    numbers: dict[str, int] = field(init=False)
    planner: Planner = field(init=False)
    costs_usd: list[float] = field(init=False)
    _plans: dict[tuple[int, int], Plan] = field(default_factory=dict)
    _states: dict[object, Appraised] = field(default_factory=dict)

    def __post_init__(self) -> None:
        abilities = self.fit.abilities
        self.numbers = {name: number for number, name in enumerate(self.fit.names)}
        self.costs_usd = self.fit.costs_usd.tolist()
        self.planner = Planner(abilities.by_class(), self.fit.costs_usd, abilities.world())

    @property
    def stranger(self) -> int:
        """The row that all bidders share who are not known."""
        return len(self.fit.names)

    def appraise(self, contributions: Sequence[Contribution], terms: Terms) -> Appraised:
        """Value a state by what it holds."""
        works = self._numbered(contributions)
        key = (works, terms)
        found = self._states.get(key)
        if found is None:
            if len(self._states) >= _STATES_MAX:
                self._states.clear()
            found = self._states[key] = self._appraised(works, terms)
        return found

    def _numbered(self, contributions: Sequence[Contribution]) -> tuple[tuple[int, int], ...]:
        claims: dict[str, int] = {}
        return tuple(
            (self.numbers.get(author, self.stranger), claims.setdefault(claim, len(claims)) if claim else SILENT)
            for author, claim in contributions
        )

    def _appraised(self, works: tuple[tuple[int, int], ...], terms: Terms) -> Appraised:
        belief: Belief = first_belief(self.planner.world)
        for bidder, claim in works:
            right = self.planner.right[bidder]
            belief = after_silence(belief, right) if claim == SILENT else after_claim(belief, right, claim)
        # Newcomers share a row: that one has worked does not mean that another has.
        asked = frozenset(bidder for bidder, _ in works) - {self.stranger}
        prospects = self.planner.prospects(belief, asked, self._plan(terms), terms)
        return Appraised(prospects, best_first(prospects.chances))

    def _plan(self, terms: Terms) -> Plan:
        """The plan for what a request pays: the stored one, or where the request is of another size one like it."""
        usual = self.fit.terms
        if not self.fit.plan or terms.bounty_usd <= 0:
            return ()
        doublings = round(log2(terms.bounty_usd / usual.bounty_usd))
        if doublings == 0 and terms.offers == usual.offers:
            return self.fit.plan
        key = (doublings, terms.offers)
        if key not in self._plans:
            alike = Terms(usual.bounty_usd * 2.0**doublings, terms.offers)
            self._plans[key] = self.planner.improved(self.fit.plan, alike)
        return self._plans[key]
