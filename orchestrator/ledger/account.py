"""Accounts and their balances."""

from __future__ import annotations

from typing import Final, NamedTuple

USD: Final = "USD"
USD_CAP: Final = "USD-cap"


class Account(NamedTuple):
    """A place where one unit of value is kept.

    Attributes:
        id: unique name, for example `bidder:diary` or `escrow:r1`.
        unit: `USD`, or `USD-cap` for permission to spend real money; the two never mix.
        may_overdraw: whether its debits may exceed its credits (only issuers).
    """

    id: str
    unit: str = USD
    may_overdraw: bool = False


class Balance(NamedTuple):
    """The four counters of an account, in nano-units (TigerBeetle's shape)."""

    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    @property
    def posted_nanos(self) -> int:
        """Credits less debits, holds not counted."""
        return self.credits_posted - self.debits_posted

    @property
    def spendable_nanos(self) -> int:
        """What a new transfer or hold may take: posted less pending debits (R4)."""
        return self.credits_posted - self.debits_posted - self.debits_pending
