"""The journal's vocabulary: what can happen to a request, as immutable values.

A request's present is the fold of its events (`orchestrator.core.progress.fold`). Events hold
no clock times, latencies or random ids, so equal runs have equal journals (R13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal, get_args

from orchestrator.core.answer import Answer, FaultKind, Keep
from orchestrator.core.clearing import Award, Refusal
from orchestrator.core.light import light
from orchestrator.core.lot import Sale
from orchestrator.core.omission import later
from orchestrator.core.request import Request
from orchestrator.core.state import Segment, State

EVENTS_VERSION: Final = 1
Outcome = Literal["released", "rejected", "expired", "failed"]
"""How a request ended (R10)."""

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@light
@dataclass(frozen=True, slots=True)
class Spendable:
    """What an account could spend at one moment, as the record saw it."""

    account: str
    nanos: int


@light
@dataclass(frozen=True, slots=True)
class Requested:
    """A request was posted and its bounty pledged."""

    kind: ClassVar[str] = "requested"
    request: Request
    opening: tuple[Spendable, ...]
    version: int = EVENTS_VERSION


@light
@dataclass(frozen=True, slots=True)
class AnnouncedLot:
    """One lot's announcement: its reserve, and who was invited."""

    lot: str
    reserve_nanos: int
    keep: Keep | None
    invited: tuple[str, ...]


@light
@dataclass(frozen=True, slots=True)
class Announced:
    """A stage's lots were put up for sale (R3)."""

    kind: ClassVar[str] = "announced"
    stage: int
    lots: tuple[AnnouncedLot, ...]


@light
@dataclass(frozen=True, slots=True)
class ClosedLot:
    """One lot's sealed answers, in order of bidder, and what their wallets and a keeping owner's could spend."""

    lot: str
    answers: tuple[Answer, ...]
    spendable: tuple[Spendable, ...]


@light
@dataclass(frozen=True, slots=True)
class Closed:
    """Bidding at a stage is over."""

    kind: ClassVar[str] = "closed"
    stage: int
    lots: tuple[ClosedLot, ...]


@light
@dataclass(frozen=True, slots=True)
class ClearedLot:
    """One lot's clearing (R5)."""

    lot: str
    awards: tuple[Award, ...]
    standing: tuple[Answer, ...]
    refused: tuple[Refusal, ...]
    reserve_nanos: int


@light
@dataclass(frozen=True, slots=True)
class Cleared:
    """A stage's lots were awarded."""

    kind: ClassVar[str] = "cleared"
    stage: int
    lots: tuple[ClearedLot, ...]


@light
@dataclass(frozen=True, slots=True)
class Delivered:
    """A winner delivered its transformed state in time, valid and within size (R6).

    Attributes:
        stage: the lot's stage.
        lot: the lot's path.
        award: what the winner was awarded.
        segments: what it delivered.
        replaces: whether that stands in place of the old segments.
        cost_nanos: what its calls cost; None where that is unknown.
        state: digest of the state that it led to.
        reward_nanos: what the delivery earned at once; negative where it cost, 0 but for research.
        reached: the state itself, where it was computed in this process; no part of the record.
        known_nanos: what is known of its calls' cost, where not all of it is.
    """

    kind: ClassVar[str] = "delivered"
    stage: int
    lot: str
    award: Award
    segments: tuple[Segment, ...]
    replaces: bool
    cost_nanos: int | None
    state: str
    reward_nanos: int = 0
    reached: State | None = field(default=None, compare=False, repr=False)
    known_nanos: int = later(0)

    @property
    def charged_nanos(self) -> int:
        """What its bidder is charged: all that is known of what its calls cost (R7)."""
        return self.known_nanos if self.cost_nanos is None else self.cost_nanos


@light
@dataclass(frozen=True, slots=True)
class Faulted:
    """A bidder broke its contract, when asked to bid or after an award (R3, R6)."""

    kind: ClassVar[str] = "faulted"
    stage: int
    lot: str
    bidder: str
    fault: FaultKind
    reason: str
    award: Award | None = None
    own_fault: bool = True
    forfeit_nanos: int = 0
    cost_nanos: int | None = 0
    known_nanos: int = later(0)

    @property
    def charged_nanos(self) -> int:
        """What its bidder is charged: all that is known of what its calls cost (R7)."""
        return self.known_nanos if self.cost_nanos is None else self.cost_nanos


