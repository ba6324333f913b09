"""Reading what an operator wrote: documents, prompts, preferences."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.errors import InvalidConfig


def read_text(path: str | Path, what: str) -> str:
    """A file's text, without the mark (BOM) that some editors put at its beginning.

    Args:
        path: the file, in UTF-8.
        what: what it is, for messages, for example `the prompt`.

    Raises:
        InvalidConfig: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InvalidConfig(f"{what} {path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(
            f"{what} {path} cannot be read: byte {error.start} is not UTF-8; save it as UTF-8 text"
        ) from error
