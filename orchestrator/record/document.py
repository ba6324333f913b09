"""The exported run as a document: its fields, its canonical form and its seal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.errors import InvalidRecord
from orchestrator.journal import Entry
from orchestrator.ledger import Transfer
from orchestrator.store import AnswerRow

FORMAT: Final = "vickrey-run"
VERSION: Final = 1
SEAL: Final = "seal"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """An exported run, read.

    Attributes:
        request_id: the request's id in the store that it came from.
        vickrey: version of the program that exported it.
        status: how the request stood.
        seed: root of its draws.
        labels: its caller's own notes.
        setting: the resolved config it ran under.
        entries: its journal.
        texts: texts by digest; one that is missing was erased.
        transfers: all transfers of the request, oldest first.
        answers: what providers answered, by key.
        seal: the digest that the document claims.
        sealed: the digest that its content has.
    """

    request_id: str
    vickrey: str
    status: str
    seed: int
    labels: Mapping[str, str]
    setting: Any
    entries: tuple[Entry, ...]
    texts: Mapping[str, str]
    transfers: tuple[Transfer, ...]
    answers: tuple[AnswerRow, ...]
    seal: str
    sealed: str


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _EntryLine(_Line):
    sequence: int
    kind: str
    body: dict[str, Any] | str
    digest: str


class _TransferLine(_Line):
    id: str
    debit: str
    credit: str
    amount_nanos: int
    kind: str
    pending_id: str | None
    code: str
    request: str
    stage: int


class _AnswerLine(_Line):
    key: str
    task: str
    body: str
    cost_nanos: int | None
    usage: str


class _Document(_Line):
    format: str
    version: int
    vickrey: str
    request: str
    status: str
    seed: int
    labels: dict[str, str]
    setting: dict[str, Any] | str
    journal: list[_EntryLine]
    texts: dict[str, str]
    transfers: list[_TransferLine]
    answers: list[_AnswerLine]
    seal: str


def canonical(value: Any) -> str:
    """The one way in which a value is written: sorted keys, no blanks, characters as they are.

    Raises:
        InvalidRecord: JSON cannot hold the value.
    """
    return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", plain(value))


def plain(value: Any) -> str:
    """A value as the journal writes its bodies.

    Raises:
        InvalidRecord: JSON cannot hold the value.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord(f"the record holds what JSON cannot: {error}") from error


def is_altered(record: Mapping[str, Any]) -> bool:
    """Whether a document has changed since it was sealed."""
    return record.get(SEAL) != seal_of(record)


def seal_of(record: Mapping[str, Any]) -> str:
    """SHA-256 over everything in a document but its seal.

    Raises:
        InvalidRecord: JSON cannot hold the document.
    """
    content = canonical({key: value for key, value in record.items() if key != SEAL})
    return hashlib.sha256(content.encode()).hexdigest()


def check_format(record: Any) -> None:
    """Check that a document is an exported run of a version that can be read.

    Raises:
        InvalidRecord: it is not.
    """
    if not isinstance(record, Mapping):
        raise InvalidRecord(f"an exported run is a JSON object, not {type(record).__name__}")
    if record.get("format") != FORMAT:
        raise InvalidRecord(f"this is not an exported run: its `format` is not {FORMAT!r}")
    version = record.get("version")
    if type(version) is not int or version != VERSION:
        raise InvalidRecord(
            f"the run was exported in format version {str(version)[:20]}; this Vickrey reads version {VERSION}"
        )


def parse(record: Any) -> RunRecord:
    """Read a document.

    Args:
        record: what `export_request` or `read_record` returned.

    Returns:
        The run.

    Raises:
        InvalidRecord: it is not an exported run of this version.
    """
    check_format(record)
    try:
        document = _Document.model_validate(record)
    except (ValidationError, RecursionError) as error:
        raise InvalidRecord(f"the exported run is malformed: {_first_problem(error)}") from error
    run = RunRecord(
        request_id=document.request,
        vickrey=document.vickrey,
        status=document.status,
        seed=document.seed,
        labels=document.labels,
        setting=document.setting,
        entries=tuple(_entry(line) for line in document.journal),
        texts=document.texts,
        transfers=tuple(Transfer(**line.model_dump()) for line in document.transfers),
        answers=tuple(
            AnswerRow(line.key, document.request, line.task, line.body, line.cost_nanos, line.usage)
            for line in document.answers
        ),
        seal=document.seal,
        sealed=seal_of(record),
    )
    _check_unique("journal entries", [entry.sequence for entry in run.entries])
    _check_unique("transfers", [row.id for row in run.transfers])
    _check_unique("provider answers", [row.key for row in run.answers])
    return run


def _entry(line: _EntryLine) -> Entry:
    body = line.body if isinstance(line.body, str) else plain(line.body)
    return Entry(line.sequence, line.kind, body, line.digest)


def _check_unique(what: str, keys: list[Any]) -> None:
    seen = set()
    for each in keys:
        if each in seen:
            raise InvalidRecord(f"the exported run has two {what} of key {str(each)[:80]}")
        seen.add(each)


def _first_problem(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part)[:40] for part in first['loc'])}: {first['msg']}"
