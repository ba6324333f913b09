"""Keys of memories and of the market's own notes: no name makes one meet another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.memory_keys import (
    INVITATIONS,
    failure_key,
    lease_key,
    memory_key,
    memory_keys_of,
    practised_key,
)

# Names that the market uses in keys itself are lawful names of bidders, pools and policies.
names = st.sampled_from(["a", "market", "invitations", "unlearned", "practised", "practising", "practice-1"])
ids = names | names.map("pool:{}".format)
memories = st.builds(memory_key, ids, names, st.integers(1, 3))


@given(st.lists(memories, unique=True, max_size=4), st.lists(names, unique=True, max_size=3))
def test_no_two_things_are_kept_under_one_key(found: list[str], practices: list[str]) -> None:
    kept = [INVITATIONS, *found, *map(failure_key, found), *map(practised_key, found), *map(lease_key, practices)]

    assert len(set(kept)) == len(kept)


@given(st.lists(memories, unique=True, max_size=4), ids)
def test_of_all_keys_those_of_one_bidder_or_pool_are_its_memories_alone(found: list[str], memory_id: str) -> None:
    kept = [INVITATIONS, *found, *map(failure_key, found), *map(practised_key, found), lease_key("practice-1")]

    assert memory_keys_of(memory_id, kept) == [key for key in found if key.split("/")[0] == memory_id]
