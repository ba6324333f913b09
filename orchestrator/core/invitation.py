"""Invitations: whom a crowded market asks, where asking everybody would take too long (R3).

What a bidder has bid before says how much it may bid next. A newcomer counts as promising until it
is known; a tenth of the invitations go by lot to the others, so that nobody is forgotten for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Final, NamedTuple

from orchestrator.core.keys import derive_seed

PRIOR_SHARE: Final = 0.5
"""Promise of a newcomer, as high as a learner's own prior: whoever starts lower is never asked, and never known."""

# How many answers the prior counts for, and after how many a record moves no more slowly.
_PRIOR_ANSWERS: Final = 1
_MEMORY_ANSWERS: Final = 20
_DRAWN_PERCENT: Final = 10


class BidRecord(NamedTuple):
    """What the market remembers of a bidder's answers.

    Attributes:
        answers: how many announcements it has answered.
        share: its running mean bid, as a share of the bounty, at most all of it; what is no bid counts as 0.
    """

    answers: int = 0
    share: float = 0.0

    @property
    def promise(self) -> float:
        """What it may bid next, as a share of the bounty; high for whoever is hardly known."""
        weight = min(self.answers, _MEMORY_ANSWERS)
        return (weight * self.share + _PRIOR_ANSWERS * PRIOR_SHARE) / (weight + _PRIOR_ANSWERS)

    def after(self, share: float) -> BidRecord:
        """The record after one more answer."""
        answers = self.answers + 1
        # No work is worth more than the bounty, and a bid of a thousand bounties would be remembered for good.
        return BidRecord(answers, self.share + (min(share, 1.0) - self.share) / min(answers, _MEMORY_ANSWERS))


def invite(names: Sequence[str], promises: Mapping[str, float], limit: int, seed: int) -> list[str]:
    """Choose whom to ask.

    Args:
        names: who could be asked, in order of name.
        promises: what each may bid, as a share of the bounty; who is missing is a newcomer.
        limit: how many to ask; 0 asks everybody.
        seed: draws among the rest.

    Returns:
        The chosen, in order of name.
    """
    if not limit or len(names) <= limit:
        return list(names)
    drawn = _drawn(limit, seed)
    ranked = nlargest(limit - drawn, ((promises.get(name, PRIOR_SHARE), name) for name in names))
    chosen = {name for _, name in ranked}
    others = [name for name in names if name not in chosen]
    start = derive_seed(seed, "invite") % len(others)
    # Evenly spaced from a drawn start: each of the others is as likely as the next.
    chosen.update(others[(start + place * len(others) // drawn) % len(others)] for place in range(drawn))
    return sorted(chosen)


def _drawn(limit: int, seed: int) -> int:
    """How many go by lot: a tenth, and of a few invitations one now and then, so that it is a tenth in the long run."""
    whole, rest_percent = divmod(limit * _DRAWN_PERCENT, 100)
    return whole + (derive_seed(seed, "by lot") % 100 < rest_percent)
