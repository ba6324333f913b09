"""Wealth: endowments, refills, rent and suspension, as transfers of the treasury (R11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.core.keys import ISSUER, TREASURY, bidder_account
from orchestrator.core.opening import provider_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.seat import Seat
from orchestrator.ledger import Account, Transfer, transfer
from orchestrator.store import BidderRow, Transaction


def register(tx: Transaction, seats: Iterable[Seat], endowments_nanos: Mapping[str, int]) -> None:
    """Make the market's standing accounts, and give every newcomer its wallet and endowment.

    An endowment is paid by the treasury out of opening stock that the issuer puts in for it, so
    that what the treasury holds beyond is income.

    Args:
        tx: where to write.
        seats: the market's bidders.
        endowments_nanos: what each is endowed with when it first enters.
    """
    seated = list(seats)
    tx.open_accounts(standing_accounts())
    tx.open_accounts(Account(bidder_account(seat.name)) for seat in seated)
    tx.open_accounts(provider_accounts({seat.provider for seat in seated if seat.provider}))
    known = tx.bidders()
    for seat in seated:
        row = known.get(seat.name)
        if row is None:
            _endow(tx, seat.name, endowments_nanos.get(seat.name, 0))
            row = BidderRow(seat.name, seat.participant.principal, memory=seat.memory_id)
            tx.put_bidder(row)
        elif (row.principal, row.memory) != (seat.participant.principal, seat.memory_id):
            tx.put_bidder(row._replace(principal=seat.participant.principal, memory=seat.memory_id))


def top_up(tx: Transaction, bidder: str, amount_nanos: int) -> None:
    """Put new money into a wallet, from outside, and let a suspended bidder act again."""
    number = len(tx.transfers(account=bidder_account(bidder)))
    account = bidder_account(bidder)
    tx.apply([transfer(f"market/topup/{bidder}/{number}", ISSUER, account, amount_nanos, "topup")])
    row = tx.bidders()[bidder]
    tx.put_bidder(row._replace(status="active", faults_in_a_row=0))


def after_request(tx: Transaction, progress: Progress, rules: WealthRules) -> None:
    """Charge rent, refill wallets that ran low, and suspend whom nothing helps any more.

    Args:
        tx: the transaction in which the request ends.
        progress: the request, which has ended.
        rules: sizes and limits.
    """
    known = tx.bidders()
    names = [entry.name for entry in progress.request.roster if entry.name in known]
    spendable = tx.spendable([TREASURY, *(bidder_account(name) for name in names)])
    treasury = spendable[TREASURY]
    transfers: list[Transfer] = []
    for name in names:
        wealth = spendable[bidder_account(name)]
        rent = min(rules.rent_nanos, wealth)
        if rent:
            transfers.append(_rent(progress.request.id, name, rent))
            wealth, treasury = wealth - rent, treasury + rent
        if known[name].status != "active" or wealth >= rules.refill_below_nanos:
            continue
        refill = min(rules.refill_to_nanos - wealth, treasury)
        if known[name].refills >= rules.refills_max:
            tx.put_bidder(known[name]._replace(status="suspended"))
        elif refill > 0:
            transfers.append(_refill(progress.request.id, name, refill))
            treasury -= refill
            tx.put_bidder(known[name]._replace(refills=known[name].refills + 1))
    tx.apply(transfers)


def _endow(tx: Transaction, name: str, amount_nanos: int) -> None:
    if amount_nanos == 0:
        return
    tx.apply(
        [
            transfer(f"market/stock/{name}", ISSUER, TREASURY, amount_nanos, "stock"),
            transfer(f"market/endow/{name}", TREASURY, bidder_account(name), amount_nanos, "endow"),
        ]
    )


def _rent(request_id: str, name: str, amount_nanos: int) -> Transfer:
    return transfer(f"{request_id}/rent/{name}", bidder_account(name), TREASURY, amount_nanos, "rent", request_id)


def _refill(request_id: str, name: str, amount_nanos: int) -> Transfer:
    return transfer(f"{request_id}/refill/{name}", TREASURY, bidder_account(name), amount_nanos, "refill", request_id)
