"""Adjustment: how bidders' wealth, success and beliefs change over time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.money import NANOS_PER_USD
from orchestrator.progress.series import Series, Trend, buckets, mean, trend
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
    runs = [_read_run(run) for run in buckets(traces)]
    return tuple(_adjustment(runs, name, present_nanos.get(name)) for name in bidders)


class _Run(NamedTuple):
    """What some requests that follow each other tell, by bidder.

    Attributes:
        works: lots bought, by whomever.
        wins: lots that each bought, or kept.
        wealth_nanos: what each could spend at last.
        biases: of each lot that it won and of which that is known, bid less what it brought, as a share of the bounty.
        squares: of each offer of its that was decided on, the squared error of its bid.
        picks: of each of these offers, 1 where it was picked, else 0.
    """

    works: int
    wins: Counter[str]
    wealth_nanos: dict[str, int]
    biases: defaultdict[str, list[float]]
    squares: defaultdict[str, list[float]]
    picks: defaultdict[str, list[float]]


def _read_run(run: Sequence[RequestTrace]) -> _Run:
    """Gather by bidder what some requests tell: going through them for each bidder takes as long as there are many."""
    wins = Counter(work.bidder for each in run for work in each.works)
    read = _Run(wins.total(), wins, {}, defaultdict(list), defaultdict(list), defaultdict(list))
    for each in run:
        read.wealth_nanos.update(each.wealth_nanos)
        for bidder, bias in _biases(each):
            read.biases[bidder].append(bias)
        for offer in each.offers:
            read.squares[offer.bidder].append((offer.chance - offer.is_picked) ** 2)
            read.picks[offer.bidder].append(float(offer.is_picked))
    return read


def _adjustment(runs: Sequence[_Run], name: str, present_nanos: int | None) -> Adjustment:
    wealth = tuple(_usd(run.wealth_nanos.get(name)) for run in runs)
    now = () if present_nanos is None else (_usd(present_nanos),)
    return Adjustment(
        bidder=name,
        wealth_usd=(*wealth, *now),
        win_share=tuple(run.wins[name] / run.works if run.works else None for run in runs),
        bid_bias=trend([bias for run in runs for bias in run.biases[name]]),
        bid_bias_over_time=tuple(mean(run.biases[name]) for run in runs),
        brier=trend([square for run in runs for square in run.squares[name]]),
        brier_over_time=tuple(mean(run.squares[name]) for run in runs),
        base_rate=mean(picked for run in runs for picked in run.picks[name]),
    )


def _usd(nanos: int | None) -> float | None:
    return None if nanos is None else nanos / NANOS_PER_USD


def _biases(each: RequestTrace) -> Iterable[tuple[str, float]]:
    """Bids of lots that were won, against what they brought; nothing is known of what expired unseen."""
    if not each.bounty_nanos or each.outcome == "expired":
        return
    for work in each.works:
        if work.cost_known:
            yield work.bidder, (work.bid_nanos - work.revenue_nanos + work.cost_nanos) / each.bounty_nanos
