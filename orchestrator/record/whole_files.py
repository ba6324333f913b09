"""Files that are written wholly or not at all: what is exported must never be found cut in two."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(target: Path, content: str) -> None:
    """Put a file in place only once it is whole and on the disk; one that is there already is replaced.

    Args:
        target: the file; in the place of a link stands the file that it leads to.
        content: its text, as it is.

    Raises:
        OSError: it cannot be written.
        ValueError: its path, or its text, is none that a file can have.
    """
    target = target.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
