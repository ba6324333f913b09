"""Results: what a request has come to, and what its caller may do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from orchestrator.core.lot import Offer as CoreOffer
from orchestrator.core.lot import Sale
from orchestrator.core.progress import Progress, Status
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.statement import Statement, statement
from orchestrator.engine.recorder import RequestLog
from orchestrator.errors import InvalidRequest
from orchestrator.money import Money, format_usd


class Records(Protocol):
    """What a result needs of its market."""

    def read_log(self, request_id: str) -> RequestLog:
        """A request's present and the end of its journal."""

    def pick(self, request_id: str, rank: int) -> None:
        """Pick an offer by its rank, or none (0)."""


class _Kept(NamedTuple):
    """What a result holds instead of its market, once it was pickled or copied: what was known at that moment."""

    log: RequestLog

    def read_log(self, request_id: str) -> RequestLog:
        """What was known."""
        return self.log

    def pick(self, request_id: str, rank: int) -> None:
        """Refuse to.

        Raises:
            InvalidRequest: always.
        """
        raise InvalidRequest(
            f"this result of {request_id} was pickled or copied and shows what was known then; pick with the result "
            "itself, or with `pick` of a `Market` on the same store"
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, as the user sees it.

    Attributes:
        rank: its place, 1 is the first.
        bidder: its presenter.
        text: the offer itself.
        last_bid: what the presenter bid to show it: how sure it is that you will take it.
        price: what the presenter paid.
        chain: the sales that led to it, first stage first.
    """

    rank: int
    bidder: str
    text: str
    last_bid: Money
    price: Money
    chain: tuple[Sale, ...]

    def to_dict(self) -> dict[str, Any]:
        """The offer as JSON-able data, amounts as decimal strings in USD."""
        return {
            "rank": self.rank,
            "bidder": self.bidder,
            "last_bid": str(self.last_bid),
            "price": str(self.price),
            "text": self.text,
            "chain": [_sale(sale) for sale in self.chain],
        }


class Result:
    """A request's outcome; reads afresh from the store whenever it is asked.

    Pickled or copied, as on its way to another process, it goes without its market: it then shows what was known at
    that moment, and nothing can be picked with it.

    Args:
        market: the market that ran the request.
        request_id: the request.
    """

    def __init__(self, market: Records, request_id: str) -> None:
        self._market = market
        self.request_id = request_id

    def __repr__(self) -> str:
        progress = self._progress
        return f"<Result {self.request_id}: {progress.status}, {len(offers_of(progress))} offers>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Result, (_Kept(self._market.read_log(self.request_id)), self.request_id)

    @property
    def status(self) -> Status:
        """`running`, `open`, `released`, `rejected`, `expired` or `failed`."""
        return self._progress.status

    @property
    def bounty(self) -> Money:
        """What the picked offer's presenter is paid."""
        return Money(self._progress.request.bounty_nanos)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The offers, best first; empty while the request runs."""
        return offers_of(self._progress)

    @property
    def picked(self) -> Offer | None:
        """The offer that was picked."""
        rank = self._progress.picked_rank
        return self.offers[rank - 1] if rank else None

    @property
    def reason(self) -> str:
        """Why the request ended as it did; empty while it has not."""
        ending = self._progress.ending
        return ending.reason if ending else ""

    @property
    def journal_hash(self) -> str:
        """Digest of the last journal entry: it stands for the whole run."""
        return self._market.read_log(self.request_id).digest

    def pick(self, rank: int) -> Result:
        """Take the offer of this rank and release the bounty to its presenter.

        Raises:
            InvalidRequest: there is no offer of this rank.
            WrongStatus: the request is not open.
        """
        if rank == 0:  # whoever counts offers from 0 must not reject them all
            raise InvalidRequest("ranks begin at 1, so there is no offer 0; reject() takes none")
        self._market.pick(self.request_id, rank)
        return self

    def reject(self) -> Result:
        """Take none of the offers; the bounty returns.

        Raises:
            WrongStatus: the request is not open.
        """
        self._market.pick(self.request_id, 0)
        return self

    def statement(self) -> Statement:
        """Where the request's money went."""
        return statement(self._progress)

    def receipts(self) -> tuple[Receipt, ...]:
        """What each bid came to."""
        return receipts(self._progress)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-able data, amounts as decimal strings in USD."""
        log = self._market.read_log(self.request_id)  # once, so that all of it is of one moment
        progress = log.progress
        return {
            "request_id": self.request_id,
            "status": progress.status,
            "reason": progress.ending.reason if progress.ending else "",
            "bounty": format_usd(progress.request.bounty_nanos),
            "offers": [offer.to_dict() for offer in offers_of(progress)],
            "picked": progress.picked_rank or None,
            "statement": statement_dict(statement(progress)),
            "journal_hash": log.digest,
        }

    @property
    def _progress(self) -> Progress:
        return self._market.read_log(self.request_id).progress


def offers_of(progress: Progress) -> tuple[Offer, ...]:
    """A request's offers, best first; none while it runs."""
    return tuple(_offer(rank, offer) for rank, offer in enumerate(progress.offers, 1)) if progress.ranked else ()


def statement_dict(money: Statement) -> dict[str, Any]:
    """A statement as JSON-able data, amounts as decimal strings in USD."""
    return {
        "payout": format_usd(money.payout_nanos),
        "refund": format_usd(money.refund_nanos),
        "returned": format_usd(money.returned_nanos),
        "treasury": format_usd(money.treasury_nanos),
        "profits": {bidder: format_usd(nanos) for bidder, nanos in money.profits_nanos.items()},
        "costs": {
            bidder: "unknown" if bidder in money.unknown_costs and not nanos else format_usd(nanos)
            for bidder, nanos in money.costs_nanos.items()
        },
        "unknown_costs": list(money.unknown_costs),
        "judging": format_usd(money.judging_nanos) if money.judging_known else "unknown",
    }


def _offer(rank: int, offer: CoreOffer) -> Offer:
    return Offer(rank, offer.presenter, offer.text, Money(offer.last_bid_nanos), Money(offer.price_nanos), offer.chain)


def _sale(sale: Sale) -> dict[str, Any]:
    return {
        "lot": sale.lot,
        "stage": sale.stage,
        "seller": sale.seller,
        "buyer": sale.buyer,
        "role": sale.role,
        "bid": format_usd(sale.bid_nanos),
        "price": format_usd(sale.price_nanos),
        "kept": sale.kept,
        "audition": sale.audition,
    }
