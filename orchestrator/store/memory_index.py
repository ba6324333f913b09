"""The transfers of a store in memory, found by request, account and code without looking through all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.ledger import MOVING, Transfer
from orchestrator.store.rows import Turnover


class TransferIndex:
    """Finds transfers in the order in which they were applied."""

    def __init__(self) -> None:
        self._by_request: dict[str, list[Transfer]] = {}
        self._by_account: dict[str, list[Transfer]] = {}
        self._by_code: dict[str, list[Transfer]] = {}

    def add(self, applied: Iterable[Transfer]) -> None:
        """Take in transfers that a book has just applied."""
        for row in applied:
            for table, key in self._places(row):
                table.setdefault(key, []).append(row)

    def drop(self, applied: Sequence[Transfer]) -> None:
        """Take out the latest transfers again."""
        for row in reversed(applied):
            for table, key in self._places(row):
                table[key].pop()

    def of_request(self, request: str) -> Sequence[Transfer]:
        """A request's transfers."""
        return self._by_request.get(request, ())

    def of_account(self, account: str) -> Sequence[Transfer]:
        """The transfers that touch an account."""
        return self._by_account.get(account, ())

    def moved_under(self, code: str) -> list[Transfer]:
        """The transfers of a code that moved money."""
        return self._by_code.get(code, [])

    def turnover(self, account: str) -> list[Turnover]:
        """What has moved through an account, added up by code."""
        sums: dict[str, list[int]] = {}
        for row in self.of_account(account):
            if row.kind in MOVING:
                sums.setdefault(row.code, [0, 0])[row.debit == account] += row.amount_nanos
        return [Turnover(account, code, *moved) for code, moved in sorted(sums.items())]

    def _places(self, row: Transfer) -> list[tuple[dict[str, list[Transfer]], str]]:
        places = [(self._by_request, row.request), (self._by_account, row.debit), (self._by_account, row.credit)]
        return [*places, (self._by_code, row.code)] if row.kind in MOVING else places
