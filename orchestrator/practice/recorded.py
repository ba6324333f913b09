"""Recorded outcomes: what models answered to queries elsewhere, as lessons (extra `recorded`)."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from orchestrator.bidding import Lesson, Work
from orchestrator.core.claims import normalise
from orchestrator.core.keys import digest_text
from orchestrator.errors import BrokenPlugin, InvalidRequest
from orchestrator.money import AMOUNT_NANOS_MAX, NANOS_PER_USD
from orchestrator.practice.tasks import practice_id

COLUMNS: Final = ("query_id", "prompt", "model", "score", "cost_usd", "answer")
_NAMES: Final = ("query_id", "prompt", "model")
_COST_USD_MAX: Final = AMOUNT_NANOS_MAX // NANOS_PER_USD


@dataclass(frozen=True, slots=True)
class RecordedLessons:
    """What a file of recorded outcomes teaches.

    Attributes:
        id: the practice.
        lessons: one a query.
        mapped: model of each bidder that learns from it.
        unmapped: models of the file that belong to no bidder.
        uncosted: works that are left out because nobody knows their cost, as `MODEL on query QUERY`.
        unscored: those that are left out because nobody knows whether they are right.
        repeated: queries that are left out because an earlier one has their prompt.
    """

    id: str
    lessons: tuple[Lesson, ...]
    mapped: Mapping[str, str]
    unmapped: tuple[str, ...]
    uncosted: tuple[str, ...] = ()
    unscored: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def read_recorded(
    path: Path,
    bidders: Collection[str],
    bounty_usd: float,
    *,
    models: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> RecordedLessons:
    """Read lessons from a parquet file of recorded outcomes, one row a query and model.

    Args:
        path: the file, with columns query_id, prompt, model, score (0 to 1), cost_usd and answer (the final
            answer, or null; answers that read the same once they are written in one way agree). A work without a
            score or without a cost teaches nothing.
        bidders: those whose works a model's can be: transformers.
        bounty_usd: what a right answer would be paid.
        models: the model of each bidder that is not called as its model is.
        limit: how many queries to read; None for all.

    Raises:
        BrokenPlugin: pyarrow is not installed.
        InvalidRequest: the file cannot be read, lacks a column, has no model of any bidder or nothing that teaches
            one of them, a row makes no sense or stands there twice, or a query has two prompts.
    """
    rows, repeated = _without_repeats(path, _rows(path))
    known = dict.fromkeys(row["model"] for row in rows)
    mapped = _mapped(path, list(known), bidders, models or {})
    by_model = {model: bidder for bidder, model in mapped.items()}
    chosen, unscored, uncosted = _lessons(path, _of_first(rows, limit, by_model), by_model, bounty_usd)
    id = practice_id(
        [*(part for pair in sorted(mapped.items()) for part in pair), *(lesson.request for lesson in chosen)]
    )
    unmapped = tuple(model for model in known if model not in by_model)
    return RecordedLessons(id, tuple(chosen), mapped, unmapped, tuple(uncosted), tuple(unscored), repeated)


def _lessons(
    path: Path, rows: list[dict[str, Any]], by_model: Mapping[str, str], bounty_usd: float
) -> tuple[list[Lesson], list[str], list[str]]:
    """One lesson a query, and the places of works without a score and without a cost."""
    queries: dict[str, tuple[str, dict[str, Work | None]]] = {}
    uncosted: list[str] = []
    unscored: list[str] = []
    for row in rows:
        _, works = queries.setdefault(row["query_id"], (row["prompt"], {}))
        bidder = by_model.get(row["model"])
        if bidder is None:
            continue
        if bidder in works:
            # Two works of one model would count as two that agree.
            raise InvalidRequest(
                f"{path}: {_place(row)} is recorded more than once; a query has one row for each model"
            )
        works[bidder] = None
        if _is_missing(row["score"]):
            unscored.append(_place(row))
        elif _is_missing(row["cost_usd"]):
            uncosted.append(_place(row))
        else:
            works[bidder] = _work(path, bidder, row)
    lessons = [Lesson(prompt, bounty_usd, kept) for prompt, works in queries.values() if (kept := _known(works))]
    if not lessons:
        raise InvalidRequest(f"{path} has no work of {', '.join(by_model)} of which both score and cost are known")
    return lessons, unscored, uncosted


def _of_first(rows: list[dict[str, Any]], limit: int | None, models: Container[str]) -> list[dict[str, Any]]:
    """The rows of so many queries that teach something of some models, those that stand first, and of all between."""
    if limit is None:
        return rows
    teaching = [
        row["query_id"]
        for row in rows
        if row["model"] in models and not _is_missing(row["score"]) and not _is_missing(row["cost_usd"])
    ]
    last = list(dict.fromkeys(teaching))[:limit][-1:]
    in_order = list(dict.fromkeys(row["query_id"] for row in rows))
    chosen = set(in_order[: in_order.index(*last) + 1] if last else in_order)
    return [row for row in rows if row["query_id"] in chosen]


def _without_repeats(path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The rows of queries of different prompts, and the queries that repeat the prompt of an earlier one.

    A task that stands there twice would be learned from twice. And of two data sets that each number their queries
    from 0, answers to different prompts would be compared.

    Raises:
        InvalidRequest: a query has two prompts.
    """
    prompts: dict[str, str] = {}
    queries: dict[str, str] = {}
    kept = []
    for row in rows:
        query, prompt = row["query_id"], row["prompt"]
        if prompts.setdefault(query, prompt) != prompt:
            raise InvalidRequest(
                f"{path}: query {query[:60]} has two prompts, {prompts[query][:40]!a} and {prompt[:40]!a}; "
                "a query has one: give the queries of each data set ids of their own"
            )
        if queries.setdefault(prompt, query) == query:
            kept.append(row)
    return kept, tuple(query for query, prompt in prompts.items() if queries[prompt] != query)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise BrokenPlugin(
            "recorded outcomes need the package pyarrow; install it with: pip install 'vickrey[recorded]'"
        ) from None
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        with file:
            table = parquet.ParquetFile(file)
            lacking = [column for column in COLUMNS if column not in table.schema_arrow.names]
            rows: list[dict[str, Any]] = [] if lacking else table.read(columns=list(COLUMNS)).to_pylist()
    except (OSError, ValueError, KeyError, ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise InvalidRequest(f"{path} is no parquet file: {reason}") from None
    if lacking:
        raise InvalidRequest(f"{path} has no column {', '.join(lacking)}; it needs {', '.join(COLUMNS)}")
    if not rows:
        raise InvalidRequest(f"{path} holds no rows")
    for number, row in enumerate(rows, 1):
        row.update((column, _name(path, number, column, row[column])) for column in _NAMES)
    return rows


def _name(path: Path, number: int, column: str, value: Any) -> str:
    """What tells a row's query or model, as a text: a file may well number them."""
    if _is_missing(value) or not isinstance(value, str | int | float | Decimal) or not str(value).strip():
        shown = "empty" if value is None else f"{str(value)[:40]!r}"
        raise InvalidRequest(f"{path}: row {number}: its {column} is {shown}, which names none; it must be a text")
    return str(value)


def _known(works: Mapping[str, Work | None]) -> tuple[Work, ...]:
    return tuple(work for work in works.values() if work is not None)


def _mapped(path: Path, known: list[str], bidders: Collection[str], models: Mapping[str, str]) -> dict[str, str]:
    for bidder, model in models.items():
        if bidder not in bidders:
            raise InvalidRequest(
                f"there is no transformer {bidder[:64]!r} to map, whose works a model's could be; "
                f"there are: {', '.join(bidders)}"
            )
        if model not in known:
            raise InvalidRequest(f"{path} has no model {model[:100]!r}; it has: {', '.join(known)}")
    mapped = {name: models.get(name, name) for name in bidders}
    found = {name: model for name, model in mapped.items() if model in known}
    if not found:
        raise InvalidRequest(
            f"no transformer is called as a model of {path}; name them with --map BIDDER=MODEL. "
            f"It has: {', '.join(known)}"
        )
    by_model: dict[str, str] = {}
    for name, model in found.items():
        if by_model.setdefault(model, name) != name:
            raise InvalidRequest(
                f"{by_model[model]} and {name} would both have the works of model {model[:100]!r} (a bidder has those "
                "of the model that is called as it is, unless --map says otherwise); --map gives each one of its own"
            )
    return found


def _work(path: Path, bidder: str, row: Mapping[str, Any]) -> Work:
    score, cost = row["score"], row["cost_usd"]
    if not isinstance(score, int | float | Decimal) or not 0 <= score <= 1:
        raise InvalidRequest(f"{path}: {_place(row)}: its score {score!r} is not a number from 0 to 1")
    if not isinstance(cost, int | float | Decimal) or not 0 <= cost <= _COST_USD_MAX:
        raise InvalidRequest(
            f"{path}: {_place(row)}: its cost {cost!r} is no amount of dollars up to {_COST_USD_MAX:,}"
        )
    return Work(bidder, _claim(path, row), float(score), float(cost))


def _claim(path: Path, row: Mapping[str, Any]) -> str:
    """What an answer claims: the same for all that read the same; empty where there is none."""
    answer = row["answer"]
    if _is_missing(answer):
        return ""
    if not isinstance(answer, str | int | float | Decimal):
        raise InvalidRequest(f"{path}: {_place(row)}: its answer {str(answer)[:40]!r} is neither text nor number")
    normal = normalise(str(answer))
    return "" if normal is None else digest_text(normal)


def _is_missing(figure: Any) -> bool:
    """Whether a figure is not there; some programs write that as not a number."""
    return figure is None or figure != figure


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['model'][:60]} on query {row['query_id'][:60]}"
