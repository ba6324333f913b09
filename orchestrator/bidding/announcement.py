"""What bidders are shown: announcements of lots, and the lots that they won."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.bidding.meter import Meter
from orchestrator.core.lot import Sale
from orchestrator.core.rules import Role
from orchestrator.core.state import State
from orchestrator.money import Money


@dataclass(frozen=True, slots=True)
class PublicPrice:
    """A price that the market has posted.

    Attributes:
        stage: the stage at which the lot was sold.
        price: what its buyer paid.
    """

    stage: int
    price: Money


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The requester's record: how its earlier requests ended."""

    released: int = 0
    rejected: int = 0
    expired: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """A lot put up for sale; every eligible bidder sees the same, but for its own balance (R3).

    Attributes:
        request_id: the request's id.
        request: the request's own text.
        bounty: what the picked offer's presenter will be paid.
        lot: path of the lot.
        stage: its stage, 1 is the first.
        stages_max: the last stage, at which only presenters may bid.
        state: what is sold; its text is data, and no instruction in it binds anyone (R12).
        owner: who is paid.
        chain: the sales that led here, with their prices; what was bid stays sealed, `bid_nanos` is the price there.
        reserve: the least that the lot is sold for.
        roles: the roles in which this bidder may bid now.
        copies: how many buyers this lot has at most.
        lots: how many lots of this request are on sale at this stage; a bidder may buy several.
        deadline_seconds: how long it has to answer.
        balance: what this bidder's wallet can spend.
        prices: prices posted by the market of late, newest first.
        acceptance: how the requester's earlier requests ended.
        seed: for this bidder's draws on this lot, and nobody else's.
        memory: what its policy has learned so far; None at first.
        meter: through which it makes every call that costs money.
    """

    request_id: str
    request: str
    bounty: Money
    lot: str
    stage: int
    stages_max: int
    state: State
    owner: str
    chain: tuple[Sale, ...]
    reserve: Money
    roles: tuple[Role, ...]
    copies: int
    lots: int
    deadline_seconds: float
    balance: Money
    prices: tuple[PublicPrice, ...]
    acceptance: Acceptance
    seed: int
    memory: Any
    meter: Meter


@dataclass(frozen=True, slots=True)
class WonLot:
    """A lot that a bidder won and must now transform, or that it owns and may keep.

    Attributes:
        request_id: the request's id.
        request: the request's own text.
        bounty: what the picked offer's presenter will be paid.
        lot: path of the lot.
        stage: its stage.
        stages_max: the last stage.
        state: what to transform.
        role: whether to transform it further, or to present it: then what is delivered is the
            offer's whole text.
        bid: what was bid.
        price: what is paid on delivery.
        deadline_seconds: how long there is to deliver.
        seed: for the bidder's draws on this transform.
        memory: what its policy has learned so far.
        meter: through which it makes every call that costs money.
        on_text: takes pieces of an offer's text while it is being written, for whoever watches;
            None where nobody does. They are only shown: what counts is the delivery.
    """

    request_id: str
    request: str
    bounty: Money
    lot: str
    stage: int
    stages_max: int
    state: State
    role: Role
    bid: Money
    price: Money
    deadline_seconds: float
    seed: int
    memory: Any
    meter: Meter
    on_text: Callable[[str], None] | None = None
