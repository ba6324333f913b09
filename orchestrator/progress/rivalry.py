"""Rivalry: pairs whose bids move as if they had agreed not to bid against each other.

A ring lowers prices by letting only one of its members bid in earnest; the other's bid is for show. In
a sealed second-price auction nothing forbids that (Robinson 1985; Graham and Marshall 1987), so it can
only be noticed: two who bid on the same lots, of whom one's bid is a small part of the other's more often
than chance would have it. What is noticed is a reason to look, and no proof.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from orchestrator.core.progress import Progress

COVER_SHARE: Final = 0.1
"""A bid below this share of another's is for show, as far as the two are concerned."""

LOTS_MIN: Final = 20
"""Pairs that met on fewer lots are not judged."""

SUSPECT_DEVIATIONS: Final = 5.0
"""How far beyond chance a pair's cover bids must be; five, because a market has many pairs."""

PRINCIPALS_MAX: Final = 30
"""Of more, those are looked at that bid most often: there are as many pairs as the square of it, halved."""

REQUESTS_MAX: Final = 200
"""How many of the latest requests are looked at."""

LotBids = Mapping[str, int]
"""The bids on one lot in nano-dollars, by principal: the highest of each."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How the bids of two principals on the same lots move.

    Attributes:
        principals: the two, in order of name.
        lots: on how many lots both bid.
        correlation: Spearman's rank correlation of their bids, -1 to 1; 0 where one never varies.
        cover_share: on which share of these lots the lower bid was below a tenth of the higher.
        cover_share_by_chance: the same if each had bid as it did, but on a lot drawn independently.
    """

    principals: tuple[str, str]
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

    def to_dict(self) -> dict[str, Any]:
        """The pair as JSON-able data."""
        return {
            "principals": list(self.principals),
            "lots": self.lots,
            "correlation": self.correlation,
            "cover_share": self.cover_share,
            "cover_share_by_chance": self.cover_share_by_chance,
            "is_suspect": self.is_suspect,
        }


@dataclass(frozen=True, slots=True)
class Rivalry:
    """How principals bid against each other over some lots.

    Attributes:
        lots: lots with a bid.
        pairs: every two principals that met on 20 lots or more, the most suspect first.
    """

    lots: int
    pairs: tuple[Pair, ...]

    def suspects(self) -> tuple[Pair, ...]:
        """The pairs that are worth a look."""
        return tuple(pair for pair in self.pairs if pair.is_suspect)

    def to_dict(self) -> dict[str, Any]:
        """The rivalry as JSON-able data."""
        return {"lots": self.lots, "pairs": [pair.to_dict() for pair in self.pairs]}


def lot_bids(progress: Progress) -> list[dict[str, int]]:
    """What each principal bid on each lot of a request, by whichever of its bidders bid most.

    Args:
        progress: a request, running or ended.
    """
    principals = {entry.name: entry.principal for entry in progress.request.roster}
    found = []
    for auction in progress.auctions.values():
        bids: dict[str, int] = {}
        for answer in auction.answers:
            if answer.kind == "bid":
                principal = principals[answer.bidder]
                bids[principal] = max(answer.amount_nanos, bids.get(principal, 0))
        found.append(bids)
    return found


def rivalry(lots: Sequence[LotBids]) -> Rivalry:
    """See how each pair's bids on the same lots move.

    Args:
        lots: the bids on each.
    """
    counts = Counter(principal for bids in lots for principal in bids)
    often = set(sorted(counts, key=lambda principal: (-counts[principal], principal))[:PRINCIPALS_MAX])
    met: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for bids in lots:
        for one, other in combinations(sorted(often & bids.keys()), 2):
            met.setdefault((one, other), []).append((bids[one], bids[other]))
    pairs = [_pair(names, both) for names, both in met.items() if len(both) >= LOTS_MIN]
    in_order = sorted(pairs, key=lambda pair: (-pair.deviations, pair.principals))
    return Rivalry(sum(bool(bids) for bids in lots), tuple(in_order))


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
    # Once for all equal ones: bidders whose bids never vary have as many of them as there are lots.
    means = {figure: sum(ranks) / len(ranks) for figure, ranks in places.items()}
    return [means[figure] for figure in figures]
