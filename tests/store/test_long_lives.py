"""What a store is asked again and again takes no longer the more it holds: no question looks through a whole table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from orchestrator import Market
from orchestrator.api.reports import audit_books, leaderboard, list_requests
from orchestrator.api.statements import find_statement
from orchestrator.core.codes import EARNING, SPENDING
from orchestrator.ledger import Book
from orchestrator.progress import read_progress
from orchestrator.store import MemoryStore
from orchestrator.store.sql import SqlStore
from orchestrator.store.sql_transaction import SqlTransaction

GROWING = ("transfers", "accounts", "journal", "texts", "answers", "requests")
"""The tables that every request adds to; bidders and memories do not grow by use."""


def scripted(name: str, **options: object) -> dict[str, object]:
    return {"name": name, "type": "scripted", "options": options}


CONFIG: dict[str, Any] = {
    "version": 1,
    "rules": {"stages_max": 2},
    "request": {"deposit": "1.00"},
    "bidders": [
        scripted("ann", bids=["4.00"], bid_cost="0.01", cost="0.02"),
        scripted("pia", roles=["presenter"], bids=[None, "8.00"], cost="0.05"),
        scripted("quin", roles=["presenter"], bids=["60.00", "6.50"]),
    ],
}


def live(market: Market) -> None:
    """What a market does every day, endings of both kinds and low wallets among it."""
    market.run("Plan a day out", budget=10, seed=1, idempotency_key="k").pick(1)
    market.run("Plan another", budget=10, seed=2).reject()
    market.topup("ann", 1)
    market.retire("ann")
    market.reinstate("ann")
    market.expire_due()
    market.interrupted()
    market.store.read(lambda reader: reader.spent_since("bidder:pia", EARNING, SPENDING))


@pytest.fixture
def asked(sql_store: SqlStore) -> list[tuple[str, Any]]:
    """Every question that the store puts to its database, from now on."""
    seen: list[tuple[str, Any]] = []

    @event.listens_for(sql_store._engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not many and statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((statement, parameters))

    return seen


def looked_through(database: Path, asked: list[tuple[str, Any]]) -> set[str]:
    """Statements for which SQLite reads a whole table, or its whole index, of those that grow."""
    found = set()
    with sqlite3.connect(database) as raw:
        for statement, parameters in asked:
            plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            if any(step.startswith("SCAN") and step.split()[1] in GROWING and "MAX" not in statement for step in plan):
                found.add(statement)
    raw.close()
    return found


def test_no_stage_and_no_ending_looks_through_all_that_ever_was(
    sql_store: SqlStore, database: Path, asked: list[tuple[str, Any]]
) -> None:
    with Market(CONFIG, store=sql_store) as market:
        live(market)
        assert len({statement for statement, _ in asked}) > 20
        assert looked_through(database, asked) == set()
        with sqlite3.connect(database) as raw:
            raw.execute("DROP INDEX requests_by_requester")
        raw.close()
        (slow,) = looked_through(database, asked)
        assert "requests.requester" in slow, "the control: without its index, every stage read all requests"


def test_reports_hold_no_more_than_they_show(sql_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither all transfers nor all accounts are ever held at once; the audit reads both, one after the other."""
    kept: list[int] = []
    monkeypatch.setattr(import_module("orchestrator.ledger.audit"), "_KEPT", 10)

    def forget(book: Book, forget: Callable[[Book], None] = Book.forget) -> None:
        kept.append(len(book._transfers))
        forget(book)

    def refuse(reader: SqlTransaction, *, request: str | None = None, account: str | None = None) -> Any:
        assert request is not None, "every request adds some thirty of these"
        return transfers(reader, request=request)

    transfers = SqlTransaction.transfers
    monkeypatch.setattr(Book, "forget", forget)
    monkeypatch.setattr(SqlTransaction, "transfers", refuse)
    with Market(CONFIG, store=sql_store) as market:
        live(market)
        assert audit_books(sql_store) == []
        assert max(kept) < 20 < sum(kept)
        assert [row.bidder for row in leaderboard(sql_store)] == ["ann", "quin", "pia"]
        assert [each.row.id for each in list_requests(sql_store, limit=1)] == ["r2"]
        for name in ("r1", "ann", "user", "treasury"):
            assert find_statement(sql_store, name).is_balanced()


def test_reports_ask_no_question_for_each_request(sql_store: SqlStore, asked: list[tuple[str, Any]]) -> None:
    """Putting a question to the database takes longer than reading what it answers."""

    def questions() -> list[int]:
        counts = []
        for report in (read_progress, leaderboard, list_requests, audit_books):
            asked.clear()
            report(sql_store)
            counts.append(len(asked))
        return counts

    with Market(CONFIG, store=sql_store) as market:
        market.run("Plan a day out", budget=10, seed=1).pick(1)
        of_one = questions()
        for seed in range(2, 6):
            market.run("Plan a day out", budget=10, seed=seed).pick(1)
        assert questions() == of_one


class _Unread(dict[str, Any]):
    """A table in which rows can be found, but which nobody may look through."""

    def values(self) -> Any:
        raise AssertionError("every stage would read all of it")


@pytest.fixture
def memory_store() -> MemoryStore:
    store = MemoryStore()
    Market(CONFIG, store=store).run("Plan a day out", budget=10, seed=1).pick(1)
    view = store._view
    view.book._transfers = _Unread(view.book._transfers)
    return store


def test_a_store_in_memory_looks_through_nothing_either(memory_store: MemoryStore) -> None:
    with Market(CONFIG, store=memory_store) as market:
        market.run("Plan a day out", budget=10, seed=2).pick(1)
        with pytest.raises(AssertionError, match="all of it"):
            market.audit()
