"""Statements that the transaction on SQL makes again and again, in both dialects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, select

from orchestrator.store import schema


def latest_requests(columns: Iterable[Any], statuses: Sequence[str], latest: int | None) -> Any:
    """A query for requests, the latest first."""
    table = schema.requests
    query = select(*columns).order_by(table.c.number.desc()).limit(latest)
    return query.where(table.c.status.in_(statuses)) if statuses else query


def insert_into(dialect_name: str, table: Table) -> Any:
    """An insert that can give way to what is there; what the other database needs is not loaded."""
    if dialect_name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@cache
def upsert(dialect_name: str, table: Table, key: str, names: tuple[str, ...]) -> Any:
    """An insert over what is there; putting one together takes several times what executing it does."""
    statement = insert_into(dialect_name, table)
    changes = {name: statement.excluded[name] for name in names if name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changes)
