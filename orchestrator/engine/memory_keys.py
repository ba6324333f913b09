"""Keys under which the store keeps what policies have learned, and what the market notes for itself beside that.

A memory's key has three parts; no other key has as many. So no name of a bidder, pool or policy makes
one of them meet another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

INVITATIONS: Final = "market/invitations"
"""What a crowded market remembers of its bidders' answers."""


def memory_key(memory_id: str, policy: str, version: int) -> str:
    """Where the memory of some version of a policy is kept.

    Args:
        memory_id: whose it is: a bidder's and its twins', or a pool's.
        policy: the policy's name.
        version: of the format in which it is written.
    """
    return f"{memory_id}/{policy}/{version}"


def memory_keys_of(memory_id: str, keys: Iterable[str]) -> list[str]:
    """Those of some keys under which memories of one bidder, with its twins, or of one pool are kept."""
    return [key for key in keys if key.count("/") == 2 and key.partition("/")[0] == memory_id]


def failure_key(memory_key: str) -> str:
    """Where it is noted that the policy of a memory has failed to learn."""
    return f"unlearned/{memory_key}"


def practised_key(memory_key: str) -> str:
    """Where it is noted what a memory has learned by practice."""
    return f"practised/{memory_key}"


def lease_key(practice_id: str) -> str:
    """Where it is noted who is at a practice."""
    return f"practising/{practice_id}"
