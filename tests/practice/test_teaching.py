"""Teaching: a memory learns from a practice, however often requests change it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator import Lesson, Observation, Receipt, Valuation, Work
from orchestrator.engine.seat import Seat, take_seat
from orchestrator.practice.teaching import ATTEMPTS, teach
from orchestrator.store import MemoryRow, open_store
from tests.engine.world import Scripted

LESSONS = [Lesson("one", 1.0, (Work("a", "x", 1.0, 0.0),)), Lesson("two", 1.0, (Work("a", "y", 0.0, 0.0),))]


class Disturbed:
    """Counts lessons; while it learns, a request ends and changes its memory, so and so often."""

    name = "disturbed"
    version = 1

    def __init__(self, times: int) -> None:
        self.times = times
        self.store = open_store("memory")
        self.seat: Seat

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([0.0] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        learned = {**(memory or {"requests": 0, "lessons": 0})}
        if lessons and self.times:
            self.times -= 1
            changed = f'{{"lessons": {learned["lessons"]}, "requests": {learned["requests"] + 1}}}'
            row = MemoryRow(self.seat.memory_key, self.name, self.version, changed)
            self.store.transact(lambda tx: tx.put_memory(row))
        return {**learned, "lessons": learned["lessons"] + len(lessons)}


@pytest.mark.parametrize("times", [0, 1, ATTEMPTS - 1, ATTEMPTS])
def test_a_memory_that_requests_change_all_the_time_learns_all_the_same(times: int) -> None:
    policy = Disturbed(times)
    policy.seat = take_seat(Scripted("a", {}), policy=policy)
    (taught,) = teach(policy.store, {"a": policy.seat}, "p1", LESSONS, again=False)
    assert (taught.how, taught.lessons) == ("practised", 2)
    memory = policy.store.read(lambda reader: reader.memory(policy.seat.memory_key))
    assert memory is not None
    assert json.loads(memory.body) == {"lessons": 2, "requests": times}, "what the requests taught is kept, too"
    (again,) = teach(policy.store, {"a": policy.seat}, "p1", LESSONS, again=False)
    assert again.how == "before"
