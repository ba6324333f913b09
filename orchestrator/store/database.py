"""Opening a database: pragmas, migrations, and errors in the operator's words."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from orchestrator.errors import StoreTooNew, StoreUnavailable
from orchestrator.passwords import without_passwords
from orchestrator.store import schema
from orchestrator.store.postgresql import SERVER_CAUSES, check_encoding, is_postgresql, postgresql_engine
from orchestrator.store.schema import HEAD

BUSY_SECONDS = 30.0
_DAMAGED: Final = "the file is damaged; restore a backup"
_CAUSES = (
    ("disk is full", "the disk is full; free some space, then run `vickrey resume`"),
    ("readonly", "the store is read-only; check the permissions of the file and its folder"),
    (
        "unable to open",
        "the file cannot be opened; check its folder, which SQLite has to write to even where a store is only read, "
        "and how many files may be open (ulimit -n)",
    ),
    ("locked", f"another process has kept it locked for {BUSY_SECONDS:.0f} seconds; try again when that is done"),
    ("not a database", "the file is not an SQLite database; check the store's path"),
    ("malformed", _DAMAGED),
    ("could not decode", _DAMAGED),
    (
        "disk i/o error",
        "the disk failed, or the log beside the file (-wal, -shm) was removed; check both, then run `vickrey resume`",
    ),
    ("no such table", "the store has no tables of Vickrey; check the store's path"),
    ("queuepool limit", "too many threads of this process are reading at once; give each market fewer of them"),
    *SERVER_CAUSES,
)
_FILES: Final = "vickrey.files"
_PRAGMAS: Final = ("synchronous=FULL", "foreign_keys=ON")


def open_engine(url: str) -> Engine:
    """Open and migrate a database.

    Args:
        url: an SQLAlchemy URL; a file's folder is made where it is missing.

    Returns:
        An engine whose readers see one state of the store, and whose writers take turns.

    Raises:
        StoreUnavailable: it cannot be opened.
        StoreTooNew: a newer version of Vickrey wrote it.
    """
    engine = _engine_at(url)
    try:
        with translated(url):
            _migrate(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return engine


def is_bare(url: str) -> bool:
    """Whether a database holds no tables, so that no store has been made in it yet; looking makes none.

    Args:
        url: an SQLAlchemy URL of a server's database; looking into a file would make one.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    engine = _engine_at(url)
    try:
        with translated(url), engine.connect().execution_options(reading=True) as connection:
            return not inspect(connection).get_table_names()
    finally:
        engine.dispose()


def _engine_at(url: str) -> Engine:
    """An engine that has not connected yet.

    Raises:
        StoreUnavailable: the URL names no database that can hold a store.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(url, parsed.database)
        return _server_engine(url, parsed)
    except ModuleNotFoundError as error:
        extra = " (vickrey[postgresql])" if error.name == "psycopg" else ""
        raise StoreUnavailable(
            f"store {shown(url)!r} needs the package {error.name}{extra}; install it first"
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # A port that is no number is a ValueError.
        raise StoreUnavailable(
            f"store {shown(url)!r} is not a database URL; write for example sqlite:////path/market.db or "
            f"postgresql://user@host/market ({error})"
        ) from error


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn database errors into `StoreUnavailable`; integrity errors pass, their place knows them."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"store {shown(url)}: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """What to tell the operator; a failed undoing is told as the failure that it was to undo."""
    each: BaseException | None = error
    while each is not None:
        said = str(each.orig if isinstance(each, DBAPIError) else each).lower()
        for sign, cause in _CAUSES:
            if sign in said:
                return cause
        each = each.__context__
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())


def shown(url: str) -> str:
    """A store's URL as it may be told: without a password."""
    return without_passwords(url)


def _server_engine(url: str, parsed: URL) -> Engine:
    parsed.get_dialect()
    if not is_postgresql(parsed):
        raise StoreUnavailable(
            f"store {shown(url)!r}: a store is an SQLite file or on PostgreSQL, not {parsed.get_backend_name()}"
        )
    return postgresql_engine(parsed, BUSY_SECONDS)


def _sqlite_engine(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise StoreUnavailable("an SQLite store needs a file; for a store in memory give `memory`")
    if "\0" in database:
        raise StoreUnavailable(f"store {database!a}: no file's name can hold a NUL character")
    try:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise StoreUnavailable(f"store {database}: its folder cannot be made ({reason})") from error
    path = Path(database).absolute()
    engine = create_engine(url, poolclass=QueuePool, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            _use_wal(cursor)
        except UnicodeDecodeError as error:
            # It reads the schema, and says which name there it could not: as a text, which that name is not.
            raise StoreUnavailable(f"store {path}: {_DAMAGED}") from error
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        # Reading anything makes the log and its index, which stay while this connection is open.
        cursor.execute("SELECT 1 FROM sqlite_master").fetchone()
        cursor.close()
        record.info[_FILES] = _files_of(path)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        lost = [name for name, file in connection.info[_FILES].items() if _file_at(name) != file]
        if lost:
            # SQLite would go on with a file that has no name any more, and vanishes with this process.
            raise StoreUnavailable(
                f"store {path}: {lost[0].name} was removed or replaced while this process had it open; nothing more is "
                "written to it. Stop every process that uses it before you replace it, then start them again"
            )
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _files_of(path: Path) -> dict[Path, tuple[int, int] | None]:
    """Which files a store consists of now: its own, and beside where that really is its log and the index of that."""
    real = path.resolve()
    return {file: _file_at(file) for file in (path, Path(f"{real}-wal"), Path(f"{real}-shm"))}


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file has this name now; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _use_wal(cursor: Any) -> None:
    """Switch to write-ahead logging; SQLite does not wait here by itself when several open a new file at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _created(engine: Engine) -> bool:
    """Make a new database at once, without going through its history; False if it is no longer empty."""
    with engine.begin() as connection:
        if inspect(connection).get_table_names():
            return False
        if connection.dialect.name == "postgresql":
            check_encoding(connection)
        schema.create(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    return True


def upgrade(engine: Engine, version: str = HEAD) -> None:
    """Bring a database to this version's schema, or to an earlier one, one migration after the other."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def _migrate(engine: Engine, url: str) -> None:
    with engine.connect().execution_options(reading=True) as connection:
        tables = set(inspect(connection).get_table_names())
        version = None
        if "alembic_version" in tables:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version == HEAD or (not tables and _created(engine)):
        return
    if not tables:
        # Another process has made the tables since this one looked.
        _migrate(engine, url)
        return
    if version is not None and version > HEAD:
        raise StoreTooNew(
            f"store {shown(url)} has schema {version}; this version of Vickrey knows {HEAD}: upgrade vickrey"
        )
    if version is None and tables:
        raise StoreUnavailable(
            f"store {shown(url)}: the database holds other tables ({', '.join(sorted(tables)[:3])}); "
            "give the market one of its own"
        )
    upgrade(engine)
