"""Reading an exported run from its file, letter by letter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import InvalidRecord
from orchestrator.record.document import canonical, check_format, parse

RECORD_BYTES_MAX: Final = 256 * 1024 * 1024
_STRING_OR_BLANKS = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|[ \t\r\n]++')


def read_record(path: Path | str) -> dict[str, Any]:
    """Read an exported run from a file; `verify` says whether it is right.

    The file may be laid out with blanks and line breaks, but otherwise has to be written as
    `write_record` writes it: so no byte of its content can change without a trace.

    Args:
        path: the file.

    Returns:
        The document.

    Raises:
        InvalidRecord: there is no such file, it cannot be read, or it is not an exported run of
            this version.
    """
    text = _read_text(Path(path))
    try:
        record = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except InvalidRecord as error:
        raise InvalidRecord(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InvalidRecord(f"{path}: this is not JSON: {reason}") from error
    try:
        check_format(record)
        parse(record)
        if not _is_canonical(text, record):
            raise InvalidRecord(
                "it is not written the way exported runs are (sorted keys, plain numbers, characters as they are): "
                "it was altered, or rewritten by another program"
            )
    except InvalidRecord as error:
        raise InvalidRecord(f"{path}: {error}") from error
    checked: dict[str, Any] = record
    return checked


def _is_canonical(text: str, record: Any) -> bool:
    """Whether a text is written in the one way there is, blanks between its parts aside."""
    written = canonical(record)
    return text == written or _STRING_OR_BLANKS.sub(lambda found: found[1] or "", text) == written


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > RECORD_BYTES_MAX:
            raise InvalidRecord(
                f"{path}: {size:,} bytes are too many for an exported run; at most {RECORD_BYTES_MAX:,}"
            )
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise InvalidRecord(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"{path}: this is not UTF-8 text, so it is no exported run") from error
    except (OSError, ValueError) as error:
        raise InvalidRecord(f"{path}: the file cannot be read: {error}") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InvalidRecord(f"the key {twice[:80]!r} stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise InvalidRecord(f"{name} is not a number that a run can hold")
