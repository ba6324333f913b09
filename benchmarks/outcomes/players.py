"""The bidders: models that add their recorded answers, and presenters that show one of those in a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.outcomes.data import Outcomes
from benchmarks.outcomes.user import answer_text
from benchmarks.standing import Alone
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.core.state import ANSWER, REQUESTER, TEXT, Segment
from orchestrator.engine.simulation import Delivery
from orchestrator.money import NANOS_PER_USD


@dataclass(slots=True)
class Sight:
    """What all bidders see alike of a lot, read once for all of them.

    Attributes:
        data: the recorded outcomes.
        queries: each query's row, by its text.
    """

    data: Outcomes
    queries: Mapping[str, int] = field(default_factory=dict)
    _seen: tuple[str, str] = ("", "")
    _public: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queries = {prompt: row for row, prompt in enumerate(self.data.prompts)}

    def public(self, request: Request, lot: Lot) -> dict[str, Any]:
        """The part of an observation that is the same for every bidder."""
        if self._seen != (request.id, lot.path):
            self._seen = (request.id, lot.path)
            self._public = {
                "stage": lot.stage,
                "stages_max": request.rules.stages_max,
                "bounty_usd": request.bounty_nanos / NANOS_PER_USD,
                "last_price_usd": lot.chain[-1].price_nanos / NANOS_PER_USD if lot.chain else 0.0,
                "request": request.text,
                "contributions": lot.state.contributions(),
                "copies": request.rules.copies_at(lot.stage),
                "workers": lot.workers,
            }
        return self._public


@dataclass(frozen=True, slots=True)
class ModelPlayer(Alone):
    """A model that adds its recorded answer, once a chain, at its recorded cost.

    Attributes:
        name: its name, and its principal's: the model's, or that of a twin of it.
        sight: what it sees.
        model: its column in the record.
        policy: what values lots for it.
        memory_id: where what it learns is kept.
        cost_max_nanos: a bound on the cost of any answer, as a list price and a token limit give one.
    """

    name: str
    sight: Sight
    model: int
    policy: Policy
    memory_id: str
    cost_max_nanos: int

    @property
    def role(self) -> Role:
        return TRANSFORMER

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        public = self.sight.public(request, lot)
        if any(piece.author == self.name for piece in public["contributions"]):
            return None
        cost_max_usd = self.cost_max_nanos / NANOS_PER_USD
        return Observation(bidder=self.name, role=TRANSFORMER, cost_max_usd=cost_max_usd, **public)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        data, query = self.sight.data, self.sight.queries[request.text]
        kind = ANSWER if data.answers[query][self.model] is not None else TEXT
        segment = Segment(answer_text(data, query, self.model), kind=kind)
        return Delivery([segment], cost_nanos(data, query, self.model))


@dataclass(frozen=True, slots=True)
class PresenterPlayer(Alone):
    """Buys a state and shows the best answers in it together, as many as the user looks at, at no cost.

    Which these are, its policy says (`best_claims`). Where a policy does not say, they are those that
    most models gave, of equals the latest.

    Attributes:
        sight: what it sees.
        name: its name, and its principal's.
        policy: what values lots for it.
        memory_id: where what it learns is kept.
        shown: how many answers it shows at most.
    """

    sight: Sight
    name: str
    policy: Policy
    memory_id: str
    shown: int = 1
    cost_max_nanos: int = 0

    @property
    def role(self) -> Role:
        return PRESENTER

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        public = self.sight.public(request, lot)
        if not public["contributions"]:
            return None
        return Observation(bidder=self.name, role=PRESENTER, **public)

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        pieces = [piece for piece in lot.state.segments if piece.author != REQUESTER]
        ranked = self._best_first(request, lot, memory, pieces) or _most_given(pieces)
        return Delivery([Segment(piece.text, kind=piece.kind) for piece in ranked[: self.shown]])

    def _best_first(self, request: Request, lot: Lot, memory: Any, pieces: list[Segment]) -> list[Segment]:
        """The latest piece of each claim that the policy ranks, or all that claim nothing; none where it ranks none."""
        best_claims = getattr(self.policy, "best_claims", None)
        observation = self.observe(request, lot)
        if best_claims is None or observation is None:
            return []
        ranked = [claim for claim, _ in best_claims(memory, observation)]
        if ranked == [""]:
            # What claims nothing repeats nothing either, as far as anybody can tell.
            return [piece for piece in reversed(pieces) if not piece.claim]
        latest = {piece.claim: piece for piece in pieces}
        return [latest[claim] for claim in ranked if claim in latest]


def _most_given(pieces: list[Segment]) -> list[Segment]:
    """One piece for each text, the most frequent first, of equals the latest."""
    latest = {piece.digest: place for place, piece in enumerate(pieces)}
    counts = {digest: sum(piece.digest == digest for piece in pieces) for digest in latest}
    order = sorted(latest, key=lambda digest: (-counts[digest], -latest[digest]))
    return [pieces[latest[digest]] for digest in order]


def cost_nanos(data: Outcomes, query: int, model: int) -> int:
    """What an answer cost, in nano-dollars."""
    return round(float(data.costs_usd[query, model]) * NANOS_PER_USD)


def cost_bounds_nanos(data: Outcomes) -> list[int]:
    """A bound on what any answer of each model costs: its dearest, rounded up to a power of two.

    It stands for list price times token limit, which a real bidder knows; it says nothing of a
    query's own cost.
    """
    dearest = (round(float(cost) * NANOS_PER_USD) for cost in data.costs_usd.max(axis=0))
    return [1 << max(0, cost - 1).bit_length() if cost else 0 for cost in dearest]
