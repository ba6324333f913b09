"""The outlook: a pool's memory made ready for valuing lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2
from typing import NamedTuple

from bidders.policies.pooled.belief import Belief, after_claim, after_silence, best_first, first_belief
from bidders.policies.pooled.embedding import Embedding, embedded
from bidders.policies.pooled.evidence import SILENT
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.planning import Plan, Planner, Prospects
from bidders.policies.pooled.pool import Fit
from orchestrator import Contribution, Observation

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
        embedding: of requests.
        costs_usd: what each bidder's work is expected to cost, by row.
    """

    fit: Fit
    embedding: Embedding
    numbers: dict[str, int] = field(init=False)
    costs_usd: list[float] = field(init=False)
    _planners: dict[int, Planner] = field(default_factory=dict)
    _announced: dict[str, tuple[int, bool]] = field(default_factory=dict)
    _plans: dict[tuple[int, int, int], Plan] = field(default_factory=dict)
    _states: dict[object, Appraised] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = {name: number for number, name in enumerate(self.fit.names)}
        self.costs_usd = self.fit.costs_usd.tolist()

    @property
    def stranger(self) -> int:
        """The row that all bidders share who are not known."""
        return len(self.fit.names)

    def expected_cost_usd(self, seen: Observation) -> float:
        """What a work is expected to cost: what its bidder says of the lot, or else what its works have cost.

        Who has not worked is expected to cost the share of its declared worst case that others have cost of theirs.
        Only what a bidder says of the lot itself may exceed its worst case.
        """
        if seen.cost_usd is not None:
            return seen.cost_usd
        worst, number = seen.cost_max_usd, self.numbers.get(seen.bidder, self.stranger)
        if worst and number == self.stranger and self.fit.cost_share is not None:
            return worst * self.fit.cost_share
        return min(self.costs_usd[number], worst) if worst else self.costs_usd[number]

    def appraise(self, request: str, contributions: Sequence[Contribution], terms: Terms) -> Appraised:
        """Value a state by its request's text and by what it holds."""
        (kind, _), works = self._announce(request), self._numbered(contributions)
        key = (kind, works, terms)
        found = self._states.get(key)
        if found is None:
            if len(self._states) >= _STATES_MAX:
                self._states.clear()
            found = self._states[key] = self._appraised(kind, works, terms)
        return found

    def compares(self, request: str) -> bool:
        """Whether answers to a request are claims, which agree or differ, as far as its text says."""
        return self._announce(request)[1]

    def _announce(self, request: str) -> tuple[int, bool]:
        """The request's kind, and whether answers to it can be compared."""
        found = self._announced.get(request)
        if found is None:
            if len(self._announced) >= _STATES_MAX:
                self._announced.clear()
            announced = self.fit.forecast.announced(embedded(self.embedding, request)[None, :])
            found = self._announced[request] = (int(announced.kinds[0]), bool(announced.comparable[0]))
        return found

    def _planner(self, kind: int) -> Planner:
        if kind not in self._planners:
            abilities = self.fit.abilities
            self._planners[kind] = Planner(abilities.proven_by_class(), self.fit.costs_usd, abilities.world(kind))
        return self._planners[kind]

    def _numbered(self, contributions: Sequence[Contribution]) -> tuple[tuple[int, int], ...]:
        claims: dict[str, int] = {}
        return tuple(
            (self.numbers.get(author, self.stranger), claims.setdefault(claim, len(claims)) if claim else SILENT)
            for author, claim in contributions
        )

    def _appraised(self, kind: int, works: tuple[tuple[int, int], ...], terms: Terms) -> Appraised:
        planner = self._planner(kind)
        belief: Belief = first_belief(planner.world)
        for bidder, claim in works:
            right = planner.right[bidder]
            belief = after_silence(belief, right) if claim == SILENT else after_claim(belief, right, claim)
        # Newcomers share a row: that one has worked does not mean that another has.
        asked = frozenset(bidder for bidder, _ in works) - {self.stranger}
        prospects = planner.prospects(belief, asked, self._plan(kind, terms), terms)
        return Appraised(prospects, best_first(prospects.chances))

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
