"""What every test of the command gets: a market in its home, and a terminal of 80 columns."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.cli.markets import write_market

T = TypeVar("T")
Home = Callable[[Callable[[Path], T]], T]


@pytest.fixture(scope="session")
def pasts() -> dict[str, tuple[Path, object]]:
    """Homes with a past, by the name of what made them."""
    return {}


@pytest.fixture
def past(
    market: Path,
    vickrey_home: Path,
    pasts: dict[str, tuple[Path, object]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Home[object]:
    """Give the test's home a past that is made once for all who want it, and copied; returns what its maker did."""

    def give(make: Callable[[Path], T]) -> T:
        name = f"{make.__module__}.{make.__qualname__}"
        if name not in pasts:
            folder = tmp_path_factory.mktemp("past")
            write_market(folder)
            with monkeypatch.context() as patch:
                patch.setenv("VICKREY_HOME", str(folder))
                patch.chdir(folder)
                pasts[name] = folder, make(folder)
        folder, made = pasts[name]
        shutil.copytree(folder, vickrey_home, dirs_exist_ok=True)
        return made  # type: ignore[return-value]

    return give


@pytest.fixture(autouse=True)
def market(vickrey_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a market's config where the command finds it."""
    monkeypatch.chdir(vickrey_home)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("VICKREY_CONFIG", raising=False)
    monkeypatch.delenv("VICKREY_DEBUG", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return write_market(vickrey_home)
