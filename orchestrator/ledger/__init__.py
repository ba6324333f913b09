"""The double-entry book: accounts, transfers, holds, and the laws that no caller can bend."""

from orchestrator.ledger.account import USD, USD_CAP, Account, Balance
from orchestrator.ledger.audit import Finding, audit
from orchestrator.ledger.book import Book
from orchestrator.ledger.transfer import MOVING, PENDING, POST, POSTED, VOID, Transfer, hold, post, transfer, void

__all__ = [
    "MOVING",
    "PENDING",
    "POST",
    "POSTED",
    "USD",
    "USD_CAP",
    "VOID",
    "Account",
    "Balance",
    "Book",
    "Finding",
    "Transfer",
    "audit",
    "hold",
    "post",
    "transfer",
    "void",
]
