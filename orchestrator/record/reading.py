"""Reading an exported run from its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import InvalidRecord
from orchestrator.record.document import check_format, parse

RECORD_BYTES_MAX: Final = 256 * 1024 * 1024


def read_record(path: Path | str) -> dict[str, Any]:
    """Read an exported run from a file, however that is laid out.

    `verify` says whether what it holds is right; `verify_file` also whether the file itself is as
    it was written.

    Args:
        path: the file.

    Returns:
        The document.

    Raises:
        InvalidRecord: there is no such file, it cannot be read, or it is not an exported run of
            this version.
    """
    return read_record_of(path, read_content(path))


def read_content(path: Path | str) -> bytes:
    """Read all bytes of a file that may be an exported run.

    Raises:
        InvalidRecord: there is no such file, it cannot be read, or it is too large.
    """
    try:
        size = Path(path).stat().st_size
        if size > RECORD_BYTES_MAX:
            raise InvalidRecord(
                f"{path}: {size:,} bytes are too many for an exported run; at most {RECORD_BYTES_MAX:,}"
            )
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InvalidRecord(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise InvalidRecord(f"{path}: the file cannot be read: {error}") from error


def read_record_of(path: Path | str, content: bytes) -> dict[str, Any]:
    """Read an exported run from the bytes of its file.

    Args:
        path: the file, for messages.
        content: its bytes.

    Returns:
        The document.

    Raises:
        InvalidRecord: it is not an exported run of this version.
    """
    try:
        # Some editors put a byte order mark before a text.
        text = content.decode("utf-8-sig")
        record = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        check_format(record)
        parse(record)
    except InvalidRecord as error:
        raise InvalidRecord(f"{path}: {error}") from error
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"{path}: this is not UTF-8 text, so it is no exported run") from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise InvalidRecord(f"{path}: this is not JSON: {reason}") from error
    checked: dict[str, Any] = record
    return checked


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InvalidRecord(f"the key {twice[:80]!r} stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise InvalidRecord(f"{name} is not a number that a run can hold")
