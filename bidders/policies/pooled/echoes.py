"""Echoes: works that say what another has said, whatever the request: one model twice, or under two prompts.

That two of them agree says little. Who echoes whom shows where both are wrong: independent works seldom make the same
mistake (Dong, Berti-Equille and Srivastava, VLDB 2009, find copies among sources in this way).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bidders.policies.pooled.world import Floats, Integers, Singles

SHARE_MIN = 0.2
"""A smaller share is not told from none."""

SAME_MIN = 0.25
"""From which share on it is no use to ask one after the other."""

SHARE_MAX = 0.98
"""Nobody is so sure to be an echo that what it says otherwise could not be believed."""

CHANCE_MIN = 1e-6
"""Whatever agrees may have done so by itself with this chance at least."""

SHARE_MEAN = 0.03
"""What is expected of two bidders before anything is known."""

_WORTH = 6.0
_PAIRS_MAX = 20_000
_MET_MIN = 0.25
_PLACES = 3


@dataclass(frozen=True, slots=True)
class EchoCounts:
    """Expected counts of pairs of bidders who claimed something on one request.

    Attributes:
        pairs: of bidders, each by one number that stays the same when others come; in rising order.
        met: on how many requests both claimed something.
        echoed: on how many of them one echoed the other.
    """

    pairs: Integers
    met: Floats
    echoed: Floats

    @classmethod
    def none(cls) -> EchoCounts:
        """Nothing seen."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))

    def __add__(self, other: EchoCounts) -> EchoCounts:
        pairs, places = np.unique(np.concatenate([self.pairs, other.pairs]), return_inverse=True)
        met, echoed = np.concatenate([self.met, other.met]), np.concatenate([self.echoed, other.echoed])
        return EchoCounts(pairs, summed(places, met, len(pairs)), summed(places, echoed, len(pairs)))

    def times(self, factor: float) -> EchoCounts:
        """Counts that have faded; pairs who seldom met are left out, and of very many, those who met least."""
        met = self.met * factor
        least = max(_MET_MIN, float(np.sort(met)[-_PAIRS_MAX]) if len(met) > _PAIRS_MAX else 0.0)
        kept = met >= least
        return EchoCounts(self.pairs[kept], met[kept], self.echoed[kept] * factor)

    def of_pairs(self, pairs: Integers) -> EchoCounts:
        """The counts of some pairs, in rising order; nothing where they have not met."""
        if not len(self.pairs):
            return EchoCounts(pairs, np.zeros(len(pairs)), np.zeros(len(pairs)))
        at = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        exists = self.pairs[at] == pairs
        return EchoCounts(pairs, np.where(exists, self.met[at], 0.0), np.where(exists, self.echoed[at], 0.0))

    def to_json(self) -> list[list[Any]]:
        """The counts as JSON can hold them."""
        return [self.pairs.tolist(), np.round(self.met, _PLACES).tolist(), np.round(self.echoed, _PLACES).tolist()]

    @classmethod
    def from_json(cls, stored: Sequence[Sequence[Any]]) -> EchoCounts:
        """Read counts back."""
        pairs, met, echoed = stored
        return cls(np.array(pairs, dtype=np.int64), np.array(met, dtype=float), np.array(echoed, dtype=float))


@dataclass(frozen=True, slots=True)
class Echoes:
    """Who echoes whom, and how often.

    Attributes:
        first: one of two bidders, by number.
        second: the other.
        shares: the chance that one of them, asked after the other, says the same whatever the request.
    """

    first: Integers
    second: Integers
    shares: Floats
    _of: dict[int, tuple[Integers, Floats]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, counts: EchoCounts) -> Echoes:
        """What counts make one believe: of most pairs, that neither echoes the other."""
        shares = np.round(np.minimum(shares_of(counts.met, counts.echoed), SHARE_MAX), _PLACES)
        strong = shares >= SHARE_MIN
        second, first = _bidders(counts.pairs[strong])
        return cls(first, second, shares[strong].astype(float))

    def __bool__(self) -> bool:
        return len(self.shares) > 0

    def pairs(self) -> Iterator[tuple[int, int, float]]:
        """Every two bidders of whom one echoes the other, and how often."""
        return zip(self.first.tolist(), self.second.tolist(), self.shares.tolist(), strict=True)

    def of_bidder(self, bidder: int) -> tuple[Integers, Floats]:
        """Who echoes a bidder, and how often."""
        found = self._of.get(bidder)
        if found is None:
            one, other = self.first == bidder, self.second == bidder
            partners = np.concatenate([self.second[one], self.first[other]])
            found = self._of[bidder] = partners, np.concatenate([self.shares[one], self.shares[other]])
        return found

    def same_as(self, bidder: int) -> frozenset[int]:
        """The bidders whom it is no use to ask after this one."""
        partners, shares = self.of_bidder(bidder)
        return frozenset(partners[shares >= SAME_MIN].tolist())

    def among(self, bidders: Sequence[int]) -> bool:
        """Whether it is no use to ask one of some bidders after another of them."""
        return any(not self.same_as(bidder).isdisjoint(bidders) for bidder in bidders)

    def repeats(self, authors: Sequence[int], claims: Sequence[int], count: int, bidders: int) -> Singles | None:
        """How likely each bidder repeats each of a state's claims because it echoes who made it.

        Of several whom it echoes, it repeats the one or the other, the more so the more it echoes it.

        Args:
            authors: who worked.
            claims: what each claims, by number; below zero for nothing.
            count: of claims.
            bidders: how many there are.

        Returns:
            By claim and bidder; None where nobody echoes anybody.
        """
        squares, sums = np.zeros((count, bidders)), np.zeros(bidders)
        for author, claim in zip(authors, claims, strict=True):
            partners, shares = self.of_bidder(author)
            if claim >= 0 and len(partners):
                squares[claim, partners] += shares**2
                sums[partners] += shares
        if not sums.any():
            return None
        return np.asarray(squares / np.where(sums > 0.0, sums, 1.0), dtype=np.float32)

    def to_json(self) -> list[list[Any]]:
        """The same as JSON can hold it."""
        return [self.first.tolist(), self.second.tolist(), self.shares.tolist()]

    @classmethod
    def from_json(cls, stored: Sequence[Sequence[Any]]) -> Echoes:
        """Read it back."""
        first, second, shares = stored
        return cls(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), np.array(shares, dtype=float))


def pair_of(one: Integers, other: Integers) -> Integers:
    """The number of each pair of bidders: its place in the lower triangle, which grows row by row."""
    high, low = np.maximum(one, other), np.minimum(one, other)
    return np.asarray(high * (high - 1) // 2 + low)


def _bidders(pairs: Integers) -> tuple[Integers, Integers]:
    """The later bidder of each pair, and the earlier one."""
    high = np.floor((1.0 + np.sqrt(1.0 + 8.0 * pairs)) / 2.0).astype(np.int64)
    return high, pairs - high * (high - 1) // 2


def shares_of(met: Floats, echoed: Floats) -> Floats:
    """The chance that one of two bidders echoes the other, by how often they met and how often one did."""
    return np.asarray((echoed + SHARE_MEAN * _WORTH) / (met + _WORTH))


def summed(places: Integers, values: Floats, count: int) -> Floats:
    """The sums of values by the places, of so many, that they belong to."""
    return np.bincount(places, weights=values, minlength=count).astype(float)


NO_ECHOES = Echoes.of(EchoCounts.none())
"""Nobody echoes anybody, as far as is known."""
