"""Helps: what each bidder's work adds to the chance that an offer is taken, for one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, pi, sqrt
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.together import Together
from bidders.policies.pooled.world import Floats

MODERATION = pi / 8.0
"""How much doubt about log-odds draws the chance that belongs to them towards an even one."""

_SUM_WORTH_TASKS = 20.0
"""As how many tasks that were practised together the sum counts of what each work adds."""

_CHANCE_MIN = 1e-6

FIRST_BIDDER = 2
"""Where bidders begin in what is doubted together: after the base, and what works add on average."""


@dataclass(frozen=True, slots=True)
class Helps:
    """What each bidder's work adds for one request, in log-odds of the offer being taken.

    Attributes:
        base: the log-odds of an offer that nobody worked on.
        added: by bidder, what its work adds; the last is a newcomer's.
        last: by bidder, what it adds that the offer ends with that work; the last is a newcomer's.
        shown: by bidder, what it adds that it makes the offer; the last is a newcomer's.
        visible: how many of a text's works an offer shows, the latest ones.
        covariance: how unsure all of these are together: of the base, of what works add on average, and by bidder of
            what it adds beside that, and of what it adds as the last; of each the last is a newcomer's.
        presenter: the bidder whose making the offer is part of the base, and of what others add by that less than it;
            None where it is nobody's.
        practised: what practised tasks tell of works that are shown together; None where nothing.
    """

    base: float
    added: list[float]
    last: list[float]
    shown: list[float]
    visible: int
    covariance: Floats
    presenter: int | None = None
    practised: Practised | None = None

    def shown_by_best_of(self, presenters: Sequence[int]) -> Helps:
        """The same where the best of some presenters makes the offers, unless another is named; rows are theirs."""
        if not presenters:
            return self
        best = max(presenters, key=self.shown.__getitem__)
        most = self.shown[best]
        return replace(self, base=self.base + most, shown=[each - most for each in self.shown], presenter=best)

    def near(self, octaves: float) -> Helps:
        """The same for a request on which works cost so many times as much as usual: a logarithm to the base of 2."""
        if self.practised is None:
            return self
        together = self.practised.together.near(octaves)
        return replace(self, practised=self.practised._replace(together=together))

    def averaged(self, authors: Sequence[int], presenter: int | None = None) -> float:
        """The log-odds that belong to the chance of an offer to be taken, averaged over what is not known of it.

        What was never seen together is not as hopeless, or as sure, as the likeliest figures make it: far from an even
        chance, doubt counts for more than they do (MacKay 1992, "The Evidence Framework Applied to Classification
        Networks", on moderated outputs).

        Args:
            authors: whose works a text holds, in order.
            presenter: who shows it; left out, the one whose part the base holds.
        """
        parts = self._parts(authors, self.presenter if presenter is None else presenter)
        seen, summed = self._seen_together(authors)
        known = self._sum(authors) + (0.0 if presenter is None else self.shown[presenter])
        return seen + (known - summed) / sqrt(1.0 + MODERATION * self._deviation(parts) ** 2)

    def doubt(self, authors: Sequence[int], beside: Sequence[int]) -> float:
        """How unsure it is by how much an offer is likelier to be taken than another one, as a standard deviation.

        What both have in common is not what a choice between them hangs on, however little is known of it: where every
        text holds one work, nothing ever tells what a text without any would be worth, nor needs to.

        Args:
            authors: whose works a text holds, in order.
            beside: the same of the other text; if nobody worked on it there is no other offer.
        """
        parts = self._parts(authors, self.presenter)
        return self._deviation(parts - self._parts(beside, self.presenter) if beside else parts)

    def shown_doubt(self, presenter: int) -> float:
        """The same of any offer, made by a presenter instead of by the best one."""
        return self._deviation(self._parts((), presenter) - self._parts((), self.presenter))

    def _deviation(self, parts: Floats) -> float:
        return sqrt(max(0.0, float(parts @ self.covariance @ parts)))

    def _parts(self, authors: Sequence[int], presenter: int | None) -> Floats:
        """Which parts the log-odds of an offer are the sum of."""
        shown, parts = self._visible(authors), np.zeros(len(self.covariance))
        parts[:2] = 1.0, len(shown)
        for row in shown if presenter is None else (*shown, presenter):
            parts[FIRST_BIDDER + row] += 1.0
        if shown:
            parts[FIRST_BIDDER + len(self.added) + shown[-1]] = 1.0
        return parts

    def log_odds(self, authors: Sequence[int]) -> float:
        """Of an offer of a text that these bidders worked on, in this order, to be taken."""
        seen, summed = self._seen_together(authors)
        return seen + (self._sum(authors) - summed)

    def _sum(self, authors: Sequence[int]) -> float:
        if not authors:
            return self.base
        *others, last = self._visible(authors)
        before_last = self.base + sum([self.added[one] for one in others])
        return before_last + (self.added[last] + self.last[last])

    def _seen_together(self, authors: Sequence[int]) -> tuple[float, float]:
        return self.practised.of(self._visible(authors)) if self.practised else (0.0, 0.0)

    def _visible(self, authors: Sequence[int]) -> Sequence[int]:
        return authors[max(0, len(authors) - self.visible) :]


class Practised(NamedTuple):
    """What practised tasks tell of works that are shown together.

    Attributes:
        together: what works bring together.
        summed: what each was believed to add when nothing had been learned but that.
    """

    together: Together
    summed: Helps

    def of(self, shown: Sequence[int]) -> tuple[float, float]:
        """Log-odds of what the works of some bidders bring together, and what these were believed to sum up to.

        What the works of others add, and what has been learned since, counts beside the one as beside the other.
        """
        practised = self.together.known_of(shown)
        if not practised:
            return 0.0, 0.0
        summed = self.summed.log_odds(practised)
        expected = min(1.0 - _CHANCE_MIN, max(_CHANCE_MIN, chance(summed)))
        taken, tasks = self.together.taken(practised)
        seen = (taken + _SUM_WORTH_TASKS * expected) / (tasks + _SUM_WORTH_TASKS)
        return log(seen / (1.0 - seen)), summed


def chance(log_odds: float) -> float:
    """The chance that belongs to log-odds."""
    return 1.0 / (1.0 + exp(-log_odds)) if log_odds > 0.0 else exp(log_odds) / (1.0 + exp(log_odds))


def steepness(log_odds: float) -> float:
    """How much the chance changes where the log-odds change by a little."""
    return chance(log_odds) * chance(-log_odds)
