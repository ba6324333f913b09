"""Speaking: what it is worth to ask those who, by chance, claim nothing now and then.

Silence by chance tells nothing of a request: it leaves the state as it was, less one who could be asked. So it is not
looked ahead over as a claim is, but weighed in afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.world import Floats

_MUTE_BELOW = 0.5


class Instead(NamedTuple):
    """What may be done with a state, other than to ask a certain bidder.

    Attributes:
        stop: what the state is worth as it is, as a share of the bounty.
        plan: who else may be asked.
        bounty_usd: what the request pays, more than nothing if there is a plan.
    """

    stop: float
    plan: Sequence[int]
    bounty_usd: float


@dataclass(frozen=True)
class Speaking:
    """How likely bidders claim something if they have something to claim, and what asking them costs.

    Attributes:
        chances: by bidder, that it is not silent by chance, more than nothing; the last is a newcomer's.
        costs_usd: by bidder, what its work is expected to cost.
    """

    chances: Floats
    costs_usd: Floats

    @cached_property
    def claim_costs_usd(self) -> Floats:
        """By bidder, what a claim is expected to cost if one as good is asked instead whenever it is silent."""
        return np.asarray(self.costs_usd / self.chances)

    @cached_property
    def mute(self) -> frozenset[int]:
        """Those who mostly claim nothing; nobody plans with them."""
        return frozenset(np.flatnonzero(self.chances[:-1] < _MUTE_BELOW).tolist())

    def asked(self, spoken: Sequence[float], instead: Instead) -> Floats:
        """What asking each bidder is worth, before its own cost, as a share of the bounty.

        It is never more than the best that can be done, since of two who are silent the second leaves the state as
        it is.

        Args:
            spoken: what it is worth unless it is silent by chance.
            instead: what may be done if it is.
        """
        if_spoken, silent = np.array(spoken), 1.0 - self.chances
        worths = self.chances * if_spoken
        return np.asarray(worths + silent * self.without_each(worths + silent * instead.stop, instead))

    def without_each(self, worths: Floats, instead: Instead) -> Floats:
        """By bidder, what the state is worth if that one cannot be asked.

        Args:
            worths: what asking each is worth, before its own cost, as a share of the bounty.
            instead: what may be done.
        """
        best, other, first = instead.stop, instead.stop, None
        for bidder in instead.plan:
            net = float(worths[bidder] - self.costs_usd[bidder] / instead.bounty_usd)
            if net > best:
                best, other, first = net, best, bidder
            else:
                other = max(other, net)
        left = np.full(len(worths), best)
        if first is not None:
            left[first] = other
        return left
