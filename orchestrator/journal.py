"""Journal entries and the chain of hashes over them.

An entry holds no text, only digests: texts are stored once, beside the journal, so that a
private document can be erased without breaking the chain. The chain detects accidents, not a
forger who rewrites everything from the altered entry on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from orchestrator.errors import InvalidRecord

GENESIS: Final = "0" * 64


class Entry(NamedTuple):
    """One line of a journal.

    Attributes:
        sequence: from 0, without gaps.
        kind: the event's kind.
        body: the event in canonical JSON, texts replaced by digests.
        digest: SHA-256 over the previous entry's digest and this one's content.
    """

    sequence: int
    kind: str
    body: str
    digest: str


def chain_digest(previous: str, sequence: int, kind: str, body: str) -> str:
    """The digest of an entry that follows the entry of digest `previous`."""
    content = f"{previous}\n{sequence}\n{kind}\n{body}"
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def broken_links(entries: Iterable[Entry]) -> Iterator[int]:
    """The places in a whole journal where an entry is not what was written there, after those before it."""
    previous = GENESIS
    for place, entry in enumerate(entries):
        if entry.sequence != place or entry.digest != chain_digest(previous, entry.sequence, entry.kind, entry.body):
            yield place
        previous = entry.digest


def check_chain(request_id: str, entries: Iterable[Entry]) -> None:
    """See to it that a whole journal is what was written: neither money nor a report may rest on anything else.

    Raises:
        InvalidRecord: an entry is not.
    """
    broken = next(broken_links(entries), None)
    if broken is not None:
        raise InvalidRecord(
            f"request {request_id}: entry {broken} of its journal is not what was written, so nothing is paid or told "
            "by it; the store's file was damaged or changed: restore a backup (`vickrey audit` says what else is)"
        )
