"""The table of a long run: what a market brings while it goes on learning, and who goes broke."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.outcomes.long_run import PASSES
from tests.benchmarks.test_outcome_command import TALLIES, tables_of


@pytest.mark.slow
def test_every_pass_has_a_row_for_few_models_and_for_all(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tables_of(capsys, str(made_up_file), *TALLIES, "--table", "long-run")["long-run"]
    markets = {row["who may be asked"] for row in rows}
    assert len(rows) == len(markets) // 2 * (PASSES + 1)
    for market in markets:
        passes = [row for row in rows if row["who may be asked"] == market]
        requests = [row["requests so far"] for row in passes]
        first = requests[0] if len(passes) > 1 else requests[0] // PASSES
        assert requests in ([first * (number + 1) for number in range(PASSES)], [first * PASSES])
        assert all(row["stages"] > 0 for row in passes)
        single = passes[0]["utility"] - passes[0]["over best single"]
        assert [row["utility"] - row["over best single"] for row in passes] == pytest.approx([single] * len(passes))
        assert single > 0
        assert len({row["utility"] for row in passes}) == len(passes), "each pass is in another order"
