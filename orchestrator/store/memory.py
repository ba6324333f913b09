"""The store in memory: same interface, same laws, nothing on disk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from orchestrator.errors import InvalidRequest, StaleDriver, StoreUnavailable
from orchestrator.journal import Entry
from orchestrator.ledger import MOVING, Account, Balance, Book, Transfer
from orchestrator.store.memory_index import TransferIndex
from orchestrator.store.rows import AnswerRow, BidderRow, MemoryRow, RequestRow, Turnover

T = TypeVar("T")


class MemoryStore:
    """A store that lives as long as its process; for tests, simulation and trying out."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._view = _MemoryView()
        self._is_closed = False

    def submit(self, work: Callable[[_MemoryView], T]) -> Future[T]:
        """Run `work` at once; the future is done when this returns."""
        future: Future[T] = Future()
        try:
            future.set_result(self.transact(work))
        except BaseException as error:
            future.set_exception(error)
        return future

    def transact(self, work: Callable[[_MemoryView], T]) -> T:
        """Run `work`; whatever it raises undoes what it wrote."""
        with self._lock:
            if self._is_closed:
                raise StoreUnavailable("the store in memory is closed; open a new one")
            self._view.begin()
            try:
                return work(self._view)
            except BaseException:
                self._view.undo()
                raise

    def read(self, work: Callable[[_MemoryView], T]) -> T:
        """Run `work` while nobody writes, after closing too: a result is read when its market is done."""
        with self._lock:
            return work(self._view)

    def rest(self) -> None:
        """Nothing to let go of."""

    def close(self) -> None:
        """Write nothing any more."""
        with self._lock:
            self._is_closed = True


