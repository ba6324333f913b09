"""Records in which answers are missing: which ones, and the table of what comes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.outcomes.data import NO_ANSWER, Outcomes, read_outcomes
from benchmarks.outcomes.missing import WORLDS, with_missing
from tests.benchmarks.made_up import made_up_rows, write_parquet
from tests.benchmarks.test_outcome_command import TALLIES, tables_of


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    path = tmp_path_factory.mktemp("missing") / "made-up.parquet"
    return read_outcomes(write_parquet(path, made_up_rows(queries=400, models=5, silent_share=0.0)))


def gone(record: Outcomes, world: str, seed: int = 1) -> Any:
    """Which answers a world lacks: query, model."""
    found = with_missing(record, WORLDS[world], seed)
    assert (found.scores == record.scores).all()
    assert (found.costs_usd == record.costs_usd).all()
    missing = found.codes == NO_ANSWER
    assert missing.tolist() == [[answer is None for answer in row] for row in found.answers]
    assert (found.codes[~missing] == record.codes[~missing]).all()
    return missing


def test_nothing_is_missing_where_nothing_is_said_to_be(record: Outcomes) -> None:
    assert not gone(record, "none").any()


@pytest.mark.parametrize(("world", "share"), [("one answer in ten", 0.1), ("three answers in ten", 0.3)])
def test_answers_are_lost_one_by_one(record: Outcomes, world: str, share: float) -> None:
    missing = gone(record, world)
    assert missing.mean() == pytest.approx(share, abs=0.03)
    assert missing.all(axis=1).mean() < 0.02
    assert (missing != gone(record, world, seed=2)).any()


@pytest.mark.parametrize(("world", "share"), [("one query in ten", 0.1), ("three queries in ten", 0.3)])
def test_queries_lose_all_answers_or_none(record: Outcomes, world: str, share: float) -> None:
    missing = gone(record, world)
    assert (missing.all(axis=1) | ~missing.any(axis=1)).all()
    assert missing[:, 0].mean() == pytest.approx(share, abs=0.05)


def test_the_task_that_is_worst_done_loses_its_answers(record: Outcomes) -> None:
    tasks = np.array(["hard" if mean < 0.5 else "easy" for mean in record.scores.mean(axis=1)])
    missing = gone(replace(record, tasks=tuple(tasks.tolist())), "the hardest task's")
    assert (missing == (tasks == "hard")[:, None]).all()


def test_models_lose_all_answers_or_none(record: Outcomes) -> None:
    best = record.scores[record.training()].mean(axis=0).argmax()
    every_second, others = gone(record, "every second model's"), gone(record, "all but the best model's")
    assert every_second.all(axis=0).tolist() == every_second.any(axis=0).tolist()
    assert every_second[0].sum() == 3
    assert every_second[0, best]
    assert others[0].sum() == 4
    assert not others[:, best].any()


@pytest.mark.slow
def test_the_table_compares_markets_with_ever_more_answers_missing(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, Any]] = tables_of(capsys, str(made_up_file), *TALLIES, "--table", "missing")["missing"]
    assert list(dict.fromkeys(row["missing answers"] for row in rows)) == list(WORLDS)
    singles = {row["utility"] for row in rows if row["method"] == "best single"}
    assert len(singles) == 1, "who asks one model alone needs no answers that can be compared"
