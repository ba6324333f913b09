"""What is remembered of a policy that failed to learn: since when, and why, until it learns again."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from orchestrator.engine.memory_keys import failure_key
from orchestrator.store import MemoryRow, Reader, Transaction

_FAILED_VERSION: Final = 1


class LearningFailure(NamedTuple):
    """How a policy has failed to learn.

    Attributes:
        request: the latest request that it learned nothing from; empty where none has ended since it can learn nothing.
        reason: why, in one printable line.
        times: from how many requests one after the other it learned nothing.
    """

    request: str
    reason: str
    times: int


def read_failure(reader: Reader, memory_key: str) -> LearningFailure | None:
    """How the policy of a memory failed to learn from the latest request; None where it did learn."""
    row = reader.memory(failure_key(memory_key))
    known = None if row is None else json.loads(row.body)
    return None if known is None else LearningFailure(**known)


def remember_failure(tx: Transaction, memory_key: str, request_id: str, reason: str) -> None:
    """Say that a policy has learned nothing from a request."""
    known = read_failure(tx, memory_key)
    _put(tx, memory_key, LearningFailure(request_id, reason, 1 + (known.times if known else 0)))


def forget_failure(tx: Transaction, memory_key: str) -> None:
    """Say that a policy has learned again, or begins anew."""
    if read_failure(tx, memory_key) is not None:
        _put(tx, memory_key, None)


def _put(tx: Transaction, memory_key: str, failure: LearningFailure | None) -> None:
    body = json.dumps(None if failure is None else failure._asdict())
    tx.put_memory(MemoryRow(failure_key(memory_key), "unlearned", _FAILED_VERSION, body))
