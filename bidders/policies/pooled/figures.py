"""Figures: what lots are worth, and how unsure that is."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """What a lot is worth to a bidder, in dollars, and how unsure that is."""

    mean_usd: float
    deviation_usd: float


class Guess(NamedTuple):
    """What a lot is worth, as a share of the bounty, and how unsure that is."""

    mean: float
    deviation: float


def within_bounty(worth_usd: float, bounty_usd: float) -> float:
    """A worth as it may be bid: not below nothing, and not above the bounty."""
    return min(max(0.0, worth_usd), bounty_usd)
