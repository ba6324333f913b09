"""Verifying an exported run from its file alone: hashes, decisions and books.

It detects accidents and careless edits. Whoever rewrites the whole file, journal, transfers and
seal together, can make it consistent again; what such a forger cannot do is keep the hash of the
journal that somebody else has noted.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.core.codec import decode, encode, text_digests
from orchestrator.core.events import Event
from orchestrator.core.keys import digest_text
from orchestrator.core.progress import Progress, advance, fold
from orchestrator.core.statement import statement
from orchestrator.core.step import Step
from orchestrator.errors import InvalidRecord, VickreyError
from orchestrator.journal import GENESIS, Entry, broken_links
from orchestrator.ledger import Finding
from orchestrator.money import format_usd
from orchestrator.record.books import check_books
from orchestrator.record.differing import difference
from orchestrator.record.document import RunRecord, canonical, parse
from orchestrator.record.moves import Move, cut
from orchestrator.record.reading import read_content, read_record_of
from orchestrator.record.redeciding import funds_of, redecide, unlawful_inputs


def verify(record: Any) -> list[Finding]:
    """Recompute everything in an exported run and compare it with what is recorded.

    Args:
        record: what `read_record` or `export_request` returned, or anything at all.

    Returns:
        What is wrong; empty where the record is right. Never raises for what the record holds.
    """
    try:
        run = parse(record)
    except InvalidRecord as error:
        return [Finding("record", str(error))]
    findings = [*_check_seal(run), *_check_chain(run.entries), *_check_texts(run)]
    try:
        # What was found stays found where the next move cannot be decided.
        findings.extend(_check_decisions(run))
    except VickreyError as error:
        findings.append(Finding("journal", str(error)))
    except Exception as error:
        # The core presumes what the engine guarantees; an altered record guarantees nothing.
        findings.append(Finding("journal", f"it cannot be decided again: {type(error).__name__}: {str(error)[:200]}"))
    return findings


def verify_file(path: Path | str) -> list[Finding]:
    """Verify an exported run, and that its file is what `write_record` wrote, to the byte.

    Args:
        path: the file.

    Returns:
        What is wrong with what it holds, then, if need be, that it is written otherwise.

    Raises:
        InvalidRecord: there is no such file, it cannot be read, or it is not an exported run of
            this version.
    """
    content = read_content(path)
    record = read_record_of(path, content)
    findings = verify(record)
    return [*findings, *_check_layout(content, canonical(record).encode(), is_right=not findings)]


def read_events(run: RunRecord) -> list[Event]:
    """A record's journal as events.

    Raises:
        InvalidRecord: an entry is not an event of this version.
    """
    return [decode(entry, run.texts, run.request_id) for entry in run.entries]


def _check_layout(content: bytes, written: bytes, *, is_right: bool) -> Iterator[Finding]:
    if content == written:
        return
    shared = range(min(len(content), len(written)))
    place = bisect_left(shared, True, key=lambda number: content[: number + 1] != written[: number + 1])
    what = f"from byte {place + 1:,} on it is not written as it was exported"
    if is_right:
        what += (
            ", but what it says is right: an editor or a formatter has written it anew (blanks, line breaks, one at "
            "the end too, order of keys, notation); go back to the file as it was, or export the run again"
        )
    yield Finding("file", what)


def _check_seal(run: RunRecord) -> Iterator[Finding]:
    if run.seal != run.sealed:
        yield Finding("seal", f"the record's content has digest {run.sealed}, not {run.seal[:64]}: it was altered")


def _check_chain(entries: Sequence[Entry]) -> Iterator[Finding]:
    for place in broken_links(entries):
        sequence = entries[place].sequence
        what = "its digest is not that of its content and of the entries before it"
        yield Finding(f"journal entry {sequence}", what if sequence == place else f"stands where entry {place} should")


def _check_texts(run: RunRecord) -> Iterator[Finding]:
    try:
        known = text_digests(run.entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # An entry is malformed; reading the events says which.
    for digest, text in run.texts.items():
        if digest_text(text) != digest:
            yield Finding(f"text {digest[:64]}", "its digest is not that of its content")
        if digest not in known:
            yield Finding(f"text {digest[:64]}", "no journal entry stands for it")


def _check_decisions(run: RunRecord) -> Iterator[Finding]:
    events = read_events(run)
    opening, later = cut(events)
    moves: list[Move] = [opening, *later]
    funds = funds_of(opening.requested.request, run.transfers)
    progress: Progress | None = None
    steps: list[Step] = []
    place = 0
    for move in moves:
        if progress is not None:
            yield from unlawful_inputs(progress, move)
        step = redecide(progress, move, funds)
        steps.append(step)
        recorded = run.entries[place : place + len(move.events)]
        yield from _compare(recorded, step, run.entries[place - 1].digest if place else GENESIS)
        place += len(move.events)
        progress = _follow(progress, move)
    present = fold(events)
    yield from _check_frame(run, present)
    yield from check_books(run, moves, steps, present)


def _follow(progress: Progress | None, move: Move) -> Progress:
    """The present after a move as it was recorded, so that one wrong decision yields one finding."""
    return fold(move.events) if progress is None else advance(progress, move.events)


def _compare(recorded: Sequence[Entry], step: Step, previous: str) -> Iterator[Finding]:
    decided = encode(step.events, recorded[0].sequence, previous)
    for left, right in zip(recorded, decided, strict=False):
        if (left.kind, left.body) == (right.kind, right.body):
            continue
        where = f"journal entry {left.sequence}"
        if left.kind != right.kind:
            yield Finding(where, f"it is `{left.kind}`, but the rules give `{right.kind}`")
            return
        what = difference(json.loads(left.body), json.loads(right.body), left.kind)
        yield Finding(where, what or "it is not written as events are written")
    if len(recorded) != len(decided):
        where = f"journal entry {recorded[-1].sequence}"
        yield Finding(where, f"{len(recorded)} events are recorded for this step, but the rules give {len(decided)}")


def _check_frame(run: RunRecord, present: Progress) -> Iterator[Finding]:
    """What stands around the journal must agree with it, and the statement must balance."""
    if run.status != present.status:
        yield Finding("status", f"the record says {run.status[:20]}, its journal {present.status}")
    if run.seed != present.request.seed:
        yield Finding("seed", f"the record says {run.seed}, its journal {present.request.seed}")
    yield from _check_setting(run.setting, present)
    imbalance = statement(present).imbalance_nanos() if present.ending else 0
    if imbalance:
        yield Finding("statement", f"the equation of conservation leaves over {format_usd(imbalance)} USD")


def _check_setting(setting: Any, present: Progress) -> Iterator[Finding]:
    rules = setting.get("rules") if isinstance(setting, Mapping) else None
    if not isinstance(rules, Mapping):
        return
    for name, value in rules.items():
        recorded = getattr(present.request.rules, str(name), value)
        if (list(recorded) if isinstance(recorded, tuple) else recorded) != value:
            yield Finding("setting", f"its rule {name} is not the one that the request was posted under")
