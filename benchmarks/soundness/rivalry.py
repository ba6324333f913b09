"""How hard bidders compete: thin lots, and pairs whose bids move as if they had agreed.

A ring lowers prices by letting only one of its members bid in earnest; the other's bid is for show. In
a sealed second-price auction nothing forbids that (Robinson 1985; Graham and Marshall 1987), so it can
only be noticed: two who bid on the same lots, of whom one's bid is a small part of the other's more often
than chance would have it. What is noticed is a reason to look, and no proof.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from orchestrator.core.receipts import Receipt

COVER_SHARE: Final = 0.1
"""A bid below this share of another's is for show, as far as the two are concerned."""

LOTS_MIN: Final = 20
"""Pairs that met on fewer lots are not judged."""

SUSPECT_DEVIATIONS: Final = 5.0
"""How far beyond chance a pair's cover bids must be; five, because a market has many pairs."""

LotBids = Mapping[str, int]
"""The bids on one lot in nano-dollars, by bidder."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How the bids of two bidders on the same lots move.

    Attributes:
        bidders: the two, in order of name.
        lots: on how many lots both bid.
        correlation: Spearman's rank correlation of their bids, -1 to 1; 0 where one never varies.
        cover_share: on which share of these lots the lower bid was below a tenth of the higher.
        cover_share_by_chance: the same if each had bid as it did, but on a lot drawn independently.
    """

    bidders: tuple[str, str]
    lots: int
    correlation: float
    cover_share: float
    cover_share_by_chance: float

    @property
    def deviations(self) -> float:
        """How many standard deviations the cover bids lie beyond chance."""
        chance = self.cover_share_by_chance
        # Half a lot either way, so that a chance of 0 or 1 leaves some doubt.
        spread = math.sqrt(max(chance * (1 - chance), 0.5 / self.lots) / self.lots)
        return (self.cover_share - chance) / spread

    @property
    def is_suspect(self) -> bool:
        """Whether chance does not explain how seldom the two bid against each other."""
        return self.lots >= LOTS_MIN and self.deviations >= SUSPECT_DEVIATIONS


@dataclass(frozen=True, slots=True)
class Rivalry:
    """How hard bidders compete over some lots.

    Attributes:
        lots: lots with a bid.
        thinness: mean of (highest - second bid) / highest, 0 to 1; 1 where nobody bids against the winner.
        pairs: every two bidders that met on 20 lots or more, the most suspect first.
    """

    lots: int
    thinness: float
    pairs: tuple[Pair, ...]

    def suspects(self) -> tuple[Pair, ...]:
        """The pairs that are worth a look."""
        return tuple(pair for pair in self.pairs if pair.is_suspect)


def bids_by_lot(receipts: Iterable[Receipt]) -> list[dict[str, int]]:
    """The bids on each lot, in the order in which lots first appear; kept lots and passes are left out."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for receipt in receipts:
        if receipt.answer == "bid" and not receipt.kept:
            found.setdefault((receipt.request_id, receipt.lot), {})[receipt.bidder] = receipt.bid_nanos
    return list(found.values())


def rivalry(lots: Sequence[LotBids]) -> Rivalry:
    """Measure competition over some lots.

    Args:
        lots: the bids on each, one principal's bids under one name.

    Returns:
        Thinness, and how each pair's bids move.
    """
    met: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for bids in lots:
        for one, other in combinations(sorted(bids), 2):
            met.setdefault((one, other), []).append((bids[one], bids[other]))
    pairs = [_pair(names, both) for names, both in met.items() if len(both) >= LOTS_MIN]
    thin = [_thinness(bids) for bids in lots if bids]
    return Rivalry(
        lots=len(thin),
        thinness=sum(thin) / len(thin) if thin else 0.0,
        pairs=tuple(sorted(pairs, key=lambda pair: (-pair.deviations, pair.bidders))),
    )


def _thinness(bids: LotBids) -> float:
    highest, *others = sorted(bids.values(), reverse=True)
    return (highest - max(others, default=0)) / highest if highest else 0.0


def _pair(names: tuple[str, str], both: Sequence[tuple[int, int]]) -> Pair:
    ones, others = [one for one, _ in both], [other for _, other in both]
    covers = sum(_is_cover(one, other) for one, other in both)
    return Pair(names, len(both), _rank_correlation(ones, others), covers / len(both), _chance_of_cover(ones, others))


def _is_cover(one: int, other: int) -> bool:
    return min(one, other) < COVER_SHARE * max(one, other)


def _chance_of_cover(ones: Sequence[int], others: Sequence[int]) -> float:
    """The share of covers among all ways to put a bid of one beside a bid of the other's on another lot."""
    ranked, covers = sorted(others), 0
    for one, beside in zip(ones, others, strict=True):
        below = bisect_left(ranked, COVER_SHARE * one)
        above = len(ranked) - bisect_right(ranked, one / COVER_SHARE)
        covers += below + above - _is_cover(one, beside)
    return covers / (len(ones) * (len(ones) - 1))


def _rank_correlation(ones: Sequence[int], others: Sequence[int]) -> float:
    first, second = _ranks(ones), _ranks(others)
    mean = (len(first) + 1) / 2
    covariance = sum((one - mean) * (other - mean) for one, other in zip(first, second, strict=True))
    spreads = [sum((rank - mean) ** 2 for rank in ranks) for ranks in (first, second)]
    return covariance / math.sqrt(spreads[0] * spreads[1]) if all(spreads) else 0.0


def _ranks(figures: Sequence[int]) -> list[float]:
    """Ranks from 1; equal figures share the mean of theirs."""
    places: dict[int, list[int]] = {}
    for rank, figure in enumerate(sorted(figures), 1):
        places.setdefault(figure, []).append(rank)
    return [sum(places[figure]) / len(places[figure]) for figure in figures]
