"""Keys come from the environment, at the moment of a call, and are kept nowhere else."""

from __future__ import annotations

import os

from orchestrator.errors import Unauthorised


def read_key(variable: str, where: str) -> str:
    """The key that an environment variable holds.

    Args:
        variable: its name; empty where the endpoint needs no key.
        where: the model and its provider, for the message.

    Returns:
        The key; empty where none is needed.

    Raises:
        Unauthorised: the variable is not set, or holds what cannot be a key.
    """
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise Unauthorised(f"{where} needs a key: set the environment variable {variable}")
    if not key.isascii() or not key.isprintable():
        raise Unauthorised(f"{where}: the environment variable {variable} holds characters that no key has")
    return key
