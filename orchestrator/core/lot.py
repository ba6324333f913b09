"""Lots, sales and offers: what is sold, what was sold, and what the user is shown."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.light import light
from orchestrator.core.omission import later
from orchestrator.core.rules import Role, Rule
from orchestrator.core.state import State


@light
@dataclass(frozen=True, slots=True)
class Sale:
    """One purchase on the way to a state: who bought which lot, for how much, to do what.

    Attributes:
        lot: path of the lot that was sold.
        stage: at which stage.
        seller: owner of the lot: a bidder, or the requester.
        buyer: the winner, which then transformed the state.
        role: whether the buyer transformed the state or presented it.
        bid_nanos: what it bid.
        price_nanos: what it paid.
        kept: whether the owner kept its own state, in which case nothing was paid (R5).
        audition: whether it was a newcomer's trial: the treasury paid the price for it (R11).
    """

    lot: str
    stage: int
    seller: str
    buyer: str
    role: Role
    bid_nanos: int
    price_nanos: int
    kept: bool = False
    audition: bool = later(False)

    @property
    def paid_nanos(self) -> int:
        """What it cost its buyer: the price, unless the treasury paid it."""
        return 0 if self.audition else self.price_nanos

    def received_nanos(self, rule: Rule) -> int:
        """What its seller was given: the price, or under `subsidised` the bid (R5)."""
        return self.bid_nanos if rule == "subsidised" else self.price_nanos


@light
@dataclass(frozen=True, slots=True)
class Lot:
    """The right to transform one state and own the result (R2).

    Attributes:
        path: `0` for the request's own text, then a number for each copy sold: `0.2.1`.
        stage: the stage at which it is put up for sale (1 is the first).
        state: what is sold.
        owner: who is paid for it: a bidder, or the requester.
        chain: the sales that led here, first stage first.
    """

    path: str
    stage: int
    state: State
    owner: str
    chain: tuple[Sale, ...] = ()

    @property
    def workers(self) -> tuple[str, ...]:
        """Whose work led to its text, in order; also those whose work was replaced since."""
        return tuple([sale.buyer for sale in self.chain])


@light
@dataclass(frozen=True, slots=True)
class Offer:
    """A finished state that its presenter puts before the user (R8).

    Attributes:
        path: the path it would have as a lot.
        presenter: who is paid the bounty if the user picks it.
        state: what the user is shown.
        chain: the sales that led here; the last is the presenter's own.
    """

    path: str
    presenter: str
    state: State
    chain: tuple[Sale, ...]

    @property
    def text(self) -> str:
        """What the user reads."""
        return self.state.text

    @property
    def last_bid_nanos(self) -> int:
        """What the presenter bid: how sure it is that the user takes this offer (R9)."""
        return self.chain[-1].bid_nanos

    @property
    def price_nanos(self) -> int:
        """What the presenter paid."""
        return self.chain[-1].price_nanos