AwardResult = Delivered | Faulted
"""What came of an award."""


@light
@dataclass(frozen=True, slots=True)
class SettledLot:
    """What became of one lot: the copies sold, and copies that equalled another (R8)."""

    lot: str
    sales: tuple[Sale, ...]
    merged: tuple[str, ...]


@light
@dataclass(frozen=True, slots=True)
class Settled:
    """A stage's deliveries were paid for.

    Attributes:
        stage: which one.
        lots: what became of each.
        spendable: what wallets could spend whose work had cost more than was promised; mostly there are none.
    """

    kind: ClassVar[str] = "settled"
    stage: int
    lots: tuple[SettledLot, ...]
    spendable: tuple[Spendable, ...] = later(())

    def sales(self) -> tuple[Sale, ...]:
        """The sales of all lots, in order."""
        return tuple([sale for lot in self.lots for sale in lot.sales])


@light
@dataclass(frozen=True, slots=True)
class Offered:
    """Every chain has ended; these offers, by path, are put before the user in this order (R9)."""

    kind: ClassVar[str] = "offered"
    offers: tuple[str, ...]


@light
@dataclass(frozen=True, slots=True)
class Judged:
    """A judge whose calls cost money was asked, whatever it decided.

    Attributes:
        judge: who was asked.
        rank: the offer that it picked, 0 for none of them, None where it left the decision for later.
        reason: why it did; empty where it picked.
        cost_max_nanos: the worst case of its calls, held on the spend cap before they were made.
        cost_nanos: what they cost; None where that is unknown.
        provider: who was paid.
        known_nanos: what is known of their cost, where not all of it is.
        recipe: digest of what its verdicts follow from; with its name and provider it says whose calls they were.
    """

    kind: ClassVar[str] = "judged"
    judge: str
    rank: int | None
    reason: str
    cost_max_nanos: int
    cost_nanos: int | None
    provider: str
    known_nanos: int = later(0)
    recipe: str = later("")

    @property
    def charged_nanos(self) -> int:
        """What the requester is charged: all that is known of what they cost (R7)."""
        return self.known_nanos if self.cost_nanos is None else self.cost_nanos


@light
@dataclass(frozen=True, slots=True)
class Picked:
    """The judge picked an offer by its rank, or none (rank 0)."""

    kind: ClassVar[str] = "picked"
    rank: int
    judge: str


@light
@dataclass(frozen=True, slots=True)
class Spent:
    """What a bidder's calls cost.

    Attributes:
        bidder: whose calls.
        nanos: all of it.
        beyond_nanos: what of it no worst case had promised.
    """

    bidder: str
    nanos: int
    beyond_nanos: int = later(0)


@light
@dataclass(frozen=True, slots=True)
class Ended:
    """The request ended, in one of four ways (R10).

    Attributes:
        outcome: which of the four.
        reason: why, in a few words.
        payout_nanos: bounty released to the picked offer's presenter.
        refund_nanos: first-stage price of the picked chain, returned to the requester (R2).
        returned_nanos: bounty that was not released.
        treasury_nanos: what of the escrow went to the treasury.
        cut_off: costs of work that a cancellation cut off, by bidder.
        spendable: for each bidder whose cut-off work cost more than promised, what its wallet could spend once its
            holds were resolved; usually empty.
        unknown_costs: bidders whose cut-off work may have cost more than is recorded, because a call was still under
            way.
    """

    kind: ClassVar[str] = "ended"
    outcome: Outcome
    reason: str
    payout_nanos: int
    refund_nanos: int
    returned_nanos: int
    treasury_nanos: int
    cut_off: tuple[Spent, ...] = ()
    spendable: tuple[Spendable, ...] = later(())
    unknown_costs: tuple[str, ...] = later(())


Event = Requested | Announced | Closed | Cleared | Delivered | Faulted | Settled | Offered | Judged | Picked | Ended
EVENT_TYPES: Final[dict[str, type]] = {
    event.kind: event
    for event in (Requested, Announced, Closed, Cleared, Delivered, Faulted, Settled, Offered, Judged, Picked, Ended)
}
