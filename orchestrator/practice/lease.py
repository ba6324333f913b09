"""The lease of a practice: whether another process is at it, so that nothing is asked and paid twice.

It is taken where the cap is opened and left where the cap is closed, by whoever holds it: a run that was
taken over has neither to leave. It bears the mark of the run, so that one that could not be left is free as
soon as the run is over. What a run was going to ask it knows from a plan, and a plan is good for one run:
what another run was answered in the meantime is not in it.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from orchestrator.engine.marks import is_here, may_take_over, who_left
from orchestrator.engine.memory_keys import lease_key
from orchestrator.errors import WrongStatus
from orchestrator.store import MemoryRow, Reader, Transaction

_VERSION: Final = 1


class Lease(NamedTuple):
    """Who is at a practice.

    Attributes:
        driver: mark of the run that is under way; empty where none is.
        runs: how many runs of it have begun.
    """

    driver: str = ""
    runs: int = 0


def read_lease(reader: Reader, practice_id: str, *, take_over: bool = False) -> Lease:
    """Who is at a practice.

    Args:
        reader: reads it.
        practice_id: the practice.
        take_over: whether a process on another host is gone, which cannot be seen from here.

    Raises:
        WrongStatus: a process that may be alive.
    """
    lease = _stored(reader, practice_id)
    _check_free(lease, practice_id, take_over=take_over)
    return lease


def take_lease(tx: Transaction, practice_id: str, planned: Lease, mark: str) -> None:
    """Take a practice up.

    Args:
        tx: takes it.
        practice_id: the practice.
        planned: its lease as it was when its plan was made.
        mark: of the run, which is under way.

    Raises:
        WrongStatus: another process is at it, or has been since then.
    """
    lease = _stored(tx, practice_id)
    if lease.driver != planned.driver:
        _check_free(lease, practice_id)
    if lease.runs != planned.runs:
        raise WrongStatus(
            f"another run has practised these tasks since it was said what they may cost ({practice_id}); "
            "run this again to see what is left"
        )
    _put(tx, practice_id, Lease(mark, planned.runs + 1))


def is_held(reader: Reader, practice_id: str, mark: str) -> bool:
    """Whether a run still holds the practice that it took up: nobody has taken it over."""
    return _stored(reader, practice_id).driver == mark


def taken_over(practice_id: str) -> WrongStatus:
    """Why a run stops that no longer holds its practice."""
    return WrongStatus(
        f"these tasks were taken over by another run, recorded as {practice_id}, while this one was at them; what "
        "this one was answered is kept"
    )


def leave(tx: Transaction, practice_id: str, mark: str) -> bool:
    """Leave a practice, unless somebody has taken it over: then it is theirs.

    Returns:
        Whether it was left.
    """
    if not is_held(tx, practice_id, mark):
        return False
    _put(tx, practice_id, _stored(tx, practice_id)._replace(driver=""))
    return True


def _stored(reader: Reader, practice_id: str) -> Lease:
    row = reader.memory(lease_key(practice_id))
    return Lease(**json.loads(row.body)) if row is not None else Lease()


def _check_free(lease: Lease, practice_id: str, *, take_over: bool = False) -> None:
    if not may_take_over(lease.driver, take_over=take_over):
        gone = "" if is_here(lease.driver) else "; if that process is gone, --take-over goes on in its place"
        raise WrongStatus(
            f"these tasks are being practised by {who_left(lease.driver)}, recorded as {practice_id}; "
            f"run this again when that is done: what it was answered is not asked again{gone}"
        )


def _put(tx: Transaction, practice_id: str, lease: Lease) -> None:
    tx.put_memory(MemoryRow(lease_key(practice_id), "lease", _VERSION, json.dumps(lease._asdict())))
