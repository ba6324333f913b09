"""Marks of processes: by a mark in the store it can be told whether the process that works on something still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def own_mark() -> str:
    """The mark of this process: host, process id and when it started."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_here(mark: str) -> bool:
    """Whether the process that left a mark runs, or ran, on this host."""
    return mark.partition("/")[0] == socket.gethostname()


def is_alive(mark: str) -> bool:
    """Whether the process that left a mark may still be at work; of an empty one there is none.

    A process on another host cannot be seen from here and counts as alive.
    """
    pid, _, started = mark.partition("/")[2].partition("/")
    if not pid.isdigit():
        return False
    if not is_here(mark):
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """When a process started, where the system tells; process ids are used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
