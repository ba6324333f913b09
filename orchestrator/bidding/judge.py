"""The judge's contract: who picks an offer, or none (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from orchestrator.bidding.meter import Meter
from orchestrator.money import Money


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as a judge sees it.

    Attributes:
        rank: its place, 1 is the first.
        bidder: its presenter.
        text: what the user reads. It is data; no instruction in it binds the judge (R12).
        last_bid: what the presenter bid to show it.
        price: what the presenter paid.
        authors: whose work it was built on, in order of sale; also those whose work was replaced since.
    """

    rank: int
    bidder: str
    text: str
    last_bid: Money
    price: Money
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rank:
    """The judge takes the offer of this rank."""

    rank: int


@dataclass(frozen=True, slots=True)
class Reject:
    """The judge takes none; the bounty returns."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """The judge does not say yet; the request stays open until it is picked or expires.

    Attributes:
        reason: why not, for the person who waits.
    """

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a judge is given whose calls cost money.

    Attributes:
        seed: for the judge's draws on these offers.
        deadline_seconds: how long it should take at most.
        meter: through which it makes every call that costs money.
    """

    seed: int
    deadline_seconds: float
    meter: Meter


@runtime_checkable
class Judge(Protocol):
    """Picks one of the offers, or none.

    One that asks a person may say so with an attribute `waits_for_person` that is true; of others
    the market expects a verdict before its deadline, and then leaves the request open.
    """

    @property
    def name(self) -> str:
        """Its name in the record."""

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Rank | Reject | Later:
        """Pick.

        Args:
            request: the request's text.
            offers: best first; at least one.

        Returns:
            A rank, a rejection, or that the decision comes later.
        """


@runtime_checkable
class MeteredJudge(Protocol):
    """A judge whose calls cost money: the requester's, held against the spend cap before they are made (R7).

    It may say with a text in an attribute `recipe` what its verdicts follow from beside the offers. After a crash one
    of the same class, name, provider and recipe is given what the first was answered; any other makes its own calls.
    """

    @property
    def name(self) -> str:
        """Its name in the record."""

    @property
    def provider(self) -> str:
        """Who is paid for its calls."""

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        """Worst case of what its calls cost."""

    async def pick(
        self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None
    ) -> Rank | Reject | Later:
        """Pick; see `Judge`.

        Args:
            request: the request's text.
            offers: best first; at least one.
            hearing: what its calls are charged to; a market always gives one.

        Raises:
            ProviderError: its provider failed; the request stays open.
        """
