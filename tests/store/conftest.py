"""Stores to test: the laws are the same in memory, on a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from orchestrator.store import Store, open_store
from orchestrator.store.sql import SqlStore
from tests.store.server import Server, find_programs


@pytest.fixture(autouse=True)
def hasty_disk() -> None:
    """Here stores write as they do for users."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "market.db"


@pytest.fixture
def url(database: Path) -> str:
    return f"sqlite:///{database}"


@pytest.fixture
def sql_store(url: str) -> Iterator[SqlStore]:
    store = SqlStore(url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def running_server() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own, where its programs are installed (Debian: postgresql)."""
    if find_programs() is None:
        pytest.skip("PostgreSQL is not installed here")
    server = Server()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def schemas() -> Iterator[str]:
    return (f"market{number}" for number in count())


@pytest.fixture
def server(running_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, to be stopped and started at will; whoever finds it away does not wait long."""
    running_server.start()
    monkeypatch.setattr("orchestrator.store.postgresql.PATIENCE_SECONDS", 0.0)
    return running_server


@pytest.fixture
def server_url(server: Server, schemas: Iterator[str]) -> str:
    """A store that is not made yet, in a schema of its own: that takes less time than a database."""
    schema = next(schemas)
    server.execute(f"CREATE SCHEMA {schema}")
    return f"{server.url()}&options=-csearch_path%3D{schema}"


@pytest.fixture
def server_store(server_url: str) -> Iterator[SqlStore]:
    store = SqlStore(server_url)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        opened = open_store("memory")
    else:
        opened = open_store(request.getfixturevalue("url" if request.param == "sqlite" else "server_url"))
    yield opened
    opened.close()
