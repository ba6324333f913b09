"""The book: accounts, their counters, and the laws under which transfers apply.

The in-memory store keeps one book. The SQL store loads the rows that a commit touches into a
book, applies the commit, and writes what the book says; so there is one set of laws, and the
schema's constraints stand behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from orchestrator.errors import (
    HoldResolved,
    InsufficientFunds,
    MalformedTransfer,
    PostExceedsHold,
    TransferConflict,
    UnknownAccount,
    UnknownHold,
)
from orchestrator.ledger.account import Account, Balance
from orchestrator.ledger.transfer import PENDING, POST, POSTED, VOID, Transfer
from orchestrator.money import NANOS_MAX, format_usd

_NEW: Final = (PENDING, POSTED)
_RESOLVING: Final = (POST, VOID)


class _Counters:
    """Mutable counters of one account."""

    __slots__ = (
        "account",
        "credits_pending",
        "credits_posted",
        "debits_pending",
        "debits_posted",
        "may_overdraw",
        "unit",
    )

    def __init__(self, account: Account, balance: Balance) -> None:
        self.account = account
        _, self.unit, self.may_overdraw = account
        self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted = balance

    def balance(self) -> Balance:
        return Balance(self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted)


class Book:
    """A double-entry book in memory.

    Laws: an amount is above 0 and moves between two different accounts of one unit; no account
    but an issuer goes below zero, holds included; a hold is resolved at most once and never for
    more than it set aside; no counter goes beyond what 64 bits hold, what is pending added to what is
    posted; the same transfer again changes nothing.
    """

    def __init__(self) -> None:
        self._counters: dict[str, _Counters] = {}
        self._transfers: dict[str, Transfer] = {}
        self._resolved: dict[str, str] = {}
        self._open_holds: dict[str, Transfer] = {}

    def open_account(self, account: Account, balance: Balance = Balance()) -> None:  # noqa: B008 (immutable)
        """Open an account, or take over one whose counters are known.

        Args:
            account: opening it again with the same attributes changes nothing.
            balance: its counters, where they are read from a store.

        Raises:
            TransferConflict: the id is open with another unit or another right to overdraw.
        """
        known = self._counters.get(account.id)
        if known is None:
            self._counters[account.id] = _Counters(account, balance)
        elif known.account != account:
            raise TransferConflict(f"account {account.id} is open with other attributes: {known.account}")

    def recall(self, transfers: Iterable[Transfer]) -> None:
        """Take over transfers that a store has applied before: their counters are in already."""
        for row in transfers:
            self._transfers[row.id] = row
            if row.pending_id is not None:
                self._resolved[row.pending_id] = row.id
                self._open_holds.pop(row.pending_id, None)
            elif row.kind == PENDING and row.id not in self._resolved:
                self._open_holds[row.id] = row

    def apply(self, transfers: Iterable[Transfer]) -> list[Transfer]:
        """Apply linked transfers: all of them, or none.

        Args:
            transfers: applied in this order.

        Returns:
            Those that were new; one that the book already holds changes nothing.

        Raises:
            LedgerRefused: a law forbids one of them; the book is as it was before.
        """
        done: list[Transfer] = []
        try:
            for row in transfers:
                if self._apply_one(row):
                    done.append(row)
        except BaseException:
            self.revert(done)
            raise
        return done

    def revert(self, applied: Sequence[Transfer]) -> None:
        """Take back the latest transfers, where the commit that they belong to failed.

        Args:
            applied: what `apply` returned, with nothing applied since.
        """
        for row in reversed(applied):
            self._undo(row)

    def balance(self, account_id: str) -> Balance:
        """The counters of an account.

        Raises:
            UnknownAccount: it was never opened.
        """
        return self._find(account_id).balance()

    def spendable_nanos(self, account_id: str) -> int:
        """What a new transfer or hold may take from an account; 0 where it is not open."""
        found = self._counters.get(account_id)
        return 0 if found is None else found.credits_posted - found.debits_posted - found.debits_pending

    def spendable(self, account_ids: Iterable[str]) -> dict[str, int]:
        """What can be taken from each of some accounts; 0 where one is not open."""
        counters = self._counters
        return {
            name: found.credits_posted - found.debits_posted - found.debits_pending
            if (found := counters.get(name)) is not None
            else 0
            for name in account_ids
        }

    def held(self, account_ids: Iterable[str]) -> dict[str, int]:
        """What open holds set aside in each of some accounts; 0 where one is not open."""
        counters = self._counters
        return {name: counters[name].debits_pending if name in counters else 0 for name in account_ids}

    def is_open(self, account_id: str) -> bool:
        """Whether the account exists."""
        return account_id in self._counters

    def account(self, account_id: str) -> tuple[Account, Balance]:
        """An account with its counters.

        Raises:
            UnknownAccount: it was never opened.
        """
        found = self._find(account_id)
        return found.account, found.balance()

    def accounts(self) -> Iterator[tuple[Account, Balance]]:
        """Every account with its counters, in the order of opening."""
        return ((counters.account, counters.balance()) for counters in self._counters.values())

    def transfers(self) -> Iterator[Transfer]:
        """Every transfer held, oldest first."""
        return iter(self._transfers.values())

    def find(self, transfer_id: str) -> Transfer | None:
        """The transfer of this id, if the book holds it."""
        return self._transfers.get(transfer_id)

    def open_holds(self, request: str | None = None) -> list[Transfer]:
        """Holds neither posted nor voided, of one request or of all."""
        return [row for row in self._open_holds.values() if request is None or row.request == request]

    def forget(self) -> None:
        """Drop the rows of everything but open holds; balances stay.

        For long simulations, where counters are enough and rows would fill the memory.
        """
        self._transfers = dict(self._open_holds)
        self._resolved = {}

    def forget_account(self, account_id: str) -> None:
        """Drop an account: one whose opening is taken back, or a simulated request's that is done.

        Args:
            account_id: an account without transfers, or one at zero whose transfers are forgotten.
        """
        del self._counters[account_id]

    def totals(self) -> Mapping[str, int]:
        """Posted balance summed over all accounts, by unit: 0 in any lawful book."""
        sums: dict[str, int] = {}
        for counters in self._counters.values():
            unit = counters.account.unit
            sums[unit] = sums.get(unit, 0) + counters.credits_posted - counters.debits_posted
        return sums

    def _find(self, account_id: str) -> _Counters:
        try:
            return self._counters[account_id]
        except KeyError:
            raise UnknownAccount(f"account {account_id} was never opened") from None

    def _apply_one(self, row: Transfer) -> bool:
        # Unpacked once: reading a field by name is most of what a lawful row would cost.
        transfer_id, debit_id, credit_id, amount, kind, pending_id, _, _, _ = row
        known = self._transfers.get(transfer_id)
        if known is not None:
            if known != row:
                raise TransferConflict(f"transfer {transfer_id} exists with other content: {known} is not {row}")
            return False
        if type(amount) is not int or not 0 < amount <= NANOS_MAX:
            raise MalformedTransfer(f"transfer {transfer_id} moves {amount!r}; an amount is a whole number above 0")
        try:
            debit, credit = self._counters[debit_id], self._counters[credit_id]
        except KeyError as missing:
            raise UnknownAccount(f"account {missing} was never opened") from None
        if kind in _NEW:
            spendable = debit.credits_posted - debit.debits_posted - debit.debits_pending
            if debit is credit or debit.unit != credit.unit or pending_id is not None:
                raise _malformed(row, debit, credit)
            if amount > spendable and not debit.may_overdraw:
                raise _insufficient(row, spendable)
            # With what is pending: so every hold can be posted, and a schema can add the two up.
            given, taken = debit.debits_posted + debit.debits_pending, credit.credits_posted + credit.credits_pending
            if given + amount > NANOS_MAX or taken + amount > NANOS_MAX:
                raise _uncountable(row)
            if kind == PENDING:
                debit.debits_pending += amount
                credit.credits_pending += amount
                self._open_holds[transfer_id] = row
            else:
                debit.debits_posted += amount
                credit.credits_posted += amount
        else:
            pending = self._check_resolution(row)
            held = pending.amount_nanos
            debit.debits_pending -= held
            credit.credits_pending -= held
            if kind == POST:
                debit.debits_posted += amount
                credit.credits_posted += amount
            self._resolved[pending.id] = transfer_id
            del self._open_holds[pending.id]
        self._transfers[transfer_id] = row
        return True

    def _check_resolution(self, row: Transfer) -> Transfer:
        transfer_id, debit_id, credit_id, amount, kind, pending_id, _, _, _ = row
        if kind not in _RESOLVING:
            raise MalformedTransfer(f"transfer {transfer_id} is of unknown kind {kind!r}")
        pending = self._transfers.get(pending_id) if pending_id is not None else None
        if pending is None or pending.kind != PENDING:
            raise UnknownHold(f"transfer {transfer_id} resolves hold {pending_id}, which does not exist")
        _, held_debit_id, held_credit_id, held, _, _, _, _, _ = pending
        if pending_id in self._resolved:
            earlier = self._resolved[pending_id]
            raise HoldResolved(f"hold {pending_id} was resolved by {earlier}, not again by {transfer_id}")
        if debit_id != held_debit_id or credit_id != held_credit_id:
            raise MalformedTransfer(f"transfer {transfer_id} resolves hold {pending_id} between other accounts")
        if amount > held:
            raise PostExceedsHold(
                f"hold {pending_id} set aside {format_usd(held)} USD; {transfer_id} asks for {format_usd(amount)} USD"
            )
        if kind == VOID and amount != held:
            raise MalformedTransfer(f"void {transfer_id} must free all of hold {pending_id}")
        return pending

    def _undo(self, row: Transfer) -> None:
        debit, credit = self._counters[row.debit], self._counters[row.credit]
        if row.kind == POSTED:
            debit.debits_posted -= row.amount_nanos
            credit.credits_posted -= row.amount_nanos
        elif row.kind == PENDING:
            debit.debits_pending -= row.amount_nanos
            credit.credits_pending -= row.amount_nanos
            del self._open_holds[row.id]
        elif row.pending_id is not None:
            pending = self._transfers[row.pending_id]
            held = pending.amount_nanos
            debit.debits_pending += held
            credit.credits_pending += held
            if row.kind == POST:
                debit.debits_posted -= row.amount_nanos
                credit.credits_posted -= row.amount_nanos
            del self._resolved[row.pending_id]
            # Back in its place, oldest first: who resolves what is left must not see that this was tried.
            still_open = {pending.id, *self._open_holds}
            self._open_holds = {id: known for id, known in self._transfers.items() if id in still_open}
        del self._transfers[row.id]


def _malformed(row: Transfer, debit: _Counters, credit: _Counters) -> MalformedTransfer:
    if debit is credit:
        return MalformedTransfer(f"transfer {row.id} goes from {row.debit} to itself")
    if debit.unit != credit.unit:
        return MalformedTransfer(f"transfer {row.id} mixes {debit.unit} and {credit.unit}")
    return MalformedTransfer(f"transfer {row.id} is {row.kind} and resolves no hold, yet names {row.pending_id}")


def _uncountable(row: Transfer) -> MalformedTransfer:
    return MalformedTransfer(
        f"transfer {row.id} would bring what has moved through {row.debit} or {row.credit} in all its time above "
        f"{format_usd(NANOS_MAX)} USD, which no store can count; was an amount given in the wrong unit?"
    )


def _insufficient(row: Transfer, spendable_nanos: int) -> InsufficientFunds:
    return InsufficientFunds(
        f"{row.debit} has {format_usd(spendable_nanos)} USD to spend, but {row.code} needs "
        f"{format_usd(row.amount_nanos)} USD (transfer {row.id})",
        row.debit,
    )
