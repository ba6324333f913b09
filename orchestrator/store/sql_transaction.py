"""One transaction on SQL: reads rows into a book, lets the book judge, writes what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from orchestrator.errors import InvalidRequest, StaleDriver
from orchestrator.journal import Entry
from orchestrator.ledger import MOVING, PENDING, Account, Balance, Book, Transfer
from orchestrator.store import schema
from orchestrator.store.rows import AnswerRow, BidderRow, MemoryRow, RequestRow, Turnover
from orchestrator.store.statements import insert_into, latest_requests, upsert

_TRANSFER_COLUMNS = [schema.transfers.c[name] for name in Transfer._fields]
_ENTRY_COLUMNS = [schema.journal.c[name] for name in Entry._fields]
_BATCH = 500
# Fewer at once than of rows, for one journal has many and long ones.
_JOURNALS = 50
_UPDATE_COUNTERS = (
    update(schema.accounts)
    .where(schema.accounts.c.id == bindparam("account"))
    .values({name: bindparam(name) for name in Balance._fields})
)
_UPDATE_REQUEST = (
    update(schema.requests)
    .where(schema.requests.c.id == bindparam("request"))
    .values({name: bindparam(name) for name in RequestRow._fields})
)


class SqlTransaction:
    """A view of the database inside one transaction; see `orchestrator.store.interface`.

    Args:
        connection: with a transaction begun.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._book = Book()
        self._known_accounts: dict[str, Balance | None] = {}
        self._known_transfers: set[str] = set()
        self._applied: list[Transfer] = []

    def spendable(self, accounts: Iterable[str]) -> dict[str, int]:
        """What each account can spend, in nano-units; 0 where it is not open (R4)."""
        wanted = list(accounts)
        self._load_accounts(wanted)
        return self._book.spendable(wanted)

    def held(self, accounts: Iterable[str]) -> dict[str, int]:
        """What open holds set aside in each account; 0 where it is not open."""
        wanted = list(accounts)
        self._load_accounts(wanted)
        return self._book.held(wanted)

    def balances(self, accounts: Iterable[str] | None = None) -> dict[Account, Balance]:
        """Accounts with their counters: every one, or those of some names that are open."""
        self.flush()
        query = select(schema.accounts).order_by(schema.accounts.c.id)
        batches = [None] if accounts is None else _batches(sorted(set(accounts)))
        queries = (query if batch is None else query.where(schema.accounts.c.id.in_(batch)) for batch in batches)
        rows = (row for each in queries for row in self._connection.execute(each))
        return {Account(row.id, row.unit, bool(row.may_overdraw)): Balance(*row[3:]) for row in rows}

    def transfers(self, *, request: str | None = None) -> list[Transfer]:
        """Transfers, oldest first: all, or those of one request."""
        self.flush()
        table = schema.transfers
        query = select(*_TRANSFER_COLUMNS).order_by(table.c.number)
        if request is not None:
            query = query.where(table.c.request == request)
        return [Transfer(*row) for row in self._connection.execute(query)]

    def each_transfer(self, account: str | None = None) -> Iterator[Transfer]:
        """Transfers, oldest first, read as they are asked for: all, or those touching one account."""
        self.flush()
        table = schema.transfers
        query = select(*_TRANSFER_COLUMNS).order_by(table.c.number).execution_options(yield_per=_BATCH)
        if account is not None:
            query = query.where(or_(table.c.debit == account, table.c.credit == account))
        with self._connection.execute(query) as rows:
            yield from (Transfer(*row) for row in rows)

    def turnover(self, accounts: Iterable[str]) -> list[Turnover]:
        """What has moved through accounts, added up by code."""
        self.flush()
        table = schema.transfers
        sums: dict[tuple[str, str], list[int]] = {}
        for batch in _batches(sorted(set(accounts))):
            for place, side in enumerate((table.c.credit, table.c.debit)):
                query = (
                    select(side, table.c.code, func.sum(table.c.amount_nanos))
                    .where(side.in_(batch), table.c.kind.in_(MOVING))
                    .group_by(side, table.c.code)
                )
                for account, code, nanos in self._connection.execute(query):
                    sums.setdefault((account, code), [0, 0])[place] = int(nanos)
        return [Turnover(*key, *moved) for key, moved in sorted(sums.items())]

    def count_transfers(self, account: str) -> int:
        """How many transfers have touched an account."""
        self.flush()
        table = schema.transfers
        queries = (select(func.count()).where(side == account) for side in (table.c.debit, table.c.credit))
        return sum(self._connection.execute(query).scalar_one() for query in queries)

    def recent(self, code: str, limit: int | None = None) -> list[Transfer]:
        """The latest so many transfers of a code that moved money, or all, newest first."""
        self.flush()
        table = schema.transfers
        query = (
            select(*_TRANSFER_COLUMNS)
            .where(table.c.code == code, table.c.kind.in_(MOVING))
            .order_by(table.c.number.desc())
            .limit(limit)
        )
        return [Transfer(*row) for row in self._connection.execute(query)]

    def spent_since(self, account: str, earning: Sequence[str], spending: Sequence[str]) -> int:
        """What an account has paid under some codes since it last received anything under some others."""
        self.flush()
        table = schema.transfers
        moved = table.c.kind.in_(MOVING)
        latest = (
            select(table.c.number)
            .where(table.c.credit == account, table.c.code.in_(earning), moved)
            .order_by(table.c.number.desc())
            .limit(1)
        )
        since = self._connection.execute(latest).scalar() or 0
        total = select(func.sum(table.c.amount_nanos)).where(
            table.c.debit == account, table.c.code.in_(spending), moved, table.c.number > since
        )
        return int(self._connection.execute(total).scalar() or 0)

    def open_holds(self, request: str) -> list[Transfer]:
        """A request's holds that are neither posted nor voided."""
        self.flush()
        table = schema.transfers
        resolved = select(table.c.pending_id).where(table.c.request == request, table.c.pending_id.is_not(None))
        query = (
            select(*_TRANSFER_COLUMNS)
            .where(table.c.request == request, table.c.kind == PENDING, table.c.id.not_in(resolved))
            .order_by(table.c.number)
        )
        return [Transfer(*row) for row in self._connection.execute(query)]

    def journal(self, request: str) -> list[Entry]:
        """A request's journal, in order of sequence number."""
        table = schema.journal
        query = select(*_ENTRY_COLUMNS).where(table.c.request == request).order_by(table.c.sequence)
        return [Entry(*row) for row in self._connection.execute(query)]

    def journals(self, requests: Iterable[str]) -> Iterator[tuple[str, list[Entry]]]:
        """The journals of some requests, one after the other as they are asked for."""
        table = schema.journal
        query = select(table.c.request, *_ENTRY_COLUMNS).order_by(table.c.request, table.c.sequence)
        for batch in _batches(requests, _JOURNALS):
            found: dict[str, list[Entry]] = {id: [] for id in batch}
            for id, *entry in self._connection.execute(query.where(table.c.request.in_(batch))):
                found[id].append(Entry(*entry))
            yield from found.items()

    def journal_ids(self) -> list[str]:
        """The ids of all requests that have a journal, in alphabetical order."""
        return sorted(self._connection.execute(select(schema.journal.c.request).distinct()).scalars())

    def openings(self, requests: Iterable[str]) -> dict[str, Entry]:
        """The first entry of each of some requests' journals."""
        table = schema.journal
        found: dict[str, Entry] = {}
        for batch in _batches(requests):
            query = select(table.c.request, *_ENTRY_COLUMNS).where(table.c.request.in_(batch), table.c.sequence == 0)
            found.update((id, Entry(*entry)) for id, *entry in self._connection.execute(query))
        return found

    def entries_with(self, pieces: Sequence[str]) -> Iterator[tuple[str, Entry]]:
        """The entries of all journals in whose bodies one of some pieces of text stands."""
        table = schema.journal
        stands = or_(*(table.c.body.contains(piece, autoescape=True) for piece in pieces))
        query = select(table.c.request, *_ENTRY_COLUMNS).where(stands).execution_options(yield_per=_BATCH)
        with self._connection.execute(query) as rows:
            yield from ((id, Entry(*entry)) for id, *entry in rows)

    def texts(self, digests: Iterable[str]) -> dict[str, str]:
        """Texts by digest; one that was erased is missing."""
        table = schema.texts
        found: dict[str, str] = {}
        for batch in _batches(digests):
            rows = self._connection.execute(select(table.c.digest, table.c.text).where(table.c.digest.in_(batch)))
            found.update((row.digest, row.text) for row in rows)
        return found

    def answers(self, request: str) -> list[AnswerRow]:
        """The provider answers of a request, by key."""
        table = schema.answers
        query = select(table).where(table.c.request == request)
        # Sorted here, for databases differ in their alphabets.
        return sorted(AnswerRow(*row) for row in self._connection.execute(query))

    def has_answer(self, request: str, key: str) -> bool:
        """Whether a call of a request has been answered."""
        table = schema.answers
        query = select(table.c.key).where(table.c.key == key, table.c.request == request)
        return self._connection.execute(query).first() is not None

    def answer_costs(self, request: str) -> dict[str, int | None]:
        """What each answered call of a request cost, by the answer's key; None where nobody told."""
        table = schema.answers
        query = select(table.c.key, table.c.cost_nanos).where(table.c.request == request)
        return dict(tuple(row) for row in self._connection.execute(query))

    def tasks_of_unknown_cost(self) -> list[str]:
        """The tasks that have an answered call whose cost nobody told."""
        table = schema.answers
        query = select(table.c.task).where(table.c.cost_nanos.is_(None)).distinct()
        return sorted(self._connection.execute(query).scalars())

    def find_request(self, id: str) -> RequestRow | None:
        """The row of a request."""
        return self._one_request(schema.requests.c.id == id)

    def find_by_idempotency_key(self, key: str) -> RequestRow | None:
        """The row of the request that was posted under this key."""
        return self._one_request(schema.requests.c.idempotency_key == key)

    def requests(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[RequestRow]:
        """Requests in order of posting: all, or those of some statuses; the latest so many of them, or all."""
        rows = self._connection.execute(latest_requests(schema.requests.c[1:], statuses, latest))
        return [RequestRow(*row) for row in rows][::-1]

    def request_ids(self, statuses: Sequence[str] = (), latest: int | None = None) -> list[str]:
        """The ids of the same requests, without the config that each row holds."""
        return list(self._connection.execute(latest_requests([schema.requests.c.id], statuses, latest)).scalars())[::-1]

    def due(self, now_seconds: float) -> list[str]:
        """The open requests that expire at this time or before, in order of posting."""
        table = schema.requests
        query = select(table.c.id).where(table.c.status == "open", table.c.expires_seconds <= now_seconds)
        return list(self._connection.execute(query.order_by(table.c.number)).scalars())

    def outcomes(self, requester: str) -> dict[str, int]:
        """How many of a requester's requests are in each status."""
        table = schema.requests
        query = select(table.c.status, func.count()).where(table.c.requester == requester).group_by(table.c.status)
        return dict(tuple(row) for row in self._connection.execute(query))

    def bidders(self) -> dict[str, BidderRow]:
        """What is remembered of each bidder, by name."""
        rows = self._connection.execute(select(schema.bidders))
        return {row.name: row for row in sorted(BidderRow(*row) for row in rows)}

    def memory(self, id: str) -> MemoryRow | None:
        """A policy's memory."""
        row = self._connection.execute(select(schema.memories).where(schema.memories.c.id == id)).first()
        return MemoryRow(*row) if row else None

    def memory_ids(self) -> list[str]:
        """The keys of all memories, in alphabetical order."""
        # Sorted here, for databases differ in their alphabets.
        return sorted(self._connection.execute(select(schema.memories.c.id)).scalars())

    def open_accounts(self, accounts: Iterable[Account]) -> None:
        """Open accounts; one that is open already changes nothing."""
        wanted = list(accounts)
        self._load_accounts(account.id for account in wanted)
        for account in wanted:
            self._book.open_account(account)

    def apply(self, transfers: Sequence[Transfer]) -> list[Transfer]:
        """Apply linked transfers under the ledger's laws."""
        self._load_accounts(account for row in transfers for account in (row.debit, row.credit))
        self._load_transfers(transfers)
        applied = self._book.apply(transfers)
        self._applied += applied
        return applied

    def append(self, request: str, entries: Sequence[Entry]) -> None:
        """Append to a request's journal."""
        rows = [{"request": request, **entry._asdict()} for entry in entries]
        if not rows:
            return
        try:
            self._connection.execute(insert(schema.journal), rows)
        except IntegrityError as error:
            raise StaleDriver(
                f"request {request}: another driver has written journal entry {entries[0].sequence}; this one stops"
            ) from error

    def put_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by digest; one that is stored already changes nothing."""
        rows = [{"digest": digest, "text": text} for digest, text in texts.items()]
        if rows:
            self._connection.execute(
                insert_into(self._connection.dialect.name, schema.texts).on_conflict_do_nothing(), rows
            )

    def erase_text(self, digest: str) -> bool:
        """Erase a text; its digest stays in the journals. Returns whether it was there."""
        result = self._connection.execute(delete(schema.texts).where(schema.texts.c.digest == digest))
        return result.rowcount > 0

    def put_answer(self, row: AnswerRow) -> None:
        """Store a provider's answer, over an earlier one of its key."""
        self._upsert(schema.answers, "key", row._asdict())

    def put_request(self, row: RequestRow) -> None:
        """Insert or replace a request's row."""
        try:
            # An upsert would use up one of PostgreSQL's numbers for every change, and ids are made from these.
            if self._connection.execute(_UPDATE_REQUEST, {"request": row.id, **row._asdict()}).rowcount == 0:
                self._connection.execute(insert(schema.requests), row._asdict())
        except IntegrityError as error:
            if row.idempotency_key is None:
                raise
            raise InvalidRequest(f"idempotency key {row.idempotency_key!r} is another request's") from error

    def next_request_id(self) -> str:
        """A new short id, unique in this store."""
        highest = self._connection.execute(select(func.max(schema.requests.c.number))).scalar()
        return f"r{(highest or 0) + 1}"

    def put_bidder(self, row: BidderRow) -> None:
        """Insert or replace what is remembered of a bidder."""
        self._upsert(schema.bidders, "name", row._asdict())

    def put_memory(self, row: MemoryRow) -> None:
        """Insert or replace a policy's memory."""
        self._upsert(schema.memories, "id", row._asdict())

    def flush(self) -> None:
        """Write what the book has become: new accounts, new transfers, changed counters."""
        fresh: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for account, balance in self._book.accounts():
            before = self._known_accounts.get(account.id)
            row = {"account": account.id, **balance._asdict()}
            if before is None:
                fresh.append({"id": account.id, "unit": account.unit, "may_overdraw": int(account.may_overdraw)})
                changed.append(row)
            elif before != balance:
                changed.append(row)
            self._known_accounts[account.id] = balance
        if fresh:
            zero = dict.fromkeys(Balance._fields, 0)
            self._connection.execute(insert(schema.accounts), [{**row, **zero} for row in fresh])
        if self._applied:
            self._connection.execute(insert(schema.transfers), [row._asdict() for row in self._applied])
            self._applied = []
        if changed:
            self._connection.execute(_UPDATE_COUNTERS, changed)

    def _load_accounts(self, ids: Iterable[str]) -> None:
        missing = sorted(set(ids) - self._known_accounts.keys())
        table = schema.accounts
        for batch in _batches(missing):
            query = select(table).where(table.c.id.in_(batch)).order_by(table.c.id)
            for row in self._connection.execute(query):
                balance = Balance(*row[3:])
                self._book.open_account(Account(row.id, row.unit, bool(row.may_overdraw)), balance)
                self._known_accounts[row.id] = balance

    def _load_transfers(self, transfers: Sequence[Transfer]) -> None:
        """Bring in what the laws ask about: the same ids, the holds, and what resolved them."""
        pending = {row.pending_id for row in transfers if row.pending_id is not None}
        missing = sorted(({row.id for row in transfers} | pending) - self._known_transfers)
        table = schema.transfers
        for batch in _batches(missing):
            query = select(*_TRANSFER_COLUMNS).where(or_(table.c.id.in_(batch), table.c.pending_id.in_(batch)))
            known = [Transfer(*row) for row in self._connection.execute(query.order_by(table.c.number))]
            self._book.recall(row for row in known if self._book.find(row.id) is None)
        self._known_transfers.update(missing)

    def _one_request(self, condition: Any) -> RequestRow | None:
        row = self._connection.execute(select(*schema.requests.c[1:]).where(condition)).first()
        return RequestRow(*row) if row else None

    def _upsert(self, table: Table, key: str, row: Mapping[str, Any]) -> None:
        self._connection.execute(upsert(self._connection.dialect.name, table, key, tuple(row)), row)


def _batches(ids: Iterable[str], size: int = _BATCH) -> Iterable[list[str]]:
    """Chunks small enough for a database's limit on parameters."""
    wanted = list(ids)
    return (wanted[start : start + size] for start in range(0, len(wanted), size))
