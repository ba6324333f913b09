"""Stores on a file: opening them, sharing commits, full and read-only disks, several processes."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from orchestrator.errors import InsufficientFunds, OperatorError, StaleDriver, StoreTooNew, StoreUnavailable
from orchestrator.journal import Entry
from orchestrator.ledger import Account, audit, transfer
from orchestrator.store import RequestRow, Store, Transaction, open_store
from orchestrator.store.schema import HEAD
from orchestrator.store.sql import SqlStore
from tests.store.opening import opened_at_once

ACCOUNTS = [Account("issuer", may_overdraw=True), Account("a"), Account("b")]
PATIENCE_SECONDS = 20
FUND = transfer("fund", "issuer", "a", 10, "fund")


def put_text(name: str, size: int = 1) -> Callable[[Transaction], None]:
    return lambda tx: tx.put_texts({name: "x" * size})


def texts(store: Store, *names: str) -> list[str]:
    return sorted(store.read(lambda reader: reader.texts(names)))


def commits(store: SqlStore) -> list[str]:
    """A list that grows with each commit."""
    seen: list[str] = []
    event.listen(store._engine, "commit", lambda connection: seen.append("commit"))
    return seen


def together(store: SqlStore, *works: Callable[[Transaction], Any]) -> list[Future[Any]]:
    """Submit works so that they wait for the writer together and share one commit."""
    running, release = threading.Event(), threading.Event()

    def occupy(tx: Transaction) -> None:
        running.set()
        assert release.wait(timeout=30)

    first = store.submit(occupy)
    assert running.wait(timeout=30)
    futures = [store.submit(work) for work in works]
    release.set()
    first.result(timeout=30)
    return futures


def raising(tx: Transaction) -> None:
    tx.put_texts({"bad": "x"})
    raise ValueError("this one fails")


def overdrawing(tx: Transaction) -> None:
    tx.put_texts({"bad": "x"})
    tx.apply([transfer("t", "b", "a", 99, "x")])


def test_a_failing_transaction_of_a_group_spoils_none_of_its_neighbours(sql_store: SqlStore) -> None:
    sql_store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    sql_store.transact(lambda tx: tx.append("r1", [Entry(0, "k", "{}", "d")]))
    seen = commits(sql_store)
    futures = together(
        sql_store,
        put_text("one"),
        raising,
        lambda tx: tx.apply([FUND]),
        overdrawing,
        lambda tx: tx.append("r1", [Entry(0, "k", "{}", "d")]),
        lambda tx: tx.apply([transfer("t", "a", "b", 10, "x")]),
        put_text("two"),
    )
    errors = [type(future.exception(timeout=30)) for future in futures]
    nothing = type(None)
    assert errors == [nothing, ValueError, nothing, InsufficientFunds, StaleDriver, nothing, nothing]
    assert len(seen) == 2, "the first transaction alone, then the group in one commit"
    assert texts(sql_store, "one", "two", "bad") == ["one", "two"]
    assert sql_store.read(lambda reader: reader.spendable(["a", "b"])) == {"a": 0, "b": 10}


def test_a_future_is_done_only_when_its_work_is_durable(sql_store: SqlStore, database: Path) -> None:
    found: list[int] = []

    def look(_: Future[Any]) -> None:
        with sqlite3.connect(database) as raw:
            found.append(raw.execute("SELECT COUNT(*) FROM texts").fetchone()[0])
        raw.close()

    futures = together(sql_store, put_text("one"), put_text("two"))
    for future in futures:
        future.add_done_callback(look)
    for future in futures:
        future.result(timeout=30)
    sql_store.close()
    assert found == [2, 2]


def test_a_submission_that_is_cancelled_while_it_waits_is_not_run_and_harms_nobody(sql_store: SqlStore) -> None:
    running, release = threading.Event(), threading.Event()

    def occupy(tx: Transaction) -> bool:
        running.set()
        return release.wait(timeout=30)

    first = sql_store.submit(occupy)
    assert running.wait(timeout=30)
    cancelled, kept = sql_store.submit(put_text("cancelled")), sql_store.submit(put_text("kept"))
    assert cancelled.cancel()
    assert not first.cancel(), "what has begun cannot be cancelled"
    release.set()
    assert first.result(timeout=30) is True
    kept.result(timeout=30)
    sql_store.transact(put_text("after"))
    assert texts(sql_store, "cancelled", "kept", "after") == ["after", "kept"]


def test_closing_finishes_what_was_submitted_and_then_refuses(sql_store: SqlStore, url: str) -> None:
    futures = together(sql_store, *(put_text(f"t{number}") for number in range(100)))
    sql_store.close()
    sql_store.close()
    assert all(future.done() for future in futures)
    with pytest.raises(StoreUnavailable, match="is closed"):
        sql_store.submit(put_text("late"))
    again = SqlStore(url)
    assert len(texts(again, *(f"t{number}" for number in range(100)), "late")) == 100
    again.close()


def test_a_store_that_its_last_user_drops_closes_by_itself(url: str) -> None:
    store = SqlStore(url)
    writer, dropped = store._writer, weakref.ref(store)

    def work(tx: Transaction, user: SqlStore = store) -> None:
        """As most works do, a driver's for example, it refers to the store."""

    store.transact(work)
    thread = writer._thread
    assert thread is not None
    assert thread.is_alive()
    del store, work
    gc.collect()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert dropped() is None


