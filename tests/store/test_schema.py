"""The schema's laws hold for whoever bypasses the book, each beside its lawful variant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import orchestrator.store
from orchestrator.ledger import Account, hold, post, transfer
from orchestrator.store.database import open_engine, upgrade
from orchestrator.store.schema import HEAD, metadata
from orchestrator.store.sql import SqlStore

INSERT = "INSERT INTO transfers (id, debit, credit, amount_nanos, kind, pending_id, code, request, stage) VALUES "
JOURNAL = "INSERT INTO journal (request, sequence, kind, body, digest) VALUES "

# Each: the SQL that breaks a law, what the refusal says, and the same within the law.
LAWS: dict[str, tuple[str, str, str]] = {
    "an amount of nothing": (
        INSERT + "('t', 'a', 'b', 0, 'posted', NULL, 'x', '', 0)",
        "a_transfer_moves_something",
        INSERT + "('t', 'a', 'b', 1, 'posted', NULL, 'x', '', 0)",
    ),
    "a negative amount": (
        INSERT + "('t', 'a', 'b', -1, 'posted', NULL, 'x', '', 0)",
        "a_transfer_moves_something",
        INSERT + "('t', 'a', 'b', 2, 'posted', NULL, 'x', '', 0)",
    ),
    "an amount that is no integer": (
        INSERT + "('t', 'a', 'b', 1.5, 'posted', NULL, 'x', '', 0)",
        "cannot store REAL value",
        INSERT + "('t', 'a', 'b', 1.0, 'posted', NULL, 'x', '', 0)",
    ),
    "an account to itself": (
        INSERT + "('t', 'a', 'a', 1, 'posted', NULL, 'x', '', 0)",
        "a_transfer_has_two_accounts",
        INSERT + "('t', 'b', 'a', 1, 'posted', NULL, 'x', '', 0)",
    ),
    "an account that is not open": (
        INSERT + "('t', 'a', 'nobody', 1, 'posted', NULL, 'x', '', 0)",
        "FOREIGN KEY",
        INSERT + "('t', 'a', 'issuer', 1, 'posted', NULL, 'x', '', 0)",
    ),
    "an unknown kind": (
        INSERT + "('t', 'a', 'b', 1, 'gift', NULL, 'x', '', 0)",
        "a_transfer_is_of_a_known_kind",
        INSERT + "('t', 'a', 'b', 1, 'pending', NULL, 'x', '', 0)",
    ),
    "an id that is taken": (
        INSERT + "('fund', 'a', 'b', 1, 'posted', NULL, 'x', '', 0)",
        "never changed or deleted",
        INSERT + "('fund2', 'a', 'b', 1, 'posted', NULL, 'x', '', 0)",
    ),
    "a post without a hold": (
        INSERT + "('t', 'a', 'b', 1, 'post', NULL, 'x', '', 0)",
        "only_posts_and_voids_resolve_a_hold",
        INSERT + "('t', 'a', 'b', 1, 'post', 'open', 'x', '', 0)",
    ),
    "a transfer that names a hold": (
        INSERT + "('t', 'a', 'b', 1, 'posted', 'open', 'x', '', 0)",
        "only_posts_and_voids_resolve_a_hold",
        INSERT + "('t', 'a', 'b', 1, 'void', 'open', 'x', '', 0)",
    ),
    "a post of what is no hold": (
        INSERT + "('t', 'issuer', 'a', 1, 'post', 'fund', 'x', '', 0)",
        "must resolve a hold",
        INSERT + "('t', 'a', 'b', 1, 'post', 'open', 'x', '', 0)",
    ),
    "a post between other accounts": (
        INSERT + "('t', 'a', 'issuer', 1, 'post', 'open', 'x', '', 0)",
        "between its accounts",
        INSERT + "('t', 'a', 'b', 1, 'post', 'open', 'x', '', 0)",
    ),
    "a post above its hold": (
        INSERT + "('t', 'a', 'b', 5, 'post', 'open', 'x', '', 0)",
        "for no more than it",
        INSERT + "('t', 'a', 'b', 4, 'post', 'open', 'x', '', 0)",
    ),
    "a second resolution": (
        INSERT + "('t', 'a', 'b', 1, 'void', 'done', 'x', '', 0)",
        "never changed or deleted",
        INSERT + "('t', 'a', 'b', 1, 'void', 'open', 'x', '', 0)",
    ),
    "a changed transfer": (
        "UPDATE transfers SET amount_nanos = 9 WHERE id = 'fund'",
        "never changed or deleted",
        "UPDATE transfers SET amount_nanos = 9 WHERE id = 'no such'",
    ),
    "a deleted transfer": (
        "DELETE FROM transfers WHERE id = 'fund'",
        "never changed or deleted",
        "DELETE FROM transfers WHERE id = 'no such'",
    ),
    "a replaced transfer": (
        INSERT.replace("INSERT", "INSERT OR REPLACE") + "('fund', 'issuer', 'a', 99, 'posted', NULL, 'x', '', 0)",
        "never changed or deleted",
        INSERT.replace("INSERT", "INSERT OR REPLACE") + "('fund2', 'issuer', 'a', 99, 'posted', NULL, 'x', '', 0)",
    ),
    "a transfer replaced by its number": (
        INSERT.replace("INSERT", "REPLACE").replace("(id", "(number, id", 1)
        + "(1, 'mine', 'issuer', 'a', 99, 'posted', NULL, 'x', '', 0)",
        "never changed or deleted",
        INSERT.replace("INSERT", "REPLACE").replace("(id", "(number, id", 1)
        + "(99, 'mine', 'issuer', 'a', 99, 'posted', NULL, 'x', '', 0)",
    ),
    "an overdrawn account": (
        "UPDATE accounts SET debits_posted = 11 WHERE id = 'a'",
        "no_account_below_zero",
        "UPDATE accounts SET debits_posted = 6, debits_pending = 4 WHERE id = 'a'",
    ),
    "an account overdrawn by holds": (
        "UPDATE accounts SET debits_posted = 7, debits_pending = 4 WHERE id = 'a'",
        "no_account_below_zero",
        "UPDATE accounts SET debits_posted = 7, debits_pending = 3 WHERE id = 'a'",
    ),
    "a negative counter": (
        "UPDATE accounts SET credits_pending = -1 WHERE id = 'a'",
        "counters_only_count_up_from_zero",
        "UPDATE accounts SET credits_pending = 1 WHERE id = 'a'",
    ),
    "an account with transfers that is deleted": (
        "DELETE FROM accounts WHERE id = 'a'",
        "FOREIGN KEY",
        "DELETE FROM accounts WHERE id = 'unused'",
    ),
    "a gap in a journal": (
        JOURNAL + "('r1', 3, 'k', '{}', 'd')",
        "no gaps",
        JOURNAL + "('r1', 2, 'k', '{}', 'd')",
    ),
    "a journal that does not start at 0": (
        JOURNAL + "('r2', 1, 'k', '{}', 'd')",
        "no gaps",
        JOURNAL + "('r2', 0, 'k', '{}', 'd')",
    ),
    "a sequence number used twice": (
        JOURNAL + "('r1', 1, 'k', '{}', 'd')",
        "no gaps",
        JOURNAL + "('r1', 2, 'k', '{}', 'd')",
    ),
    "a replaced journal entry": (
        JOURNAL.replace("INSERT", "REPLACE") + "('r1', 1, 'k', '[]', 'd')",
        "no gaps",
        JOURNAL.replace("INSERT", "REPLACE") + "('r1', 2, 'k', '[]', 'd')",
    ),
    "a changed journal entry": (
        "UPDATE journal SET body = '[]' WHERE request = 'r1'",
        "never changed or deleted",
        "UPDATE journal SET body = '[]' WHERE request = 'no such'",
    ),
    "a deleted journal entry": (
        "DELETE FROM journal WHERE sequence = 1",
        "never changed or deleted",
        "DELETE FROM journal WHERE sequence = 99",
    ),
    "a second request of one idempotency key": (
        "INSERT INTO requests SELECT 9, 'r9', status, requester, bounty_nanos, created_seconds, expires_seconds, "
        "ended_seconds, idempotency_key, labels, setting, driver FROM requests WHERE id = 'r1'",
        "requests.idempotency_key",
        "INSERT INTO requests SELECT 9, 'r9', status, requester, bounty_nanos, created_seconds, expires_seconds, "
        "ended_seconds, 'another', labels, setting, driver FROM requests WHERE id = 'r1'",
    ),
}


@pytest.fixture
def connection(sql_store: SqlStore, database: Path) -> Iterator[sqlite3.Connection]:
    """A stranger's connection to a store in which `a` has 10, of which `open` holds 4."""
    done = hold("done", "a", "b", 1, "price")
    accounts = [Account("issuer", may_overdraw=True), Account("a"), Account("b"), Account("unused")]
    sql_store.transact(lambda tx: tx.open_accounts(accounts))
    sql_store.transact(
        lambda tx: tx.apply(
            [transfer("fund", "issuer", "a", 10, "fund"), hold("open", "a", "b", 4, "price"), done, post(done, 1)]
        )
    )
    raw = sqlite3.connect(database, isolation_level=None)
    raw.execute("PRAGMA foreign_keys = ON")
    for sequence in range(2):
        raw.execute(JOURNAL + "('r1', ?, 'k', '{}', 'd')", (sequence,))
    raw.execute("INSERT INTO requests VALUES (1, 'r1', 'open', 'u', 1, 0, 0, NULL, 'key', '{}', '{}', '')")
    yield raw
    raw.close()


