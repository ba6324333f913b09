"""A store that rests keeps no thread and no connection between uses, and is used as before."""

from __future__ import annotations

import threading

from orchestrator.store import Store, Transaction
from orchestrator.store.sql import SqlStore

PATIENCE_SECONDS = 20.0
WRITER = "vickrey-store"


def keep(tx: Transaction) -> None:
    tx.put_texts({"d1": "one"})


def wait_for_writers() -> None:
    """A writer with nothing to do ends soon, on its own thread."""
    for thread in threading.enumerate():
        if thread.name == WRITER:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


def connections(store: SqlStore) -> int:
    return int(store._engine.pool.status().partition("Connections in pool: ")[2].split()[0])


def test_a_store_that_rests_keeps_neither_thread_nor_connection(sql_store: SqlStore) -> None:
    sql_store.transact(keep)
    sql_store.read(lambda reader: reader.bidders())
    assert connections(sql_store) > 0
    sql_store.rest()
    wait_for_writers()
    assert connections(sql_store) == 0


def test_a_store_that_rests_is_read_and_written_and_rests_again(sql_store: SqlStore) -> None:
    sql_store.rest()
    sql_store.transact(keep)
    assert sql_store.read(lambda reader: reader.texts(["d1"])) == {"d1": "one"}
    wait_for_writers()
    assert connections(sql_store) == 0


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
