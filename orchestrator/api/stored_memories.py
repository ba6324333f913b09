"""What the store holds of what a bidder has learned, though the bidder itself is broken or gone.

A memory can be shown, exported and reset without the policy that made it; only importing needs that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from orchestrator.api.memories import BidderMemory, put_memory
from orchestrator.engine.learning_failures import read_failure
from orchestrator.engine.memories import read_practised
from orchestrator.engine.memory_keys import memory_key, memory_keys_of
from orchestrator.errors import UnknownBidder
from orchestrator.store import BidderRow, MemoryRow, Reader, Store, Transaction


def stored_memories(store: Store, bidder: str, policy: str | None = None) -> tuple[BidderMemory, ...]:
    """Everything that the store holds of what a bidder has learned.

    Args:
        store: what the market remembers.
        bidder: the bidder; it need not be able to take part, nor be in the config.
        policy: the policy whose memory alone is wanted; None for all.

    Returns:
        One memory for each policy that it had, in order of name: that of the newest version.

    Raises:
        UnknownBidder: the market never had this bidder.
    """
    return store.read(lambda reader: _read(reader, bidder, policy))


def reset_stored(store: Store, memories: Sequence[BidderMemory]) -> None:
    """Forget what a bidder, and all who learned together with it, have learned."""

    def work(tx: Transaction) -> None:
        for each in memories:
            base = _memory_id(tx.bidders()[each.bidder])
            key = memory_key(base, each.policy, each.version)
            put_memory(tx, MemoryRow(key, each.policy, each.version, "null"), {})

    store.transact(work)


def _read(reader: Reader, bidder: str, policy: str | None) -> tuple[BidderMemory, ...]:
    known = reader.bidders()
    if bidder not in known:
        raise UnknownBidder(
            f"neither config nor store has a bidder {bidder[:64]!r}; the store has: {', '.join(known) or 'none'}"
        )
    base = _memory_id(known[bidder])
    shared = tuple(name for name, row in known.items() if name != bidder and _memory_id(row) == base)
    newest: dict[str, MemoryRow] = {}
    for row in _rows(reader, base):
        before = newest.get(row.policy)
        if policy in (None, row.policy) and (before is None or before.version < row.version):
            newest[row.policy] = row
    return tuple(_memory(reader, bidder, row, shared) for _, row in sorted(newest.items()))


def _memory_id(row: BidderRow) -> str:
    """Where it kept what it learned: under its own name, its twins' or its pool's."""
    return row.memory or row.name


def _rows(reader: Reader, base: str) -> list[MemoryRow]:
    """Memories with something in them."""
    rows = [row for row in map(reader.memory, memory_keys_of(base, reader.memory_ids())) if row is not None]
    return [row for row in rows if row.body != "null"]


def _memory(reader: Reader, bidder: str, row: MemoryRow, shared: tuple[str, ...]) -> BidderMemory:
    return BidderMemory(
        bidder=bidder,
        policy=row.policy,
        version=row.version,
        memory=json.loads(row.body),
        shared_with=shared,
        outdated=None,
        practised={name: tuple(sorted(tasks)) for name, tasks in read_practised(reader, row.id).items()},
        failure=read_failure(reader, row.id),
    )
