"""Which certificates are trusted: read once for all clients, because it takes longer than all else that makes one."""

from __future__ import annotations

import importlib
import ssl
from functools import cache


@cache
def trusted(library: str) -> ssl.SSLContext:
    """The certificates that an HTTP library trusts, as it reads them from its bundle and the environment.

    Args:
        library: `httpx` or `httpx2`.
    """
    context: ssl.SSLContext = importlib.import_module(library).create_ssl_context()
    return context
