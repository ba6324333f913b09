"""Receipts and statements: where a request's money went (R10).

Both are read from the fold of the journal; neither keeps figures of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.bid import AnswerKind
from orchestrator.core.progress import Auction, Progress, Status
from orchestrator.core.rules import Role
from orchestrator.core.state import REQUESTER


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one answer to one lot came to, for its bidder to learn from.

    Attributes:
        request_id: the request.
        bidder: whose receipt it is.
        lot: the lot that it answered.
        stage: the lot's stage.
        answer: `bid`, `pass` or `fault`.
        role: as transformer or presenter.
        bid_nanos: what it bid.
        won: whether it owned a copy in the end.
        price_nanos: what it paid.
        revenue_nanos: what its copy sold for, subsidies included; for a picked offer the bounty.
        cost_nanos: what its calls for this lot are known to have cost.
        cost_known: whether that is all of it.
        forfeit_nanos: what it lost by failing (R6).
        outcome: how the request ended.
        in_picked_chain: whether the picked offer was built on its work.
        censored: whether the request expired unseen, which says nothing about quality.
    """

    request_id: str
    bidder: str
    lot: str
    stage: int
    answer: AnswerKind
    role: Role
    bid_nanos: int
    won: bool
    price_nanos: int
    revenue_nanos: int
    cost_nanos: int
    cost_known: bool
    forfeit_nanos: int
    outcome: Status
    in_picked_chain: bool
    censored: bool

    @property
    def profit_nanos(self) -> int:
        """Revenue less price, cost and forfeit."""
        return self.revenue_nanos - self.price_nanos - self.cost_nanos - self.forfeit_nanos


@dataclass(frozen=True, slots=True)
class Statement:
    """Where a request's money went.

    On release, bounty = refund + profits + costs + treasury; otherwise 0 = profits + costs +
    treasury, less what the deposit paid.

    Attributes:
        payout_nanos: bounty released to the picked offer's presenter.
        refund_nanos: what competition gave back to the requester (R2).
        returned_nanos: bounty that was not released.
        treasury_nanos: what the treasury gained; negative under subsidies.
        profits_nanos: by bidder, deposit compensation not included.
        costs_nanos: known costs by bidder.
        unknown_costs: bidders with calls whose cost is not known.
    """

    payout_nanos: int
    refund_nanos: int
    returned_nanos: int
    treasury_nanos: int
    profits_nanos: dict[str, int]
    costs_nanos: dict[str, int]
    unknown_costs: tuple[str, ...]

    def imbalance_nanos(self) -> int:
        """What the equation of conservation leaves over: 0 in any lawful request."""
        spent = self.refund_nanos + self.treasury_nanos
        return self.payout_nanos - spent - sum(self.profits_nanos.values()) - sum(self.costs_nanos.values())


def receipts(progress: Progress) -> tuple[Receipt, ...]:
    """One receipt for each answer and each kept state, in order of stage, lot and bidder."""
    return tuple(
        _receipt(progress, auction, bidder) for auction in progress.auctions.values() for bidder in _bidders(auction)
    )


def statement(progress: Progress) -> Statement:
    """Add a request's receipts up."""
    profits: dict[str, int] = {}
    costs: dict[str, int] = {}
    unknown: set[str] = set()
    for receipt in receipts(progress):
        profits[receipt.bidder] = profits.get(receipt.bidder, 0) + receipt.profit_nanos
        costs[receipt.bidder] = costs.get(receipt.bidder, 0) + receipt.cost_nanos
        if not receipt.cost_known:
            unknown.add(receipt.bidder)
    ending = progress.ending
    return Statement(
        payout_nanos=ending.payout_nanos if ending else 0,
        refund_nanos=ending.refund_nanos if ending else 0,
        returned_nanos=ending.returned_nanos if ending else 0,
        treasury_nanos=_treasury_nanos(progress),
        profits_nanos=dict(sorted(profits.items())),
        costs_nanos=dict(sorted(costs.items())),
        unknown_costs=tuple(sorted(unknown)),
    )


def _treasury_nanos(progress: Progress) -> int:
    forfeits = sum(fault.forfeit_nanos for auction in progress.auctions.values() for fault in auction.faults)
    escrow = progress.ending.treasury_nanos if progress.ending else 0
    subsidies = 0
    if progress.request.rules.rule == "subsidised":
        subsidies = sum(sale.bid_nanos - sale.price_nanos for sale in progress.sales)
    return forfeits + escrow - subsidies


def _bidders(auction: Auction) -> list[str]:
    kept = [award.bidder for award in auction.awards if award.kept]
    return [*(answer.bidder for answer in auction.answers), *kept]


def _receipt(progress: Progress, auction: Auction, bidder: str) -> Receipt:
    lot = auction.lot
    answer = next((answer for answer in auction.answers if answer.bidder == bidder), None)
    costs = [answer.bid_cost_nanos] if answer else []
    costs += [delivered.cost_nanos for delivered, _ in auction.deliveries if delivered.award.bidder == bidder]
    breaches = [fault for fault in auction.faults if fault.bidder == bidder and fault.award is not None]
    costs += [fault.cost_nanos for fault in breaches]
    sale = next((sale for sale in progress.sales if sale.lot == lot.path and sale.buyer == bidder), None)
    picked = progress.picked if progress.status == "released" else None
    award = next((award for award in auction.awards if award.bidder == bidder), None)
    return Receipt(
        request_id=progress.request.id,
        bidder=bidder,
        lot=lot.path,
        stage=lot.stage,
        answer=answer.kind if answer else "bid",
        role=answer.role if answer else (award.role if award else "transformer"),
        bid_nanos=answer.amount_nanos if answer else 0,
        won=sale is not None,
        price_nanos=sale.price_nanos if sale else 0,
        revenue_nanos=_revenue_nanos(progress, lot.path, bidder) if sale else 0,
        cost_nanos=sum(cost or 0 for cost in costs),
        cost_known=None not in costs,
        forfeit_nanos=sum(fault.forfeit_nanos for fault in breaches),
        outcome=progress.status,
        in_picked_chain=bool(picked and sale is not None and sale in picked.chain),
        censored=progress.status == "expired",
    )


def _revenue_nanos(progress: Progress, path: str, bidder: str) -> int:
    """What the copy that a bidder bought of one lot was sold for in turn."""
    subsidised = progress.request.rules.rule == "subsidised"
    copies = [sale for sale in progress.sales if sale.lot == path]
    child = f"{path}.{next(i for i, sale in enumerate(copies) if sale.buyer == bidder)}"
    sold = sum(
        sale.bid_nanos if subsidised else sale.price_nanos
        for sale in progress.sales
        if sale.lot == child and sale.seller == bidder != REQUESTER and not sale.kept
    )
    picked = progress.picked if progress.status == "released" else None
    if picked is not None and picked.path == child and progress.ending is not None:
        sold += progress.ending.payout_nanos
    return sold
