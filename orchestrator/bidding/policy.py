"""The bid policy's contract: what a state is worth, learned from receipts (DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import Role
from orchestrator.core.state import Contribution


class Observation(NamedTuple):
    """What a policy sees of one lot: never the lot's hidden future.

    Attributes:
        bidder: whose value is asked for.
        role: as transformer or presenter.
        stage: the lot's stage.
        stages_max: the last stage.
        bounty_usd: the bounty in dollars.
        estimate: the capability's own guess, as a share of the bounty; None where it has none.
        cost_max_usd: the worst case of the transform's cost, in dollars.
        last_price_usd: the last price on the chain, the market's own estimate of the state.
        features: more numbers that the capability offers.
        seed: for the policy's draws.
        request: the request's text.
        contributions: what the state holds: whose work, and what each claims.
        copies: how many buyers the lot has at most.
        cost_usd: what the transform is expected to cost, where the capability knows; else None.
        workers: whose work led to the state, in order; also those whose work was replaced since.
    """

    bidder: str
    role: Role
    stage: int
    stages_max: int
    bounty_usd: float
    estimate: float | None = None
    cost_max_usd: float = 0.0
    last_price_usd: float = 0.0
    features: Mapping[str, float] = MappingProxyType({})
    seed: int = 0
    request: str = ""
    contributions: tuple[Contribution, ...] = ()
    copies: int = 1
    cost_usd: float | None = None
    workers: tuple[str, ...] = ()


class Work(NamedTuple):
    """What one bidder did with a labelled task.

    Attributes:
        bidder: who did it.
        claim: its answer, as a digest; empty where answers cannot be compared.
        score: how right it was, 0 to 1.
        cost_usd: what it cost.
    """

    bidder: str
    claim: str
    score: float
    cost_usd: float


class Lesson(NamedTuple):
    """A labelled task that every bidder worked on: full information, for a warm start.

    Attributes:
        request: the task's text.
        bounty_usd: what a right answer would be paid.
        works: what each bidder did with the task alone.
    """

    request: str
    bounty_usd: float
    works: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class Valuation:
    """What lots are worth to a bidder, in dollars, one figure a lot.

    Attributes:
        means: expected values.
        deviations: how unsure the policy is of each.
    """

    means: Sequence[float]
    deviations: Sequence[float]


class Beliefs(NamedTuple):
    """What a policy believes, as a table for people.

    Attributes:
        title: what the table is about, in one line.
        columns: their names, with units.
        rows: cells, one for each column.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]


@runtime_checkable
class Policy(Protocol):
    """Values lots, and learns from receipts; pure, so that a resumed run learns the same.

    Four more methods are optional:

    - `practise(memory, lessons: Sequence[Lesson]) -> memory`: learn from labelled tasks.
    - `best_claims(memory, observation) -> Sequence[tuple[str, float]]`: the claims that a state
      holds with the chance that each is right, best first; by it presenters choose what to show.
    - `migrate(memory, version: int) -> memory`: read a memory that an earlier version has written.
    - `describe(memory) -> Sequence[Beliefs]`: what it believes, as tables for people; none where it believes
      nothing yet.

    So is an attribute, `asks_model: bool`: whether a bidder that is a language model should have its
    model value the state before `value` is asked, at the cost of a call. A policy makes none itself.
    And so is `pool: str | None`: all bidders of a market whose policies name one pool share one memory,
    and learn together from the receipts of all of them; of those policies one speaks for all.
    """

    @property
    def name(self) -> str:
        """Names the format of its memory."""

    @property
    def version(self) -> int:
        """Version of that format."""

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value lots.

        Args:
            memory: what it has learned, or None at first.
            observations: one for each lot.

        Returns:
            Means and deviations in USD, one for each observation.
        """

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Learn from the receipts of a request that has ended.

        Args:
            memory: what it has learned so far, or None.
            receipts: those of the bidders that share this memory.

        Returns:
            The new memory; anything that JSON can hold.
        """
