"""Leases: which process drives a running request, and whether it still lives.

A lease only decides who takes over; what keeps two drivers from both writing is the journal's
sequence numbers.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from orchestrator.engine.recorder import read_log
from orchestrator.errors import WrongStatus
from orchestrator.store import RequestRow, Store, Transaction


def own_lease() -> str:
    """The mark of this process: host, process id and when it started."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_held(lease: str) -> bool:
    """Whether the process that holds a lease may still be at work.

    A process on another host cannot be seen from here and counts as alive.
    """
    host, _, rest = lease.partition("/")
    pid, _, started = rest.partition("/")
    if not pid.isdigit():
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(int(pid)) == started


def claim(store: Store, request_id: str) -> None:
    """Take a running request over; one that has come to its offers needs no driver.

    Raises:
        UnknownRequest: there is no such request.
        WrongStatus: the process that drives it is alive.
    """
    store.read(lambda reader: read_log(reader, request_id))
    if _is_ours(store.read(lambda reader: reader.find_request(request_id))):
        return

    def work(tx: Transaction) -> None:
        row = tx.find_request(request_id)
        if row is None or _is_ours(row):
            return
        if is_held(row.driver):
            raise WrongStatus(f"request {request_id} is being driven by another process ({row.driver})")
        tx.put_request(row._replace(driver=own_lease()))

    store.transact(work)


def _is_ours(row: RequestRow | None) -> bool:
    """Whether there is nothing to take over: it has this process's lease, or is not running."""
    return row is None or row.status != "running" or row.driver == own_lease()


def _started(pid: int) -> str:
    """When a process started, where the system tells; process ids are used again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
