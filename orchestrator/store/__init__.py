"""Where journals, books, texts and wallets are kept: in memory, or in an SQL database."""

from orchestrator.store.interface import Reader, Store, Transaction
from orchestrator.store.memory import MemoryStore
from orchestrator.store.rows import AnswerRow, BidderRow, MemoryRow, RequestRow

__all__ = [
    "AnswerRow",
    "BidderRow",
    "MemoryRow",
    "MemoryStore",
    "Reader",
    "RequestRow",
    "Store",
    "Transaction",
    "is_bare",
    "open_store",
]


def open_store(url: str) -> Store:
    """Open a store.

    Args:
        url: `memory`, or an SQLAlchemy URL such as `sqlite:////home/me/.vickrey/market.db`.

    Returns:
        The store, migrated to this version's schema.

    Raises:
        StoreUnavailable: it cannot be opened or written.
        StoreTooNew: a newer version of Vickrey wrote it.
    """
    if url == "memory":
        return MemoryStore()
    from orchestrator.store.sql import SqlStore

    return SqlStore(url)


def is_bare(url: str) -> bool:
    """Whether the database of a server holds no store yet, nor anything else; looking makes none.

    Args:
        url: its SQLAlchemy URL.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    from orchestrator.store import database

    return database.is_bare(url)
