"""Reading a request's text and labels from the command line, a file or the standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import InvalidRequest


def read_request_text(text: str | None, file: str | None, bytes_max: int) -> str:
    """Read a request's text from wherever it was given.

    Args:
        text: the argument; `-` stands for the standard input.
        file: a file's path.
        bytes_max: more than this is not read.

    Returns:
        The text; whether it makes a request is for the market to say.

    Raises:
        InvalidRequest: there is none or there are two, or it cannot be read, or is no text.
    """
    if (text is None) == (file is None):
        raise InvalidRequest("give the request as TEXT, or its file with --file; one of the two")
    if file is not None:
        try:
            with Path(file).open("rb") as opened:
                return _decoded(opened.read(bytes_max + 1), file, bytes_max)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InvalidRequest(f"{file!r} cannot be read: {reason}") from None
    if text == "-":
        return _decoded(sys.stdin.buffer.read(bytes_max + 1), "the standard input", bytes_max)
    return str(text)


def read_labels(pairs: Iterable[str]) -> dict[str, str]:
    """Read labels written as `key=value`.

    Raises:
        InvalidRequest: one is not, or two of one name differ.
    """
    labels: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidRequest(f"a label is written key=value, not {pair[:40]!r}")
        if labels.setdefault(name, value) != value:
            raise InvalidRequest(f"label {name[:40]!r} is given two values; give one")
    return labels


def _decoded(content: bytes, source: str, bytes_max: int) -> str:
    if len(content) > bytes_max:
        raise InvalidRequest(f"{source} has more than {bytes_max:,} bytes, the most allowed (request.text_bytes_max)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{source} is binary, or not UTF-8 text: byte {error.start} cannot be read") from None
