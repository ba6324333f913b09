"""PostgreSQL: how a store connects to a server, takes turns with others, and learns what became of a commit.

Writers take turns, as they do on SQLite: what a transaction decides rests on what it has read (who is
known, what was learned, which number comes next), so two that overlap would undo each other's work.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from orchestrator.errors import StoreUnavailable

# Both log of broken connections, the pool with a traceback, and where nobody has set up logging, on the terminal; the
# error that is raised says all of it.
for _name in ("psycopg", "sqlalchemy.pool"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

Fate = Literal["committed", "aborted", "unknown"]

DRIVER: Final = "postgresql+psycopg"
PATIENCE_SECONDS: Final = 30.0
"""How long to wait for the server to come back and say what became of a commit."""

_IDLE_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.2
_TURN: Final = 0x7669636B726579
_LOST: Final = "the connection to the server was lost, and what was being written is undone; `vickrey resume` goes on"
# A host that vanishes must not keep the others waiting for as long as TCP would. And of a server whose encoding is
# SQL_ASCII psycopg would read bytes for texts, the encoding's own name included.
_CONNECTION: Final = {
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_ID: Final = "vickrey.transaction"
# Local to the transaction, so that it holds behind a pooler of connections, too.
_WRITING: Final = text(
    "SELECT set_config('lock_timeout', :busy, true), set_config('idle_in_transaction_session_timeout', :idle, true), "
    "pg_advisory_xact_lock(:turn), txid_current()"
)
_READING: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

# What the server or its library says, and what the operator is told; the first that fits.
SERVER_CAUSES: Final = (
    ("lock timeout", "another process has kept it locked for too long; try again when that is done"),
    ("idle-in-transaction timeout", f"a write stood still for {_IDLE_SECONDS} seconds, so the server undid it"),
    ("authentication failed", "the server refuses this user or password; check the store's URL"),
    ("no password supplied", "the server asks for a password; put it into the store's URL, or into PGPASSWORD"),
    ("no space left", "the server's disk is full; free some space there, then run `vickrey resume`"),
    ("read-only transaction", "the server only reads, as a standby does; give the URL of the one that may be written"),
    ("during recovery", "the server only reads, as a standby does; give the URL of the one that may be written"),
    ("permission denied", "this database user may not do that; grant it all on the store's tables and sequences"),
    ("must be owner", "this database user may not change the schema; open the store once as the user that made it"),
    ("too many clients", "the server has no connection left; raise its max_connections, or run fewer processes"),
    (
        "remaining connection slots",
        "the server has no connection left; raise its max_connections, or run fewer processes",
    ),
    (
        "does not exist",
        "there is no such database, user or table; check the store's URL, or make it (createdb, createuser)",
    ),
    ("starting up", "the server is starting; try again in a moment"),
    ("shutting down", "the server is shutting down; when it is back, `vickrey resume` goes on"),
    ("terminating connection", _LOST),
    ("server closed the connection", _LOST),
    ("connection is lost", _LOST),
    ("connection is closed", _LOST),
    ("consuming input failed", _LOST),
    ("connection failed", "the server cannot be reached; check the URL's host and port, and that it runs"),
    ("is the server running", "the server cannot be reached; check the URL's host and port, and that it runs"),
    ("resolve host", "the server's host is not known; check the URL: in a password, @ is written %40 and / is %2F"),
    ("connection refused", "the server cannot be reached; check the URL's host and port, and that it runs"),
    ("connection timeout", "the server cannot be reached; check the URL's host and port, and that it runs"),
)


def is_postgresql(url: URL) -> bool:
    """Whether a URL names a store on PostgreSQL."""
    return url.get_backend_name() == "postgresql"


def postgresql_engine(url: URL, busy_seconds: float) -> Engine:
    """An engine whose readers see one state of the store, and whose writers take turns.

    Args:
        url: where the server is; without a driver, psycopg is used.
        busy_seconds: how long a writer waits for its turn.
    """
    if url.drivername == "postgresql":
        url = url.set(drivername=DRIVER)
    chosen = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    engine = create_engine(url, connect_args=chosen, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reading", False):
            connection.exec_driver_sql(_READING)
            return
        waits = {"busy": f"{busy_seconds:.0f}s", "idle": f"{_IDLE_SECONDS}s", "turn": _TURN}
        connection.info[_ID] = connection.execute(_WRITING, waits).one()[-1]

    return engine


def check_encoding(connection: Connection) -> None:
    """Refuse a database that cannot hold every text.

    Raises:
        StoreUnavailable: its encoding is not UTF-8.
    """
    found = connection.execute(text("SHOW server_encoding")).scalar_one()
    if found != "UTF8":
        raise StoreUnavailable(
            f"store {connection.engine.url.render_as_string(hide_password=True)}: the database's encoding is {found}, "
            "which not every text fits into; make one with createdb --encoding=UTF8 --template=template0"
        )


def transaction_id(connection: Connection) -> int | None:
    """By what the server knows a connection's present transaction; None where the database is no PostgreSQL."""
    found: int | None = connection.info.get(_ID)
    return found


def fate_of(engine: Engine, transaction: int) -> Fate:
    """Ask the server what became of a transaction whose commit was sent, and never answered.

    Args:
        engine: the store's.
        transaction: its id.

    Returns:
        What became of it; unknown where the server does not come back in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = _status(engine, transaction)
        if found is not None or time.monotonic() > deadline:
            return found or "unknown"
        time.sleep(_LOOK_SECONDS)


def _status(engine: Engine, transaction: int) -> Fate | None:
    """None while the server is away, or at it still."""
    try:
        with engine.connect().execution_options(reading=True) as connection:
            status: Any = connection.execute(text("SELECT txid_status(:id)"), {"id": transaction}).scalar()
    except DBAPIError:
        return None
    return None if status == "in progress" else status or "unknown"
