"""Traces: what a report on progress needs of one request that has ended, and nothing of its texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from orchestrator.core.events import Requested
from orchestrator.core.keys import bidder_account
from orchestrator.core.progress import Auction, Progress, Status
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.rules import PRESENTER, Role
from orchestrator.core.statement import statement

PRESENTING: Final = "presenting"
"""The skill of every presenter; that of a transformer is the kind of what it adds."""


class LotTrace(NamedTuple):
    """One lot that was sold.

    Attributes:
        skill: what its first buyer did with it.
        price_share: its posted price, as a share of the bounty.
        gap_share: highest less second bid that could win, as a share of the bounty; None where only
            one principal bid.
    """

    skill: str
    price_share: float
    gap_share: float | None


class WorkTrace(NamedTuple):
    """A lot that a bidder bought, or kept and worked on, and what came of it.

    Attributes:
        bidder: the buyer.
        role: as transformer or presenter.
        skill: what it did.
        bid_nanos: what it bid.
        price_nanos: what it paid.
        subsidy_nanos: what the treasury paid for the lot in its place, on audition.
        revenue_nanos: what its copy sold for, or the bounty for a picked offer.
        cost_nanos: what its calls cost.
        cost_known: whether that is all of it.
        led_to_nanos: for a transformer: the bounty, less what others' later work on the same chain cost, if
            the picked offer was built on its copy; else 0.
        contenders: for a transformer: the others whose bids to transform the same lot could win.
    """

    bidder: str
    role: Role
    skill: str
    bid_nanos: int
    price_nanos: int
    subsidy_nanos: int
    revenue_nanos: int
    cost_nanos: int
    cost_known: bool
    led_to_nanos: int
    contenders: tuple[str, ...]

    @property
    def added_nanos(self) -> int:
        """Value added: what the copy brought less what was paid for the lot, whoever paid it."""
        return self.revenue_nanos - self.price_nanos - self.subsidy_nanos


class OfferTrace(NamedTuple):
    """An offer that the user saw and decided on.

    Attributes:
        bidder: its presenter.
        chance: the presenter's bid over the bounty: how sure it was that the user would take the offer.
        is_picked: whether the user did.
    """

    bidder: str
    chance: float
    is_picked: bool


class RequestTrace(NamedTuple):
    """One request that has ended.

    Attributes:
        request_id: the request.
        outcome: how it ended.
        bounty_nanos: its bounty.
        released_nanos: what of that was paid out.
        cost_nanos: real costs that are known, the judge's included.
        cost_known: whether those are all.
        wealth_nanos: what each bidder of the roster could spend when it was posted.
        lots: the lots that were sold.
        works: what was bought.
        offers: what the user decided on; none where nobody chose.
        profits_nanos: revenue less prices, costs and forfeits, by bidder.
        costs_nanos: known costs by bidder.
        unknown_costs: bidders with calls whose cost is not known.
        bids: how many bids each bidder made.
    """

    request_id: str
    outcome: Status
    bounty_nanos: int
    released_nanos: int
    cost_nanos: int
    cost_known: bool
    wealth_nanos: Mapping[str, int]
    lots: tuple[LotTrace, ...]
    works: tuple[WorkTrace, ...]
    offers: tuple[OfferTrace, ...]
    profits_nanos: Mapping[str, int]
    costs_nanos: Mapping[str, int]
    unknown_costs: tuple[str, ...]
    bids: Mapping[str, int]

    @property
    def value_nanos(self) -> int:
        """The objective: bounty released less real cost."""
        return self.released_nanos - self.cost_nanos


def trace(progress: Progress, opening: Requested) -> RequestTrace:
    """Read a trace from a request's present and its first event.

    Args:
        progress: a request that has ended.
        opening: its first event, which holds the wallets' balances.
    """
    written = receipts(progress)
    money = statement(progress, written)
    wallets = {row.account: row.nanos for row in opening.opening}
    return RequestTrace(
        request_id=progress.request.id,
        outcome=progress.status,
        bounty_nanos=progress.request.bounty_nanos,
        released_nanos=money.payout_nanos,
        cost_nanos=sum(money.costs_nanos.values()) + money.judging_nanos,
        cost_known=not money.unknown_costs and money.judging_known,
        wealth_nanos={entry.name: wallets.get(bidder_account(entry.name), 0) for entry in progress.request.roster},
        lots=tuple(_lots(progress)),
        works=tuple(_works(progress, written)),
        offers=tuple(_offers(progress)),
        profits_nanos=money.profits_nanos,
        costs_nanos=money.costs_nanos,
        unknown_costs=money.unknown_costs,
        bids=Counter(each.bidder for each in written if each.answer == "bid"),
    )


def _lots(progress: Progress) -> Iterable[LotTrace]:
    bounty = progress.request.bounty_nanos
    first_sale = {sale.lot: sale for sale in reversed(progress.sales) if not sale.kept}
    for auction in progress.auctions.values():
        sale = first_sale.get(auction.lot.path)
        if sale is None or not bounty:
            continue
        bids = sorted((bid.amount_nanos for bid in auction.standing), reverse=True)
        gap = (bids[0] - bids[1]) / bounty if len(bids) > 1 else None
        yield LotTrace(_skill(auction, sale.buyer, sale.role), sale.price_nanos / bounty, gap)


def _skill(auction: Auction, bidder: str, role: Role) -> str:
    if role == PRESENTER:
        return PRESENTING
    delivered = (event for event, _ in auction.deliveries if event.award.bidder == bidder)
    return next((event.segments[0].kind for event in delivered), "")


def _works(progress: Progress, written: Iterable[Receipt]) -> Iterable[WorkTrace]:
    won = {(each.lot, each.bidder): each for each in written if each.won}
    led_to = _led_to(progress, won)
    subsidies = {(sale.lot, sale.buyer): sale.price_nanos for sale in progress.sales if sale.audition}
    for (lot, bidder), receipt in won.items():
        yield WorkTrace(
            bidder,
            receipt.role,
            _skill(progress.auctions[lot], bidder, receipt.role),
            receipt.bid_nanos,
            receipt.price_nanos,
            subsidies.get((lot, bidder), 0),
            receipt.revenue_nanos,
            receipt.cost_nanos,
            receipt.cost_known,
            led_to.get((lot, bidder), 0),
            _contenders(progress.auctions[lot], bidder) if receipt.role != PRESENTER else (),
        )


def _contenders(auction: Auction, buyer: str) -> tuple[str, ...]:
    return tuple(bid.bidder for bid in auction.standing if bid.role != PRESENTER and bid.bidder != buyer)


def _led_to(progress: Progress, won: Mapping[tuple[str, str], Receipt]) -> dict[tuple[str, str], int]:
    """What the copies of the picked chain came to: the bounty less what was still spent on them."""
    picked = progress.picked if progress.status == "released" else None
    if picked is None:
        return {}
    left = progress.request.bounty_nanos
    found: dict[tuple[str, str], int] = {}
    for sale in reversed(picked.chain):
        if sale.role != PRESENTER:
            found[sale.lot, sale.buyer] = left
        left -= won[sale.lot, sale.buyer].cost_nanos
    return found


def _offers(progress: Progress) -> Iterable[OfferTrace]:
    """The offers that were shown, once the user has chosen among them or turned them all down."""
    bounty = progress.request.bounty_nanos
    if progress.picked_rank is None or not bounty:
        return
    for rank, offer in enumerate(progress.offers, 1):
        yield OfferTrace(offer.presenter, min(1.0, offer.last_bid_nanos / bounty), rank == progress.picked_rank)
