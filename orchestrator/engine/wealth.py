"""Wealth: endowments, refills, rent, auditions, suspension and retirement, as transfers of the treasury (R11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.core.audition import GRANT, GRANT_RETURN, Newcomers, grants
from orchestrator.core.codec import decode
from orchestrator.core.codes import EARNING, SPENDING
from orchestrator.core.events import Requested
from orchestrator.core.keys import ISSUER, TREASURY, audition_account, bidder_account, holder_of
from orchestrator.core.opening import provider_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.upkeep import Wallet, upkeep
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.seat import Seat
from orchestrator.errors import WrongStatus
from orchestrator.ledger import Account, Transfer, transfer
from orchestrator.store import BidderRow, Reader, Transaction
from orchestrator.store.rows import ACTIVE, RETIRED, SUSPENDED

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
    # At once: a store looks up the accounts of a transfer together, and of ten thousand one by one for half a minute.
    tx.apply([row for seat in seated if seat.name not in known for row in _endow(seat.name, endowments_nanos)])
    for seat in seated:
        row = known.get(seat.name)
        if row is None:
            tx.put_bidder(BidderRow(seat.name, seat.participant.principal, memory=seat.memory_id))
        elif (row.principal, row.memory) != (seat.participant.principal, seat.memory_id):
            tx.put_bidder(row._replace(principal=seat.participant.principal, memory=seat.memory_id))


def top_up(tx: Transaction, bidder: str, amount_nanos: int) -> None:
    """Put new money into a wallet, from outside, and let a suspended bidder act again.

    Raises:
        WrongStatus: the bidder has retired.
    """
    row = tx.bidders()[bidder]
    if row.status == RETIRED:
        raise WrongStatus(f"bidder {bidder} has retired; `vickrey bidders reinstate {bidder}` lets it take part again")
    account = bidder_account(bidder)
    tx.apply([transfer(_key(tx, "topup", account), ISSUER, account, amount_nanos, "topup")])
    tx.put_bidder(row._replace(status=ACTIVE, faults_in_a_row=0))


def retire(tx: Transaction, bidder: str, rules: WealthRules) -> int:
    """Let a bidder take part in no further request; what its wallet can spend goes to the treasury.

    Its memory stays. What requests that still wait for a pick bring it later goes to the treasury
    when they end.

    Args:
        tx: where to write.
        bidder: its name.
        rules: who else of its principal is on audition; if nobody is, its grant returns, too.

    Returns:
        What the treasury received, in nano-dollars.

    Raises:
        WrongStatus: it has retired already, or takes part in a request that is running.
    """
    row = tx.bidders()[bidder]
    if row.status == RETIRED:
        raise WrongStatus(f"bidder {bidder} has retired already")
    busy = next((each for each in tx.request_ids(["running"]) if _takes_part(tx, each, bidder)), None)
    if busy is not None:
        raise WrongStatus(f"bidder {bidder} takes part in {busy}, which is running; let it finish, or cancel it first")
    account = bidder_account(bidder)
    amount_nanos = tx.spendable([account])[account]
    if amount_nanos:
        tx.apply([transfer(_key(tx, "retire", account), account, TREASURY, amount_nanos, "retire")])
    tx.put_bidder(row._replace(status=RETIRED))
    _return_grant(tx, row.principal, rules)
    return amount_nanos


def reinstate(tx: Transaction, bidder: str) -> int:
    """Let a bidder that has retired, or was suspended, take part again.

    One that had retired gets back what it left to the treasury then, as far as the treasury
    reaches: nobody grows richer by leaving and coming back.

    Returns:
        What it got back, in nano-dollars.

    Raises:
        WrongStatus: it takes part already.
    """
    row = tx.bidders()[bidder]
    if row.status == ACTIVE:
        raise WrongStatus(f"bidder {bidder} takes part already")
    account = bidder_account(bidder)
    moved = [each for each in tx.turnover([account]) if each.code in ("retire", "reinstate")]
    left = sum(each.out_nanos - each.in_nanos for each in moved)
    amount_nanos = min(left, tx.spendable([TREASURY])[TREASURY])
    if amount_nanos:
        tx.apply([transfer(_key(tx, "reinstate", account), TREASURY, account, amount_nanos, "reinstate")])
    tx.put_bidder(row._replace(status=ACTIVE, faults_in_a_row=0))
    return amount_nanos


def after_request(tx: Transaction, progress: Progress, rules: WealthRules) -> None:
    """Keep the wallets of a request's bidders within the rules; see `orchestrator.core.upkeep`.

    Args:
        tx: the transaction in which the request ends.
        progress: the request, which has ended.
        rules: sizes and limits.
    """
    known = tx.bidders()
    roster = [known[entry.name] for entry in progress.request.roster if entry.name in known]
    retired = [row.name for row in roster if row.status == RETIRED]
    spendable = tx.spendable([TREASURY, *map(bidder_account, retired)])
    left = {name: spendable[bidder_account(name)] for name in retired}
    wallets = read_wallets(tx, [row for row in roster if row.status == ACTIVE])
    for name, wallet in wallets.items():
        # Looked up only where something hangs on it: a long life's transfers are many.
        if wallet.is_low(rules):
            unrewarded_nanos = tx.spent_since(bidder_account(name), EARNING, SPENDING)
            wallets[name] = wallet._replace(unrewarded_nanos=unrewarded_nanos)
    due = upkeep(progress.request.id, wallets, spendable[TREASURY], rules, left)
    tx.apply(due.transfers)
    for name in due.refilled:
        tx.put_bidder(known[name]._replace(refills=known[name].refills + 1))
    for name in due.suspended:
        tx.put_bidder(known[name]._replace(status=SUSPENDED))
    if rules.audition_trials:
        _grant_auditions(tx, progress.request.id, [row.principal for row in roster], rules)


def read_wallets(reader: Reader, rows: Sequence[BidderRow]) -> dict[str, Wallet]:
    """The wallets of some bidders, by name, without what they have spent since they last earned anything."""
    accounts = [bidder_account(row.name) for row in rows]
    spendable, held = reader.spendable(accounts), reader.held(accounts)
    return {
        row.name: Wallet(spendable[account], held[account], row.refills)
        for row, account in zip(rows, accounts, strict=True)
    }


def on_audition(row: BidderRow, rules: WealthRules) -> bool:
    """Whether a bidder has won too few lots to stand on its own."""
    return row.status == ACTIVE and row.wins < rules.audition_trials


def newcomers(reader: Reader, principal: str, needs_trial: bool) -> Newcomers:
    """What a principal was granted for trials so far.

    Args:
        reader: what the market remembers.
        principal: who stands behind its bidders.
        needs_trial: whether one of them is on audition.
    """
    account = audition_account(principal)
    left = reader.spendable([account])[account]
    rows = reader.turnover([account]) if needs_trial else []
    granted = sum(row.in_nanos for row in rows if row.code == GRANT)
    return Newcomers(principal, needs_trial, granted, left)


def missing_stock(reader: Reader, stock_nanos: int) -> int:
    """What the treasury's own stock still lacks of what the rules say it opens with, in nano-dollars."""
    if stock_nanos == 0:
        return 0
    stocked = reader.recent("stock")
    return max(0, stock_nanos - sum(row.amount_nanos for row in stocked if row.id.startswith(_TREASURY_STOCK)))


