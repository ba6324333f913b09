"""Leases: which process drives a running request, and whether it still lives.

A lease only decides who takes over; what keeps two drivers from both writing is the journal's
sequence numbers.
"""

from __future__ import annotations

from orchestrator.engine.marks import is_alive, own_mark
from orchestrator.engine.recorder import read_log
from orchestrator.errors import WrongStatus
from orchestrator.store import RequestRow, Store, Transaction


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
        if is_alive(row.driver):
            raise WrongStatus(f"request {request_id} is being driven by another process ({row.driver})")
        tx.put_request(row._replace(driver=own_mark()))

    store.transact(work)


def _is_ours(row: RequestRow | None) -> bool:
    """Whether there is nothing to take over: it has this process's lease, or is not running."""
    return row is None or row.status != "running" or row.driver == own_mark()
