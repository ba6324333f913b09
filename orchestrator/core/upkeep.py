"""Upkeep of wallets when a request ends: rent, refills, suspension and what the retired leave (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.core.keys import TREASURY, bidder_account
from orchestrator.core.light import light
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.ledger import Transfer, transfer


class Wallet(NamedTuple):
    """A bidder's wallet when a request ends.

    Attributes:
        spendable_nanos: what it can spend.
        held_nanos: what open holds set aside beside that, for bids in requests that still run.
        refills: how often it was refilled before.
        unrewarded_nanos: what it has spent since it last earned anything; asked for only where it `is_low`.
    """

    spendable_nanos: int
    held_nanos: int = 0
    refills: int = 0
    unrewarded_nanos: int = 0

    def rent_nanos(self, rules: WealthRules) -> int:
        """The rent, as far as the wallet reaches."""
        return min(rules.rent_nanos, self.spendable_nanos)

    def left_nanos(self, rules: WealthRules) -> int:
        """What it holds once the rent is paid, what is set aside included."""
        return self.spendable_nanos + self.held_nanos - self.rent_nanos(rules)

    def is_low(self, rules: WealthRules) -> bool:
        """Whether it has run low; one that only has its money set aside has not."""
        return self.left_nanos(rules) < rules.refill_below_nanos


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
    wallets: Mapping[str, Wallet],
    treasury_nanos: int,
    rules: WealthRules,
    left_nanos: Mapping[str, int] | None = None,
) -> Upkeep:
    """Charge rent, refill wallets that ran low, and suspend whom nothing helps any more.

    Refills are paid from what the treasury holds; where that does not reach, they are smaller. One that would
    leave its wallet low is not paid: ten of a few cents would use up all that a bidder may ever have.

    Who has spent as much as a refill adds and earned nothing since gets none. Whoever pays no more than
    what its purchases are worth earns back what it spends, on average; that four bounties of spending bring
    nothing at all then happens in one of e^4 cases, 2 %. Earning anything ends that.

    Args:
        request_id: the request that ended.
        wallets: of the bidders concerned, by name, in the order in which they are served.
        treasury_nanos: what the treasury can spend.
        rules: sizes and limits.
        left_nanos: what bidders that have retired meanwhile received since, by name; it is the treasury's.

    Returns:
        What to do.
    """
    rents = {name: wallet.rent_nanos(rules) for name, wallet in wallets.items()}
    # All of it before the first refill: what a wallet gets must not depend on whose rent comes later.
    transfers = [
        *_to_treasury(request_id, "retire", left_nanos or {}),
        *_to_treasury(request_id, "rent", rents),
    ]
    treasury_nanos += sum(row.amount_nanos for row in transfers)
    refilled: list[str] = []
    suspended: list[str] = []
    for name, wallet in wallets.items():
        if not wallet.is_low(rules):
            continue
        if wallet.refills >= rules.refills_max:
            suspended.append(name)
        elif refill_nanos := _refill_nanos(wallet, treasury_nanos, rules):
            account = bidder_account(name)
            transfers.append(
                transfer(f"{request_id}/refill/{name}", TREASURY, account, refill_nanos, "refill", request_id)
            )
            treasury_nanos -= refill_nanos
            refilled.append(name)
    return Upkeep(tuple(transfers), tuple(refilled), tuple(suspended))


def _to_treasury(request_id: str, code: str, owed_nanos: Mapping[str, int]) -> list[Transfer]:
    return [
        transfer(f"{request_id}/{code}/{name}", bidder_account(name), TREASURY, nanos, code, request_id)
        for name, nanos in owed_nanos.items()
        if nanos
    ]


def _refill_nanos(wallet: Wallet, treasury_nanos: int, rules: WealthRules) -> int:
    """What a wallet that has run low is refilled with; 0 where that would not help."""
    left_nanos = wallet.left_nanos(rules)
    refill_nanos = min(rules.refill_to_nanos - left_nanos, treasury_nanos)
    hopeless_nanos = max(rules.refill_to_nanos - rules.refill_below_nanos, rules.refill_below_nanos)
    helps = left_nanos + refill_nanos >= rules.refill_below_nanos and wallet.unrewarded_nanos < hopeless_nanos
    return refill_nanos if helps else 0
