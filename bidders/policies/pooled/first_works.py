"""First works: how much of what was bid for requests they have brought, their cost paid.

A bid for a request is what the best plan for it is worth. Who owns the text meanwhile gets less: the second bid at the
next stage, and whoever can do what nobody else can buys for less than that is worth to it. So those who open would
lose what such experts gain, until none but these could pay. All of a pool therefore bid that share of what a request
is worth to them which first works have brought of it: a bid is what work is expected to bring whoever wins it, and as
it is one share for all, whom the auction asks first stays the same. The winner is who
drew most from its doubt, so what trials cost is held back, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from bidders.policies.pooled.reading import TRANSFORMER
from orchestrator import Receipt

_PRIOR_BOUNTIES = 10.0
_SHARE_MIN = 0.1
_PLACES = 6


@dataclass(frozen=True, slots=True)
class FirstWorks:
    """What was bid for requests and what that brought, in bounties; both fade.

    Attributes:
        worth: what the requests were worth to those who won them.
        brought: what their texts then sold for, less what the works cost.
    """

    worth: float = 0.0
    brought: float = 0.0

    @classmethod
    def from_json(cls, stored: Sequence[float]) -> FirstWorks:
        """Read it back."""
        return cls(*stored)

    def to_json(self) -> list[float]:
        """The same as JSON can hold it."""
        return [round(self.worth, _PLACES), round(self.brought, _PLACES)]

    @property
    def share(self) -> float:
        """How much of what a request is worth first works bring: 0.1 to 1, and 1 as long as nothing is known."""
        return min(1.0, max(_SHARE_MIN, (self.brought + _PRIOR_BOUNTIES) / (self.worth + _PRIOR_BOUNTIES)))

    def after(self, receipts: Sequence[Receipt], left: float) -> FirstWorks:
        """The same after a request.

        Args:
            receipts: of those who worked first on it, in any order.
            left: how much of what was known before is left.
        """
        won = [each for each in receipts if _tells(each)]
        if not won:
            return self
        # Bids were that share of what the request was worth.
        worth = fsum(each.bid_nanos / each.bounty_nanos for each in won) / self.share
        brought = fsum((each.revenue_nanos - each.cost_nanos) / each.bounty_nanos for each in won)
        return FirstWorks(self.worth * left + worth, self.brought * left + brought)


def _tells(receipt: Receipt) -> bool:
    """Whether a receipt tells what a first work has brought, all of it."""
    is_first = receipt.role == TRANSFORMER and not receipt.contributions and not receipt.workers
    return is_first and receipt.won and receipt.cost_known and not receipt.censored and receipt.bounty_nanos > 0
