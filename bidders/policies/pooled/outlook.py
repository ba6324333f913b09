"""The outlook: a pool's memory made ready for valuing lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from bidders.policies.pooled.appraising import Appraised, Appraiser, Works
from bidders.policies.pooled.by_text import ByText
from bidders.policies.pooled.dearness import Dearness
from bidders.policies.pooled.embedding import Embedding, embedded
from bidders.policies.pooled.evidence import SILENT, look_of, numbers_of_look
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.sorts import UNKNOWN_SORT
from bidders.policies.pooled.topics import UNKNOWN_TOPIC
from bidders.policies.pooled.wordings import Wordings, without_claims
from bidders.policies.pooled.world import WORKS_MAX
from orchestrator import Contribution, Observation, Receipt, entry_of

_KEPT_MAX = 20_000
# By position: to look fields up by name takes half as long again, and it is done for every bid.
_OF_STANDING = itemgetter(*(Observation._fields.index(name) for name in ("bidder", "cost_max_usd", "cost_usd")))


class Standing(NamedTuple):
    """How a bidder stands.

    Attributes:
        number: its row in the fit, or a newcomer's.
        cost_usd: what its work is expected to cost.
    """

    number: int
    cost_usd: float


_Standings = dict[tuple[object, ...], Standing]


class _Foretold(NamedTuple):
    """What a request's text says of it.

    Attributes:
        kind: how hard it is likely to be.
        is_comparable: whether answers to it can be compared.
        topic: what it asks for.
        sort: which requests of nearly its text were practised.
    """

    kind: int
    is_comparable: bool
    topic: int
    sort: int


@dataclass(slots=True)
class Outlook:
    """What a pool believes, with what has been worked out from it; the latter is only kept to save time.

    Attributes:
        fit: what the pool believes.
        numbers: each bidder's row in the fit.
        embedding: of requests.
        costs_usd: what each bidder's work is expected to cost, by row.
        foretells: whether texts say which requests have answers that can be compared.
        wordings: on which requests claims tell nothing.
        dearness: how much more works on a request cost than usual.
    """

    fit: Fit
    embedding: Embedding
    numbers: dict[str, int] = field(init=False)
    costs_usd: list[float] = field(init=False)
    foretells: bool = field(init=False)
    wordings: Wordings = field(init=False)
    dearness: Dearness = field(init=False)
    _standings: dict[float, _Standings] = field(default_factory=dict)
    _foretold: ByText[_Foretold] = field(default_factory=ByText)
    _appraisers: dict[tuple[int, int], Appraiser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = {name: number for number, name in enumerate(self.fit.names)}
        self.costs_usd = self.fit.costs_usd.tolist()
        self.foretells = self.fit.forecast.is_known
        self.wordings = Wordings(self.fit.wordings, self.embedding)
        self.dearness = Dearness(self.fit.dearness, self.embedding)

    def _number(self, bidder: str) -> int:
        """A bidder's row, which it has in common with its twins."""
        return self.numbers.get(entry_of(bidder), self.fit.newcomer)

    def expected_cost_usd(self, seen: Observation) -> float:
        """What a work is expected to cost: what its bidder says of the lot, or else what its works have cost.

        Who has not worked is expected to cost the share of its declared worst case that others have cost of theirs.
        Only what a bidder says of the lot itself may exceed its worst case.
        """
        if seen.cost_usd is not None:
            return seen.cost_usd
        worst, number, dearness = seen.cost_max_usd, self._number(seen.bidder), self.dearness.factor(seen.request)
        if worst and number == self.fit.newcomer and self.fit.cost_share is not None:
            return worst * min(1.0, self.fit.cost_share * dearness)
        return min(self.costs_usd[number] * dearness, worst) if worst else self.costs_usd[number] * dearness

    def cost_usd(self, bidder: str, request: str | None = None) -> float:
        """What a bidder's work is expected to cost, on a request or on a usual one."""
        usual_usd = self.costs_usd[self._number(bidder)]
        return usual_usd if request is None else usual_usd * self.dearness.factor(request)

    def standings(self, lot: Sequence[Observation]) -> list[Standing]:
        """How the bidders stand that are asked about a lot."""
        dearness = self.dearness.factor(lot[0].request) if lot else 1.0
        known = self._standings.setdefault(dearness, {})
        keys = map(_OF_STANDING, lot)
        return [known.get(key) or self._standing(known, key, seen) for key, seen in zip(keys, lot, strict=True)]

    def _standing(self, known: _Standings, key: tuple[object, ...], seen: Observation) -> Standing:
        if len(known) >= _KEPT_MAX:
            known.clear()
        standing = known[key] = Standing(self._number(seen.bidder), self.expected_cost_usd(seen))
        return standing

    def doubts(self, request: str) -> list[float]:
        """By bidder, how unsure its chance to be right about a request is; the last is a newcomer's."""
        foretold = self._foretell(request)
        return self._appraiser(foretold.topic, foretold.sort).doubts(foretold.kind)

    def appraise(self, request: str, contributions: Sequence[Contribution], terms: Terms) -> Appraised:
        """Value a state by its request's text and by what it holds."""
        foretold = self._foretell(request)
        # Where all works cost twice the usual, what pays is what pays at half the bounty.
        terms = terms._replace(bounty_usd=terms.bounty_usd / self.dearness.factor(request))
        return self._appraiser(foretold.topic, foretold.sort).appraise(
            foretold.kind, self._numbered(contributions), terms
        )

    def promises_usd(self) -> list[float]:
        """By bidder, what asking it first about a typical request promises, less its cost; the last is a newcomer's."""
        return self._appraiser(UNKNOWN_TOPIC).promises_usd()

    def _appraiser(self, topic: int, sort: int = UNKNOWN_SORT) -> Appraiser:
        found = self._appraisers.get((topic, sort))
        if found is None:
            found = self._appraisers[topic, sort] = Appraiser(self.fit.on(topic, sort))
        return found

    def compares(self, request: str) -> bool:
        """Whether answers to a request are claims, which agree or differ, as far as its text says."""
        return self._foretell(request).is_comparable

    def claims_tell(self, request: str) -> bool:
        """Whether claims on a request tell who is right; on those that are not compared they are not known to."""
        if not self.wordings:
            return True
        return not (self.foretells and not self.compares(request)) and not self.wordings.tell_nothing(request)

    def as_it_tells(self, seen: Observation) -> Observation:
        """An observation, without claims where these tell nothing."""
        if not seen.contributions or self.claims_tell(seen.request):
            return seen
        return seen._replace(contributions=without_claims(seen.contributions))

    def told_as_it_tells(self, receipt: Receipt) -> Receipt:
        """A receipt, likewise."""
        if self.claims_tell(receipt.request):
            return receipt
        return receipt._replace(claim="", contributions=without_claims(receipt.contributions))

    def _foretell(self, request: str) -> _Foretold:
        return self._foretold.of(request, self._foretold_by)

    def _foretold_by(self, request: str) -> _Foretold:
        look, topics, sorts = embedded(self.embedding, request), self.fit.strengths.topics, self.fit.sorts
        foretold = self.fit.forecast.foretell(look[None])
        topic, sort = UNKNOWN_TOPIC, UNKNOWN_SORT
        if len(topics) or len(sorts):
            # They were found in texts as cases keep them.
            kept = numbers_of_look(look_of(look))[None]
            topic, sort = int(topics.of(kept)[0]) if len(topics) else topic, int(sorts.of(kept)[0])
        return _Foretold(int(foretold.kinds[0]), bool(foretold.comparable[0]), topic, sort)

    def _numbered(self, contributions: Sequence[Contribution]) -> Works:
        claims: dict[str, int] = {}
        return tuple(
            (self._number(author), claims.setdefault(claim, len(claims)) if claim else SILENT)
            for author, claim in contributions[:WORKS_MAX]
        )

    def prepare(self) -> None:
        """Work out whom to ask first about requests of the usual terms, before the first of them comes."""
        for topic in self.fit.strengths.topics.all_of_them or (UNKNOWN_TOPIC,):
            self._appraiser(topic).prepare()
