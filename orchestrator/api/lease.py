"""Leases: who drives a running request, and whether that still lives.

A lease only decides who takes over; what keeps two drivers from both writing is the journal's
sequence numbers.
"""

from __future__ import annotations

from orchestrator.engine.marks import is_here, is_own, may_take_over, own_mark
from orchestrator.engine.recorder import read_log
from orchestrator.errors import WrongStatus
from orchestrator.store import RequestRow, Store, Transaction


def claim(store: Store, request_id: str, mark: str, *, take_over: bool = False) -> None:
    """Take a running request over; one that has come to its offers needs no driver.

    Args:
        store: where it is.
        request_id: the request.
        mark: of the work of driving it, which is under way.
        take_over: whether a process on another host that drives it is gone.

    Raises:
        UnknownRequest: there is no such request.
        WrongStatus: another process, or another call in this one, is driving it.
    """
    store.read(lambda reader: read_log(reader, request_id))
    if _has_lease(store.read(lambda reader: reader.find_request(request_id)), mark):
        return

    def work(tx: Transaction) -> None:
        row = tx.find_request(request_id)
        if row is None or _has_lease(row, mark):
            return
        # What this process has posted and nobody drives yet bears the mark of the process alone.
        if row.driver != own_mark() and not may_take_over(row.driver, take_over=take_over):
            who = "another call in this process" if is_own(row.driver) else f"another process ({row.driver})"
            gone = f"if its host is gone, `vickrey resume {request_id} --take-over` goes on in its place"
            what = "wait for that" if is_here(row.driver) else gone
            raise WrongStatus(f"request {request_id} is being driven by {who}; {what}, or cancel the request")
        tx.put_request(row._replace(driver=mark))

    store.transact(work)


def _has_lease(row: RequestRow | None, mark: str) -> bool:
    """Whether there is nothing to take over: the lease is taken, or the request is not running."""
    return row is None or row.status != "running" or row.driver == mark
