"""Figures: what lots are worth, and how unsure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """What a lot is worth to a bidder, in dollars, and how unsure that is."""

    mean_usd: float
    deviation_usd: float


Figures = tuple[list[float], list[float]]
"""What several lots are worth, and how unsure each of that is."""


class Guess(NamedTuple):
    """What a lot is worth, as a share of the bounty, and how unsure that is."""

    mean: float
    deviation: float


def within_bounty(worth_usd: float, bounty_usd: float) -> float:
    """A worth as it may be bid: not below nothing, and not above the bounty."""
    return min(max(0.0, worth_usd), bounty_usd)


def columns(figures: Sequence[Figure]) -> Figures:
    """Figures of several lots, side by side."""
    return [mean for mean, _ in figures], [deviation for _, deviation in figures]


def mixed(one: Figures, other: Figures, share: float) -> Figures:
    """Figures of the same lots, of which a share is the other's."""
    both = [
        [(1.0 - share) * mine + share * its for mine, its in zip(*each, strict=True)]
        for each in zip(one, other, strict=True)
    ]
    return both[0], both[1]
