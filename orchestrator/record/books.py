"""The books of a recorded run, recomputed from its journal and compared transfer by transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.core.codes import REPAID, UPKEEP
from orchestrator.core.holds import hold_behind
from orchestrator.core.keys import (
    CAP_ISSUER,
    CAP_SPENT,
    ISSUER,
    TREASURY,
    audition_account,
    bidder_account,
    own_accounts,
)
from orchestrator.core.opening import request_accounts, standing_accounts
from orchestrator.core.progress import Progress
from orchestrator.core.statement import statement
from orchestrator.core.step import Step
from orchestrator.errors import LedgerRefused
from orchestrator.ledger import MOVING, PENDING, Account, Book, Finding, Transfer, transfer
from orchestrator.money import format_usd
from orchestrator.record.calls import (
    charges_beyond_answers,
    check_answers,
    costs_without_calls,
    held_for_calls,
    is_cut_short,
    task_behind,
    tasks_of,
)
from orchestrator.record.document import RunRecord
from orchestrator.record.moves import Ending, Move

_TO_TREASURY = ("rent", "retire", "grant-return")
_LIMITS = {"rent": "rent_nanos", "refill": "refill_to_nanos", "grant": "audition_budget_nanos"}
_OUTSIDE = UPKEEP | REPAID


def check_books(run: RunRecord, moves: Sequence[Move], steps: Sequence[Step], present: Progress) -> Iterator[Finding]:
    """Compare a run's transfers, one by one, with those that its journal calls for.

    Args:
        run: the record.
        moves: its journal's moves.
        steps: what the rules make of them.
        present: where the request stands.

    Yields:
        What is wrong.
    """
    recorded = {row.id: row for row in run.transfers}
    decided = [row for step in steps for row in step.transfers]
    for cancelled in [step.transfers for move, step in zip(moves, steps, strict=True) if _is_cancellation(move)]:
        # What a cancellation frees was read from the record itself; its amounts are checked as cut short.
        freed = {row.id for row in cancelled if row.pending_id is not None}
        decided = [row for row in decided if row.id not in freed]
        yield from charges_beyond_answers(run, cancelled)
    tasks = tasks_of(moves, present)
    calls = [row for task in tasks for row in held_for_calls(task, run.request_id, recorded)]
    yield from _compare(recorded, [*decided, *calls])
    yield from _check_order(run.transfers, decided)
    expected = {row.id for row in (*decided, *calls)}
    cut_short: list[Transfer] = []
    for row in run.transfers:
        if row.id in expected:
            continue
        if row.code in UPKEEP:
            yield from _check_wealth(run, row, present)
        elif is_cut_short(row, recorded, run, present):
            cut_short.append(row)
        else:
            yield Finding(f"transfer {row.id[:200]}", "no rule of the market calls for it")
    yield from costs_without_calls(run, present.ending.unknown_costs if present.ending else ())
    yield from check_answers(run.answers, tasks, {task_behind(row) for row in cut_short}, present)
    yield from _check_laws(run, present)
    yield from _check_statement(run.transfers, present)


def _is_cancellation(move: Move) -> bool:
    return isinstance(move, Ending) and move.is_cancelled


def _compare(recorded: Mapping[str, Transfer], expected: Sequence[Transfer]) -> Iterator[Finding]:
    for row in expected:
        found = recorded.get(row.id)
        where = f"transfer {row.id[:200]}"
        if found is None:
            yield Finding(where, f"{format_usd(row.amount_nanos)} USD for {row.code} should have moved; nothing did")
        elif found != row:
            field = next(name for name in row._fields if getattr(row, name) != getattr(found, name))
            wrong, right = getattr(found, field), getattr(row, field)
            yield Finding(where, f"its {field} is {str(wrong)[:100]!r}, but the rules give {str(right)[:100]!r}")


def _check_order(transfers: Sequence[Transfer], decided: Sequence[Transfer]) -> Iterator[Finding]:
    ids = {row.id for row in decided}
    present = {row.id for row in transfers}
    right = [row.id for row in decided if row.id in present]
    for row, expected in zip((row for row in transfers if row.id in ids), right, strict=True):
        if row.id != expected:
            yield Finding(f"transfer {row.id[:200]}", f"stands where {expected} should")
            return


def _check_wealth(run: RunRecord, row: Transfer, present: Progress) -> Iterator[Finding]:
    """Upkeep of wallets and grants rests on all of their business, so only its form can be checked here."""
    account = row.debit if row.code in _TO_TREASURY else row.credit
    is_grant = row.code.startswith("grant")
    owners = {
        audition_account(entry.principal) if is_grant else bidder_account(entry.name): (
            entry.principal if is_grant else entry.name
        )
        for entry in present.request.roster
    }
    id = f"{run.request_id}/{row.code}/{owners.get(account)}"
    debit, credit = (account, TREASURY) if row.code in _TO_TREASURY else (TREASURY, account)
    if row != transfer(id, debit, credit, row.amount_nanos, row.code, run.request_id) or present.ending is None:
        yield Finding(f"transfer {row.id[:200]}", f"it is no lawful {row.code}")
    wealth = run.setting.get("wealth") if isinstance(run.setting, Mapping) else None
    limits = wealth if isinstance(wealth, Mapping) else {}
    limit = limits.get(_LIMITS.get(row.code, ""))
    if isinstance(limit, int) and row.amount_nanos > limit:
        yield Finding(f"transfer {row.id[:200]}", f"its amount is above the setting's {format_usd(limit)} USD")


def _check_laws(run: RunRecord, present: Progress) -> Iterator[Finding]:
    """Play the transfers through a book of their own.

    The request's own accounts are held to every law. Wallets, purse and treasury live outside of
    the request, so what they held before is not known; that bids were covered is checked where
    they close, against the balances that the journal recorded.
    """
    book = Book()
    own = {account.id: account for account in (*standing_accounts(), *request_accounts(present.request))}
    strict = {*own_accounts(run.request_id), CAP_ISSUER, CAP_SPENT, ISSUER}
    for row in run.transfers:
        for id in (row.debit, row.credit):
            if not book.is_open(id):
                book.open_account(own[id] if id in strict else Account(id, may_overdraw=True))
        try:
            book.apply([row])
        except LedgerRefused as refusal:
            yield Finding(f"transfer {row.id[:200]}", f"breaks a law of the ledger: {str(refusal)[:300]}")
    if present.ending is None:
        return
    for held in book.open_holds():
        yield Finding(f"transfer {held.id[:200]}", "the request has ended, but this hold was never resolved")
    for account, balance in book.accounts():
        if account.id in own_accounts(run.request_id) and balance.posted_nanos:
            left = format_usd(balance.posted_nanos)
            yield Finding(f"account {account.id}", f"the request has ended, but {left} remain in it")


def _check_statement(transfers: Sequence[Transfer], present: Progress) -> Iterator[Finding]:
    """Once it has ended, what moved in each wallet must be the profit that the statement shows.

    What a provider charged beyond the promise, and its bidder's wallet could not pay, was borne by
    the issuer; the statement counts it with its bidder's costs. What trials cost is the treasury's,
    though it had granted it before.
    """
    if present.ending is None:
        return
    moved: dict[str, int] = {}
    holders = {row.id: row.debit for row in transfers if row.kind == PENDING}
    for row in transfers:
        if row.kind in MOVING and row.code not in _OUTSIDE:
            debit = holders.get(hold_behind(row), row.debit) if row.code == "overrun" else row.debit
            debit = TREASURY if row.code == "audition" else debit
            moved[debit] = moved.get(debit, 0) - row.amount_nanos
            moved[row.credit] = moved.get(row.credit, 0) + row.amount_nanos
    money = statement(present)
    stated = {bidder_account(name): nanos for name, nanos in money.profits_nanos.items()}
    for account, nanos in {**stated, TREASURY: money.treasury_nanos}.items():
        if moved.get(account, 0) != nanos:
            yield Finding(
                f"account {account[:200]}",
                f"the statement says {format_usd(nanos)} USD, its transfers {format_usd(moved.get(account, 0))} USD",
            )
