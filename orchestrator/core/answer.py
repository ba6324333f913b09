"""Answers to an announcement: a bid, a pass or a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from orchestrator.core.light import light
from orchestrator.core.omission import later
from orchestrator.core.rules import TRANSFORMER, Role

AnswerKind = Literal["bid", "pass", "fault"]
FaultKind = Literal[
    "raised",
    "late",
    "malformed",
    "unfunded",
    "overcommitted",
    "unchanged",
    "empty",
    "too large",
    "provider",
    "over the cap",
    "interrupted",
]

BLAMELESS: Final[frozenset[FaultKind]] = frozenset({"provider", "over the cap", "overcommitted", "interrupted"})
"""Faults that are no breach of the bidder's, but of its provider, the request's cap, its luck elsewhere or a crash."""

UNBACKED: Final[frozenset[FaultKind]] = frozenset({"unfunded", "overcommitted"})
"""Faults of bids that lack their hold; it is the core that finds out (R4)."""


@light
@dataclass(frozen=True, slots=True)
class Answer:
    """What one bidder said to one lot's announcement.

    Attributes:
        bidder: who answered, or was asked.
        kind: `bid`, `pass`, or `fault` where it answered nothing lawful (R3).
        amount_nanos: the bid; 0 otherwise.
        role: what the bidder would do with the state.
        cost_max_nanos: the worst case of its transform's cost, held with the bid (R4).
        provider: who would be paid that cost; empty where it costs nothing.
        reason: why it passed or what it did wrong.
        fault: the kind of fault, else None.
        bid_cost_nanos: what bidding cost; None where that is unknown (R7).
        bid_cost_max_nanos: what was held for it before it was asked.
        observed: figures that the bid rests on, by name in alphabetical order.
        bid_known_nanos: what is known of what bidding cost, where not all of it is.
    """

    bidder: str
    kind: AnswerKind
    amount_nanos: int = 0
    role: Role = TRANSFORMER
    cost_max_nanos: int = 0
    provider: str = ""
    reason: str = ""
    fault: FaultKind | None = None
    bid_cost_nanos: int | None = 0
    bid_cost_max_nanos: int = 0
    observed: tuple[tuple[str, float], ...] = ()
    bid_known_nanos: int = later(0)

    @property
    def bid_charged_nanos(self) -> int:
        """What its bidder is charged for bidding: all that is known of what it cost (R7)."""
        return self.bid_known_nanos if self.bid_cost_nanos is None else self.bid_cost_nanos


@light
@dataclass(frozen=True, slots=True)
class Keep:
    """An owner's public reserve: its own value of going on (R5).

    Attributes:
        reserve_nanos: the lot is not sold below this.
        cost_max_nanos: worst case of the cost of transforming the state again itself.
        provider: who would be paid that cost.
    """

    reserve_nanos: int
    cost_max_nanos: int = 0
    provider: str = ""
