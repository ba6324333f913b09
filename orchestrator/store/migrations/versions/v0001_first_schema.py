"""First schema: book, journal, texts, answers, requests, bidders, memories."""

from alembic import op

from orchestrator.store.schema import POSTGRESQL_TRIGGERS, SQLITE_TRIGGERS, metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    triggers = SQLITE_TRIGGERS if bind.dialect.name == "sqlite" else POSTGRESQL_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)


def downgrade() -> None:
    raise NotImplementedError("a journal is never thrown away; restore a backup instead")
