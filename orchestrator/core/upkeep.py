"""Upkeep of wallets when a request ends: rent, refills, suspension and what the retired leave (R11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from orchestrator.core.keys import TREASURY, bidder_account
from orchestrator.core.light import light
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.ledger import Transfer, transfer

EARNING: Final = ("price", "audition", "subsidy", "payout", "reward")
"""Codes of transfers by which a wallet earns; refills, top-ups and compensation are no earnings."""

SPENDING: Final = ("price", "cost", "forfeit", "penalty")
"""Codes of transfers that a wallet makes in order to earn; rent is owed by those who do nothing, too."""


@light
@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a request's ending does to its bidders' wallets.

    Attributes:
        transfers: rent, refills, and what retired bidders still received.
        refilled: bidders that were refilled.
        suspended: bidders that are broke, and have been refilled too often.
    """

    transfers: tuple[Transfer, ...]
    refilled: tuple[str, ...]
    suspended: tuple[str, ...]


def upkeep(
    request_id: str,
    active: Sequence[str],
    refills: Mapping[str, int],
    spendable: Mapping[str, int],
    rules: WealthRules,
    retired: Iterable[str] = (),
    held: Mapping[str, int] = MappingProxyType({}),
    unrewarded: Mapping[str, int] = MappingProxyType({}),
) -> Upkeep:
    """Charge rent, refill wallets that ran low, and suspend whom nothing helps any more.

    Refills are paid from what the treasury holds; where that does not reach, they are smaller. One that would
    leave its wallet low is not paid: ten of a few cents would use up all that a bidder may ever have. A wallet
    that only has its money set aside, for bids in requests that still run, has not run low.

    Who has spent as much as a refill adds and earned nothing since gets none. Whoever pays no more than
    what its purchases are worth earns back what it spends, on average; that four bounties of spending bring
    nothing at all then happens in one of e^4 cases, 2 %. Earning anything ends that.

    Args:
        request_id: the request that ended.
        active: the bidders concerned, in the order in which they are served.
        refills: how often each was refilled before.
        spendable: what their wallets and the treasury can spend, by account.
        rules: sizes and limits.
        retired: bidders that retired while the request waited; what they received since is the treasury's.
        held: what open holds set aside in wallets beside what these can spend, by account.
        unrewarded: what wallets have spent since they last earned anything, by account.

    Returns:
        What to do.
    """
    rents = _rents(request_id, active, spendable, rules)
    # All of it before the first refill: what a wallet gets must not depend on whose rent comes later.
    transfers = [*_swept(request_id, retired, spendable), *rents.values()]
    treasury_nanos = spendable.get(TREASURY, 0) + sum(row.amount_nanos for row in transfers)
    hopeless_nanos = max(rules.refill_to_nanos - rules.refill_below_nanos, rules.refill_below_nanos)
    refilled: list[str] = []
    suspended: list[str] = []
    for name in active:
        wallet = bidder_account(name)
        rent_nanos = rents[wallet].amount_nanos if wallet in rents else 0
        wealth_nanos = spendable.get(wallet, 0) - rent_nanos + held.get(wallet, 0)
        if wealth_nanos >= rules.refill_below_nanos:
            continue
        refill_nanos = min(rules.refill_to_nanos - wealth_nanos, treasury_nanos)
        if refills.get(name, 0) >= rules.refills_max:
            suspended.append(name)
        elif wealth_nanos + refill_nanos >= rules.refill_below_nanos and unrewarded.get(wallet, 0) < hopeless_nanos:
            transfers.append(
                transfer(f"{request_id}/refill/{name}", TREASURY, wallet, refill_nanos, "refill", request_id)
            )
            treasury_nanos -= refill_nanos
            refilled.append(name)
    return Upkeep(tuple(transfers), tuple(refilled), tuple(suspended))


def _rents(
    request_id: str, active: Iterable[str], spendable: Mapping[str, int], rules: WealthRules
) -> dict[str, Transfer]:
    """The rent that each wallet owes, as far as it reaches, by account."""
    owed = {name: min(rules.rent_nanos, spendable.get(bidder_account(name), 0)) for name in active}
    return {
        bidder_account(name): transfer(
            f"{request_id}/rent/{name}", bidder_account(name), TREASURY, nanos, "rent", request_id
        )
        for name, nanos in owed.items()
        if nanos
    }


def _swept(request_id: str, retired: Iterable[str], spendable: Mapping[str, int]) -> list[Transfer]:
    left = {name: spendable.get(bidder_account(name), 0) for name in retired}
    return [
        transfer(f"{request_id}/retire/{name}", bidder_account(name), TREASURY, nanos, "retire", request_id)
        for name, nanos in left.items()
        if nanos
    ]
