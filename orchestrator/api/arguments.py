"""Arguments: what a market is given in Python, before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from orchestrator.config import url_of
from orchestrator.errors import InvalidRequest
from orchestrator.store import Store

_STORE_METHODS: Final = ("submit", "transact", "read", "rest", "close")


def read_bidders(given: Any) -> list[Any]:
    """A caller's own bidders; whether each of them is one is found out when it takes its seat.

    Raises:
        InvalidRequest: they are no list.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidRequest(f"`bidders` is a list of bidders, not {type(given).__name__}; a single one is [bidder]")
    return list(given)


def read_store(given: Any) -> Store | str | None:
    """A caller's store, or the URL of one; None where the config names it.

    Raises:
        InvalidRequest: it is neither.
        StoreUnavailable: it cannot be the name of one.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return url_of(given)
    if isinstance(given, type) or not all(callable(getattr(given, method, None)) for method in _STORE_METHODS):
        raise InvalidRequest(
            "`store` is a store, or a text: `memory`, the path of an SQLite file or an SQLAlchemy URL; it is "
            f"{type(given).__name__}"
        )
    store: Store = given
    return store
