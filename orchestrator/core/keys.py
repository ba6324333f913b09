"""Deterministic keys: seeds, digests and the names of accounts (R13).

Nothing here depends on the clock, on a process or on the order in which work returns, so the
same request under the same seed meets the same draws, and a repeated write is recognised.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

TREASURY: Final = "treasury"
ISSUER: Final = "issuer"
CAP_ISSUER: Final = "cap-issuer"
CAP_SPENT: Final = "cap-spent"

# Bidders and providers are named again and again; requests, which come and go, are not kept.
_NAMES_KEPT: Final = 20_000


def derive_seed(seed: int, *parts: str | int) -> int:
    """Derive a seed of 63 bits from a request's seed and the key of what draws from it.

    Args:
        seed: the request's seed.
        parts: what the draw is for, for example a lot, a round, a bidder and a purpose.

    Returns:
        An integer from 0 to 2**63 - 1.
    """
    key = "\x1f".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) >> 1


def key(request_id: str, lot: str, round: int, bidder: str, purpose: str, attempt: int = 0) -> str:
    """The key of section 2b: copies, substitutions and parallel lots never collide."""
    return f"{request_id}/{lot}/{round}/{bidder}/{purpose}/{attempt}"


class Key(NamedTuple):
    """What a key names: what a bidder does with a lot, for what purpose, and which attempt it is."""

    request_id: str
    lot: str
    round: int
    bidder: str
    purpose: str
    attempt: int


def read_key(text: str) -> Key:
    """Read a key back into its parts; none of them holds a slash."""
    request_id, lot, round, bidder, purpose, attempt = text.split("/")
    return Key(request_id, lot, int(round), bidder, purpose, int(attempt))


def digest_text(text: str) -> str:
    """The SHA-256 of a text's UTF-8 form, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=_NAMES_KEPT)
def bidder_account(bidder: str) -> str:
    """The wallet of a bidder."""
    return f"bidder:{bidder}"


def holder_of(account: str) -> str:
    """Whose an account is: the name behind its kind, as in `bidder:diary`; empty for one of the market's own."""
    return account.partition(":")[2]


def requester_account(requester: str) -> str:
    """The purse of whoever posts requests."""
    return f"requester:{requester}"


def bounty_account(request_id: str) -> str:
    """Where a request's bounty is pledged until it is paid out or returned."""
    return f"bounty:{request_id}"


def deposit_account(request_id: str) -> str:
    """Where the requester's deposit against recorded costs waits (R10)."""
    return f"deposit:{request_id}"


def escrow_account(request_id: str) -> str:
    """Where first-stage prices wait for the request's ending (R2)."""
    return f"escrow:{request_id}"


def cap_account(request_id: str) -> str:
    """What the request may still spend at providers, in units of USD-cap (R7)."""
    return f"cap:{request_id}"


def own_accounts(request_id: str) -> tuple[str, ...]:
    """The accounts that are one request's own, and zero when it has ended (R10)."""
    return (
        bounty_account(request_id),
        deposit_account(request_id),
        escrow_account(request_id),
        cap_account(request_id),
    )


def audition_account(principal: str) -> str:
    """What the treasury has granted a principal's newcomers for trials (R11)."""
    return f"audition:{principal}"


@lru_cache(maxsize=_NAMES_KEPT)
def provider_account(provider: str) -> str:
    """What a provider has been paid."""
    return f"provider:{provider}"
