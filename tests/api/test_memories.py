"""Memories: they move with their bidder, are refused where they do not fit, and are carried to new versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bidders.policies.tracker import TrackerPolicy
from orchestrator import Announcement, Market, Money, Observation, Receipt, Segment, Valuation, WonLot
from orchestrator.api.memories import import_memory, memory_digest, read_file, read_memory, reset_memory, write_file
from orchestrator.core.answer import Answer
from orchestrator.engine.learning_failures import LearningFailure
from orchestrator.errors import InvalidMemory, UnknownBidder
from orchestrator.store import MemoryStore
from tests.engine.world import answers, assert_sound, make_market, presenter


class Learner:
    """Bids what its policy says."""

    roles = ("transformer",)

    def __init__(self, name: str = "a", policy: Any = None) -> None:
        self.name = name
        self.policy = policy or TrackerPolicy()

    async def bid(self, announcement: Announcement) -> Money:
        seen = Observation(self.name, "transformer", announcement.stage, announcement.stages_max, 10.0)
        return Money.usd(round(self.policy.value(announcement.memory, [seen]).means[0], 9))

    async def transform(self, lot: WonLot) -> list[Segment]:
        return [Segment(f"{self.name} on {lot.lot}")]


class Counting:
    """Values a lot by how many receipts it has seen; its second version keeps that under a name."""

    name = "counting"

    def __init__(self, version: int = 1) -> None:
        self.version = version

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        count = 0 if memory is None else memory if self.version == 1 else memory["count"]
        return Valuation([1.0 + count] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        if self.version == 1:
            return (memory or 0) + len(receipts)
        return {"count": (memory["count"] if memory else 0) + len(receipts)}


class Migrating(Counting):
    def migrate(self, memory: Any, version: int) -> Any:
        if version != 1:
            raise ValueError("only version 1 is known")
        return {"count": memory}


def market_of(*bidders: Any, store: MemoryStore | None = None) -> Market:
    return make_market(
        *bidders, presenter("p", {1: "1", 2: "6"}), presenter("q", {1: "2", 2: "3"}), store=store or "memory"
    )


def taught(*bidders: Any, requests: int = 3) -> Market:
    market = market_of(*bidders)
    for seed in range(requests):
        market.run("hello", 10, seed=seed).pick(1)
    return market


def first_bid(market: Market) -> Answer:
    result = market.run("hello", 10, seed=99)
    answer: Answer = answers(market, result.request_id)["0", "a"]
    return answer


def test_a_memory_moves_with_its_bidder_which_bids_the_same_elsewhere(tmp_path: Path) -> None:
    here = taught(Learner())
    write_file(read_memory(here, "a"), tmp_path / "a.json")
    there, nowhere = market_of(Learner()), market_of(Learner())
    import_memory(there, "a", read_file(tmp_path / "a.json"))
    assert first_bid(there).amount_nanos == first_bid(here).amount_nanos
    assert first_bid(nowhere).amount_nanos != first_bid(there).amount_nanos, "the memory makes the difference"
    assert_sound(there)


def test_what_is_exported_says_whose_it_is_and_what_it_holds() -> None:
    document = read_memory(taught(Learner()), "a").to_dict()
    assert (document["format"], document["version"]) == ("vickrey-memory", 1)
    assert (document["bidder"], document["policy"], document["policy_version"]) == ("a", "tracker", 1)
    assert document["digest"] == memory_digest(document["memory"])
    assert document["memory"]["transformer"]["overall"][1] == 4


def test_a_reset_memory_is_as_if_nothing_had_been_learned() -> None:
    market = taught(Learner())
    reset_memory(market, "a")
    assert read_memory(market, "a").memory is None
    assert first_bid(market).amount_nanos == first_bid(market_of(Learner())).amount_nanos


def exported(made_by: Any, memory: Any, **other: Any) -> dict[str, Any]:
    document = {
        "format": "vickrey-memory",
        "version": 1,
        "bidder": "a",
        "policy": made_by.name,
        "policy_version": made_by.version,
        "digest": memory_digest(memory),
        "shared_with": [],
        "memory": memory,
    }
    return {**document, **other}


GOOD = {"transformer": {"overall": [0.4, 3]}}
TRACKER = TrackerPolicy()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "this is no exported memory"),
        ({"format": "vickrey-run"}, "its `format` is not 'vickrey-memory'"),
        (exported(TRACKER, GOOD, version=2), "this Vickrey reads version 1"),
        (exported(TRACKER, GOOD, policy="bayes"), "is of policy 'bayes'; bidder a has policy 'tracker'"),
        (exported(TRACKER, GOOD, policy_version=7), "is older: upgrade it first"),
        (exported(TRACKER, GOOD, policy_version=0), "cannot migrate it"),
        (exported(TRACKER, GOOD, digest="0" * 64), "the file was altered"),
        (exported(TRACKER, GOOD, surprise=1), "malformed"),
        (exported(TRACKER, [1, 2]), "cannot read this memory"),
        (exported(TRACKER, GOOD, policy_version="1"), "malformed"),
    ],
)
def test_a_memory_that_does_not_fit_is_refused_and_changes_nothing(document: Any, said: str) -> None:
    market = taught(Learner())
    before = read_memory(market, "a")
    with pytest.raises(InvalidMemory, match=said):
        import_memory(market, "a", document)
    assert read_memory(market, "a") == before


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"format": ')
    for name, said in (("cut.json", "no exported memory"), ("none.json", "no such file"), (".", "no exported memory")):
        with pytest.raises(InvalidMemory, match=said):
            read_file(tmp_path / name)
    with pytest.raises(InvalidMemory, match="cannot be written there"):
        write_file(read_memory(taught(Learner()), "a"), tmp_path / "none" / "a.json")


def test_who_is_not_there_or_has_no_policy_has_no_memory() -> None:
    market = taught(Learner())
    with pytest.raises(UnknownBidder, match="has no bidder 'nobody' that works; it has: a, p, q"):
        read_memory(market, "nobody")
    assert read_memory(market, "p").policy == ""
    with pytest.raises(InvalidMemory, match="bidder p has no policy"):
        reset_memory(market, "p")


# --- versions ---


def test_a_memory_is_carried_over_to_the_next_version_of_its_policy() -> None:
    old = taught(Learner(policy=Counting()))
    count = read_memory(old, "a").memory
    new = market_of(Learner(policy=Migrating(2)), store=old.store)  # type: ignore[arg-type]
    assert read_memory(new, "a").memory == {"count": count}


def test_a_version_that_cannot_migrate_begins_anew_and_says_what_is_left() -> None:
    old = taught(Learner(policy=Counting()))
    new = market_of(Learner(policy=Counting(2)), store=old.store)  # type: ignore[arg-type]
    found = read_memory(new, "a")
    assert (found.memory, found.outdated) == (None, 1)
    again = market_of(Learner(policy=Counting()), store=old.store)  # type: ignore[arg-type]
    assert read_memory(again, "a").memory is not None, "the old memory stays where it is"


def wrong_arity(memory: Any) -> Any:
    return memory


def raising(memory: Any, version: int) -> Any:
    raise KeyError("count")


def a_set(memory: Any, version: int) -> Any:
    return {memory}


def renewed(migrate: Any) -> Any:
    """A policy of the second version, with this `migrate`."""
    policy = Counting(2)
    policy.migrate = migrate  # type: ignore[attr-defined]
    return policy


@pytest.mark.parametrize(
    ("migrate", "why"),
    [
        (wrong_arity, "TypeError: wrong_arity() takes 1 positional argument but 2 were given"),
        (raising, "KeyError: 'count'"),
        (a_set, "JSON cannot hold this memory: Object of type set is not JSON serializable"),
    ],
)
def test_a_policy_that_fails_to_migrate_says_why_and_learns_nothing_over_it_until_it_is_mended(
    migrate: Any, why: str
) -> None:
    old = taught(Learner(policy=Counting()))
    count = read_memory(old, "a").memory
    failing = market_of(Learner(policy=renewed(migrate)), store=old.store)  # type: ignore[arg-type]
    reason = f"InvalidMemory: the memory is of version 1; policy counting of version 2 failed to migrate it: {why}"
    found = read_memory(failing, "a")
    assert (found.memory, found.outdated, found.failure) == (None, 1, LearningFailure("", reason, 0))
    result = failing.run("hello", 10)
    result.pick(1)
    found = read_memory(failing, "a")
    assert (found.memory, found.outdated) == (None, 1)
    assert found.failure == LearningFailure(result.request_id, reason, 1)
    mended = market_of(Learner(policy=Migrating(2)), store=old.store)  # type: ignore[arg-type]
    found = read_memory(mended, "a")
    assert (found.memory, found.failure) == ({"count": count}, None)


def test_a_policy_that_fails_to_migrate_begins_anew_once_its_memory_is_reset() -> None:
    old = taught(Learner(policy=Counting()))
    failing = market_of(Learner(policy=renewed(raising)), store=old.store)  # type: ignore[arg-type]
    failing.run("hello", 10).pick(1)
    reset_memory(failing, "a")
    assert read_memory(failing, "a").failure is None
    failing.run("hello", 10).pick(1)
    assert read_memory(failing, "a").memory is not None


def test_of_a_memory_that_was_reset_nothing_is_left_to_migrate() -> None:
    old = taught(Learner(policy=Counting()))
    reset_memory(old, "a")
    new = market_of(Learner(policy=renewed(raising)), store=old.store)  # type: ignore[arg-type]
    found = read_memory(new, "a")
    assert (found.outdated, found.failure) == (None, None)
    new.run("hello", 10).pick(1)
    assert read_memory(new, "a").memory is not None


def test_an_exported_memory_of_an_earlier_version_is_migrated_on_import() -> None:
    document = exported(Counting(), 5)
    market = market_of(Learner(policy=Migrating(2)))
    assert import_memory(market, "a", document).memory == {"count": 5}
    with pytest.raises(InvalidMemory, match="failed to migrate it: ValueError: only version 1 is known"):
        import_memory(market_of(Learner(policy=Migrating(3))), "a", exported(Counting(2), {"count": 5}))


def test_twins_share_what_is_imported() -> None:
    diary = Path(__file__).parent.parent.parent / "configs" / "lisbon" / "diary.md"
    entry = {"name": "a", "type": "documents", "options": {"path": str(diary)}, "policy": "tracker", "clones": 2}
    with Market({"version": 1, "store": "memory", "bidders": [entry]}) as market:
        import_memory(market, "a~2", exported(TRACKER, GOOD))
        found = read_memory(market, "a")
        assert (found.memory, found.shared_with) == (GOOD, ("a~2",))
