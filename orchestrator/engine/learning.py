"""Learning: policies are shown their receipts once, in the commit that ends a request.

A policy that fails at it keeps what it knew. That, and why, is remembered beside its memory until it
learns again: whoever wrote it would otherwise never hear of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from orchestrator.bidding import Policy
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt, receipts
from orchestrator.engine.guarded import Raised, Returned, read_interruptible
from orchestrator.engine.isolation.bidder import IsolatedPolicy
from orchestrator.engine.learning_failures import LearningFailure, forget_failure, read_failure, remember_failure
from orchestrator.engine.memories import body_of, find_obstacle
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidMemory
from orchestrator.store import MemoryRow, Reader, Transaction


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
        seat = seats[names[0]]
        given = [receipt for name in names for receipt in by_bidder.get(name, ())]
        if seat.policy is not None and given:
            before, obstacle = tx.memory(memory_key), find_obstacle(tx, seat)
            pupils.append(_Pupil(memory_key, names, seat.policy, before, given, obstacle))
    for pupil, learned in zip(pupils, _all_learned(pupils), strict=True):
        if isinstance(learned, Raised):
            _count_faults(tx, pupil.names)
            remember_failure(tx, pupil.memory_key, progress.request.id, learned.reason)
        else:
            tx.put_memory(MemoryRow(pupil.memory_key, pupil.policy.name, pupil.policy.version, learned.value))
            forget_failure(tx, pupil.memory_key)


def learning_failures(reader: Reader, seats: Iterable[Seat]) -> dict[str, LearningFailure]:
    """Bidders whose policies failed to learn from their latest request, or would from the next."""
    sharing: dict[str, list[Seat]] = {}
    for seat in seats:
        if seat.policy is not None:
            sharing.setdefault(seat.memory_key, []).append(seat)
    found = ((sharers, learning_failure(reader, sharers[0])) for sharers in sharing.values())
    return {seat.name: failure for sharers, failure in found if failure is not None for seat in sharers}


def learning_failure(reader: Reader, seat: Seat) -> LearningFailure | None:
    """How a bidder's policy failed to learn; one that cannot read what it had learned will, so that is told at once."""
    known = read_failure(reader, seat.memory_key)
    obstacle = find_obstacle(reader, seat)
    if obstacle is None:
        return known
    reason = Raised(obstacle).reason
    return known._replace(reason=reason) if known is not None else LearningFailure("", reason, 0)


class _Pupil(NamedTuple):
    """A memory that is to learn.

    Attributes:
        memory_key: where it is kept.
        names: the bidders that share it.
        policy: what learns.
        before: what it knew.
        given: their receipts.
        obstacle: why it cannot learn from them; None where it can.
    """

    memory_key: str
    names: Sequence[str]
    policy: Policy
    before: MemoryRow | None
    given: Sequence[Receipt]
    obstacle: InvalidMemory | None


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
    if pupil.obstacle is not None:
        raise pupil.obstacle
    return body_of(pupil.policy.learn(json.loads(pupil.before.body) if pupil.before else None, pupil.given))


def _count_faults(tx: Transaction, names: Iterable[str]) -> None:
    """A policy that fails to learn is its bidders' breach; what it knew before stays."""
    known = tx.bidders()
    for name in names:
        tx.put_bidder(known[name]._replace(faults=known[name].faults + 1))
