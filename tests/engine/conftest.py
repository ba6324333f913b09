"""Stores on disk, quickly: migrated once, then copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from orchestrator.store import open_store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store on disk, to copy."""
    path = tmp_path_factory.mktemp("store") / "market.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def new_disk(migrated: Path, tmp_path: Path) -> Callable[[], str]:
    """Makes URLs of empty stores on disk."""
    numbers = count()
    return lambda: f"sqlite:///{shutil.copy(migrated, tmp_path / f'{next(numbers)}.db')}"


@pytest.fixture
def disk(new_disk: Callable[[], str]) -> str:
    """The URL of an empty store on disk."""
    return new_disk()
