"""The market on recorded outcomes: queries as requests, models and presenters as bidders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.outcomes.data import Integers
from benchmarks.outcomes.played import Played, join
from benchmarks.outcomes.players import ModelPlayer, PresenterPlayer, Sight, cost_bounds_nanos, cost_nanos
from benchmarks.outcomes.user import User
from orchestrator.bidding import Lesson, Policy
from orchestrator.bidding.policy import Work
from orchestrator.core.keys import digest_text
from orchestrator.core.lot import Offer
from orchestrator.core.names import entry_of, is_later_twin, twin_name
from orchestrator.core.progress import Progress
from orchestrator.core.rules import TRANSFORMER, Rules
from orchestrator.core.state import REQUESTER
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Job, Player, Simulation
from orchestrator.errors import BrokenLaw, InvalidRecord
from orchestrator.money import NANOS_PER_USD

LEARNING_BATCH = 1
TEST_BATCH = 50
STAGES_BEYOND_MODELS = 3
"""A chain may hold every model's work, and be presented (R8)."""
SHARED = "market"


@dataclass(frozen=True, slots=True)
class Design:
    """How a market on recorded outcomes is set up; the same for every file.

    Attributes:
        policy: makes the bidders' policy.
        pooled: whether all bidders share one memory; otherwise each has its own.
        value_usd: the bounty, which is what a right answer is worth.
        shown: how many answers the user looks at.
        presenters: how many presenters there are.
        clones: how many twins there are of each model, itself included.
    """

    policy: Callable[[], Policy]
    pooled: bool
    value_usd: float
    shown: int = 1
    presenters: int = 3
    clones: int = 1

    @property
    def bounty_nanos(self) -> int:
        return round(self.value_usd * NANOS_PER_USD)

    @property
    def presenter_names(self) -> tuple[str, ...]:
        return tuple(f"presenter {number}" for number in range(1, self.presenters + 1))

    def check_names(self, models: Sequence[str]) -> None:
        """See to it that no model is taken for somebody else.

        Raises:
            InvalidRecord: one is called as a presenter or the requester is, or as a twin of another could be.
        """
        taken = sorted({*self.presenter_names, REQUESTER}.intersection(models))
        if taken:
            raise InvalidRecord(f"a model is called {taken[0]!r}, as somebody else in this market is; rename it")
        twins = [model for model in models if is_later_twin(model)]
        if twins:
            raise InvalidRecord(f"a model is called {twins[0]!r}, as a twin of another would be; rename it")

    def rules(self, models: int) -> Rules:
        """The rules with so many models; a reserve of one nano-dollar keeps out who values a lot at nothing."""
        return Rules(reserve_nanos=1, stages_max=models + STAGES_BEYOND_MODELS)


