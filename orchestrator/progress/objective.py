"""The objective: bounties released less real cost, a request, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.money import NANOS_PER_USD, format_usd
from orchestrator.progress.series import FIGURES_MIN, Series, Trend, buckets, by_bucket, smoothed, trend
from orchestrator.progress.traces import RequestTrace


@dataclass(frozen=True, slots=True)
class Objective:
    """What a market has achieved.

    Attributes:
        requests: how many have ended.
        released: in how many of them an offer was taken.
        bounty_nanos: bounties pledged.
        released_nanos: bounties paid out.
        cost_nanos: real costs that are known.
        unknown_costs: requests with calls of unknown cost: there the value is at most what is said.
        usd: value a request in dollars, point by point.
        smoothed_usd: the same, smoothed.
        trend: change of the value a request as a share of its bounty, so that larger bounties are no progress.
    """

    requests: int
    released: int
    bounty_nanos: int
    released_nanos: int
    cost_nanos: int
    unknown_costs: int
    usd: Series
    smoothed_usd: Series
    trend: Trend

    @property
    def value_nanos(self) -> int:
        """Bounties released less real cost."""
        return self.released_nanos - self.cost_nanos

    @property
    def verdict(self) -> str:
        """Whether it is getting better, in a few words."""
        change, error = self.trend.change, self.trend.error
        if change is None or error is None:
            return f"too few requests to say; it takes {FIGURES_MIN} that have ended"
        figures = f"{change:+.1%} of the bounty a request, standard error {error:.1%}"
        if not self.trend.is_clear:
            return f"no clear change: {figures}"
        return f"{'better' if change > 0 else 'worse'}: {figures}"

    def to_dict(self) -> dict[str, Any]:
        """The objective as JSON-able data, amounts as decimal strings in USD."""
        return {
            "requests": self.requests,
            "released": self.released,
            "bounties": format_usd(self.bounty_nanos),
            "bounties_released": format_usd(self.released_nanos),
            "cost": format_usd(self.cost_nanos),
            "value": format_usd(self.value_nanos),
            "requests_with_unknown_costs": self.unknown_costs,
            "verdict": self.verdict,
            "value_usd_by_request": list(self.usd),
            "value_usd_by_request_smoothed": list(self.smoothed_usd),
            "value_share_of_bounty": self.trend.to_dict(),
        }


def objective(traces: Sequence[RequestTrace]) -> Objective:
    """Add up what some requests came to."""
    points = by_bucket(buckets(traces), lambda each: (each.value_nanos / NANOS_PER_USD,))
    return Objective(
        requests=len(traces),
        released=sum(each.released_nanos > 0 for each in traces),
        bounty_nanos=sum(each.bounty_nanos for each in traces),
        released_nanos=sum(each.released_nanos for each in traces),
        cost_nanos=sum(each.cost_nanos for each in traces),
        unknown_costs=sum(not each.cost_known for each in traces),
        usd=points,
        smoothed_usd=smoothed(points),
        trend=trend([each.value_nanos / each.bounty_nanos for each in traces if each.bounty_nanos]),
    )
