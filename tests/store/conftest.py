"""Stores to test: the laws are the same in memory and on a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.store import Store, open_store
from orchestrator.store.sql import SqlStore


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


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, url: str) -> Iterator[Store]:
    opened = open_store("memory" if request.param == "memory" else url)
    yield opened
    opened.close()