@dataclass(slots=True)
class OutcomeMarket:
    """A market of recorded models that learns as queries come in.

    Attributes:
        user: whose queries they are, with the record.
        design: how it is set up.
        seed: root of every draw.
        absent: models that have not entered yet or have left, by their columns.
        worked: for each query played, the columns of the models that worked.
        auctions: auctions held so far.
        memories: what policies have learned, by memory id.
    """

    user: User
    design: Design
    seed: int = 0
    absent: frozenset[int] = frozenset()
    worked: list[tuple[int, ...]] = field(default_factory=list)
    auctions: int = 0
    memories: dict[str, Any] = field(default_factory=dict)
    _policy: Policy = field(init=False)
    _simulation: Simulation | None = None
    _sight: Sight = field(init=False)
    _bounds_nanos: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._policy = self.design.policy()
        self._sight = Sight(self.user.data)
        self._bounds_nanos = cost_bounds_nanos(self.user.data)

    def practise(self, queries: Integers) -> None:
        """Show the policy every model's answer to some queries, with its score and cost."""
        lessons = [self._lesson(query) for query in queries.tolist()]
        practise = getattr(self._policy, "practise", None)
        if practise is None:
            raise BrokenLaw(f"policy {self._policy.name} cannot practise")
        for memory_id in dict.fromkeys(player.memory_id for player in self._players()):
            self.memories[memory_id] = practise(self.memories.get(memory_id), lessons)

    def learn(self, queries: Integers) -> Played:
        """Play queries one by one, exploring and learning from each before the next comes."""
        return self._play(queries, LEARNING_BATCH, learning=True)

    def test(self, queries: Integers) -> Played:
        """Play queries without exploring or learning, with fresh endowments."""
        self._simulation = None
        played = self._play(queries, TEST_BATCH, learning=False)
        self._simulation = None
        return played

    @property
    def refills(self) -> Mapping[str, int]:
        """How often the treasury has helped each bidder since the market opened."""
        return self._simulation.refills if self._simulation is not None else {}

    @property
    def suspended(self) -> Collection[str]:
        """Who takes part no more, for refills did not help."""
        return self._simulation.suspended if self._simulation is not None else ()

    def enter(self, model: int) -> None:
        """Let a model enter that was absent, with the endowment of a newcomer."""
        self.absent -= {model}
        if self._simulation is not None:
            for player in self._twins(model):
                self._simulation.enter(player)

    def leave(self, model: int) -> None:
        """Let a model take part in no further query; what others know of it stays known."""
        self.absent |= {model}
        if self._simulation is not None:
            for player in self._twins(model):
                self._simulation.leave(player.name)

    def _play(self, queries: Integers, batch: int, *, learning: bool) -> Played:
        simulation = self._simulation or self._open(batch, learning)
        self._simulation = simulation
        held = simulation.auctions
        parts = []
        for start in range(0, len(queries), batch):
            rows = queries[start : start + batch]
            ended = simulation.run([self._job(query) for query in rows.tolist()])
            parts.append(self._read(rows, ended))
        self.auctions += simulation.auctions - held
        self.memories = simulation.memories
        _check_books(simulation)
        return join(parts)

    def _open(self, batch: int, learning: bool) -> Simulation:
        bounty = self.design.bounty_nanos * batch
        return Simulation(
            self._players(),
            self.design.rules(len(self.user.data.models)),
            WealthRules(5 * bounty, bounty, 5 * bounty),
            self.seed,
            learning,
            memories=dict(self.memories),
        )

    def _players(self) -> list[Player]:
        present = [model for model in range(len(self.user.data.models)) if model not in self.absent]
        models = [player for model in present for player in self._twins(model)]
        return models + [self._presenter(name) for name in self.design.presenter_names]

    def _twins(self, model: int) -> list[Player]:
        """A model as a bidder, with its twins."""
        name = self.user.data.models[model]
        names = [twin_name(name, number) for number in range(1, self.design.clones + 1)]
        memory_id, bound_nanos = SHARED if self.design.pooled else name, self._bounds_nanos[model]
        return [ModelPlayer(each, self._sight, model, self._policy, memory_id, bound_nanos) for each in names]

    def _presenter(self, name: str) -> Player:
        memory_id = SHARED if self.design.pooled else name
        return PresenterPlayer(self._sight, name, self._policy, memory_id, self.design.shown)

    def _job(self, query: int) -> Job:
        def accept(offers: Sequence[Offer]) -> int:
            return self.user.pick(query, offers)

        return Job(self.user.data.prompts[query], self.design.bounty_nanos, accept)

    def _read(self, rows: Integers, ended: Sequence[Progress]) -> Played:
        data = self.user.data
        accepted, scores, costs, stages = [], [], [], []
        for query, progress in zip(rows.tolist(), ended, strict=True):
            spent = statement(progress)
            if spent.imbalance_nanos():
                raise BrokenLaw(f"request {progress.request.id} leaves {spent.imbalance_nanos()} nano-dollars over")
            workers = [data.models.index(entry_of(name)) for name in _workers(progress)]
            if sum(spent.costs_nanos.values()) != sum(cost_nanos(data, query, model) for model in workers):
                raise BrokenLaw(f"request {progress.request.id} was charged something else than the record says")
            shown = progress.picked or (progress.offers[0] if progress.offers else None)
            accepted.append(progress.status == "released")
            scores.append(self._score(query, shown) if shown else 0.0)
            costs.append(float(sum(data.costs_usd[query, model] for model in workers)))
            stages.append(len(workers))
            self.worked.append(tuple(workers))
        return Played(rows, np.array(accepted), np.array(scores), np.array(costs), np.array(stages))

    def _score(self, query: int, shown: Offer) -> float:
        """The score of the answer that was taken, or else of the first one shown."""
        taken = self.user.model_taken(query, shown)
        model = self.user.models_behind(query, shown)[0] if taken is None else taken
        return float(self.user.data.scores[query, model])

    def _lesson(self, query: int) -> Lesson:
        data = self.user.data
        works = tuple(
            Work(
                name,
                "" if (answer := data.answers[query][model]) is None else digest_text(answer),
                float(data.scores[query, model]),
                float(data.costs_usd[query, model]),
            )
            for model, name in enumerate(data.models)
            if model not in self.absent
        )
        return Lesson(data.prompts[query], self.design.value_usd, works)


def _workers(progress: Progress) -> list[str]:
    """The models that worked, whether what they delivered was accepted or not."""
    return [
        award.bidder
        for auction in progress.auctions.values()
        for award in (
            *(event.award for event, _ in auction.deliveries),
            *(fault.award for fault in auction.faults if fault.award is not None),
        )
        if award.role == TRANSFORMER
    ]


def _check_books(simulation: Simulation) -> None:
    """Money is neither made nor lost, and nothing is left on hold."""
    if any(simulation.book.totals().values()) or simulation.book.open_holds():
        raise BrokenLaw(f"the books do not balance: {simulation.book.totals()}")
