"""Memories: what policies have learned, carried over from one version of a policy to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.bidding import Policy
from orchestrator.engine.guarded import Returned, read_interruptible
from orchestrator.engine.learning_failures import forget_failure
from orchestrator.engine.memory_keys import practised_key
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidMemory
from orchestrator.store import MemoryRow, Reader, Store, Transaction

_PRACTISED_VERSION: Final = 1


def body_of(memory: Any) -> str:
    """A memory as the store keeps it.

    Raises:
        InvalidMemory: JSON cannot hold it.
    """
    try:
        return json.dumps(memory, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMemory(f"JSON cannot hold this memory: {error}") from error


def migrated(policy: Policy, memory: Any, version: int) -> Any:
    """A memory of an earlier version, as the policy's present version reads it.

    Args:
        policy: the policy.
        memory: what an earlier version had learned.
        version: which one.

    Raises:
        InvalidMemory: the policy cannot read memories of that version.
    """
    if version == policy.version:
        return memory
    what = f"policy {policy.name} of version {policy.version}"
    if version > policy.version:
        raise InvalidMemory(f"the memory is of version {version}; {what} is older: upgrade it first")
    migrate = getattr(policy, "migrate", None)
    if migrate is None:
        raise InvalidMemory(f"the memory is of version {version}; {what} cannot migrate it")
    result = read_interruptible(lambda: migrate(memory, version))
    if not isinstance(result, Returned):
        raise InvalidMemory(f"the memory is of version {version}; {what} failed to migrate it: {result.reason}")
    try:
        body_of(result.value)
    except InvalidMemory as error:
        raise InvalidMemory(f"the memory is of version {version}; {what} failed to migrate it: {error}") from error
    return result.value


def read_practised(reader: Reader, memory_key: str) -> dict[str, set[str]]:
    """What a memory has learned by practice: tasks, by the bidder whose works on them it was shown."""
    row = reader.memory(practised_key(memory_key))
    return {name: set(tasks) for name, tasks in json.loads(row.body).items()} if row is not None else {}


def put_practised(tx: Transaction, memory_key: str, practised: Mapping[str, Iterable[str]]) -> None:
    """Say what a memory has learned by practice; a memory that is replaced takes this along."""
    key = practised_key(memory_key)
    if practised or tx.memory(key) is not None:
        body = json.dumps({name: sorted(tasks) for name, tasks in sorted(practised.items())})
        tx.put_memory(MemoryRow(key, "practised", _PRACTISED_VERSION, body))


def migrate_memories(store: Store, seats: Iterable[Seat]) -> None:
    """Carry memories over to the present versions of their policies, where a policy can.

    Where it cannot, the old memory stays where it is. A policy that has no `migrate` starts anew; one whose `migrate`
    fails learns nothing more until it is mended, or its memory is reset.
    """
    seated = [seat for seat in seats if seat.policy is not None and seat.policy.version > 1]
    if store.read(lambda reader: any(_outdated(reader, seat) for seat in seated)):
        store.transact(lambda tx: _migrate_all(tx, seated))


def find_outdated(reader: Reader, seat: Seat) -> MemoryRow | None:
    """The newest memory of an earlier version of a seat's policy; None where that holds nothing, too."""
    policy = seat.policy
    if policy is None:
        return None
    rows = (reader.memory(seat.memory_key_of(version)) for version in range(policy.version - 1, 0, -1))
    newest = next((row for row in rows if row is not None), None)
    return newest if newest is not None and newest.body != "null" else None


def find_obstacle(reader: Reader, seat: Seat) -> InvalidMemory | None:
    """Why a seat's policy cannot read what an earlier version of it had learned; None where nothing keeps it from that.

    It must not begin anew over that: one that is mended finds its old memory only while there is no new one.
    """
    try:
        _carried_over(reader, seat)
    except InvalidMemory as error:
        return error
    return None


def _outdated(reader: Reader, seat: Seat) -> MemoryRow | None:
    is_new = reader.memory(seat.memory_key) is None and hasattr(seat.policy, "migrate")
    return find_outdated(reader, seat) if is_new else None


def _migrate_all(tx: Transaction, seats: Iterable[Seat]) -> None:
    for seat in seats:
        try:
            found = _carried_over(tx, seat)
        except InvalidMemory:
            continue  # learning fails over it, and says so
        if found is not None:
            old, new = found
            tx.put_memory(new)
            put_practised(tx, new.id, read_practised(tx, old.id))
            forget_failure(tx, new.id)


def _carried_over(reader: Reader, seat: Seat) -> tuple[MemoryRow, MemoryRow] | None:
    """The memory of an earlier version of a seat's policy, and what it becomes; None where there is none to migrate.

    Raises:
        InvalidMemory: the policy cannot read it.
    """
    row, policy = _outdated(reader, seat), seat.policy
    if row is None or policy is None:
        return None
    body = body_of(migrated(policy, json.loads(row.body), row.version))
    return row, MemoryRow(seat.memory_key, policy.name, policy.version, body)
