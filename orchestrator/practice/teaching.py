"""Teaching: what practice has shown is given to policies, each lesson once for each memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, Literal, NamedTuple

from orchestrator.bidding import Lesson, Policy, Work
from orchestrator.core.keys import digest_text
from orchestrator.core.receipts import Receipt, Verdict
from orchestrator.core.rules import TRANSFORMER
from orchestrator.engine.guarded import Returned, read_interruptible
from orchestrator.engine.memories import body_of, find_obstacle, put_practised, read_practised
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidMemory
from orchestrator.money import NANOS_PER_USD
from orchestrator.store import MemoryRow, Reader, Store, Transaction

How = Literal["practised", "receipts", "before", "nothing", "unshown", "none", "failed"]
ATTEMPTS: Final = 5
"""How often a memory is tried again that a request's ending changed in the meantime; then all others wait for it."""
_WAITED_FOR_SECONDS: Final = 5.0
"""Others wait for one that learns while nobody else writes only if it takes less."""
_TASK_CHARACTERS: Final = 12
# A task's key is asked for by each of its works.
_TASKS_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Taught:
    """What one memory has learned from a practice.

    Attributes:
        bidders: whose memory it is.
        policy: their policy's name; empty where they have none.
        how: `practised` (the policy has a method for it), `receipts` (it was shown each work as if sold alone,
            for the bounty times its score), `before` (it had learned from these tasks already), `nothing` (its
            policy learns nothing from practice), `unshown` (its policy learns from its own works, and there was none),
            `none` (there was no lesson) or `failed`.
        lessons: how many lessons, or receipts.
        reason: why it failed.
    """

    bidders: tuple[str, ...]
    policy: str
    how: How
    lessons: int = 0
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON-able data."""
        return {
            "bidders": list(self.bidders),
            "policy": self.policy,
            "how": self.how,
            "lessons": self.lessons,
            "reason": self.reason,
        }


def teach(
    store: Store, seats: Mapping[str, Seat], practice_id: str, lessons: Sequence[Lesson], *, again: bool
) -> list[Taught]:
    """Give lessons to all policies.

    Args:
        store: where memories are kept.
        seats: whose policies learn.
        practice_id: the practice.
        lessons: what was shown; each memory learns each bidder's work on a task once, in whatever file it stands.
        again: whether works that were learned from are learned from once more.

    Returns:
        What became of each memory.
    """
    sharing: dict[str, list[Seat]] = {}
    alone: list[Taught] = []
    for seat in seats.values():
        if seat.policy is None:
            alone.append(Taught((seat.name,), "", "nothing"))
        else:
            sharing.setdefault(seat.memory_key, []).append(seat)
    taught = [_teach(store, each, practice_id, lessons, again=again) for each in sharing.values()]
    return [*taught, *alone]


def as_receipts(lessons: Sequence[Lesson], practice_id: str) -> list[list[Receipt]]:
    """Each work as a receipt, by lesson: as if it had been sold alone, for what it turned out to be worth."""
    return [[_receipt(lesson, work, practice_id) for work in lesson.works] for lesson in lessons]


def _teach(store: Store, seats: Sequence[Seat], practice_id: str, lessons: Sequence[Lesson], *, again: bool) -> Taught:
    names = tuple(seat.name for seat in seats)
    policy = seats[0].policy
    if policy is None:
        return Taught(names, "", "nothing")
    if not lessons:
        return Taught(names, policy.name, "none")
    shown = _shown_to(policy, names, lessons)
    if not shown:
        return Taught(names, policy.name, "unshown")
    learner = _Learner(names, policy, seats[0], practice_id, shown, again)
    took_seconds = 0.0
    for _ in range(ATTEMPTS):
        known = store.read(learner.read)
        begun_seconds = time.monotonic()
        taught, change = learner.learn(known)
        if change is None or store.transact(change.keep):
            return taught
        took_seconds = time.monotonic() - begun_seconds
    if took_seconds < _WAITED_FOR_SECONDS:
        return store.transact(learner.learn_and_keep)
    return Taught(names, policy.name, "failed", reason=f"its memory changed {ATTEMPTS} times while it practised")


class _Known(NamedTuple):
    """A memory before it learns.

    Attributes:
        memory: as it is kept; None where there is none yet.
        practised: the keys of the tasks that it has learned from, by whose works on them.
        obstacle: why its policy cannot learn; None where it can.
    """

    memory: MemoryRow | None
    practised: Mapping[str, set[str]]
    obstacle: InvalidMemory | None


@dataclass(frozen=True, slots=True)
class _Change:
    """What a memory has become.

    Attributes:
        before: what it was.
        row: what it is.
        new: the lessons between.
    """

    before: MemoryRow | None
    row: MemoryRow
    new: Sequence[Lesson]

    def keep(self, tx: Transaction) -> bool:
        """Keep it, unless a request has ended in the meantime and taught the memory something else."""
        if tx.memory(self.row.id) != self.before:
            return False
        tx.put_memory(self.row)
        practised = read_practised(tx, self.row.id)
        for lesson in self.new:
            for work in lesson.works:
                practised.setdefault(work.bidder, set()).add(_task_key(lesson.request))
        put_practised(tx, self.row.id, practised)
        return True


@dataclass(frozen=True, slots=True)
class _Learner:
    """A memory that is taught.

    Attributes:
        names: whose memory it is.
        policy: their policy.
        seat: the place of one whose memory it is.
        practice_id: the practice.
        shown: the lessons that concern it.
        again: whether works that were learned from are learned from once more.
    """

    names: tuple[str, ...]
    policy: Policy
    seat: Seat
    practice_id: str
    shown: Sequence[Lesson]
    again: bool

    def read(self, reader: Reader) -> _Known:
        """What it is before it learns."""
        key = self.seat.memory_key
        practised = {} if self.again else read_practised(reader, key)
        return _Known(reader.memory(key), practised, find_obstacle(reader, self.seat))

    def learn(self, known: _Known) -> tuple[Taught, _Change | None]:
        """Learn from what is new to it; the change is None where there is none to keep."""
        before, new = known.memory, _new_to(known.practised, self.shown)
        if not new:
            return self._taught("before"), None
        if known.obstacle is not None:
            return self._taught("failed", reason=str(known.obstacle)), None
        how, count, learn = _method(self.policy, self.practice_id, new)
        result = read_interruptible(partial(_learned, before, learn))
        if not isinstance(result, Returned):
            return self._taught("failed", reason=result.reason), None
        if result.value is None:
            return self._taught("nothing"), None
        row = MemoryRow(self.seat.memory_key, self.policy.name, self.policy.version, result.value)
        return self._taught(how, count), _Change(before, row, new)

    def learn_and_keep(self, tx: Transaction) -> Taught:
        """Learn while nobody else writes: for a memory that requests change faster than it can practise."""
        taught, change = self.learn(self.read(tx))
        if change is not None:
            change.keep(tx)
        return taught

    def _taught(self, how: How, count: int = 0, reason: str = "") -> Taught:
        return Taught(self.names, self.policy.name, how, count, reason)


def _shown_to(policy: Policy, names: Sequence[str], lessons: Sequence[Lesson]) -> list[Lesson]:
    """All lessons for a policy that has a method for them; for others, those of their own bidders' works."""
    if hasattr(policy, "practise"):
        return list(lessons)
    return _with_works(lessons, lambda _, work: work.bidder in names)


