"""What the store holds of bidders that are gone."""

from __future__ import annotations

from orchestrator.api.stored_memories import reset_stored, stored_memories
from orchestrator.store import BidderRow, MemoryRow, MemoryStore


def store_of(*memories: MemoryRow) -> MemoryStore:
    """A store that remembers three bidders, two of which learned in one pool."""
    store = MemoryStore()
    with_pool = [BidderRow(name, name, memory="pool:experts") for name in ("ann", "bob")]
    for row in (*with_pool, BidderRow("carl", "carl", memory="carl")):
        store.transact(lambda tx, row=row: tx.put_bidder(row))  # type: ignore[misc]
    for memory in memories:
        store.transact(lambda tx, memory=memory: tx.put_memory(memory))  # type: ignore[misc]
    return store


def test_of_several_versions_the_newest_that_holds_something_is_meant() -> None:
    store = store_of(
        *(MemoryRow(f"carl/bayes/{version}", "bayes", version, f"[{version}]") for version in (10, 2, 9)),
        MemoryRow("carl/bayes/11", "bayes", 11, "null"),
    )
    (found,) = stored_memories(store, "carl")
    assert (found.version, found.memory) == (10, [10])


def test_a_pools_memory_is_each_of_its_bidders_and_no_other_memory_is() -> None:
    store = store_of(
        MemoryRow("pool:experts/bayes/1", "bayes", 1, "[1]"),
        MemoryRow("annabel/bayes/1", "bayes", 1, "[2]"),
        MemoryRow("practised/pool:experts/bayes/1", "practised", 1, '{"ann": ["t"]}'),
    )
    (found,) = stored_memories(store, "ann")
    assert (found.memory, found.shared_with, found.practised) == ([1], ("bob",), {"ann": ("t",)})
    assert stored_memories(store, "carl") == ()
    reset_stored(store, [found])
    assert stored_memories(store, "bob") == ()
    assert store.read(lambda reader: reader.memory("annabel/bayes/1")) is not None
