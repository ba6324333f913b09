"""An independent model of the ledger: dictionaries, and the laws as DESIGN section 6 states them.

It shares no code with `orchestrator.ledger.book`: balances are recomputed from the list of what was
accepted, each time.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import (
    HoldResolved,
    InsufficientFunds,
    LedgerRefused,
    MalformedTransfer,
    PostExceedsHold,
    TransferConflict,
    UnknownAccount,
    UnknownHold,
)
from orchestrator.ledger import Transfer

Refusal = type[LedgerRefused] | None


class Model:
    """Accounts as name -> (unit, may overdraw), and the transfers accepted so far."""

    def __init__(self) -> None:
        self.accounts: dict[str, tuple[str, bool]] = {}
        self.accepted: dict[str, Transfer] = {}

    def judge(self, rows: Sequence[Transfer]) -> Refusal:
        """Apply linked transfers, or none of them; returns why not."""
        before = dict(self.accepted)
        for row in rows:
            refusal = self._judge_one(row)
            if refusal is not None:
                self.accepted = before
                return refusal
        return None

    def _judge_one(self, row: Transfer) -> Refusal:
        if row.id in self.accepted:
            return None if self.accepted[row.id] == row else TransferConflict
        if row.amount_nanos <= 0:
            return MalformedTransfer
        if row.debit not in self.accounts or row.credit not in self.accounts:
            return UnknownAccount
        refusal = self._judge_resolution(row) if row.kind in ("post", "void") else self._judge_new(row)
        if refusal is None:
            self.accepted[row.id] = row
        return refusal

    def _judge_new(self, row: Transfer) -> Refusal:
        (unit, may_overdraw), (other_unit, _) = self.accounts[row.debit], self.accounts[row.credit]
        if row.debit == row.credit or unit != other_unit or row.pending_id is not None:
            return MalformedTransfer
        if not may_overdraw and row.amount_nanos > self.spendable(row.debit):
            return InsufficientFunds
        return None

    def _judge_resolution(self, row: Transfer) -> Refusal:
        held = self.accepted.get(row.pending_id or "")
        if held is None or held.kind != "pending":
            return UnknownHold
        if self.resolution(held.id) is not None:
            return HoldResolved
        if (row.debit, row.credit) != (held.debit, held.credit):
            return MalformedTransfer
        if row.amount_nanos > held.amount_nanos:
            return PostExceedsHold
        if row.kind == "void" and row.amount_nanos != held.amount_nanos:
            return MalformedTransfer
        return None

    def resolution(self, hold_id: str) -> Transfer | None:
        return next((row for row in self.accepted.values() if row.pending_id == hold_id), None)

    def open_holds(self) -> list[Transfer]:
        resolved = {row.pending_id for row in self.accepted.values()}
        return [row for row in self.accepted.values() if row.kind == "pending" and row.id not in resolved]

    def posted(self, account: str) -> int:
        moved = [row for row in self.accepted.values() if row.kind in ("posted", "post")]
        received = sum(row.amount_nanos for row in moved if row.credit == account)
        return received - sum(row.amount_nanos for row in moved if row.debit == account)

    def held(self, account: str) -> int:
        return sum(row.amount_nanos for row in self.open_holds() if row.debit == account)

    def expected(self, account: str) -> int:
        return sum(row.amount_nanos for row in self.open_holds() if row.credit == account)

    def spendable(self, account: str) -> int:
        return self.posted(account) - self.held(account)
