"""Events to journal entries and back: canonical JSON in which digests stand for texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from orchestrator.core.events import EVENT_TYPES, Delivered, Event, Requested
from orchestrator.core.state import ERASED
from orchestrator.errors import InvalidRecord
from orchestrator.journal import Entry, chain_digest

UNKNOWN_COST: Final = ('cost_nanos":null', '"unknown_costs":')
"""One of these stands in the body of every entry that tells of a cost which nobody knows."""

_WITH_TEXTS: Final = (Requested.kind, Delivered.kind)


def encode(events: Iterable[Event], sequence: int, previous: str) -> list[Entry]:
    """Turn events into entries that continue a journal.

    Args:
        events: in order.
        sequence: number of the first.
        previous: digest of the journal's last entry, or `GENESIS`.

    Returns:
        One entry an event.
    """
    entries = []
    for event in events:
        body = json.dumps(_body(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = chain_digest(previous, sequence, event.kind, body)
        entries.append(Entry(sequence, event.kind, body, previous))
        sequence += 1
    return entries


def texts_of(events: Iterable[Event]) -> dict[str, str]:
    """The texts that entries stand for, by digest."""
    texts: dict[str, str] = {}
    for event in events:
        if isinstance(event, Requested):
            texts[event.request.text_digest] = event.request.text
        elif isinstance(event, Delivered):
            texts.update((piece.digest, piece.text) for piece in event.segments)
    return texts


def text_digests(entries: Iterable[Entry]) -> set[str]:
    """The digests of all texts that some entries stand for."""
    digests: set[str] = set()
    for entry in entries:
        if entry.kind == Requested.kind:
            digests.add(json.loads(entry.body)["request"]["text_digest"])
        elif entry.kind == Delivered.kind:
            digests.update(piece["digest"] for piece in json.loads(entry.body)["segments"])
    return digests


def decode(entry: Entry, texts: Mapping[str, str], request_id: str) -> Event:
    """Read an entry back.

    Args:
        entry: from a store or an exported run.
        texts: texts by digest; one that is missing was erased, and reads as `[erased]`.
        request_id: the request's id, which the chain does not cover.

    Returns:
        The event.

    Raises:
        InvalidRecord: the entry is not an event of this version.
    """
    try:
        if entry.kind not in _WITH_TEXTS:
            # Not by way of Python's own objects, which takes twice as long; but it knows no half of a surrogate pair.
            with suppress(ValueError):
                return _adapter(entry.kind).validate_json(entry.body)  # type: ignore[no-any-return]
        event: Event = _adapter(entry.kind).validate_python(_with_texts(entry, texts, request_id))
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidRecord(f"journal entry {entry.sequence} is not a valid `{entry.kind}` event: {reason}") from error
    return event


def _with_texts(entry: Entry, texts: Mapping[str, str], request_id: str) -> Any:
    """The body of an entry, with the texts beside their digests."""
    body = json.loads(entry.body)
    if entry.kind == Requested.kind:
        body["request"]["id"] = request_id
        body["request"]["text"] = texts.get(body["request"]["text_digest"], ERASED)
    elif entry.kind == Delivered.kind:
        if "reached" in body:
            raise ValueError("a record does not say which state it reached, but what leads there")
        for piece in body["segments"]:
            piece["text"] = texts.get(piece["digest"], ERASED)
    return body


def _body(event: Event) -> dict[str, Any]:
    body: dict[str, Any] = _adapter(event.kind).dump_python(event, mode="json", exclude={"reached"})
    if isinstance(event, Requested):
        del body["request"]["id"], body["request"]["text"]
    elif isinstance(event, Delivered):
        for piece in body["segments"]:
            del piece["text"]
    return body


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(EVENT_TYPES[kind])
    except KeyError:
        raise InvalidRecord(f"no event is called `{kind}`; was the record made by a newer version?") from None
