"""Leases: who drives a running request, or judges an open one at a cost, and whether that still lives.

A lease only decides who takes over; what keeps two drivers from both writing is the journal's
sequence numbers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

from orchestrator.api.reports import interrupted
from orchestrator.core.progress import Progress
from orchestrator.engine.marks import is_here, may_take_over, own_mark, who_left, work_mark
from orchestrator.engine.recorder import read_log
from orchestrator.errors import InvalidConfig, StoreUnavailable, VickreyError, WrongStatus
from orchestrator.store import Reader, RequestRow, Store, Transaction

T = TypeVar("T")
_NAMES_SHOWN = 3


def take_lease(store: Store, request_id: str, mark: str, seats: Collection[str], *, take_over: bool = False) -> None:
    """Take a running request over; one that has come to its offers needs no driver.

    Args:
        store: where it is.
        request_id: the request.
        mark: of the work of driving it, which is under way.
        seats: the bidders of the market that is to drive it, by name.
        take_over: whether a process on another host that drives it is gone.

    Raises:
        UnknownRequest: there is no such request.
        WrongStatus: another process, or another call in this one, is driving it.
        InvalidConfig: the market has none of the request's bidders, so it would end without an offer.
    """
    progress = store.read(lambda reader: read_log(reader, request_id)).progress
    if _is_foreign(progress, seats):
        names = ", ".join([entry.name for entry in progress.request.roster][:_NAMES_SHOWN])
        raise InvalidConfig(
            f"request {request_id} was posted to bidders of another market ({names}); go on with the config that has "
            "them, or cancel the request"
        )
    if _has_lease(store.read(lambda reader: reader.find_request(request_id)), mark):
        return

    def work(tx: Transaction) -> None:
        row = tx.find_request(request_id)
        if row is None or _has_lease(row, mark):
            return
        # What this process has posted and nobody drives yet bears the mark of the process alone.
        if row.driver != own_mark() and not may_take_over(row.driver, take_over=take_over):
            raise _taken(row, "driven", "goes on", "cancel the request")
        tx.put_request(row._replace(driver=mark))

    store.transact(work)


@contextmanager
def judging_alone(store: Store, request_id: str, *, take_over: bool = False) -> Iterator[None]:
    """Let one judge at a time look at a request's offers: two would spend one worst case twice (R7).

    Args:
        store: where the request is.
        request_id: the request; one that is not open has nothing to judge.
        take_over: whether a process on another host that judges it is gone.

    Raises:
        WrongStatus: another one looks.
    """
    with work_mark() as mark:

        def begin(tx: Transaction) -> None:
            row = tx.find_request(request_id)
            if row is None or row.status != "open":
                return
            if not may_take_over(row.driver, take_over=take_over):
                raise _taken(row, "judged", "judges", "pick yourself")
            tx.put_request(row._replace(driver=mark))

        def end(tx: Transaction) -> None:
            row = tx.find_request(request_id)
            if row is not None and row.driver == mark:
                tx.put_request(row._replace(driver=""))

        store.transact(begin)
        try:
            yield
        finally:
            # Where the store is away the mark stays, and is a dead one as soon as this is over.
            with suppress(StoreUnavailable):
                store.transact(end)


async def in_turn(request_ids: Sequence[str], finish: Callable[[str], Awaitable[list[T]]]) -> list[T]:
    """Finish requests one after the other; one that cannot go on keeps no other from it.

    Raises:
        VickreyError: the first that there was, once all have had their turn.
    """
    finished: list[T] = []
    failures: list[VickreyError] = []
    for request_id in request_ids:
        try:
            finished += await finish(request_id)
        except VickreyError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return finished


def resumable(store: Store, seats: Collection[str], *, take_over: bool = False) -> list[str]:
    """The interrupted requests that a market can finish, since it has some of their bidders, or must say why not.

    Args:
        store: where they are.
        seats: the market's bidders, by name.
        take_over: whether processes on other hosts are gone, which cannot be seen from here.
    """
    ids = [row.id for row in interrupted(store, take_over=take_over)]
    return store.read(lambda reader: [id for id in ids if not _is_left_alone(reader, id, seats)])


def _is_left_alone(reader: Reader, request_id: str, seats: Collection[str]) -> bool:
    """Whether a request is another market's; one whose journal is damaged is not, but fails when its turn comes."""
    try:
        return _is_foreign(read_log(reader, request_id).progress, seats)
    except VickreyError:
        return False


def _is_foreign(progress: Progress, seats: Collection[str]) -> bool:
    """Whether a running request has bidders, and a market none of them."""
    roster = progress.request.roster
    return progress.status == "running" and bool(roster) and not any(entry.name in seats for entry in roster)


def _taken(row: RequestRow, what: str, goes_on: str, way_out: str) -> WrongStatus:
    """Why a request is another's for now, and what to do.

    Args:
        row: the request.
        what: is done with it.
        goes_on: what somebody else would do in the place of one that is gone.
        way_out: what can be done without waiting.
    """
    gone = f"if its host is gone, `vickrey resume {row.id} --take-over` {goes_on} in its place"
    wait = "wait for that" if is_here(row.driver) else gone
    return WrongStatus(f"request {row.id} is being {what} by {who_left(row.driver)}; {wait}, or {way_out}")


def _has_lease(row: RequestRow | None, mark: str) -> bool:
    """Whether there is nothing to take over: the lease is taken, or the request is not running."""
    return row is None or row.status != "running" or row.driver == mark