class _MemoryView:
    """All data, with a list of what would undo the present transaction."""

    def __init__(self) -> None:
        self.book = Book()
        self._index = TransferIndex()
        self._journals: dict[str, list[Entry]] = {}
        self._texts: dict[str, str] = {}
        self._answers: dict[str, dict[str, AnswerRow]] = {}
        self._requests: dict[str, RequestRow] = {}
        self._by_idempotency_key: dict[str, str] = {}
        self._outcomes: dict[str, Counter[str]] = {}
        self._bidders: dict[str, BidderRow] = {}
        self._memories: dict[str, MemoryRow] = {}
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Start a transaction."""
        self._undo = []

    def undo(self) -> None:
        """Take back what the transaction wrote."""
        for step in reversed(self._undo):
            step()
        self._undo = []

    def spendable(self, accounts: Iterable[str]) -> dict[str, int]:
        """What each account can spend, in nano-units; 0 where it is not open (R4)."""
        return self.book.spendable(accounts)

    def held(self, accounts: Iterable[str]) -> dict[str, int]:
        """What open holds set aside in each account; 0 where it is not open."""
        return self.book.held(accounts)

    def balances(self, accounts: Iterable[str] | None = None) -> dict[Account, Balance]:
        """Accounts with their counters: every one, or those of some names that are open."""
        if accounts is None:
            return dict(self.book.accounts())
        return dict(self.book.account(name) for name in sorted(set(accounts)) if self.book.is_open(name))

    def transfers(self, *, request: str | None = None) -> list[Transfer]:
        """Transfers, oldest first: all, or those of one request."""
        return list(self.each_transfer() if request is None else self._index.of_request(request))

    def each_transfer(self, account: str | None = None) -> Iterator[Transfer]:
        """Transfers, oldest first, read as they are asked for: all, or those touching one account."""
        return self.book.transfers() if account is None else iter(self._index.of_account(account))

    def turnover(self, accounts: Iterable[str]) -> list[Turnover]:
        """What has moved through accounts, added up by code."""
        return [row for account in sorted(set(accounts)) for row in self._index.turnover(account)]

    def count_transfers(self, account: str) -> int:
        """How many transfers have touched an account."""
        return len(self._index.of_account(account))

    def recent(self, code: str, limit: int | None = None) -> list[Transfer]:
        """The latest so many transfers of a code that moved money, or all, newest first."""
        moved = self._index.moved_under(code)
        return list(islice(reversed(moved), limit))

    def spent_since(self, account: str, earning: Sequence[str], spending: Sequence[str]) -> int:
        """What an account has paid under some codes since it last received anything under some others."""
        spent = 0
        for row in reversed(self._index.of_account(account)):
            if row.kind not in MOVING:
                continue
            if row.credit == account and row.code in earning:
                break
            spent += row.amount_nanos if row.debit == account and row.code in spending else 0
        return spent

    def open_holds(self, request: str) -> list[Transfer]:
        """A request's holds that are neither posted nor voided."""
        return self.book.open_holds(request)

    def journal(self, request: str) -> list[Entry]:
        """A request's journal, in order of sequence number."""
        return list(self._journals.get(request, ()))

    def journals(self, requests: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        """The journals of some requests, one after the other as they are asked for."""
        return ((request, self.journal(request)) for request in requests)

    def journal_ids(self) -> list[str]:
        """The ids of all requests that have a journal, in alphabetical order."""
        return sorted(request for request, entries in self._journals.items() if entries)

    def openings(self, requests: Iterable[str]) -> dict[str, Entry]:
        """The first entry of each of some requests' journals."""
        return {request: self._journals[request][0] for request in requests if request in self._journals}

    def entries_with(self, pieces: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        """The entries of all journals in whose bodies one of some pieces of text stands."""
        entries = ((request, entry) for request, journal in self._journals.items() for entry in journal)
        return ((request, entry) for request, entry in entries if any(piece in entry.body for piece in pieces))

    def texts(self, digests: Iterable[str]) -> dict[str, str]:
        """Texts by digest; one that was erased is missing."""
        return {digest: self._texts[digest] for digest in digests if digest in self._texts}

    def answers(self, request: str) -> list[AnswerRow]:
        """The provider answers of a request, by key."""
        return sorted(self._answers.get(request, {}).values())

    def has_answer(self, request: str, key: str) -> bool:
        """Whether a call of a request has been answered."""
        return key in self._answers.get(request, {})

    def answer_costs(self, request: str) -> dict[str, int | None]:
        """What each answered call of a request cost, by the answer's key; None where nobody told."""
        return {key: row.cost_nanos for key, row in self._answers.get(request, {}).items()}

    def tasks_of_unknown_cost(self) -> list[str]:
        """The tasks that have an answered call whose cost nobody told."""
        rows = (row for of_request in self._answers.values() for row in of_request.values())
        return sorted({row.task for row in rows if row.cost_nanos is None})

    def find_request(self, id: str) -> RequestRow | None:
        """The row of a request."""
        return self._requests.get(id)

    def find_by_idempotency_key(self, key: str) -> RequestRow | None:
        """The row of the request that was posted under this key."""
        found = self._by_idempotency_key.get(key)
        return None if found is None else self._requests[found]

    def requests(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[RequestRow]:
        """Requests in order of posting: all, or those of some statuses; the latest so many of them, or all."""
        newest_first = (row for row in reversed(self._requests.values()) if not statuses or row.status in statuses)
        return list(islice(newest_first, latest))[::-1]

    def request_ids(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[str]:
        """The ids of the same requests."""
        return [row.id for row in self.requests(statuses, latest)]

    def due(self, now_seconds: float) -> list[str]:
        """The open requests that expire at this time or before, in order of posting."""
        return [row.id for row in self.requests(["open"]) if row.expires_seconds <= now_seconds]

    def outcomes(self, requester: str) -> dict[str, int]:
        """How many of a requester's requests are in each status."""
        return {status: count for status, count in self._outcomes.get(requester, {}).items() if count}

    def bidders(self) -> dict[str, BidderRow]:
        """What is remembered of each bidder, by name."""
        return dict(self._bidders)

    def memory(self, id: str) -> MemoryRow | None:
        """A policy's memory."""
        return self._memories.get(id)

    def memory_ids(self) -> list[str]:
        """The keys of all memories, in alphabetical order."""
        return sorted(self._memories)

    def open_accounts(self, accounts: Iterable[Account]) -> None:
        """Open accounts; one that is open already changes nothing."""
        for account in accounts:
            if not self.book.is_open(account.id):
                self._undo.append(partial(self.book.forget_account, account.id))
            self.book.open_account(account)

    def apply(self, transfers: Sequence[Transfer]) -> list[Transfer]:
        """Apply linked transfers under the ledger's laws."""
        applied = self.book.apply(transfers)
        self._index.add(applied)
        self._undo.append(lambda: self._revert(applied))
        return applied

    def append(self, request: str, entries: Sequence[Entry]) -> None:
        """Append to a request's journal."""
        journal = self._journals.setdefault(request, [])
        for entry in entries:
            if entry.sequence != len(journal):
                raise StaleDriver(
                    f"request {request} has {len(journal)} journal entries; another driver wrote entry {entry.sequence}"
                )
            journal.append(entry)
            self._undo.append(lambda: journal.__delitem__(-1))

    def put_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by digest; one that is stored already changes nothing."""
        for digest, text in texts.items():
            if digest not in self._texts:
                self._put(self._texts, digest, text)

    def erase_text(self, digest: str) -> bool:
        """Erase a text; its digest stays in the journals. Returns whether it was there."""
        if digest not in self._texts:
            return False
        text = self._texts.pop(digest)
        self._undo.append(lambda: self._texts.__setitem__(digest, text))
        return True

    def put_answer(self, row: AnswerRow) -> None:
        """Store a provider's answer, over an earlier one of its key."""
        self._put(self._answers.setdefault(row.request, {}), row.key, row)

    def put_request(self, row: RequestRow) -> None:
        """Insert or replace a request's row."""
        known = self.find_by_idempotency_key(row.idempotency_key) if row.idempotency_key is not None else None
        if known is not None and known.id != row.id:
            raise InvalidRequest(f"idempotency key {row.idempotency_key!r} is another request's")
        before = self._requests.get(row.id)
        self._put(self._requests, row.id, row)
        if row.idempotency_key is not None:
            self._put(self._by_idempotency_key, row.idempotency_key, row.id)
        self._count_outcome(before, -1)
        self._count_outcome(row, 1)

    def next_request_id(self) -> str:
        """A new short id, unique in this store."""
        return f"r{len(self._requests) + 1}"

    def put_bidder(self, row: BidderRow) -> None:
        """Insert or replace what is remembered of a bidder."""
        self._put(self._bidders, row.name, row)

    def put_memory(self, row: MemoryRow) -> None:
        """Insert or replace a policy's memory."""
        self._put(self._memories, row.id, row)

    def _revert(self, applied: Sequence[Transfer]) -> None:
        self.book.revert(applied)
        self._index.drop(applied)

    def _count_outcome(self, row: RequestRow | None, step: int) -> None:
        if row is not None:
            counts = self._outcomes.setdefault(row.requester, Counter())
            counts[row.status] += step
            self._undo.append(lambda: counts.subtract({row.status: step}))

    def _put(self, table: dict[str, Any], key: str, value: object) -> None:
        if key in table:
            before = table[key]
            self._undo.append(lambda: table.__setitem__(key, before))
        else:
            self._undo.append(lambda: table.__delitem__(key))
        table[key] = value
