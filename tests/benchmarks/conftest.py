"""Recorded outcomes that the tests make themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.outcomes.data import Outcomes, read_outcomes
from tests.benchmarks.made_up import made_up_rows, write_parquet


@pytest.fixture(scope="session")
def made_up_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty queries to four models."""
    return write_parquet(tmp_path_factory.mktemp("outcomes") / "made-up.parquet", made_up_rows())


@pytest.fixture(scope="session")
def made_up(made_up_file: Path) -> Outcomes:
    """The same, read."""
    return read_outcomes(made_up_file)