def _new_to(known: Mapping[str, set[str]], lessons: Sequence[Lesson]) -> list[Lesson]:
    """Lessons with those works alone that a memory has not learned from: a newcomer's, in tasks that are known."""
    return _with_works(lessons, lambda lesson, work: _task_key(lesson.request) not in known.get(work.bidder, ()))


def _with_works(lessons: Sequence[Lesson], is_wanted: Callable[[Lesson, Work], bool]) -> list[Lesson]:
    """Lessons with some of their works; one that keeps none is left out."""
    found = []
    for lesson in lessons:
        works = tuple(work for work in lesson.works if is_wanted(lesson, work))
        if works:
            found.append(lesson._replace(works=works))
    return found


def _learned(before: MemoryRow | None, learn: Callable[[Any, bool], Any]) -> str | None:
    """The memory after learning, as the store keeps it; None where it is what no lesson at all would have made it."""

    def after(is_taught: bool) -> str:
        return body_of(learn(json.loads(before.body) if before else None, is_taught))

    taught = after(True)
    if taught == (before.body if before else "null"):
        return None
    untaught = read_interruptible(lambda: after(False))
    return None if isinstance(untaught, Returned) and untaught.value == taught else taught


@lru_cache(maxsize=_TASKS_KEPT)
def _task_key(request: str) -> str:
    return digest_text(request)[:_TASK_CHARACTERS]


def _method(policy: Policy, practice_id: str, lessons: Sequence[Lesson]) -> tuple[How, int, Callable[[Any, bool], Any]]:
    """How a policy can be taught, with how many lessons, and what teaches it all of them, or none."""
    practise = getattr(policy, "practise", None)
    if practise is not None:
        return "practised", len(lessons), lambda memory, is_taught: practise(memory, list(lessons) if is_taught else [])
    given = as_receipts(lessons, practice_id)

    def learn(memory: Any, is_taught: bool) -> Any:
        for each in given if is_taught else ([],):
            memory = policy.learn(memory, each)
        return memory

    return "receipts", sum(map(len, given)), learn


def _receipt(lesson: Lesson, work: Work, practice_id: str) -> Receipt:
    bounty_nanos = round(lesson.bounty_usd * NANOS_PER_USD)
    is_right = work.score > 0.5
    return Receipt(
        request_id=practice_id,
        bidder=work.bidder,
        lot="0",
        stage=1,
        answer="bid",
        role=TRANSFORMER,
        bounty_nanos=bounty_nanos,
        bid_nanos=0,
        won=True,
        price_nanos=0,
        revenue_nanos=round(bounty_nanos * work.score),
        cost_nanos=round(work.cost_usd * NANOS_PER_USD),
        cost_known=True,
        forfeit_nanos=0,
        outcome="released" if is_right else "rejected",
        in_picked_chain=is_right,
        censored=False,
        request=lesson.request,
        claim=work.claim,
        verdict=Verdict(work.claim) if is_right else Verdict("", (work.claim,) if work.claim else ()),
        lot_price_nanos=0,
        lot_buyers=(work.bidder,),
    )
