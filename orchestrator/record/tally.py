"""Tallies: what each party gained or lost at those lots of a run that are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.lot import Sale
from orchestrator.core.progress import Auction, Progress
from orchestrator.core.state import REQUESTER
from orchestrator.money import format_usd


@dataclass(frozen=True, slots=True)
class Tally:
    """Where money went, as far as a run is known.

    Attributes:
        payout_nanos: bounty released; None where the ending is unknown.
        refund_nanos: what the requester got back through competition; None likewise.
        treasury_nanos: what the treasury gained, escrow included if the ending is known.
        profits_nanos: by bidder; payouts included if the ending is known.
    """

    payout_nanos: int | None
    refund_nanos: int | None
    treasury_nanos: int
    profits_nanos: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """The tally as JSON-able data, amounts as decimal strings in USD."""
        return {
            "payout": None if self.payout_nanos is None else format_usd(self.payout_nanos),
            "refund": None if self.refund_nanos is None else format_usd(self.refund_nanos),
            "treasury": format_usd(self.treasury_nanos),
            "profits": {bidder: format_usd(nanos) for bidder, nanos in sorted(self.profits_nanos.items())},
        }


def tally(progress: Progress, lots: Collection[str], *, ending: bool) -> Tally:
    """Add up what happened at some lots of a run.

    Over all lots and with the ending this is the request's statement.

    Args:
        progress: where the run stands.
        lots: paths of the lots that count.
        ending: whether the ending counts.

    Returns:
        The tally.
    """
    counter = _Counter(progress)
    for path in lots:
        counter.add(progress.auctions[path])
    ended = progress.ending if ending else None
    if ended is not None:
        counter.treasury += ended.treasury_nanos
        for spent in ended.cut_off:
            counter.gain(spent.bidder, -spent.nanos)
        if progress.picked is not None:
            counter.gain(progress.picked.presenter, ended.payout_nanos)
    return Tally(
        payout_nanos=ended.payout_nanos if ended else None,
        refund_nanos=ended.refund_nanos if ended else None,
        treasury_nanos=counter.treasury,
        profits_nanos=dict(sorted(counter.profits.items())),
    )


class _Counter:
    """Sums under way."""

    def __init__(self, progress: Progress) -> None:
        self.profits: dict[str, int] = {}
        self.treasury = 0
        self._rules = progress.request.rules
        self._sales: dict[str, list[Sale]] = {}
        for sale in progress.sales:
            self._sales.setdefault(sale.lot, []).append(sale)

    def gain(self, bidder: str, nanos: int) -> None:
        self.profits[bidder] = self.profits.get(bidder, 0) + nanos

    def add(self, auction: Auction) -> None:
        for answer in auction.answers:
            self.gain(answer.bidder, -answer.bid_charged_nanos)
        sales = self._sales.get(auction.lot.path, ())
        buyers = {sale.buyer for sale in sales}
        for delivered, _ in auction.deliveries:
            reward = delivered.reward_nanos if delivered.award.bidder in buyers else 0
            self.gain(delivered.award.bidder, reward - delivered.charged_nanos)
            self.treasury -= reward
        for fault in auction.faults:
            self.gain(fault.bidder, -fault.charged_nanos - fault.forfeit_nanos)
            self.treasury += fault.forfeit_nanos
        for sale in sales:
            paid = sale.received_nanos(self._rules.rule)
            self.gain(sale.buyer, -sale.paid_nanos)
            self.treasury -= paid - sale.paid_nanos
            if sale.seller != REQUESTER and not sale.kept:
                self.gain(sale.seller, self._rules.discounted_nanos(paid))
                self.treasury += paid - self._rules.discounted_nanos(paid)
