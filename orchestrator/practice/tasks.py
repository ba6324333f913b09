"""Labelled tasks, one a line of a JSONL file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import InvalidMoney, InvalidRequest
from orchestrator.money import Money

TASKS_MAX: Final = 100_000
_TEXT_BYTES_MAX: Final = 200_000
_ID_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class LabelledTask:
    """A request whose right answer is known.

    Attributes:
        number: its place among the tasks, from 1.
        request: its text.
        bounty_nanos: what a right answer would be paid.
        record: the whole line, for the verifier: `answer`, or whatever it knows a right text by.
        place: file and line, for messages.
        repeats: how many further lines say the same.
    """

    number: int
    request: str
    bounty_nanos: int
    record: Mapping[str, Any]
    place: str
    repeats: int = 0


def read_tasks(path: Path, bounty_nanos: int) -> list[LabelledTask]:
    """Read the tasks of a file.

    Args:
        path: JSONL: objects with `request`, fields for the verifier, and a `bounty` in dollars if they like.
        bounty_nanos: the bounty of tasks that name none.

    Returns:
        The tasks, in order; empty lines, and those that repeat one before, are passed over.

    Raises:
        InvalidRequest: the file cannot be read, one of its lines is no task, or two of them contradict each other.
    """
    try:
        # Not splitlines: a text may hold other separators than a line feed, such as U+2028.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    written = [(f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not written:
        raise InvalidRequest(f"{path} holds no tasks; write one JSON object a line, with `request` and `answer`")
    if len(written) > TASKS_MAX:
        raise InvalidRequest(f"{path} holds {len(written):,} tasks; at most {TASKS_MAX:,} are practised at once")
    return _each_once([_task(number, place, line, bounty_nanos) for number, (place, line) in enumerate(written, 1)])


def practice_id(requests: Iterable[str]) -> str:
    """The id under which answers to these tasks are recorded: the same tasks find theirs again."""
    digest = hashlib.sha256("\x1f".join(requests).encode("utf-8", "surrogatepass")).hexdigest()
    return f"practice-{digest[:_ID_CHARACTERS]}"


def _each_once(tasks: Sequence[LabelledTask]) -> list[LabelledTask]:
    """Tasks without those that repeat one before: a memory learns each task once, so no work is paid twice.

    Raises:
        InvalidRequest: the same request has two labels; a memory would believe the first alone.
    """
    found: dict[str, LabelledTask] = {}
    for task in tasks:
        first = found.get(task.request)
        if first is not None and (first.record, first.bounty_nanos) != (task.record, task.bounty_nanos):
            raise InvalidRequest(
                f"{task.place}: its request stands at {first.place} already, with other fields; a task is learned "
                "once, so keep one of the two"
            )
        found[task.request] = replace(first, repeats=first.repeats + 1) if first else task
    return [replace(task, number=number) for number, task in enumerate(found.values(), 1)]


def _task(number: int, place: str, line: str, bounty_nanos: int) -> LabelledTask:
    try:
        record = json.loads(line, object_pairs_hook=partial(_object, place))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{place}: this is not JSON: {error}") from None
    request = _request(record, place)
    try:
        bounty = Money.usd(record["bounty"]).nanos if "bounty" in record else bounty_nanos
    except InvalidMoney as refusal:
        raise InvalidRequest(f"{place}: its bounty: {refusal}") from None
    if bounty == 0:
        raise InvalidRequest(f"{place}: its bounty is 0; nothing could be learned from it")
    return LabelledTask(number, request, bounty, record, place)


def _object(place: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    repeated = next((key for key, count in counts.items() if count > 1), None)
    if repeated is not None:
        raise InvalidRequest(f"{place}: it says {json.dumps(repeated)[:60]} {counts[repeated]} times; keep one of them")
    return dict(pairs)


def _request(record: Any, place: str) -> str:
    """A task's request, which a market would take as it stands."""
    request = record.get("request") if isinstance(record, dict) else None
    if not isinstance(request, str) or not request.strip():
        raise InvalidRequest(f'{place}: a task is an object with a text under "request"')
    try:
        size = len(request.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(f"{place}: its request is not valid Unicode; it holds half a surrogate pair") from None
    if size > _TEXT_BYTES_MAX:
        raise InvalidRequest(f"{place}: its request has more than {_TEXT_BYTES_MAX:,} bytes")
    if "\x00" in request:
        raise InvalidRequest(f"{place}: its request holds NUL characters; it is binary, not text")
    return request