def test_reopening_keeps_everything(url: str) -> None:
    first = open_store(url)
    first.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    first.transact(lambda tx: tx.apply([FUND]))
    first.transact(lambda tx: tx.append("r1", [Entry(0, "k", '{"é":1}', "d")]))
    first.close()
    second = open_store(url)
    assert second.read(lambda reader: reader.transfers()) == [FUND]
    assert second.read(lambda reader: reader.spendable(["a"])) == {"a": 10}
    assert second.read(lambda reader: reader.journal("r1")) == [Entry(0, "k", '{"é":1}', "d")]
    assert second.transact(lambda tx: tx.apply([FUND])) == []
    second.close()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'a' / 'b' / 'market.db'}").close()
    assert (tmp_path / "a" / "b" / "market.db").exists()


def refused(url: str, because: str) -> StoreUnavailable:
    """Opening is refused in one clear line that names the store."""
    with pytest.raises(StoreUnavailable, match=because) as refusal:
        open_store(url)
    said = str(refusal.value)
    assert isinstance(refusal.value, OperatorError)
    assert "\n" not in said
    assert "sqlalche.me" not in said
    return refusal.value


def test_a_file_that_is_no_database_is_refused_and_left_alone(database: Path, url: str) -> None:
    database.write_text("These are my notes, not a database.\n" * 50)
    before = database.read_bytes()
    assert str(database) in str(refused(url, "the file is not an SQLite database"))
    assert database.read_bytes() == before


def test_a_folder_in_place_of_the_file_is_refused(database: Path, url: str) -> None:
    database.mkdir()
    refused(url, "the file cannot be opened; check its folder, which SQLite has to write to")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(f"sqlite:///{tmp_path / 'file' / 'market.db'}", "its folder cannot be made")


def test_a_database_of_another_program_is_refused_and_left_alone(database: Path, url: str) -> None:
    with sqlite3.connect(database) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    refused(url, r"holds other tables \(recipes\)")
    with sqlite3.connect(database) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    raw.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(database: Path, url: str) -> None:
    open_store(url).close()
    with sqlite3.connect(database) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreTooNew, match=r"has schema 9999; this version of Vickrey knows \d+: upgrade vickrey"):
        open_store(url)
    with sqlite3.connect(database) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
        raw.execute("UPDATE alembic_version SET version_num = ?", (HEAD,))
    raw.close()
    open_store(url).close()