def _grant_auditions(tx: Transaction, request_id: str, concerned: Iterable[str], rules: WealthRules) -> None:
    """Grant the principals of a request's bidders what trials may cost, or take back what nobody needs any more."""
    # All of a principal's bidders count: one that came after the request was posted may be waiting for its trials.
    waiting = {row.principal for row in tx.bidders().values() if on_audition(row, rules)}
    names = list(dict.fromkeys(concerned))
    tx.open_accounts(Account(audition_account(name)) for name in names)
    principals = [newcomers(tx, name, name in waiting) for name in names]
    tx.apply(grants(request_id, principals, tx.spendable([TREASURY])[TREASURY], rules))


def _return_grant(tx: Transaction, principal: str, rules: WealthRules) -> None:
    """Take back what a principal was granted, if none of its bidders is on audition any more."""
    if any(row.principal == principal and on_audition(row, rules) for row in tx.bidders().values()):
        return
    account = audition_account(principal)
    left = tx.spendable([account])[account]
    if left:
        tx.apply([transfer(_key(tx, GRANT_RETURN, account), account, TREASURY, left, GRANT_RETURN)])


def _takes_part(reader: Reader, request_id: str, bidder: str) -> bool:
    opening = decode(reader.openings([request_id])[request_id], {}, request_id)
    return isinstance(opening, Requested) and any(entry.name == bidder for entry in opening.request.roster)


def _stock_treasury(tx: Transaction, stock_nanos: int) -> None:
    """Fill the treasury's own stock up to what the rules say it opened with."""
    missing = missing_stock(tx, stock_nanos)
    if missing:
        tx.apply([transfer(f"{_TREASURY_STOCK}{stock_nanos}", ISSUER, TREASURY, missing, "stock")])


def _endow(name: str, endowments_nanos: Mapping[str, int]) -> tuple[Transfer, ...]:
    amount_nanos = endowments_nanos.get(name, 0)
    if amount_nanos == 0:
        return ()
    return (
        transfer(f"market/stock/{name}", ISSUER, TREASURY, amount_nanos, "stock"),
        transfer(f"market/endow/{name}", TREASURY, bidder_account(name), amount_nanos, "endow"),
    )


def _key(tx: Transaction, code: str, account: str) -> str:
    """The key of a transfer that no request calls for: how many touched the account before makes it one of its own."""
    return f"market/{code}/{holder_of(account)}/{tx.count_transfers(account)}"
