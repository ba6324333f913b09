"""Sorts: requests of nearly one text, and who is right on them more or less often than was to be expected.

Many a market is asked the same things time and again: a form filled in anew, a question in other words. What
regressions foretell by a text's numbers they foretell in part for all texts, and topics are few. Who was right on
requests of one sort tells more of the next of that sort. Sorts are where texts stand close together (k-means on their
numbers). They are believed in only where those found in some requests explain clearly, and by what matters, who is
right on others. Practice alone shows it: in a market works are asked for in turn, and whoever is asked last meets what
others could not settle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.clusters import centres_of, nearest, squared_distances
from bidders.policies.pooled.evidence import (
    ClaimVerdict,
    Evidence,
    look_from_json,
    look_of,
    look_to_json,
    numbers_of_look,
)
from bidders.policies.pooled.kinds import Foretold
from bidders.policies.pooled.topics import Surprises
from bidders.policies.pooled.world import Floats, Integers, by_level

UNKNOWN_SORT = -1
"""The sort of a request like none that was practised, or where sorts are not told apart."""

_COUNTS = (12, 25, 50, 100, 200)
_REQUESTS_EACH_MIN = 5
_PARTS = 5
_REQUESTS_MAX = 4000
_ERRORS_MIN, _GAIN_MIN_OF_WORK = 3.0, 0.01
_SPREAD_MIN, _SPREAD_MAX = 0.05, 2.0
_SPREAD_MEAN, _SPREAD_WORTH = 0.5, 10.0
_PLACES = 4


@dataclass(frozen=True)
class Sorts:
    """Who is better on requests of which sort.

    Attributes:
        centres: the numbers of each sort's texts, on average; of no sort where none is told apart.
        reach: the square of how far a text of a sort stands from its centre at most: as far as practised texts stand
            from what all of them are like on average.
        surprises: by sort and bidder, by how much more often works were right than was to be expected.
    """

    centres: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    reach: float = 0.0
    surprises: Surprises = field(default_factory=lambda: Surprises(np.zeros((0, 0)), np.zeros((0, 0))))

    def __len__(self) -> int:
        return len(self.centres)

    def of(self, looks: Floats) -> Integers:
        """The sort of each text, by its numbers; unknown for one that stands far from all of them."""
        if not len(self) or looks.shape[1] != self.centres.shape[1]:
            return np.full(len(looks), UNKNOWN_SORT, dtype=np.int64)
        distances = squared_distances(looks, self.centres)
        return np.where(distances.min(axis=1) <= self.reach, distances.argmin(axis=1), UNKNOWN_SORT)

    def on(self, sort: int, abilities: Abilities) -> Abilities:
        """Abilities on requests of a sort. It adds no doubt: a market's works teach nothing of sorts."""
        if sort == UNKNOWN_SORT:
            return abilities
        shifts = np.append(self._shifts[sort], 0.0)
        return replace(abilities.shifted(shifts, abilities.spreads), spreads=abilities.spreads)

    @cached_property
    def _shifts(self) -> Floats:
        variance = self.surprises.variance(_SPREAD_MEAN**2, _SPREAD_WORTH)
        return self.surprises.shifts(min(_SPREAD_MAX**2, max(_SPREAD_MIN**2, variance)))

    def widened(self, bidders: int) -> Sorts:
        """The same with room for more bidders, of whom nothing is known."""
        more = bidders - self.surprises.right.shape[1] if len(self) else 0
        return replace(self, surprises=Surprises(*(np.pad(each, ((0, 0), (0, more))) for each in self.surprises)))

    def times(self, factor: float) -> Sorts:
        """The same, faded."""
        return replace(self, surprises=Surprises(*(each * factor for each in self.surprises)))

    def after(self, looks: Floats, surprises: Surprises) -> Sorts:
        """What sorts are after practice: known ones with what it adds, or others where it tells of more works.

        Args:
            looks: the numbers of the tasks' texts.
            surprises: on these tasks.
        """
        is_read = len(self) and self.centres.shape[1] == looks.shape[1]
        if not is_read or self.surprises.told.sum() <= surprises.told.sum():
            found = sorts_in(looks, surprises)
            if len(found):
                return found
        return self.with_more(looks, surprises)

    def with_more(self, looks: Floats, surprises: Surprises) -> Sorts:
        """The same sorts with more requests."""
        more = surprises.by_topic(self.of(looks), len(self))
        return replace(self, surprises=_sum(self.surprises, more)) if len(self) else self

    def to_json(self) -> dict[str, Any]:
        """The sorts as JSON can hold them."""
        return {
            "centres": [look_to_json(look_of(centre)) for centre in self.centres],
            "reach": round(self.reach, _PLACES),
            "surprises": [np.round(each, _PLACES).tolist() for each in self.surprises],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Sorts:
        """Read sorts back."""
        centres = np.array([numbers_of_look(look_from_json(centre)) for centre in stored["centres"]])
        right, told = (np.array(each, dtype=float) for each in stored["surprises"])
        return cls(centres, stored["reach"], Surprises(right, told))


NO_SORTS = Sorts()


def surprises_beforehand(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Surprises:
    """By how much more often claims were accepted than texts had made likely, before anybody had claimed anything.

    So what all find easy on requests of one sort counts, too, and not only who differs from the others there.

    Args:
        evidence: practised tasks, on which it is known of every claim whether it is right.
        foretold: what the text says of each.
        abilities: what is believed of the bidders, whatever the sort.
    """
    taken = (evidence.verdicts[:, :-1] == ClaimVerdict.TAKEN).astype(float)
    accepted = np.einsum("rnh,rh->rn", evidence.members, taken)
    if_wrong = abilities.decoys * abilities.upsets
    chance = if_wrong + (1.0 - abilities.decoys - if_wrong) * abilities.proven
    levels = by_level(abilities.kinds[foretold.kinds])
    chances = np.einsum("rl,rnl->rn", levels, chance[evidence.authors])
    tells = evidence.present & (evidence.silences == 0)
    of_bidder = evidence.authors[:, :, None] == np.arange(abilities.bidders)
    figures = (accepted - chances, chances * (1.0 - chances))
    return Surprises(*(np.einsum("rn,rnb->rb", each * tells, of_bidder) for each in figures))


def sorts_in(looks: Floats, surprises: Surprises) -> Sorts:
    """Find sorts that explain who was right; none where there are none.

    Args:
        looks: the numbers of the requests' texts.
        surprises: on these requests, as texts alone had foretold them.
    """
    order = np.random.default_rng(len(looks)).permutation(len(looks))[:_REQUESTS_MAX]
    drawn, known = looks[order], surprises.of(order)
    matters = _GAIN_MIN_OF_WORK * float((known.told > 0.0).sum(axis=1).mean()) if len(order) else 0.0
    best, count = matters, 0
    for each in _COUNTS:
        if each * _REQUESTS_EACH_MIN > len(drawn):
            break
        gains = _explained(drawn, known, each)
        if gains.mean() > max(best, _ERRORS_MIN * float(gains.std()) / np.sqrt(len(gains))):
            best, count = float(gains.mean()), each
    return _told_apart(looks, surprises, count) if count else NO_SORTS


def _explained(looks: Floats, surprises: Surprises, count: int) -> Floats:
    """By how much so many sorts make each request likelier, by what others have shown."""
    gains, parts = np.zeros(len(looks)), np.arange(len(looks)) % _PARTS
    for part in range(_PARTS):
        rows, others = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
        centres = centres_of(looks[others], count)
        gains[rows] = surprises.of(rows).foretold_by(
            surprises.of(others), nearest(looks[rows], centres), nearest(looks[others], centres), count
        )
    return gains


def _told_apart(looks: Floats, surprises: Surprises, count: int) -> Sorts:
    centres = centres_of(looks, count)
    reach = float(squared_distances(looks, looks.mean(axis=0)[None]).mean())
    return Sorts(centres, reach, surprises.by_topic(nearest(looks, centres), count))


def _sum(one: Surprises, other: Surprises) -> Surprises:
    return Surprises(*(each + more for each, more in zip(one, other, strict=True)))
