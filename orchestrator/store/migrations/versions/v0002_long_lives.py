"""Indexes for long lives: what every stage asks of a requester's past, and the few answers of unknown cost."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX requests_by_requester ON requests (requester, status)")
    op.execute("CREATE INDEX answers_of_unknown_cost ON answers (task) WHERE cost_nanos IS NULL")


def downgrade() -> None:
    raise NotImplementedError("a journal is never thrown away; restore a backup instead")
