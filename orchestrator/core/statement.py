"""Statements: where a request's money went (R10).

They add up the request's receipts, and keep no figures of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.core.state import REQUESTER


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
        judging_nanos: what judges' calls are known to have cost, which the requester pays besides.
        judging_known: whether that is all of it.
    """

    payout_nanos: int
    refund_nanos: int
    returned_nanos: int
    treasury_nanos: int
    profits_nanos: dict[str, int]
    costs_nanos: dict[str, int]
    unknown_costs: tuple[str, ...]
    judging_nanos: int = 0
    judging_known: bool = True

    def imbalance_nanos(self) -> int:
        """What the equation of conservation leaves over: 0 in any lawful request."""
        spent = self.refund_nanos + self.treasury_nanos
        return self.payout_nanos - spent - sum(self.profits_nanos.values()) - sum(self.costs_nanos.values())


def statement(progress: Progress, written: Iterable[Receipt] | None = None) -> Statement:
    """Add a request's receipts up, and the costs of work that a cancellation cut off.

    Args:
        progress: the request's.
        written: its receipts, where they have been written already.
    """
    profits: dict[str, int] = {}
    costs: dict[str, int] = {}
    unknown: set[str] = set()
    for receipt in receipts(progress) if written is None else written:
        profits[receipt.bidder] = profits.get(receipt.bidder, 0) + receipt.profit_nanos
        costs[receipt.bidder] = costs.get(receipt.bidder, 0) + receipt.cost_nanos
        if not receipt.cost_known:
            unknown.add(receipt.bidder)
    ending = progress.ending
    for spent in ending.cut_off if ending else ():
        profits[spent.bidder] = profits.get(spent.bidder, 0) - spent.nanos
        costs[spent.bidder] = costs.get(spent.bidder, 0) + spent.nanos
    for bidder in ending.unknown_costs if ending else ():
        unknown.add(bidder)
        profits.setdefault(bidder, 0)
        costs.setdefault(bidder, 0)
    return Statement(
        payout_nanos=ending.payout_nanos if ending else 0,
        refund_nanos=ending.refund_nanos if ending else 0,
        returned_nanos=ending.returned_nanos if ending else 0,
        treasury_nanos=_treasury_nanos(progress),
        profits_nanos=dict(sorted(profits.items())),
        costs_nanos=dict(sorted(costs.items())),
        unknown_costs=tuple(sorted(unknown)),
        judging_nanos=sum(judged.charged_nanos for judged in progress.judged),
        judging_known=all(judged.cost_nanos is not None for judged in progress.judged),
    )


def _treasury_nanos(progress: Progress) -> int:
    forfeits = sum(fault.forfeit_nanos for auction in progress.auctions.values() for fault in auction.faults)
    escrow = progress.ending.treasury_nanos if progress.ending else 0
    rules = progress.request.rules
    subsidies = sum(sale.received_nanos(rules.rule) - sale.price_nanos for sale in progress.sales)
    trials = sum(sale.price_nanos for sale in progress.sales if sale.audition)
    return forfeits + escrow - subsidies - trials + (_research_nanos(progress) if rules.is_research else 0)


def _research_nanos(progress: Progress) -> int:
    """What discounts brought the treasury, less the stage rewards that it paid."""
    rules = progress.request.rules
    received = [
        sale.received_nanos(rules.rule) for sale in progress.sales if sale.seller != REQUESTER and not sale.kept
    ]
    discounts = sum(nanos - rules.discounted_nanos(nanos) for nanos in received)
    buyers = {(sale.lot, sale.buyer) for sale in progress.sales}
    rewards = sum(
        delivered.reward_nanos
        for auction in progress.auctions.values()
        for delivered, _ in auction.deliveries
        if (delivered.lot, delivered.award.bidder) in buyers
    )
    return discounts - rewards
