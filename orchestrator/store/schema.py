"""The SQL schema: tables, and the laws that hold whoever writes to them.

The laws of the ledger stand here again as constraints and triggers, behind those of
`orchestrator.ledger.book`: a program that bypasses the book still cannot break them.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    make_url,
)
from sqlalchemy.schema import CreateIndex, CreateTable, SchemaItem

HEAD: Final = "0002"
"""The newest migration; a test compares it with the scripts."""

metadata = MetaData()

_NANOS = BigInteger().with_variant(Integer, "sqlite")
_REAL = Float(53).with_variant(REAL(), "sqlite")


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


accounts = _table(
    "accounts",
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("may_overdraw", Integer, nullable=False),
    Column("debits_pending", _NANOS, nullable=False),
    Column("debits_posted", _NANOS, nullable=False),
    Column("credits_pending", _NANOS, nullable=False),
    Column("credits_posted", _NANOS, nullable=False),
    CheckConstraint(
        "may_overdraw = 1 OR debits_pending + debits_posted <= credits_posted", name="no_account_below_zero"
    ),
    CheckConstraint(
        "debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0",
        name="counters_only_count_up_from_zero",
    ),
)

transfers = _table(
    "transfers",
    Column("number", _NANOS, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("debit", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("credit", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("amount_nanos", _NANOS, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pending_id", Text, ForeignKey("transfers.id"), unique=True),
    Column("code", Text, nullable=False),
    Column("request", Text, nullable=False, index=True),
    Column("stage", Integer, nullable=False),
    CheckConstraint("amount_nanos > 0", name="a_transfer_moves_something"),
    CheckConstraint("debit <> credit", name="a_transfer_has_two_accounts"),
    CheckConstraint("kind IN ('posted', 'pending', 'post', 'void')", name="a_transfer_is_of_a_known_kind"),
    CheckConstraint(
        "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="only_posts_and_voids_resolve_a_hold"
    ),
)
Index("transfers_by_code", transfers.c.code, transfers.c.number)

journal = _table(
    "journal",
    Column("request", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

texts = _table("texts", Column("digest", Text, primary_key=True), Column("text", Text, nullable=False))

answers = _table(
    "answers",
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False, index=True),
    Column("task", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("cost_nanos", _NANOS),
    Column("usage", Text, nullable=False),
)

requests = _table(
    "requests",
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False, index=True),
    Column("requester", Text, nullable=False),
    Column("bounty_nanos", _NANOS, nullable=False),
    Column("created_seconds", _REAL, nullable=False),
    Column("expires_seconds", _REAL, nullable=False),
    Column("ended_seconds", _REAL),
    Column("idempotency_key", Text, unique=True),
    Column("labels", Text, nullable=False),
    Column("setting", Text, nullable=False),
    Column("driver", Text, nullable=False),
)
# What bidders are told at every stage: how the requester's other requests have ended.
Index("requests_by_requester", requests.c.requester, requests.c.status)
# Few, so an index of these alone spares reading all answers.
_UNKNOWN = answers.c.cost_nanos.is_(None)
Index("answers_of_unknown_cost", answers.c.task, sqlite_where=_UNKNOWN, postgresql_where=_UNKNOWN)

bidders = _table(
    "bidders",
    Column("name", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("refills", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("faults_in_a_row", Integer, nullable=False),
    Column("wins", Integer, nullable=False),
    Column("memory", Text, nullable=False),
)

memories = _table(
    "memories",
    Column("id", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

_REFUSE = """CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
    BEGIN
        SELECT RAISE(ABORT, '{table} rows are never changed or deleted');
    END"""

SQLITE_TRIGGERS: Final = (
    *(_REFUSE.format(table=table, verb=verb) for table in ("transfers", "journal") for verb in ("UPDATE", "DELETE")),
    # INSERT OR REPLACE deletes without firing triggers on DELETE.
    """CREATE TRIGGER transfers_refuse_replace BEFORE INSERT ON transfers
    BEGIN
        SELECT RAISE(ABORT, 'transfers rows are never changed or deleted')
        WHERE EXISTS (
            SELECT 1 FROM transfers WHERE id = NEW.id OR number = NEW.number OR pending_id = NEW.pending_id
        );
    END""",
    """CREATE TRIGGER transfers_resolve_their_hold BEFORE INSERT ON transfers WHEN NEW.pending_id IS NOT NULL
    BEGIN
        SELECT RAISE(ABORT, 'a post or void must resolve a hold, between its accounts and for no more than it')
        WHERE NOT EXISTS (
            SELECT 1 FROM transfers AS hold
            WHERE hold.id = NEW.pending_id AND hold.kind = 'pending'
              AND hold.debit = NEW.debit AND hold.credit = NEW.credit AND NEW.amount_nanos <= hold.amount_nanos
        );
    END""",
    """CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal
    BEGIN
        SELECT RAISE(ABORT, 'journal sequence numbers have no gaps')
        WHERE NEW.sequence <> (SELECT COUNT(*) FROM journal WHERE request = NEW.request);
    END""",
)

_LAW = "ERRCODE = 'integrity_constraint_violation'"
_CHANGES = "BEFORE UPDATE OR DELETE"

POSTGRESQL_TRIGGERS: Final = (
    f"""CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' rows are never changed or deleted', {_LAW};
    END $$""",
    *(
        f"CREATE TRIGGER {table}_refuse_{name} {when} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
        for table in ("transfers", "journal")
        for name, when, each in (("change", _CHANGES, "ROW"), ("truncate", "BEFORE TRUNCATE", "STATEMENT"))
    ),
    f"""CREATE FUNCTION resolve_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM transfers AS hold
            WHERE hold.id = NEW.pending_id AND hold.kind = 'pending'
              AND hold.debit = NEW.debit AND hold.credit = NEW.credit AND NEW.amount_nanos <= hold.amount_nanos
        ) THEN
            RAISE EXCEPTION USING {_LAW},
                MESSAGE = 'a post or void must resolve a hold, between its accounts and for no more than it';
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER transfers_resolve_their_hold BEFORE INSERT ON transfers FOR EACH ROW "
    "WHEN (NEW.pending_id IS NOT NULL) EXECUTE FUNCTION resolve_hold()",
    f"""CREATE FUNCTION leave_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM journal WHERE request = NEW.request AND sequence = NEW.sequence - 1) THEN
            RAISE EXCEPTION USING {_LAW}, MESSAGE = 'journal sequence numbers have no gaps';
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal FOR EACH ROW "
    "WHEN (NEW.sequence <> 0) EXECUTE FUNCTION leave_no_gap()",
)


def create(connection: Connection) -> None:
    """Create every table, constraint and trigger of the present schema in an empty database."""
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


@cache
def _statements(dialect_name: str) -> tuple[str, ...]:
    """The schema in a database's own words; putting it into them takes longer than creating it does."""
    dialect = make_url(f"{dialect_name}://").get_dialect()()
    tables = metadata.sorted_tables
    indexes = (index for table in tables for index in sorted(table.indexes, key=lambda index: str(index.name)))
    ours = [CreateTable(table) for table in tables] + [CreateIndex(index) for index in indexes]
    triggers = SQLITE_TRIGGERS if dialect_name == "sqlite" else POSTGRESQL_TRIGGERS
    return (*(str(each.compile(dialect=dialect)) for each in ours), *triggers)