@pytest.mark.parametrize(
    ("bad", "because"),
    [
        ("no url", "is not a database URL"),
        ("nosuch:///x", "is not a database URL"),
        ("postgresql://me@host:port/market", "is not a database URL"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_what_is_no_url_of_a_store_is_refused(bad: str, because: str) -> None:
    refused(bad, because)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@host:port/market",
        "post-gres://me:s3cret@host/market",
        "postgresql://me@127.0.0.1:1/market?password=s3cret",
    ],
)
def test_a_store_that_cannot_be_opened_tells_no_password(url: str) -> None:
    with pytest.raises(StoreUnavailable) as refusal:
        open_store(url)
    assert "s3cret" not in str(refusal.value)


def test_a_damaged_file_is_refused_in_one_line(sql_store: SqlStore, database: Path, url: str) -> None:
    sql_store.transact(put_text("one", 100_000))
    sql_store.close()
    content = bytearray(database.read_bytes())
    content[200:20_000] = b"\xff" * 19_800
    database.write_bytes(content)
    refused(url, "the file is damaged")


@pytest.fixture
def pragma(sql_store: SqlStore) -> Callable[[str], None]:
    """Sets a pragma on every connection that the store opens from now on."""

    def set_pragma(statement: str) -> None:
        sql_store._engine.dispose()

        @event.listens_for(sql_store._engine, "connect")
        def on_connect(connection: Any, record: object) -> None:
            connection.execute(f"PRAGMA {statement}")

    return set_pragma


def test_a_read_only_store_says_so_and_can_still_be_read(sql_store: SqlStore, pragma: Callable[[str], None]) -> None:
    sql_store.transact(put_text("one"))
    pragma("query_only = ON")
    with pytest.raises(StoreUnavailable, match="the store is read-only; check the permissions") as refusal:
        sql_store.transact(put_text("two"))
    assert "\n" not in str(refusal.value)
    assert texts(sql_store, "one", "two") == ["one"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_a_read_only_file_is_refused_in_one_line(sql_store: SqlStore, database: Path, url: str) -> None:
    sql_store.close()
    database.chmod(0o444)
    database.parent.chmod(0o555)
    try:
        with pytest.raises(StoreUnavailable, match=r"read-only|cannot be opened"):
            open_store(url).transact(put_text("one"))
    finally:
        database.parent.chmod(0o755)


def fill_disk(store: SqlStore, pragma: Callable[[str], None]) -> None:
    """From now on the store's file cannot grow by more than a few pages."""
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    pragma(f"max_page_count = {pages + 5}")


def test_a_full_disk_is_reported_and_what_was_written_before_stays(
    sql_store: SqlStore, pragma: Callable[[str], None], url: str
) -> None:
    sql_store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    sql_store.transact(lambda tx: tx.apply([FUND]))
    fill_disk(sql_store, pragma)

    def work(tx: Transaction) -> None:
        tx.apply([transfer("t", "a", "b", 4, "x")])
        tx.put_texts({"big": "x" * 1_000_000})

    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="the disk is full; free some space") as refusal:
            sql_store.transact(work)
        assert "\n" not in str(refusal.value)
    assert sql_store.read(lambda reader: reader.spendable(["a", "b"])) == {"a": 10, "b": 0}
    sql_store.transact(lambda tx: tx.apply([transfer("small", "a", "b", 1, "x")]))
    sql_store.close()
    freed = SqlStore(url)
    freed.transact(work)
    assert freed.read(lambda reader: reader.spendable(["a", "b"])) == {"a": 5, "b": 5}
    assert freed.read(lambda reader: audit(reader.balances(), reader.transfers())) == []
    freed.close()


def test_a_disk_that_fills_inside_a_group_undoes_the_whole_group_and_tells_everybody(
    sql_store: SqlStore, pragma: Callable[[str], None]
) -> None:
    sql_store.transact(put_text("zero"))
    fill_disk(sql_store, pragma)
    futures = together(sql_store, put_text("one"), put_text("big", 1_000_000), put_text("two"))
    for future in futures:
        error = future.exception(timeout=30)
        assert error is None or isinstance(error, StoreUnavailable), repr(error)
    written = ["one", "big", "two"]
    kept = [name for name, future in zip(written, futures, strict=True) if future.exception() is None]
    assert texts(sql_store, *written) == sorted(kept), "a future tells the truth about what is stored"
    assert "big" not in kept
    assert isinstance(futures[1].exception(), StoreUnavailable)
    assert "the disk is full" in str(futures[1].exception())
    sql_store.transact(put_text("after"))
    assert texts(sql_store, "zero", "after") == ["after", "zero"]


SPEND = """
import sys
from orchestrator.errors import InsufficientFunds
from orchestrator.ledger import transfer
from orchestrator.store import open_store

store, me, refused = open_store(sys.argv[1]), sys.argv[2], 0
for number in range(20):
    try:
        store.transact(lambda tx: tx.apply([transfer(f"{me}/{number}", "a", "b", 1, "x")]))
    except InsufficientFunds:
        refused += 1
store.close()
print(refused)
"""


def test_two_processes_write_to_one_store_and_overdraw_nothing(sql_store: SqlStore, url: str) -> None:
    """Both spend from a wallet that covers 25 of their 40 transfers."""
    sql_store.transact(lambda tx: tx.open_accounts(ACCOUNTS))
    sql_store.transact(lambda tx: tx.apply([transfer("fund", "issuer", "a", 25, "fund")]))
    processes = [
        subprocess.Popen([sys.executable, "-c", SPEND, url, me], stdout=subprocess.PIPE, text=True)
        for me in ("one", "two")
    ]
    refused_there = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(refused_there) == 15
    assert sql_store.read(lambda reader: reader.spendable(["a", "b"])) == {"a": 0, "b": 25}
    assert len(sql_store.read(lambda reader: reader.transfers())) == 26
    assert sql_store.read(lambda reader: audit(reader.balances(), reader.transfers())) == []


def test_two_stores_that_open_one_new_file_at_once_both_get_it(url: str) -> None:
    opened = opened_at_once(lambda: open_store(url))
    for number, store in enumerate(opened):
        store.transact(put_text(f"t{number}"))
    assert texts(opened[0], "t0", "t1", "t2", "t3") == ["t0", "t1", "t2", "t3"]
    for store in opened:
        store.close()


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_store_whose_log_was_removed_is_not_written_to(sql_store: SqlStore, database: Path, ending: str) -> None:
    """All that was written since, and all that the log still held, vanished with the process."""
    sql_store.transact(put_text("one"))
    database.with_name(database.name + ending).unlink()
    for work in (lambda: sql_store.transact(put_text("two")), lambda: texts(sql_store, "one")):
        with pytest.raises(StoreUnavailable, match=f"{database.name}{ending} was removed or replaced while"):
            work()


@pytest.mark.parametrize("replaces", [True, False])
def test_a_file_that_was_removed_or_replaced_is_not_written_to_and_the_one_in_its_place_is_left_alone(
    sql_store: SqlStore, database: Path, url: str, replaces: bool
) -> None:
    """SQLite goes on with the old one, which has no name any more: all that was written vanished with the process."""
    sql_store.transact(put_text("one"))
    backup = database.with_name("backup.db")
    with sqlite3.connect(database) as raw:
        raw.execute("VACUUM INTO ?", (str(backup),))
    raw.close()
    for name in (database.name, f"{database.name}-wal", f"{database.name}-shm"):
        database.with_name(name).unlink(missing_ok=True)
    if replaces:
        backup.rename(database)
    for work in (lambda: sql_store.transact(put_text("two")), lambda: texts(sql_store, "one")):
        with pytest.raises(StoreUnavailable, match="was removed or replaced while this process had it open"):
            work()
    sql_store.close()
    assert database.exists() is replaces
    again = SqlStore(url)
    again.transact(put_text("three"))
    assert texts(again, "one", "two", "three") == (["one", "three"] if replaces else ["three"])
    again.close()


def in_a_fork(work: Callable[[], object]) -> str:
    """What work comes to in a forked process, which then ends in order; what it raises, in words."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            signal.alarm(20)
            said = "nothing"
            try:
                said = str(work())
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_a_forked_process_is_told_to_open_the_store_anew_and_harms_its_parent_in_nothing(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """It has no writer, so what it submitted was waited for without end; by closing it cut its parent's connections."""
    url = request.getfixturevalue("url" if kind == "sqlite" else "server_url")
    store = SqlStore(url)
    store.transact(put_text("one"))
    for work in (lambda: store.transact(put_text("two")), lambda: texts(store, "one")):
        assert "was opened before this process was forked; open the market here anew" in in_a_fork(work)
    assert in_a_fork(store.close) == "None"

    def open_anew() -> list[str]:
        anew = SqlStore(url)
        anew.transact(put_text("three"))
        return texts(anew, "one", "three")

    assert in_a_fork(open_anew) == "['one', 'three']", "the control: a store of its own serves it"
    with store._engine.connect() as connection:
        before = connection.connection.dbapi_connection
    store.transact(put_text("four"))
    assert texts(store, "one", "two", "three", "four") == ["four", "one", "three"]
    with store._engine.connect() as connection:
        assert connection.connection.dbapi_connection is before, "and the parent goes on with its own connections"
    store.close()


@pytest.mark.parametrize("has_begun", [True, False])
def test_whoever_is_interrupted_is_told_whether_what_was_being_written_stands(
    sql_store: SqlStore, monkeypatch: pytest.MonkeyPatch, has_begun: bool
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    submit = sql_store._writer.submit

    def interrupt() -> Any:
        may_end.set()
        raise KeyboardInterrupt

    def submitted(work: Callable[[Transaction], Any]) -> Any:
        future = submit(work)
        if has_begun:
            assert begun.wait(PATIENCE_SECONDS)
        monkeypatch.setattr(future, "result", interrupt if has_begun else _interrupt)
        return future

    def write_slowly(tx: Transaction) -> None:
        begun.set()
        assert may_end.wait(PATIENCE_SECONDS)
        tx.append("r1", [Entry(0, "k", "{}", "d")])

    earlier = None if has_begun else submit(lambda tx: may_end.wait(PATIENCE_SECONDS))
    monkeypatch.setattr(sql_store._writer, "submit", submitted)
    with pytest.raises(KeyboardInterrupt) as interruption:
        sql_store.transact(write_slowly)
    may_end.set()
    if earlier is not None:
        earlier.result(PATIENCE_SECONDS)
    assert ("stands" in str(interruption.value)) == has_begun
    sql_store.close()
    assert len(sql_store.read(lambda reader: reader.journal("r1"))) == has_begun


def _interrupt() -> Any:
    raise KeyboardInterrupt


def test_what_is_no_text_in_a_file_is_damage(sql_store: SqlStore, database: Path) -> None:
    with sqlite3.connect(database) as raw:
        raw.execute("INSERT INTO texts VALUES ('t1', CAST(x'ff' AS TEXT))")
    raw.close()
    with pytest.raises(StoreUnavailable, match="the file is damaged; restore a backup"):
        texts(sql_store, "t1")


def test_a_name_that_is_no_text_in_a_file_is_damage(database: Path, url: str) -> None:
    open_store(url).close()
    with sqlite3.connect(database) as raw:
        raw.execute("PRAGMA writable_schema=1")
        raw.execute("UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT) WHERE name = 'texts'")
    raw.close()
    with pytest.raises(StoreUnavailable, match="the file is damaged; restore a backup"):
        open_store(url)


def test_what_is_no_text_in_what_is_done_with_a_store_is_no_damage_of_its_file(sql_store: SqlStore) -> None:
    with pytest.raises(UnicodeDecodeError):
        sql_store.read(lambda reader: b"\xff".decode())


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_store_behind_a_link_whose_log_was_removed_is_not_written_to(tmp_path: Path, ending: str) -> None:
    real, link = tmp_path / "real" / "market.db", tmp_path / "link.db"
    real.parent.mkdir()
    link.symlink_to(real)
    store = open_store(f"sqlite:///{link}")
    store.transact(put_text("one"))
    real.with_name(real.name + ending).unlink()
    with pytest.raises(StoreUnavailable, match=f"market.db{ending} was removed or replaced while"):
        store.transact(put_text("two"))
    store.close()


def test_a_file_whose_name_could_be_none_is_refused() -> None:
    with pytest.raises(StoreUnavailable, match="no file's name can hold a NUL character"):
        open_store("sqlite:///a\0b")


def test_only_a_clash_of_idempotency_keys_is_told_as_one(sql_store: SqlStore) -> None:
    broken = RequestRow("r1", None, "ann", 0, 0.0, 0.0)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        sql_store.transact(lambda tx: tx.put_request(broken))
