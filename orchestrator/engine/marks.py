"""Marks of processes: by a mark in the store it can be told whether the process that works on something still lives.

A process that works on several things at once gives each piece of work a mark of its own.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

_works: Final = count(1)
_under_way: Final[set[str]] = set()
# A zombie is dead, and only waits for its parent to take notice; a container's first process may never do so.
_DEAD: Final = ("Z", "X")


def own_mark() -> str:
    """The mark of this process: host, process id and when it started."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


@contextmanager
def work_mark() -> Iterator[str]:
    """A mark of one piece of this process's work, alive until that is over: the process's own, and a number."""
    mark = f"{own_mark()}/{next(_works)}"
    _under_way.add(mark)
    try:
        yield mark
    finally:
        _under_way.discard(mark)


def is_here(mark: str) -> bool:
    """Whether the process that left a mark runs, or ran, on this host."""
    return mark.partition("/")[0] == socket.gethostname()


def is_own(mark: str) -> bool:
    """Whether this process left a mark."""
    return mark.split("/")[:3] == own_mark().split("/")


def who_left(mark: str) -> str:
    """Who left a mark, as it is said to whoever has to wait."""
    return "another call in this process" if is_own(mark) else f"another process ({mark})"


def is_alive(mark: str) -> bool:
    """Whether the process that left a mark may still be at work; of an empty one there is none.

    A process on another host cannot be seen from here and counts as alive.
    """
    pid, _, rest = mark.partition("/")[2].partition("/")
    started, _, work = rest.partition("/")
    if not pid.isdigit():
        return False
    if not is_here(mark):
        return True
    if work and is_own(mark):
        return mark in _under_way
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(int(pid)) == started


def may_take_over(mark: str, *, take_over: bool = False) -> bool:
    """Whether somebody else may go on with what a process left its mark on.

    Args:
        mark: of the process.
        take_over: whether a process on another host is gone, which cannot be seen from here.
    """
    return not is_alive(mark) or (take_over and not is_here(mark))


def _started(pid: int) -> str:
    """When a living process started, where the system tells; process ids are used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "dead" if state in _DEAD else rest[18]
