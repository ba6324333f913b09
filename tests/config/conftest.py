from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.config import Config, load_config

Loader = Callable[[str], Config]


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    return tmp_path / "market.yaml"


@pytest.fixture
def load(config_path: Path) -> Loader:
    """Write a config to a file, and load it."""

    def write_and_load(text: str) -> Config:
        config_path.write_text(text, encoding="utf-8")
        return load_config(config_path)

    return write_and_load
