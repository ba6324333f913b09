"""First schema: book, journal, texts, answers, requests, bidders, memories.

The first migration creates what `schema` says today. The second one will have to freeze this one
first, by copying those tables here; a test compares a migrated database with a fresh one.
"""

from alembic import op

from orchestrator.store.schema import create

revision = "0001"
down_revision = None


def upgrade() -> None:
    create(op.get_bind())


def downgrade() -> None:
    raise NotImplementedError("a journal is never thrown away; restore a backup instead")