def contents(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


@pytest.mark.parametrize("law", LAWS)
def test_the_schema_refuses_what_breaks_a_law(connection: sqlite3.Connection, law: str) -> None:
    unlawful, refusal, _ = LAWS[law]
    before = contents(connection)
    with pytest.raises(sqlite3.IntegrityError, match=refusal):
        connection.execute(unlawful)
    assert contents(connection) == before


@pytest.mark.parametrize("law", LAWS)
def test_the_schema_allows_the_same_within_the_law(connection: sqlite3.Connection, law: str) -> None:
    connection.execute(LAWS[law][2])


def test_every_constraint_and_trigger_has_a_breach_planted(connection: sqlite3.Connection) -> None:
    refusals = " ".join(refusal for _, refusal, _ in LAWS.values())
    checks = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if constraint.name
    }
    assert checks
    assert [name for name in checks if name not in refusals] == []
    triggers = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert triggers == {
        "transfers_refuses_UPDATE",
        "transfers_refuses_DELETE",
        "transfers_refuse_replace",
        "transfers_resolve_their_hold",
        "journal_refuses_UPDATE",
        "journal_refuses_DELETE",
        "journal_has_no_gaps",
    }


def test_the_newest_migration_is_the_one_the_code_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(orchestrator.store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True), "versions are compared as text"


