"""Liquidity: prices of skills, thin auctions, and what it costs an expert to have no rival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.core.rules import PRESENTER
from orchestrator.money import format_usd
from orchestrator.progress.series import Series, Trend, buckets, by_bucket, trend
from orchestrator.progress.traces import RequestTrace, WorkTrace


@dataclass(frozen=True, slots=True)
class SkillPrice:
    """What lots bought by one skill have cost.

    Attributes:
        skill: the skill.
        lots: how many.
        share: posted price as a share of the bounty, point by point.
        trend: its change.
    """

    skill: str
    lots: int
    share: Series
    trend: Trend

    def to_dict(self) -> dict[str, Any]:
        """The prices as JSON-able data."""
        return {
            "skill": self.skill,
            "lots": self.lots,
            "price_share": list(self.share),
            "trend": self.trend.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Thinness:
    """How far the best bid stands above the second.

    Attributes:
        lots: lots sold.
        uncontested: those for which only one principal bid.
        gap: highest less second bid as a share of the bounty, point by point, where there was a second.
        trend: its change.
    """

    lots: int
    uncontested: int
    gap: Series
    trend: Trend

    def to_dict(self) -> dict[str, Any]:
        """The thinness as JSON-able data."""
        return {
            "lots": self.lots,
            "uncontested": self.uncontested,
            "gap_share": list(self.gap),
            "trend": self.trend.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class ExpertDiscount:
    """What a transformer's copies sold for against what they led to.

    With a rival of the same skill the next buyers pay for what a copy is worth; without one, only
    for what the next best would have made of it.

    Attributes:
        bidder: the transformer.
        rivals: bidders that sold work of its skills, too, or bid for lots that it bought and have sold nothing yet that
            would show their skill.
        copies: how many copies it made.
        sold_nanos: what they sold for.
        led_to_nanos: the bounties that were released for offers built on them, less what others' later work cost.
    """

    bidder: str
    rivals: int
    copies: int
    sold_nanos: int
    led_to_nanos: int

    @property
    def discount(self) -> float | None:
        """The share of what its copies led to that others kept; None where they led to nothing."""
        return None if self.led_to_nanos <= 0 else 1.0 - self.sold_nanos / self.led_to_nanos

    def to_dict(self) -> dict[str, Any]:
        """The discount as JSON-able data, amounts as decimal strings in USD."""
        return {
            "bidder": self.bidder,
            "rivals": self.rivals,
            "copies": self.copies,
            "sold_for": format_usd(self.sold_nanos),
            "led_to": format_usd(self.led_to_nanos),
            "discount": self.discount,
        }


def skill_prices(traces: Sequence[RequestTrace], bidder: str | None = None) -> tuple[SkillPrice, ...]:
    """What lots have cost, by what their buyers did with them, the most frequent first.

    Args:
        traces: the requests.
        bidder: the bidder whose skills alone are wanted; None for all.
    """
    own = {work.skill for each in traces for work in each.works if work.bidder == bidder}
    runs = buckets(traces)
    figures: dict[str, list[float]] = {}
    for each in traces:
        for lot in each.lots:
            if bidder is None or lot.skill in own:
                figures.setdefault(lot.skill, []).append(lot.price_share)
    found = (
        SkillPrice(
            skill,
            len(shares),
            by_bucket(runs, lambda each, skill=skill: (lot.price_share for lot in each.lots if lot.skill == skill)),  # type: ignore[misc]
            trend(shares),
        )
        for skill, shares in figures.items()
    )
    return tuple(sorted(found, key=lambda price: (-price.lots, price.skill)))


def thinness(traces: Sequence[RequestTrace]) -> Thinness:
    """How thin auctions were."""
    gaps = [lot.gap_share for each in traces for lot in each.lots]
    known = [gap for gap in gaps if gap is not None]
    series = by_bucket(buckets(traces), lambda each: (lot.gap_share for lot in each.lots if lot.gap_share is not None))
    return Thinness(len(gaps), len(gaps) - len(known), series, trend(known))


def expert_discounts(traces: Sequence[RequestTrace]) -> tuple[ExpertDiscount, ...]:
    """What each transformer's copies sold for against what they led to, those without rivals first."""
    works = [work for each in traces for work in each.works if work.role != PRESENTER]
    sellers: dict[str, set[str]] = {}
    works_of: dict[str, list[WorkTrace]] = {}
    for work in works:
        sellers.setdefault(work.skill, set()).add(work.bidder)
        works_of.setdefault(work.bidder, []).append(work)
    found = []
    for bidder, own in sorted(works_of.items()):
        unproven = {name for work in own for name in work.contenders} - works_of.keys()
        rivals = (unproven | set().union(*(sellers[work.skill] for work in own))) - {bidder}
        sold, led_to = sum(work.revenue_nanos for work in own), sum(work.led_to_nanos for work in own)
        found.append(ExpertDiscount(bidder, len(rivals), len(own), sold, led_to))
    return tuple(sorted(found, key=lambda each: (each.rivals > 0, each.bidder)))
