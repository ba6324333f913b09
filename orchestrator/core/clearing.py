"""Clearing: who wins a lot and at what price. A pure function of the sealed bids (R5).

Laws: a winner's price never depends on its own bid except under `first_price`; reserve <=
price <= bid; the order in which bids arrive changes nothing; a principal's second bid and the
bids of the owner's principal never set a price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from orchestrator.core.answer import Answer
from orchestrator.core.keys import derive_seed
from orchestrator.core.light import light
from orchestrator.core.omission import later
from orchestrator.core.rules import Role, Rule

UNUSED_SEED: Final = 0
"""Stands for the seed of a clearing without ties, which draws nothing and so need not derive one."""

_AMOUNT: Final = attrgetter("amount_nanos")


@light
@dataclass(frozen=True, slots=True)
class Award:
    """A winner and its price.

    Attributes:
        bidder: who may transform a copy of the lot.
        role: as transformer or presenter.
        bid_nanos: what it bid.
        price_nanos: what it pays on delivery.
        round: 0 at the first clearing, then one more for each substitution (R6).
        kept: whether this is the owner, keeping its own state.
        audition: whether this is a newcomer's trial, whose price the treasury pays (R11).
    """

    bidder: str
    role: Role
    bid_nanos: int
    price_nanos: int
    round: int = 0
    kept: bool = False
    audition: bool = later(False)


@light
@dataclass(frozen=True, slots=True)
class Refusal:
    """A bid that cannot win, and why."""

    bidder: str
    reason: str


@light
@dataclass(frozen=True, slots=True)
class Clearing:
    """The result of one lot's auction.

    Attributes:
        standing: the bids that can win, highest first: one a principal, none below the reserve.
        refused: the bids that cannot, with the reason.
        reserve_nanos: the least the lot is sold for.
        copies: how many buyers it has at most.
        rule: the pricing rule.
    """

    standing: tuple[Answer, ...]
    refused: tuple[Refusal, ...]
    reserve_nanos: int
    copies: int
    rule: Rule

    def awards(self) -> tuple[Award, ...]:
        """The winners of the first round."""
        return self.substitutes(awarded=0, vacant=self.copies, round=0)

    def substitutes(self, awarded: int, vacant: int, round: int) -> tuple[Award, ...]:
        """The winners of a round: the best bids still losing take the vacant copies.

        Args:
            awarded: how many of the standing bids were awarded in earlier rounds.
            vacant: copies to award now: all of them at first, then one for each failure.
            round: number of the round.

        Returns:
            At most `vacant` awards. Each pays the best bid that then still loses, or the reserve
            where none does; under `first_price` each pays its own bid.
        """
        winners = self.standing[awarded : awarded + vacant]
        losing = self.standing[awarded + len(winners) :]
        price = losing[0].amount_nanos if losing else self.reserve_nanos
        first_price = self.rule == "first_price"
        return tuple(
            [
                Award(bid.bidder, bid.role, bid.amount_nanos, bid.amount_nanos if first_price else price, round)
                for bid in winners
            ]
        )


def clear(
    bids: Iterable[Answer],
    *,
    principals: Mapping[str, str],
    owner_principal: str | None,
    reserve_nanos: int,
    copies: int,
    rule: Rule,
    seed: int,
) -> Clearing:
    """Clear one lot.

    Args:
        bids: the sealed bids, in any order.
        principals: who stands behind each bidder; a bidder that is not named is its own.
        owner_principal: principal of the lot's owner, whose bids are dropped; None drops none.
        reserve_nanos: the least the lot is sold for.
        copies: how many buyers it has at most, 1 or more.
        rule: the pricing rule.
        seed: draws ties, and nothing else; the same bids in any order give the same result.

    Returns:
        The clearing; empty of awards where no bid reaches the reserve.
    """
    refused: list[Refusal] = []
    seen: set[str] = set()
    standing: list[Answer] = []
    for bid in _ranked(list(bids), seed):
        principal = principals.get(bid.bidder, bid.bidder)
        if principal == owner_principal:
            refused.append(Refusal(bid.bidder, "stands behind the lot's owner"))
        elif principal in seen:
            refused.append(Refusal(bid.bidder, "its principal has a higher bid"))
        else:
            seen.add(principal)
            if bid.amount_nanos < reserve_nanos:
                refused.append(Refusal(bid.bidder, "below the reserve"))
            else:
                standing.append(bid)
    return Clearing(tuple(standing), tuple(refused), reserve_nanos, copies, rule)


def are_tied(bids: Collection[Answer]) -> bool:
    """Whether two bids are equal, so that the seed draws their order."""
    return len(set(map(_AMOUNT, bids))) < len(bids)


def _ranked(bids: list[Answer], seed: int) -> Sequence[Answer]:
    """Highest first; equal bids in an order drawn from the seed and the bidders' names."""
    bids.sort(key=_AMOUNT, reverse=True)
    if not are_tied(bids):
        return bids
    shared = Counter(map(_AMOUNT, bids))

    def precedence(bid: Answer) -> tuple[int, int]:
        drawn = derive_seed(seed, "tie", bid.bidder) if shared[bid.amount_nanos] > 1 else 0
        return (-bid.amount_nanos, drawn)

    return sorted(bids, key=precedence)