def test_migrating_through_history_leads_to_the_schema_of_a_new_store(tmp_path: Path) -> None:
    fresh, migrated = tmp_path / "fresh.db", tmp_path / "migrated.db"
    open_engine(f"sqlite:///{fresh}").dispose()
    engine = create_engine(f"sqlite:///{migrated}")
    upgrade(engine)
    engine.dispose()
    assert _definitions(fresh) == _definitions(migrated)
    with sqlite3.connect(migrated) as raw:
        raw.execute("DROP TRIGGER journal_has_no_gaps")
    raw.close()
    assert _definitions(fresh) != _definitions(migrated), "the control: the comparison sees a missing law"


def _definitions(database: Path) -> dict[str, str]:
    """What a database says it consists of, white space aside."""
    with sqlite3.connect(database) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE name <> 'alembic_version' AND sql IS NOT NULL")
        found = {name: "".join(sql.split()) for name, sql in rows}
        found["version"] = raw.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    raw.close()
    return found


def test_a_store_is_strict_and_synchronises_fully(sql_store: SqlStore, database: Path) -> None:
    with sqlite3.connect(database) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        loose = [row[1] for row in raw.execute("PRAGMA table_list") if row[2] == "table" and not row[5]]
    raw.close()
    assert [name for name in loose if not name.startswith("sqlite_")] == ["alembic_version"]
    with sql_store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_the_migrated_schema_is_the_schema_of_the_code(sql_store: SqlStore, database: Path) -> None:
    with sqlite3.connect(database) as raw:
        for table in metadata.tables.values():
            columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table.name})")]
            assert columns == [column.name for column in table.columns]
    raw.close()
