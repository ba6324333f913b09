"""Where journals, books, texts and wallets are kept: in memory, or in an SQL database."""

import re
from pathlib import Path

from orchestrator.errors import StoreUnavailable
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
    "open_store",
    "url_of",
]

_MEMORY = "memory"
# One letter before a colon is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def url_of(named: str) -> str:
    """The URL of a store as it is named by who uses it.

    Args:
        named: `memory`, an SQLAlchemy URL, or the path of an SQLite file.

    Raises:
        StoreUnavailable: it is a path that looks like a URL: there is a `?`, or a scheme without `//`.
    """
    if named == _MEMORY or "://" in named:
        return named
    if "?" in named or _SCHEME.match(named):
        raise StoreUnavailable(
            f"a store's path may not hold a '?' or begin like a URL; write a whole SQLAlchemy URL in place of "
            f"{named!r}, such as sqlite:////path/market.db"
        )
    return f"sqlite:///{Path(named).expanduser().absolute()}"


def open_store(named: str) -> Store:
    """Open a store.

    Args:
        named: `memory`, the path of an SQLite file, or an SQLAlchemy URL such as
            `sqlite:////home/me/.vickrey/market.db`.

    Returns:
        The store, migrated to this version's schema.

    Raises:
        StoreUnavailable: it cannot be opened or written.
        StoreTooNew: a newer version of Vickrey wrote it.
    """
    url = url_of(named)
    if url == _MEMORY:
        return MemoryStore()
    from orchestrator.store.sql import SqlStore

    return SqlStore(url)
