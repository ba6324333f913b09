"""Exporting a run: from the store to one self-contained file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestrator.core.codec import text_digests
from orchestrator.engine.recorder import read_journal
from orchestrator.errors import InvalidRecord
from orchestrator.journal import Entry
from orchestrator.passwords import is_secret, without_passwords
from orchestrator.record.document import FORMAT, SEAL, VERSION, canonical, plain, seal_of
from orchestrator.record.whole_files import write_whole
from orchestrator.store import Reader, Store

WITHHELD = "[withheld]"


def export_request(store: Store, request_id: str) -> dict[str, Any]:
    """Export a request, whether it has ended or not, as one self-contained document.

    Passwords in the store's URL are withheld, and so are options that hold a secret.

    Args:
        store: where it is recorded.
        request_id: the request.

    Returns:
        The document; `write_record` writes it to a file.

    Raises:
        UnknownRequest: the store has no such request.
        InvalidRecord: it holds a part of it alone.
    """
    record = store.read(lambda reader: _read(reader, request_id))
    return {**record, SEAL: seal_of(record)}


def write_record(record: Mapping[str, Any], path: Path | str) -> None:
    """Write an exported run to a file, wholly or not at all.

    Args:
        record: what `export_request` returned.
        path: the file; one that is there already is replaced. A device or a pipe, such as
            `/dev/stdout`, is written to and stays what it is.

    Raises:
        InvalidRecord: the file cannot be written.
    """
    content = canonical(record)
    try:
        write_whole(Path(path), content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidRecord(f"{path}: the run cannot be written there: {reason}") from error


def _read(reader: Reader, request_id: str) -> dict[str, Any]:
    entries = read_journal(reader, request_id)
    row = reader.find_request(request_id)
    if row is None:
        raise InvalidRecord(f"the store holds a journal of request {request_id} and no row; restore it from a backup")
    return {
        "format": FORMAT,
        "version": VERSION,
        "vickrey": version("vickrey"),
        "request": request_id,
        "status": row.status,
        "seed": json.loads(entries[0].body)["request"]["seed"],
        "labels": json.loads(row.labels),
        "setting": _withhold(json.loads(row.setting)),
        "journal": [_line(entry) for entry in entries],
        "texts": reader.texts(text_digests(entries)),
        "transfers": [transfer._asdict() for transfer in reader.transfers(request=request_id)],
        "answers": [
            {key: value for key, value in answer._asdict().items() if key != "request"}
            for answer in reader.answers(request_id)
        ],
    }


def _line(entry: Entry) -> dict[str, Any]:
    """An entry whose body is an object, so that other programs can read it.

    It stays a string where that would not give back the very characters that were hashed.
    """
    body = json.loads(entry.body)
    if not isinstance(body, dict) or plain(body) != entry.body:
        body = entry.body
    return {**entry._asdict(), "body": body}


def _withhold(setting: Any) -> Any:
    if isinstance(setting, dict):
        return {key: WITHHELD if is_secret(key) else _withhold(value) for key, value in setting.items()}
    if isinstance(setting, list):
        return [_withhold(each) for each in setting]
    return without_passwords(setting, WITHHELD) if isinstance(setting, str) else setting
