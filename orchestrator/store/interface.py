"""The store's interface: transactions that apply whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeVar

from orchestrator.journal import Entry
from orchestrator.ledger import Account, Balance, Transfer
from orchestrator.store.rows import AnswerRow, BidderRow, MemoryRow, RequestRow, Turnover

T = TypeVar("T")


class Reader(Protocol):
    """A consistent view of the store."""

    def spendable(self, accounts: Iterable[str]) -> dict[str, int]:
        """What each account can spend, in nano-units; 0 where it is not open (R4)."""

    def held(self, accounts: Iterable[str]) -> dict[str, int]:
        """What open holds set aside in each account, beside what it can spend; 0 where it is not open."""

    def balances(self, accounts: Iterable[str] | None = None) -> dict[Account, Balance]:
        """Accounts with their counters: every one, or those of some names that are open."""

    def transfers(self, *, request: str | None = None) -> list[Transfer]:
        """Transfers, oldest first: all, or those of one request."""

    def each_transfer(self, account: str | None = None) -> Iterator[Transfer]:
        """Transfers, oldest first, read as they are asked for: all, or those touching one account.

        In a long life there are too many to hold at once.
        """

    def turnover(self, accounts: Iterable[str]) -> list[Turnover]:
        """What has moved through accounts, added up by code."""

    def count_transfers(self, account: str) -> int:
        """How many transfers have touched an account."""

    def recent(self, code: str, limit: int | None = None) -> list[Transfer]:
        """The latest so many transfers of a code that moved money, or all, newest first."""

    def spent_since(self, account: str, earning: Sequence[str], spending: Sequence[str]) -> int:
        """What an account has paid under some codes since it last received anything under some others.

        Args:
            account: the account.
            earning: codes of what it receives.
            spending: codes of what it pays.
        """

    def open_holds(self, request: str) -> list[Transfer]:
        """A request's holds that are neither posted nor voided."""

    def journal(self, request: str) -> list[Entry]:
        """A request's journal, in order of sequence number."""

    def journals(self, requests: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        """The journals of some requests, one after the other as they are asked for: each with its request's id."""

    def journal_ids(self) -> list[str]:
        """The ids of all requests that have a journal, in alphabetical order; for reports alone."""

    def openings(self, requests: Iterable[str]) -> dict[str, Entry]:
        """The first entry of each of some requests' journals, without the rest of them."""

    def entries_with(self, pieces: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        """The entries of all journals in whose bodies one of some pieces of text stands, each with its request's id.

        All journals are looked through; so this is for reports alone.
        """

    def texts(self, digests: Iterable[str]) -> dict[str, str]:
        """Texts by digest; one that was erased is missing."""

    def answers(self, request: str) -> list[AnswerRow]:
        """The provider answers of a request, by key."""

    def has_answer(self, request: str, key: str) -> bool:
        """Whether a call of a request has been answered."""

    def answer_costs(self, request: str) -> dict[str, int | None]:
        """What each answered call of a request cost, by the answer's key; None where nobody told."""

    def tasks_of_unknown_cost(self) -> list[str]:
        """The tasks that have an answered call whose cost nobody told."""

    def find_request(self, id: str) -> RequestRow | None:
        """The row of a request."""

    def find_by_idempotency_key(self, key: str) -> RequestRow | None:
        """The row of the request that was posted under this key."""

    def requests(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[RequestRow]:
        """Requests in order of posting: all, or those of some statuses; the latest so many of them, or all."""

    def request_ids(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[str]:
        """The ids of the same requests, without the config that each row holds."""

    def due(self, now_seconds: float) -> list[str]:
        """The open requests that expire at this time or before, in order of posting."""

    def outcomes(self, requester: str) -> dict[str, int]:
        """How many of a requester's requests are in each status."""

    def bidders(self) -> dict[str, BidderRow]:
        """What is remembered of each bidder, by name."""

    def memory(self, id: str) -> MemoryRow | None:
        """A policy's memory."""

    def memory_ids(self) -> list[str]:
        """The keys of all memories, in alphabetical order."""


class Transaction(Reader, Protocol):
    """A view that can write; everything written commits together or not at all."""

    def open_accounts(self, accounts: Iterable[Account]) -> None:
        """Open accounts; one that is open already changes nothing."""

    def apply(self, transfers: Sequence[Transfer]) -> list[Transfer]:
        """Apply linked transfers under the ledger's laws.

        Returns:
            Those that are new to the book.

        Raises:
            LedgerRefused: a law forbids one of them.
        """

    def append(self, request: str, entries: Sequence[Entry]) -> None:
        """Append to a request's journal.

        Raises:
            StaleDriver: another driver has used one of the sequence numbers.
        """

    def put_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by digest; one that is stored already changes nothing."""

    def erase_text(self, digest: str) -> bool:
        """Erase a text; its digest stays in the journals. Returns whether it was there."""

    def put_answer(self, row: AnswerRow) -> None:
        """Store a provider's answer, over an earlier one of its key."""

    def put_request(self, row: RequestRow) -> None:
        """Insert or replace a request's row.

        Raises:
            InvalidRequest: its idempotency key is another request's.
        """

    def next_request_id(self) -> str:
        """A new short id, unique in this store."""

    def put_bidder(self, row: BidderRow) -> None:
        """Insert or replace what is remembered of a bidder."""

    def put_memory(self, row: MemoryRow) -> None:
        """Insert or replace a policy's memory."""


class Store(Protocol):
    """A store; safe to use from several threads."""

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Run `work` in a transaction soon; transactions waiting together share one commit.

        Args:
            work: reads and writes; whatever it raises undoes what it wrote, and nothing else.

        Returns:
            A future with what `work` returned, done when that is durable.
        """

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction and wait until it is durable."""

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run `work` on a consistent view."""

    def rest(self) -> None:
        """From now on, keep threads, files and connections only while they are in use: little may follow."""

    def close(self) -> None:
        """Finish what was submitted, then let go of files and connections."""
