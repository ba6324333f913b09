"""A store that rests keeps no thread and no connection between uses, and is used as before."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event

from orchestrator.store import Store, Transaction
from orchestrator.store.sql import SqlStore
from orchestrator.store.sql_transaction import SqlTransaction

PATIENCE_SECONDS = 20.0


def keep(tx: Transaction) -> None:
    tx.put_texts({"d1": "one"})


def connections(store: SqlStore) -> int:
    return int(store._engine.pool.status().partition("Connections in pool: ")[2].split()[0])


def test_a_store_that_rests_keeps_neither_thread_nor_connection(sql_store: SqlStore) -> None:
    sql_store.transact(keep)
    sql_store.read(lambda reader: reader.bidders())
    assert connections(sql_store) > 0
    writer = sql_store._writer._thread
    assert writer is not None
    sql_store.rest()
    writer.join(PATIENCE_SECONDS)
    assert not writer.is_alive()
    assert connections(sql_store) == 0


def test_a_store_that_rests_is_read_and_written_and_rests_again(sql_store: SqlStore) -> None:
    sql_store.rest()
    writers: list[threading.Thread] = []

    def work(tx: Transaction) -> None:
        writers.append(threading.current_thread())
        keep(tx)

    sql_store.transact(work)
    assert sql_store.read(lambda reader: reader.texts(["d1"])) == {"d1": "one"}
    writers[0].join(PATIENCE_SECONDS)
    assert not writers[0].is_alive()
    assert connections(sql_store) == 0


@pytest.mark.parametrize("ends", [SqlStore.rest, SqlStore.close], ids=["rest", "close"])
def test_a_connection_that_is_in_use_when_a_store_ends_is_closed_by_its_last_user(
    ends: Callable[[SqlStore], None], sql_store: SqlStore
) -> None:
    closed: list[object] = []
    event.listen(sql_store._engine, "close", lambda connection, record: closed.append(connection))
    sql_store.transact(keep)
    opened: list[object] = []

    def work(reader: SqlTransaction) -> None:
        opened.append(reader._connection.connection.dbapi_connection)
        ends(sql_store)
        assert opened[0] not in closed, "it still serves its reader"

    sql_store.read(work)
    assert opened[0] in closed


def test_what_was_submitted_before_a_rest_is_written(sql_store: SqlStore) -> None:
    waiting = [sql_store.submit(lambda tx, n=n: tx.put_texts({f"d{n}": str(n)})) for n in range(200)]  # type: ignore[misc]
    sql_store.rest()
    for future in waiting:
        future.result(PATIENCE_SECONDS)
    assert len(sql_store.read(lambda reader: reader.texts([f"d{n}" for n in range(200)]))) == 200


def test_many_threads_may_write_while_a_store_rests(sql_store: SqlStore) -> None:
    sql_store.rest()
    writers = [
        threading.Thread(target=lambda n=n: [sql_store.transact(lambda tx: tx.put_texts({f"d{n}": ""})) for _ in "123"])
        for n in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_SECONDS)
    assert len(sql_store.read(lambda reader: reader.texts([f"d{n}" for n in range(8)]))) == 8


def test_every_store_can_rest(store: Store) -> None:
    store.transact(keep)
    store.rest()
    store.transact(keep)
    assert store.read(lambda reader: reader.texts(["d1"])) == {"d1": "one"}
    store.close()
