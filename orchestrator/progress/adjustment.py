"""Adjustment: how bidders' wealth, success and beliefs change over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.money import NANOS_PER_USD
from orchestrator.progress.series import Series, Trend, buckets, by_bucket, mean, trend
from orchestrator.progress.traces import RequestTrace


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How one bidder has changed.

    Attributes:
        bidder: the bidder.
        wealth_usd: what its wallet could spend, point by point; the last point is the present.
        win_share: the share of all lots bought that it bought, point by point.
        bid_bias: bid less what the lot then brought net of costs, as a share of the bounty, of lots that it
            won: above 0 it bids too much. (Prices being set by others, that alone says nothing of profit.)
        bid_bias_over_time: the same, point by point.
        brier: of a presenter: mean square of bid over bounty less 1 for picked and 0 for not, over the offers
            that a user decided on. Lower is better; always saying 50 % scores 0.25.
        brier_over_time: the same, point by point.
        base_rate: how often its offers were picked; None where none were shown.
    """

    bidder: str
    wealth_usd: Series
    win_share: Series
    bid_bias: Trend
    bid_bias_over_time: Series
    brier: Trend
    brier_over_time: Series
    base_rate: float | None

    def to_dict(self) -> dict[str, Any]:
        """The adjustment as JSON-able data."""
        return {
            "bidder": self.bidder,
            "wealth_usd": list(self.wealth_usd),
            "win_share": list(self.win_share),
            "bid_bias": self.bid_bias.to_dict(),
            "bid_bias_over_time": list(self.bid_bias_over_time),
            "brier": self.brier.to_dict(),
            "brier_over_time": list(self.brier_over_time),
            "base_rate": self.base_rate,
        }


def adjustments(
    traces: Sequence[RequestTrace], bidders: Sequence[str], present_nanos: Mapping[str, int]
) -> tuple[Adjustment, ...]:
    """How each bidder has changed.

    Args:
        traces: the requests, in order.
        bidders: whom to report on.
        present_nanos: what their wallets can spend now.
    """
    runs = buckets(traces)
    return tuple(_adjustment(traces, runs, name, present_nanos.get(name)) for name in bidders)


def _adjustment(
    traces: Sequence[RequestTrace], runs: Sequence[Sequence[RequestTrace]], name: str, present_nanos: int | None
) -> Adjustment:
    wealth = tuple(_last_wealth(run, name) for run in runs)
    now = () if present_nanos is None else (present_nanos / NANOS_PER_USD,)
    offers = [offer for each in traces for offer in each.offers if offer.bidder == name]
    return Adjustment(
        bidder=name,
        wealth_usd=(*wealth, *now),
        win_share=by_bucket(runs, lambda each: (float(work.bidder == name) for work in each.works)),
        bid_bias=trend([bias for each in traces for bias in _biases(each, name)]),
        bid_bias_over_time=by_bucket(runs, lambda each: _biases(each, name)),
        brier=trend([square for each in traces for square in _squares(each, name)]),
        brier_over_time=by_bucket(runs, lambda each: _squares(each, name)),
        base_rate=mean(float(offer.is_picked) for offer in offers),
    )


def _last_wealth(run: Sequence[RequestTrace], name: str) -> float | None:
    known = [each.wealth_nanos[name] for each in run if name in each.wealth_nanos]
    return known[-1] / NANOS_PER_USD if known else None


def _biases(each: RequestTrace, name: str) -> Iterable[float]:
    """Bids of lots that were won, against what they brought; nothing is known of what expired unseen."""
    if not each.bounty_nanos or each.outcome == "expired":
        return
    for work in each.works:
        if work.bidder == name and work.cost_known:
            yield (work.bid_nanos - work.revenue_nanos + work.cost_nanos) / each.bounty_nanos


def _squares(each: RequestTrace, name: str) -> Iterable[float]:
    """The squared errors of a presenter's bids, taken for the chance that its offer is picked."""
    return ((offer.chance - offer.is_picked) ** 2 for offer in each.offers if offer.bidder == name)
