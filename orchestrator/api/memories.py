"""Bidders' memories: shown, described by their policies, exported to a file, taken from one, reset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.api.market import Market
from orchestrator.bidding import Observation, Policy
from orchestrator.engine.describing import Description, describe
from orchestrator.engine.guarded import Returned, read_guarded
from orchestrator.engine.isolation.bidder import IsolatedPolicy
from orchestrator.engine.learning import learning_failure
from orchestrator.engine.learning_failures import LearningFailure, forget_failure
from orchestrator.engine.memories import body_of, find_outdated, migrated, put_practised, read_practised
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidMemory, UnknownBidder
from orchestrator.record.whole_files import write_whole
from orchestrator.store import MemoryRow, Transaction

FORMAT: Final = "vickrey-memory"
VERSION: Final = 1
FILE_BYTES_MAX: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BidderMemory:
    """What a bidder's policy has learned.

    Attributes:
        bidder: the bidder.
        policy: its policy's name; empty where it has none.
        version: version of the memory's format.
        memory: the memory; None where nothing has been learned.
        shared_with: the other bidders that learn together with it.
        outdated: version of an older memory that the policy cannot migrate; None where there is none.
        practised: the tasks that it has learned by practice, by the bidder whose works it was shown.
        failure: how its policy failed to learn from the latest request; None where it did learn.
    """

    bidder: str
    policy: str
    version: int
    memory: Any
    shared_with: tuple[str, ...]
    outdated: int | None
    practised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failure: LearningFailure | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the memory as canonical JSON."""
        return memory_digest(self.memory)

    def to_dict(self) -> dict[str, Any]:
        """The memory as a document that `import_memory` takes."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "bidder": self.bidder,
            "policy": self.policy,
            "policy_version": self.version,
            "digest": self.digest,
            "shared_with": list(self.shared_with),
            "practised": {name: list(tasks) for name, tasks in self.practised.items()},
            "memory": self.memory,
        }


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    format: str
    version: int
    bidder: str
    policy: str
    policy_version: int
    digest: str
    shared_with: list[str] = []
    practised: dict[str, list[str]] = {}
    memory: Any
    learning_failure: Any = None
    beliefs: Any = None
    beliefs_failure: Any = None
    """Which `--json` shows beside a memory, and which add nothing to it."""


def memory_digest(memory: Any) -> str:
    """SHA-256 of a memory as canonical JSON: the same memory has the same, wherever it is kept."""
    content = json.dumps(memory, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()


def read_memory(market: Market, bidder: str) -> BidderMemory:
    """What a bidder's policy has learned so far.

    Raises:
        UnknownBidder: the config has no such bidder, or it is broken.
    """
    seat = _seat(market, bidder)
    row, older, practised, failure = market.store.read(
        lambda reader: (
            reader.memory(seat.memory_key),
            find_outdated(reader, seat),
            read_practised(reader, seat.memory_key),
            learning_failure(reader, seat) if seat.policy is not None else None,
        )
    )
    policy = seat.policy
    return BidderMemory(
        bidder=bidder,
        policy=policy.name if policy else "",
        version=policy.version if policy else 0,
        memory=json.loads(row.body) if row is not None else None,
        shared_with=tuple(
            name for name, other in market.seats.items() if name != bidder and other.memory_key == seat.memory_key
        ),
        outdated=older.version if older is not None and row is None else None,
        practised={name: tuple(sorted(tasks)) for name, tasks in practised.items()},
        failure=failure,
    )


def check_memory(market: Market, bidder: str, document: Any) -> None:
    """Refuse an exported memory that a bidder could not be given; nothing is changed.

    Raises:
        InvalidMemory: it is damaged, another policy's, or of a version that the policy cannot read.
        UnknownBidder: the config has no such bidder, or it is broken.
    """
    _importable(_seat(market, bidder), document)


def describe_memory(market: Market, found: BidderMemory) -> Description | None:
    """Have a bidder's policy say what it believes.

    Args:
        market: the bidder's market.
        found: what `read_memory` or `stored_memories` found of the bidder.

    Returns:
        Its tables, or why it could not make them; None where nothing has been learned, or the bidder takes part
        with no such policy, or the policy describes nothing.
    """
    seat = market.seats.get(found.bidder)
    policy = seat.policy if seat is not None else None
    if policy is None or found.memory is None or (policy.name, policy.version) != (found.policy, found.version):
        return None
    return describe(policy, found.memory)


def import_memory(market: Market, bidder: str, document: Any) -> BidderMemory:
    """Give a bidder a memory that was exported, in place of its own.

    Args:
        market: the bidder's market.
        bidder: who gets it, and with it all who learn together with it.
        document: what `BidderMemory.to_dict` gave or `read_file` read.

    Returns:
        The memory as it is kept now.

    Raises:
        InvalidMemory: as `check_memory`.
        UnknownBidder: as `check_memory`.
    """
    seat = _seat(market, bidder)
    row, practised = _importable(seat, document)
    market.store.transact(lambda tx: put_memory(tx, row, practised))
    return read_memory(market, bidder)


def named_other(document: Any, found: BidderMemory) -> str | None:
    """The bidder by whose name an imported memory tells what its new owner is not called.

    A policy that tells bidders apart, as `bayes` does, knows them by their names. So what a memory says of the one that
    it comes from is not taken for what its new owner can do.

    Args:
        document: what was imported.
        found: the memory, as the new owner has it now.

    Returns:
        The old owner's name; None where the memory does not tell of it, or it tells of one that takes part here.
    """
    owner = document["bidder"]
    here = {found.bidder, *found.shared_with}
    is_strange = owner not in here and found.bidder not in document.get("shared_with", ())
    return owner if is_strange and json.dumps(owner) in json.dumps(found.memory) else None


def reset_memory(market: Market, bidder: str) -> None:
    """Let a bidder, and all who learn together with it, begin again with nothing learned.

    Raises:
        UnknownBidder: the config has no such bidder, or it is broken.
        InvalidMemory: it has no policy.
    """
    seat = _seat(market, bidder)
    policy = _policy(seat)
    row = MemoryRow(seat.memory_key, policy.name, policy.version, "null")
    market.store.transact(lambda tx: put_memory(tx, row, {}))


def put_memory(tx: Transaction, row: MemoryRow, practised: Mapping[str, Sequence[str]]) -> None:
    """Put a memory in the place of another, with what it has practised: what was forgotten can be practised again."""
    tx.put_memory(row)
    put_practised(tx, row.id, practised)
    forget_failure(tx, row.id)


def write_file(memory: BidderMemory, path: Path) -> None:
    """Write a memory to a file, wholly or not at all.

    Raises:
        InvalidMemory: there is nothing to write, or the file cannot be written.
    """
    if memory.memory is None:
        why = "has learned nothing yet" if memory.policy else "has no policy, so it learns nothing"
        raise InvalidMemory(f"bidder {memory.bidder} {why}: there is nothing to export")
    content = json.dumps(memory.to_dict(), indent=2, sort_keys=True, allow_nan=False) + "\n"
    try:
        write_whole(path, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidMemory(f"{path}: the memory cannot be written there: {reason}") from error


def read_file(path: Path) -> Any:
    """Read what `write_file` wrote.

    Raises:
        InvalidMemory: there is no such file, or it is no JSON.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InvalidMemory(f"{path}: more than {FILE_BYTES_MAX:,} bytes are too many for a memory")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidMemory(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidMemory(f"{path}: this is no exported memory: {error}") from error


def _seat(market: Market, bidder: str) -> Seat:
    seat = market.seats.get(bidder)
    if seat is None:
        raise UnknownBidder(
            f"the config has no bidder {bidder[:64]!r} that works; it has: {', '.join(market.seats) or 'none'}"
        )
    return seat


def _policy(seat: Seat) -> Policy:
    if seat.policy is None:
        raise InvalidMemory(f"bidder {seat.name} has no policy, so it remembers nothing; give it one in the config")
    return seat.policy


def _importable(seat: Seat, document: Any) -> tuple[MemoryRow, dict[str, list[str]]]:
    """An exported memory as a bidder's policy keeps it, and what it has practised."""
    policy = _policy(seat)
    found = _parse(document)
    if found.policy != policy.name:
        raise InvalidMemory(
            f"the memory is of policy {found.policy[:40]!r}; bidder {seat.name} has policy {policy.name!r}"
        )
    memory = migrated(policy, found.memory, found.policy_version)
    _check_readable(policy, seat.name, memory)
    return MemoryRow(seat.memory_key, policy.name, policy.version, body_of(memory)), found.practised


def _parse(document: Any) -> _Document:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InvalidMemory(f"this is no exported memory: its `format` is not {FORMAT!r}")
    if document.get("version") != VERSION:
        raise InvalidMemory(
            f"the memory was exported in format version {str(document.get('version'))[:20]}; "
            f"this Vickrey reads version {VERSION}"
        )
    try:
        found = _Document.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidMemory(f"the exported memory is malformed: {first['loc']}: {first['msg']}") from error
    body_of(found.memory)
    if found.digest != memory_digest(found.memory):
        raise InvalidMemory("the memory's digest is not that of its content: the file was altered")
    return found


def _check_readable(policy: Policy, bidder: str, memory: Any) -> None:
    """Have the policy value one lot with it: what it cannot read must not take the place of what it can.

    One that runs in a process of its own cannot be asked here.
    """
    if isinstance(policy, IsolatedPolicy):
        return
    lot = Observation(bidder, "transformer", 1, 8, 10.0)
    result = read_guarded(lambda: policy.value(memory, [lot]))
    if not isinstance(result, Returned):
        raise InvalidMemory(f"policy {policy.name} cannot read this memory: {result.reason}")
