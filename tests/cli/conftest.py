"""What every test of the command gets: a market in its home, and a terminal of 80 columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.markets import write_market


@pytest.fixture(autouse=True)
def market(vickrey_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a market's config where the command finds it."""
    monkeypatch.chdir(vickrey_home)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("VICKREY_CONFIG", raising=False)
    monkeypatch.delenv("VICKREY_DEBUG", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return write_market(vickrey_home)
