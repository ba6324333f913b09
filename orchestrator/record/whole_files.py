"""Files that are written wholly or not at all: what is exported must never be found cut in two."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(target: Path, content: str) -> None:
    """Put a file in place only once it is whole and on the disk; one that is there already is replaced.

    Who may read it is what it was, or of a new file what the process gives to its files (umask).

    Args:
        target: the file; in the place of a link stands the file that it leads to. A device or a pipe, such as
            `/dev/stdout`, is written to and stays what it is.
        content: its text, as it is.

    Raises:
        OSError: it cannot be written.
        ValueError: its path, or its text, is none that a file can have.
    """
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_text(content, encoding="utf-8", newline="")
        return
    target = target.resolve()
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            if target.is_file():
                draft.chmod(target.stat().st_mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
