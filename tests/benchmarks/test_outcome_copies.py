"""Near-copies of recorded models: what they answer and cost, and the table of what comes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.outcomes.copies import COPIES, spread_models, with_copies
from benchmarks.outcomes.data import Outcomes, read_outcomes
from tests.benchmarks.made_up import made_up_rows, write_parquet
from tests.benchmarks.test_outcome_command import TALLIES, tables_of


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    path = tmp_path_factory.mktemp("copies") / "made-up.parquet"
    return read_outcomes(write_parquet(path, made_up_rows(queries=200, models=9, silent_share=0.0)))


def test_the_models_that_are_copied_range_from_the_weakest_to_the_best(record: Outcomes) -> None:
    means = record.scores[record.training()].mean(axis=0)
    chosen = spread_models(record)
    assert len(chosen) == 6
    assert {int(means.argmin()), int(means.argmax())} <= set(chosen)
    assert spread_models(record.of_models([0, 1])) == [0, 1]


@pytest.mark.parametrize("alike", [0.0, 0.8, 1.0])
def test_a_copy_gives_its_models_answer_as_often_as_said_and_else_that_of_another(
    record: Outcomes, alike: float
) -> None:
    models = spread_models(record)
    copied = with_copies(record, models, alike, seed=1)
    assert len(copied.models) == len(set(copied.models)) == len(models) * (COPIES + 1)
    for place, model in enumerate(models):
        original, *copies = range(place * (COPIES + 1), (place + 1) * (COPIES + 1))
        assert (copied.codes[:, original] == record.codes[:, model]).all()
        assert (copied.costs_usd[:, original] == record.costs_usd[:, model]).all()
        for copy in copies:
            # Another model may give the same answer, too.
            same = (copied.codes[:, copy] == record.codes[:, model]).mean()
            assert same == 1.0 if alike == 1.0 else alike - 0.1 < same < 0.98
            factors = copied.costs_usd[:, copy] / record.costs_usd[:, model]
            assert np.allclose(factors, factors[0])
            assert 0.8 <= factors[0] <= 1.2


def test_copies_that_agree_in_their_answers_agree_in_codes_and_scores(record: Outcomes) -> None:
    copied = with_copies(record, spread_models(record), 0.8, seed=1)
    for row, codes, scores in zip(copied.answers, copied.codes, copied.scores, strict=True):
        for answer, code, score in zip(row, codes, scores, strict=True):
            alike = [one == answer for one in row]
            assert ((codes == code) == alike).all()
            assert (scores[np.array(alike)] == score).all()


def test_the_same_seed_makes_the_same_copies_and_another_seed_others(record: Outcomes) -> None:
    models = spread_models(record)
    first, again, other = (with_copies(record, models, 0.8, seed) for seed in (1, 1, 2))
    assert (first.codes == again.codes).all()
    assert (first.costs_usd == again.costs_usd).all()
    assert (first.codes != other.codes).any()


@pytest.mark.slow
def test_the_table_compares_a_market_alone_with_one_of_copies(
    made_up_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, Any]] = tables_of(capsys, str(made_up_file), *TALLIES, "--table", "copies")["copies"]
    worlds = list(dict.fromkeys(row["who may be asked"] for row in rows))
    assert worlds == ["4 models", "each with 2 copies, 80% alike", "each with 2 copies, 95% alike"]
    singles = [row for row in rows if row["method"] == "best single"]
    assert [row["over best single"] for row in singles] == [0.0, 0.0, 0.0]
    methods = [{row["method"] for row in rows if row["who may be asked"] == world} for world in worlds]
    assert methods[0] == methods[1] == methods[2] >= {"market, practised", "market, from nothing, the whole stream"}
