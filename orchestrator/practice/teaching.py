"""Teaching: what practice has shown is given to policies, each lesson once for each memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, Literal

from orchestrator.bidding import Lesson, Policy, Work
from orchestrator.core.keys import digest_text
from orchestrator.core.receipts import Receipt, Verdict
from orchestrator.core.rules import TRANSFORMER
from orchestrator.engine.guarded import Returned, read_interruptible
from orchestrator.engine.memories import put_practised, read_body, read_practised
from orchestrator.engine.seat import Seat
from orchestrator.money import NANOS_PER_USD
from orchestrator.store import MemoryRow, Store, Transaction

How = Literal["practised", "receipts", "before", "nothing", "unshown", "none", "failed"]
ATTEMPTS: Final = 5
"""How often a memory is tried again that a request's ending changed in the meantime."""
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
    memory_key = seats[0].memory_key
    for _ in range(ATTEMPTS):
        before, known = store.read(lambda reader: (reader.memory(memory_key), read_practised(reader, memory_key)))
        new = _new_to({} if again else known, shown)
        if not new:
            return Taught(names, policy.name, "before")
        how, count, learn = _method(policy, practice_id, new)
        result = read_interruptible(partial(_learned, before, learn))
        if not isinstance(result, Returned):
            return Taught(names, policy.name, "failed", reason=result.reason)
        if result.value is None:
            return Taught(names, policy.name, "nothing")
        row = MemoryRow(memory_key, policy.name, policy.version, result.value)
        if store.transact(partial(_keep, before=before, row=row, new=new)):
            return Taught(names, policy.name, how, count)
    return Taught(names, policy.name, "failed", reason=f"its memory changed {ATTEMPTS} times while it practised")


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
        return read_body(learn(json.loads(before.body) if before else None, is_taught))

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


def _keep(tx: Transaction, before: MemoryRow | None, row: MemoryRow, new: Sequence[Lesson]) -> bool:
    """Keep what was learned, unless a request has ended in the meantime and taught it something else."""
    if tx.memory(row.id) != before:
        return False
    tx.put_memory(row)
    practised = read_practised(tx, row.id)
    for lesson in new:
        for work in lesson.works:
            practised.setdefault(work.bidder, set()).add(_task_key(lesson.request))
    put_practised(tx, row.id, practised)
    return True


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
