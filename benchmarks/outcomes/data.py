"""Recorded outcomes: what every model answered to every query, what that scored and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.core.claims import normalise
from orchestrator.errors import InvalidRecord
from orchestrator.money import AMOUNT_NANOS_MAX, NANOS_PER_USD

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COLUMNS = ("task", "query_id", "fold", "prompt", "model", "score", "cost_usd", "answer")
TEXTS = ("task", "query_id", "prompt", "model", "answer")
FOLDS = 10
TRAINING_FOLDS = frozenset(range(5))
COST_USD_MAX = AMOUNT_NANOS_MAX // NANOS_PER_USD
NO_ANSWER = -1
_TEXT_TYPES = ("string", "large_string", "string_view")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A full matrix of recorded outcomes; rows are queries, columns models.

    Attributes:
        name: of the file.
        models: the models' names, in alphabetical order.
        tasks: each query's task.
        folds: each query's fold, 0 to 9.
        prompts: each query's text; no two are equal.
        scores: how right each answer is, 0 to 1.
        costs_usd: what each answer cost.
        answers: each answer, normalised; None where the record has none.
        codes: for each answer the number of its text among the query's answers; two models agree
            where it is equal. `NO_ANSWER` agrees with nothing.
    """

    name: str
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    folds: Integers
    prompts: tuple[str, ...]
    scores: Floats
    costs_usd: Floats
    answers: tuple[tuple[str | None, ...], ...]
    codes: Integers

    def __len__(self) -> int:
        return len(self.prompts)

    def of_models(self, models: Sequence[int]) -> Outcomes:
        """The record of some of the models alone."""
        return replace(
            self,
            models=tuple(self.models[model] for model in models),
            scores=self.scores[:, models],
            costs_usd=self.costs_usd[:, models],
            answers=tuple(tuple(row[model] for model in models) for row in self.answers),
            codes=np.ascontiguousarray(self.codes[:, models]),
        )

    def without_answers(self) -> Outcomes:
        """The record as if nobody had kept what was answered, but only how right it was."""
        return replace(
            self,
            name=f"{self.name}_without_answers",
            answers=tuple((None,) * len(self.models) for _ in self.answers),
            codes=np.full_like(self.codes, NO_ANSWER),
        )

    def with_costs_usd(self, costs_usd: Floats) -> Outcomes:
        """The record as if each model's answers all cost the same."""
        return replace(self, costs_usd=np.tile(costs_usd, (len(self), 1)))

    def training(self) -> Integers:
        """Rows of the folds that may be learned from, in the file's order."""
        return np.flatnonzero(np.isin(self.folds, list(TRAINING_FOLDS)))

    def training_means(self) -> Floats:
        """Each model's mean score on the queries that may be learned from."""
        return np.asarray(self.scores[self.training()].mean(axis=0))

    def test(self) -> Integers:
        """Rows of the other folds."""
        return np.flatnonzero(~np.isin(self.folds, list(TRAINING_FOLDS)))


def read_outcomes(path: Path) -> Outcomes:
    """Read a Parquet file of recorded outcomes: one row for each query and model.

    Raises:
        InvalidRecord: it cannot be read, lacks a column, is no full matrix of scores and costs, or contradicts itself.
    """
    columns = _read_columns(path)
    models = tuple(sorted(set(columns["model"])))
    if len(models) < 2:
        raise InvalidRecord(f"{path.name} records {len(models)} model; a market needs 2 or more")
    place = {model: number for number, model in enumerate(models)}
    first: dict[str, int] = {}
    for row, query in enumerate(columns["query_id"]):
        first.setdefault(query, row)
    query_place = {query: number for number, query in enumerate(first)}
    shape = (len(first), len(models))
    rows = np.array([query_place[query] for query in columns["query_id"]])
    cells = np.array([place[model] for model in columns["model"]])
    _check_full(path, list(first), models, rows, cells)
    scores, costs_usd = np.zeros(shape), np.zeros(shape)
    scores[rows, cells] = _numbers(path, "score", columns["score"])
    costs_usd[rows, cells] = _numbers(path, "cost_usd", columns["cost_usd"])
    _check_range(path, scores, costs_usd)
    starts = list(first.values())
    folds = _folds(path, columns["fold"])
    _check_alike(path, "fold", columns["fold"], rows, starts)
    _check_alike(path, "task", columns["task"], rows, starts)
    answers = _answers(shape, rows, cells, columns["answer"])
    return Outcomes(
        path.stem,
        models,
        tuple(columns["task"][row] for row in starts),
        folds[starts],
        _told_apart([columns["prompt"][row] for row in starts]),
        scores,
        costs_usd,
        answers,
        _codes(answers),
    )


