"""Wealth: endowments, refills, rent and suspension, as transfers of the treasury (R11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.core.keys import ISSUER, TREASURY, bidder_account
from orchestrator.core.opening import provider_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.upkeep import upkeep
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.seat import Seat
from orchestrator.ledger import Account, transfer
from orchestrator.store import BidderRow, Transaction

_TREASURY_STOCK = "market/treasury/"


def register(tx: Transaction, seats: Iterable[Seat], endowments_nanos: Mapping[str, int], rules: WealthRules) -> None:
    """Make the market's standing accounts, and give every newcomer its wallet and endowment.

    An endowment is paid by the treasury out of opening stock that the issuer puts in for it, so
    that what the treasury holds beyond is income.

    Args:
        tx: where to write.
        seats: the market's bidders.
        endowments_nanos: what each is endowed with when it first enters.
        rules: for the treasury's own opening stock; where that was raised since, it is filled up.
    """
    seated = list(seats)
    tx.open_accounts(standing_accounts())
    tx.open_accounts(Account(bidder_account(seat.name)) for seat in seated)
    tx.open_accounts(provider_accounts({seat.provider for seat in seated if seat.provider}))
    _stock_treasury(tx, rules.treasury_stock_nanos)
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
    """Keep the wallets of a request's bidders within the rules; see `orchestrator.core.upkeep`.

    Args:
        tx: the transaction in which the request ends.
        progress: the request, which has ended.
        rules: sizes and limits.
    """
    known = tx.bidders()
    roster = [known[entry.name] for entry in progress.request.roster if entry.name in known]
    active = [row.name for row in roster if row.status == "active"]
    spendable = tx.spendable([TREASURY, *map(bidder_account, active)])
    refills = {row.name: row.refills for row in roster}
    due = upkeep(progress.request.id, active, refills, spendable, rules)
    tx.apply(due.transfers)
    for name in due.refilled:
        tx.put_bidder(known[name]._replace(refills=known[name].refills + 1))
    for name in due.suspended:
        tx.put_bidder(known[name]._replace(status="suspended"))


def _stock_treasury(tx: Transaction, stock_nanos: int) -> None:
    """Fill the treasury's own stock up to what the rules say it opened with."""
    stocked = sum(row.amount_nanos for row in tx.transfers(account=TREASURY) if row.id.startswith(_TREASURY_STOCK))
    if stock_nanos > stocked:
        missing = stock_nanos - stocked
        tx.apply([transfer(f"{_TREASURY_STOCK}{stock_nanos}", ISSUER, TREASURY, missing, "stock")])


def _endow(tx: Transaction, name: str, amount_nanos: int) -> None:
    if amount_nanos == 0:
        return
    tx.apply(
        [
            transfer(f"market/stock/{name}", ISSUER, TREASURY, amount_nanos, "stock"),
            transfer(f"market/endow/{name}", TREASURY, bidder_account(name), amount_nanos, "endow"),
        ]
    )
