"""The audit: everything recomputed from the transfers alone, with findings as values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from orchestrator.errors import LedgerRefused
from orchestrator.ledger.account import Account, Balance
from orchestrator.ledger.book import Book
from orchestrator.ledger.transfer import Transfer

_KEPT: Final = 10_000


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        where: the account, transfer or request concerned.
        what: what is wrong with it, in one sentence.
    """

    where: str
    what: str


def audit(
    accounts: Mapping[Account, Balance],
    transfers: Iterable[Transfer],
    ended_requests: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> list[Finding]:
    """Recompute a book from its transfers and compare it with what the store says.

    Args:
        accounts: every account with the counters that the store keeps.
        transfers: every transfer, oldest first; gone through once, and not kept.
        ended_requests: the requests that have ended, each with the accounts of its own, which must be zero (R10).

    Returns:
        What is wrong; empty where the books are right.
    """
    book = Book()
    findings: list[Finding] = []
    for account in accounts:
        book.open_account(account)
    seen: set[str] = set()
    for number, row in enumerate(transfers, start=1):
        if row.id in seen:
            findings.append(Finding(row.id, "is recorded more than once"))
            continue
        seen.add(row.id)
        try:
            book.apply([row])
        except LedgerRefused as refusal:
            findings.append(Finding(row.id, f"breaks a law of the ledger: {refusal}"))
        if number % _KEPT == 0:
            # Of a long life's transfers only the counters and the open holds are needed again.
            book.forget()
    for account, stored in accounts.items():
        recomputed = book.balance(account.id)
        if stored != recomputed:
            findings.append(Finding(account.id, f"stored counters {stored} differ from its transfers' {recomputed}"))
    findings.extend(_unfinished(book, ended_requests))
    return findings


def _unfinished(book: Book, ended: Mapping[str, Collection[str]]) -> list[Finding]:
    findings = [
        Finding(row.id, f"hold of request {row.request}, which has ended, was never resolved")
        for row in book.open_holds()
        if row.request in ended
    ]
    closed = {account for own in ended.values() for account in own}
    for account, balance in book.accounts():
        if account.id in closed and balance.posted_nanos:
            findings.append(Finding(account.id, f"request has ended but {balance.posted_nanos} nanos remain"))
    return findings