def _read_columns(path: Path) -> dict[str, list[Any]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise InvalidRecord(
            f"reading {path.name} needs pyarrow, which is not installed: pip install vickrey[recorded]"
        ) from None
    try:
        schema = pyarrow.parquet.read_schema(path)
        missing = [column for column in COLUMNS if column not in schema.names]
        if missing:
            raise InvalidRecord(f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
        # A prompt stands in as many rows as there are models: read as numbers of texts, it is in memory once.
        texts = [field.name for field in schema if field.name in TEXTS and str(field.type) in _TEXT_TYPES]
        table = pyarrow.parquet.read_table(path, columns=list(COLUMNS), read_dictionary=texts)
        columns = {column: _values(table[column]) for column in COLUMNS}
    except (OSError, ValueError) as error:
        raise InvalidRecord(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    if table.num_rows == 0:
        raise InvalidRecord(f"{path.name} holds no rows")
    for column in TEXTS:
        columns[column] = _texts(path, column, columns[column])
    for column in COLUMNS:
        if column != "answer" and None in columns[column]:
            row = columns[column].index(None)
            raise InvalidRecord(f"{path.name}: column {column} is empty in row {row + 1}; only answer may be")
    return columns


def _values(column: Any) -> list[Any]:
    """A column's values; equal ones of a dictionary are one object."""
    import pyarrow

    values: list[Any] = []
    for chunk in column.chunks:
        if isinstance(chunk, pyarrow.DictionaryArray):
            told = chunk.dictionary.to_pylist()
            values += [None if number is None else told[number] for number in chunk.indices.to_pylist()]
        else:
            values += chunk.to_pylist()
    return values


def _texts(path: Path, column: str, values: Sequence[Any]) -> list[str | None]:
    """Values as texts: a file of numeric answers may well hold numbers, and not-a-number where there is no answer."""
    odd = next((value for value in values if not isinstance(value, str | int | float | Decimal | None)), None)
    if odd is not None:
        raise InvalidRecord(f"{path.name}: column {column} holds {str(odd)[:40]!r}, which is neither text nor number")
    return [None if value is None or value != value else str(value) for value in values]


def _numbers(path: Path, column: str, values: Sequence[Any]) -> Floats:
    odd = next((value for value in values if not isinstance(value, int | float | Decimal)), None)
    if odd is not None:
        raise InvalidRecord(f"{path.name}: column {column} holds {odd!r}, which is no number")
    return np.asarray(values, dtype=np.float64)


def _folds(path: Path, values: Sequence[Any]) -> Integers:
    # A column of whole numbers may have been stored as floating ones.
    numbers = range(FOLDS)
    odd = [value for value in values if not isinstance(value, int | float | Decimal) or value not in numbers]
    if odd:
        raise InvalidRecord(
            f"{path.name}: column fold must be a whole number from 0 to {FOLDS - 1}, and holds {str(odd[0])[:40]!r}"
        )
    if TRAINING_FOLDS.isdisjoint(values) or TRAINING_FOLDS.issuperset(values):
        where = "0 to 4" if TRAINING_FOLDS.isdisjoint(values) else "5 to 9"
        raise InvalidRecord(f"{path.name} has no query in folds {where}; those learn or test")
    return np.asarray(values, dtype=np.int64)


def _check_full(path: Path, queries: Sequence[str], models: Sequence[str], rows: Integers, cells: Integers) -> None:
    shape = (len(queries), len(models))
    counts = np.bincount(rows * shape[1] + cells, minlength=shape[0] * shape[1])
    odd = np.flatnonzero(counts != 1)
    if len(odd):
        missing, twice = int((counts == 0).sum()), int((counts > 1).sum())
        query, model = divmod(int(odd[0]), shape[1])
        raise InvalidRecord(
            f"{path.name} is no full matrix: of {shape[0]} queries x {shape[1]} models, {missing} pairs are missing "
            f"and {twice} recorded more than once, such as {models[model][:60]} on query {queries[query][:60]}"
        )


def _check_alike(path: Path, column: str, values: Sequence[Any], rows: Integers, starts: Sequence[int]) -> None:
    """See to it that all rows of a query say the same of it: in two folds, it would be learned from and tested on."""
    for row, query in enumerate(rows.tolist()):
        told = values[starts[query]]
        if values[row] != told:
            raise InvalidRecord(
                f"{path.name}: column {column} holds {told!r} in row {starts[query] + 1} and {values[row]!r} "
                f"in row {row + 1}, which are of one query"
            )


def _check_range(path: Path, scores: Floats, costs_usd: Floats) -> None:
    for column, values in (("score", scores), ("cost_usd", costs_usd)):
        unknown = int((~np.isfinite(values)).sum())
        if unknown:
            raise InvalidRecord(f"{path.name}: column {column} holds no finite number in {unknown} rows")
    if scores.min() < 0 or scores.max() > 1:
        raise InvalidRecord(f"{path.name}: column score must lie from 0 to 1")
    if costs_usd.min() < 0 or costs_usd.max() > COST_USD_MAX:
        raise InvalidRecord(f"{path.name}: column cost_usd must be 0 or more, and at most {COST_USD_MAX:,}")


def _answers(
    shape: tuple[int, int], rows: Integers, cells: Integers, recorded: Sequence[str | None]
) -> tuple[tuple[str | None, ...], ...]:
    normal = {answer: normalise(answer) for answer in set(recorded)}
    matrix: list[list[str | None]] = [[None] * shape[1] for _ in range(shape[0])]
    for row, cell, answer in zip(rows.tolist(), cells.tolist(), recorded, strict=True):
        matrix[row][cell] = normal[answer]
    return tuple(map(tuple, matrix))


def _codes(answers: Sequence[Sequence[str | None]]) -> Integers:
    coded = []
    for row in answers:
        numbers: dict[str, int] = {}
        coded.append([NO_ANSWER if answer is None else numbers.setdefault(answer, len(numbers)) for answer in row])
    return np.array(coded, dtype=np.int64)


def _told_apart(prompts: Sequence[str]) -> tuple[str, ...]:
    """Number prompts that were recorded before, so that a request's text names its query."""
    told: dict[str, None] = {}
    # How often each has come, so that the thousandth copy need not try the numbers of all before it.
    copies: Counter[str] = Counter()
    for prompt in prompts:
        copies[prompt] += 1
        text = prompt if copies[prompt] == 1 else f"{prompt}\n({copies[prompt]})"
        while text in told:
            copies[prompt] += 1
            text = f"{prompt}\n({copies[prompt]})"
        told[text] = None
    return tuple(told)
