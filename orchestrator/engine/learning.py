"""Learning: policies are shown their receipts once, in the commit that ends a request.

A policy that fails at it keeps what it knew. That, and why, is remembered beside its memory until it
learns again: whoever wrote it would otherwise never hear of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple

from orchestrator.bidding import Policy
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.engine.guarded import Raised, Returned, read_interruptible
from orchestrator.engine.isolation.bidder import IsolatedPolicy
from orchestrator.engine.memories import read_body
from orchestrator.engine.memory_keys import failure_key
from orchestrator.engine.seat import Seat
from orchestrator.store import MemoryRow, Reader, Transaction

_FAILED_VERSION: Final = 1


class LearningFailure(NamedTuple):
    """How a policy has failed to learn.

    Attributes:
        request: the latest request that it learned nothing from.
        reason: why, in one printable line.
        times: from how many requests one after the other it learned nothing.
    """

    request: str
    reason: str
    times: int


def learn(tx: Transaction, seats: Mapping[str, Seat], progress: Progress) -> None:
    """Let the policies of a request's bidders learn from it; those that share a memory learn together.

    Args:
        tx: the transaction in which the request ends.
        seats: the market's bidders, by name.
        progress: the request, which has ended.
    """
    mine: dict[str, list[str]] = {}
    for entry in progress.request.roster:
        seat = seats.get(entry.name)
        if seat is not None and seat.policy is not None:
            mine.setdefault(seat.memory_key, []).append(seat.name)
    if not mine:
        return
    by_bidder: dict[str, list[Receipt]] = {}
    for receipt in receipts(progress):
        by_bidder.setdefault(receipt.bidder, []).append(receipt)
    pupils: list[_Pupil] = []
    for memory_key, names in mine.items():
        policy = seats[names[0]].policy
        given = [receipt for name in names for receipt in by_bidder.get(name, ())]
        if policy is not None and given:
            pupils.append(_Pupil(memory_key, names, policy, tx.memory(memory_key), given))
    for pupil, learned in zip(pupils, _all_learned(pupils), strict=True):
        if isinstance(learned, Raised):
            _count_faults(tx, pupil.names)
            _remember_failure(tx, pupil.memory_key, progress.request.id, learned.reason)
        else:
            tx.put_memory(MemoryRow(pupil.memory_key, pupil.policy.name, pupil.policy.version, learned.value))
            forget_failure(tx, pupil.memory_key)


def read_failure(reader: Reader, memory_key: str) -> LearningFailure | None:
    """How the policy of a memory failed to learn from the latest request; None where it did learn."""
    row = reader.memory(failure_key(memory_key))
    known = None if row is None else json.loads(row.body)
    return None if known is None else LearningFailure(**known)


def learning_failures(reader: Reader, seats: Iterable[Seat]) -> dict[str, LearningFailure]:
    """Bidders whose policies failed to learn from their latest request."""
    found = ((seat.name, read_failure(reader, seat.memory_key)) for seat in seats if seat.policy is not None)
    return {name: failure for name, failure in found if failure is not None}


def forget_failure(tx: Transaction, memory_key: str) -> None:
    """Say that a policy has learned again, or begins anew."""
    if read_failure(tx, memory_key) is not None:
        _put(tx, memory_key, None)


class _Pupil(NamedTuple):
    """A memory that is to learn.

    Attributes:
        memory_key: where it is kept.
        names: the bidders that share it.
        policy: what learns.
        before: what it knew.
        given: their receipts.
    """

    memory_key: str
    names: Sequence[str]
    policy: Policy
    before: MemoryRow | None
    given: Sequence[Receipt]


def _all_learned(pupils: Sequence[_Pupil]) -> list[Returned | Raised]:
    """What each has learned, in order; those in processes of their own at once.

    Nobody can write into the store meanwhile, so one that does not answer must cost that time once, whoever else does
    not answer either.
    """
    tasks = [partial(read_interruptible, partial(_learned, each)) for each in pupils]
    elsewhere = [number for number, each in enumerate(pupils) if isinstance(each.policy, IsolatedPolicy)]
    if len(elsewhere) <= 1:
        return [task() for task in tasks]
    with ThreadPoolExecutor(len(elsewhere), "vickrey-learn") as threads:
        begun = {number: threads.submit(tasks[number]) for number in elsewhere}
        return [begun[number].result() if number in begun else task() for number, task in enumerate(tasks)]


def _learned(pupil: _Pupil) -> str:
    return read_body(pupil.policy.learn(json.loads(pupil.before.body) if pupil.before else None, pupil.given))


def _count_faults(tx: Transaction, names: Iterable[str]) -> None:
    """A policy that fails to learn is its bidders' breach; what it knew before stays."""
    known = tx.bidders()
    for name in names:
        tx.put_bidder(known[name]._replace(faults=known[name].faults + 1))


def _remember_failure(tx: Transaction, memory_key: str, request_id: str, reason: str) -> None:
    known = read_failure(tx, memory_key)
    _put(tx, memory_key, LearningFailure(request_id, reason, 1 + (known.times if known else 0)))


def _put(tx: Transaction, memory_key: str, failure: LearningFailure | None) -> None:
    body = json.dumps(None if failure is None else failure._asdict())
    tx.put_memory(MemoryRow(failure_key(memory_key), "unlearned", _FAILED_VERSION, body))
