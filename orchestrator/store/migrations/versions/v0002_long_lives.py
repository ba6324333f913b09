"""Indexes for long lives: what every stage asks of a requester's past, and the few answers of unknown cost.

PostgreSQL gets the laws that SQLite's first schema had: of holds, and of gaps in journals. Frozen, as the first.
"""

from typing import Final

from alembic import op

revision = "0002"
down_revision = "0001"

_TRIGGERS: Final = (
    """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' rows are never changed or deleted',
            ERRCODE = 'integrity_constraint_violation';
    END $$""",
    "CREATE TRIGGER transfers_refuse_truncate BEFORE TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE "
    "FUNCTION refuse_change()",
    "CREATE TRIGGER journal_refuse_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE "
    "FUNCTION refuse_change()",
    """CREATE FUNCTION resolve_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM transfers AS hold
            WHERE hold.id = NEW.pending_id AND hold.kind = 'pending'
              AND hold.debit = NEW.debit AND hold.credit = NEW.credit AND NEW.amount_nanos <= hold.amount_nanos
        ) THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
                MESSAGE = 'a post or void must resolve a hold, between its accounts and for no more than it';
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER transfers_resolve_their_hold BEFORE INSERT ON transfers FOR EACH ROW WHEN "
    "(NEW.pending_id IS NOT NULL) EXECUTE FUNCTION resolve_hold()",
    """CREATE FUNCTION leave_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM journal WHERE request = NEW.request AND sequence = NEW.sequence - 1) THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
                MESSAGE = 'journal sequence numbers have no gaps';
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER journal_has_no_gaps BEFORE INSERT ON journal FOR EACH ROW WHEN (NEW.sequence <> 0) "
    "EXECUTE FUNCTION leave_no_gap()",
)


def upgrade() -> None:
    op.execute("CREATE INDEX requests_by_requester ON requests (requester, status)")
    op.execute("CREATE INDEX answers_of_unknown_cost ON answers (task) WHERE cost_nanos IS NULL")
    if op.get_bind().dialect.name == "postgresql":
        for statement in _TRIGGERS:
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a journal is never thrown away; restore a backup instead")
