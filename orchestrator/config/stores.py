"""How a store is named: in a config, on the command line and in Python alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from orchestrator.errors import StoreUnavailable

MEMORY: Final = "memory"
# One letter before a colon is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def url_of(named: str, folder: Path | None = None) -> str:
    """The URL of a store.

    Args:
        named: `memory`, an SQLAlchemy URL, or the path of an SQLite file.
        folder: where paths start from; where left out, the current folder.

    Raises:
        StoreUnavailable: it is empty, or a path that looks like a URL: there is a `?`, or a scheme without `//`.
    """
    if named == MEMORY or "://" in named:
        return named
    if not named or "?" in named or _SCHEME.match(named):
        raise StoreUnavailable(
            "a store's path may not hold a '?' or begin like a URL, nor be empty; write a whole SQLAlchemy URL in "
            f"place of {named!r}, such as sqlite:////path/market.db"
        )
    return sqlite_url((folder or Path()) / Path(named).expanduser())


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.absolute()}"
