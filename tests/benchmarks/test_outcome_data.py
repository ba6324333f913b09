"""Reading of recorded outcomes: any file of the schema, and one clear line for every other."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.outcomes.data import NO_ANSWER, read_outcomes
from orchestrator.errors import InvalidRecord
from tests.benchmarks.made_up import made_up_rows, write_parquet


def test_a_file_is_read_as_a_full_matrix(tmp_path: Path) -> None:
    rows = made_up_rows(queries=30, models=3)
    data = read_outcomes(write_parquet(tmp_path / "made-up.parquet", rows))
    assert (len(data), data.models, data.name) == (30, ("model-a", "model-b", "model-c"), "made-up")
    assert data.folds.tolist() == [query % 10 for query in range(30)]
    for number, row in enumerate(rows):
        query, model = divmod(number, 3)
        assert data.scores[query, model] == row["score"]
        assert data.costs_usd[query, model] == row["cost_usd"]
        assert data.answers[query][model] == row["answer"]


def test_the_order_of_the_rows_changes_no_outcome(tmp_path: Path) -> None:
    rows = made_up_rows(queries=20, models=3)
    first = read_outcomes(write_parquet(tmp_path / "a.parquet", rows))
    by_model = sorted(rows, key=lambda row: row["model"], reverse=True)
    second = read_outcomes(write_parquet(tmp_path / "b.parquet", by_model))
    assert (first.scores == second.scores).all()
    assert first.answers == second.answers


def test_models_agree_where_their_answers_are_equal_and_silence_agrees_with_nothing(tmp_path: Path) -> None:
    rows = made_up_rows(queries=6, models=4)
    for row, answer in zip(rows[:4], ("8", "8.0", None, None), strict=True):
        row["answer"] = answer
    codes = read_outcomes(write_parquet(tmp_path / "a.parquet", rows)).codes[0]
    assert codes[0] == codes[1] != NO_ANSWER
    assert codes[2:].tolist() == [NO_ANSWER, NO_ANSWER]


@pytest.mark.parametrize("number", [float, Decimal])
def test_answers_and_names_may_be_numbers_and_whole_numbers_may_be_stored_as_others(
    number: Callable[[int], object], tmp_path: Path
) -> None:
    rows = made_up_rows(queries=10, models=4)
    for row in rows:
        row |= {
            "answer": 2.5,
            "fold": number(row["fold"]),
            "model": ord(row["model"][-1]) - ord("a"),
            "query_id": int(row["query_id"][1:]),
        }
    for row, answer in zip(rows[:4], (8.0, 8.0, 1e-7, float("nan")), strict=True):
        row["answer"] = answer
    data = read_outcomes(write_parquet(tmp_path / "a.parquet", rows))
    assert data.answers[0] == ("8", "8", "1e-07", None)
    assert data.models == ("0", "1", "2", "3")
    assert data.folds.tolist() == list(range(10))


@pytest.mark.parametrize("text", ["string", "large_string", "string_view", "dictionary"])
def test_texts_may_be_stored_in_any_way_and_in_groups_of_rows(text: str, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist(made_up_rows())
    stored_as = (
        pyarrow.dictionary(pyarrow.int8(), pyarrow.string()) if text == "dictionary" else getattr(pyarrow, text)()
    )
    for place, column in enumerate(table.column_names):
        if column in ("task", "prompt", "model", "answer"):
            table = table.set_column(place, column, table[column].cast(stored_as))
    pyarrow.parquet.write_table(table, tmp_path / "stored.parquet", row_group_size=7)
    stored, plain = (
        read_outcomes(tmp_path / "stored.parquet"),
        read_outcomes(write_parquet(tmp_path / "a.parquet", made_up_rows())),
    )
    assert (stored.prompts, stored.models, stored.tasks) == (plain.prompts, plain.models, plain.tasks)
    assert stored.answers == plain.answers


def test_a_prompt_is_kept_once_however_many_models_there_are(tmp_path: Path) -> None:
    prompts, models = 20, 20
    rows = made_up_rows(queries=prompts, models=models)
    for row in rows:
        row["prompt"] = row["query_id"] * 20_000
    path = write_parquet(tmp_path / "long.parquet", rows)
    tracemalloc.start()
    data = read_outcomes(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * sum(map(len, data.prompts))


def test_texts_that_are_no_utf_8_are_refused_in_one_line(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist(made_up_rows())
    latin = pyarrow.array([b"caf\xe9"] * len(table)).view(pyarrow.string())
    path = tmp_path / "latin.parquet"
    pyarrow.parquet.write_table(table.set_column(table.column_names.index("answer"), "answer", latin), path)
    with pytest.raises(InvalidRecord, match=r"latin\.parquet cannot be read as Parquet: 'utf-8' codec") as refusal:
        read_outcomes(path)
    assert "\n" not in str(refusal.value)


def test_equal_prompts_are_told_apart(tmp_path: Path) -> None:
    rows = made_up_rows(queries=6, models=2)
    for row in rows:
        row["prompt"] = "the same?"
    prompts = read_outcomes(write_parquet(tmp_path / "a.parquet", rows)).prompts
    assert prompts[0] == "the same?"
    assert len(set(prompts)) == 6


def test_a_prompt_that_reads_like_a_numbered_copy_is_told_apart_too(tmp_path: Path) -> None:
    rows = made_up_rows(queries=6, models=2)
    texts = ["a", "a\n(2)", "a", "a", "a\n(2)", "a\n(4)"]
    for row in rows:
        row["prompt"] = texts[int(row["query_id"][1:])]
    prompts = read_outcomes(write_parquet(tmp_path / "a.parquet", rows)).prompts
    assert len(set(prompts)) == 6
    assert [prompt[0] for prompt in prompts] == ["a"] * 6


def test_training_and_test_rows_part_the_queries(tmp_path: Path) -> None:
    data = read_outcomes(write_parquet(tmp_path / "a.parquet", made_up_rows()))
    assert sorted([*data.training(), *data.test()]) == list(range(len(data)))
    assert set(data.folds[data.training()]) == set(range(5))


def _with(rows: list[dict[str, Any]], **changed: Any) -> list[dict[str, Any]]:
    return [{**rows[0], **changed}, *rows[1:]]


def _without(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != column} for row in rows]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_without(made_up_rows(), "answer"), "has no column answer"),
        (made_up_rows()[:-1], "1 pairs are missing and 0 recorded more than once, such as model-d on query q39"),
        ([*made_up_rows(), made_up_rows()[0]], "1 recorded more than once, such as model-a on query q0"),
        (_with(made_up_rows(), score=1.5), "score must lie from 0 to 1"),
        (_with(made_up_rows(), score=float("nan")), "score holds no finite number in 1 rows"),
        (_with(made_up_rows(), cost_usd=float("inf")), "cost_usd holds no finite number in 1 rows"),
        ([{**row, "prompt": [row["prompt"]]} for row in made_up_rows()], "prompt holds"),
        ([{**row, "answer": [1]} for row in made_up_rows()], "answer holds"),
        ([{**row, "task": float("nan")} for row in made_up_rows()], "column task is empty in row 1"),
        (_with(made_up_rows(), cost_usd=-1.0), "cost_usd must be 0 or more"),
        (_with(made_up_rows(), cost_usd=1e300), "cost_usd must be 0 or more, and at most 1,000,000,000"),
        (_with(made_up_rows(), fold=7), "fold holds 7 in row 1 and 0 in row 2, which are of one query"),
        (_with(made_up_rows(), task="other"), "task holds 'other' in row 1 and 'sums' in row 2"),
        (_with(made_up_rows(), prompt=None), "column prompt is empty in row 1"),
        ([{**row, "score": "high"} for row in made_up_rows()], "column score holds"),
        ([{**row, "fold": 12} for row in made_up_rows()], "fold must be a whole number from 0 to 9, and holds '12'"),
        (
            [{**row, "fold": "test"} for row in made_up_rows()],
            "fold must be a whole number from 0 to 9, and holds 'test'",
        ),
        ([{**row, "fold": 7} for row in made_up_rows()], "no query in folds 0 to 4"),
        ([row for row in made_up_rows() if row["model"] == "model-a"], "a market needs 2 or more"),
    ],
)
def test_a_file_that_is_not_of_the_schema_is_refused_in_one_line(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    path = write_parquet(tmp_path / "odd.parquet", rows)
    with pytest.raises(InvalidRecord, match=message) as refusal:
        read_outcomes(path)
    assert "odd.parquet" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"not parquet", b"PAR1" * 30])
def test_a_file_that_is_no_parquet_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.parquet"
    path.write_bytes(content)
    with pytest.raises(InvalidRecord, match="cannot be read as Parquet") as refusal:
        read_outcomes(path)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord, match=r"nowhere\.parquet"):
        read_outcomes(tmp_path / "nowhere.parquet")


def test_made_up_outcomes_are_the_same_for_the_same_seed() -> None:
    assert made_up_rows(seed=3) == made_up_rows(seed=3)
    assert made_up_rows(seed=3) != made_up_rows(seed=4)
    assert np.mean([row["score"] for row in made_up_rows(queries=200)]) > 0.4


def test_a_record_without_answers_is_what_a_file_without_them_says(tmp_path: Path) -> None:
    rows = made_up_rows()
    silent = [{**row, "answer": None} for row in rows]
    read, stripped = (read_outcomes(write_parquet(tmp_path / "one.parquet", each)) for each in (silent, rows))
    forgotten = stripped.without_answers()
    assert forgotten.name == "one_without_answers"
    assert forgotten.answers == read.answers != stripped.answers
    assert (forgotten.codes == read.codes).all()
    assert (forgotten.scores == read.scores).all()
