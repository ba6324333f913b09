"""Teaching: what practice has shown is given to policies, each lesson once for each memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from orchestrator.bidding import Lesson, Policy
from orchestrator.core.receipts import Receipt, Verdict
from orchestrator.core.rules import TRANSFORMER
from orchestrator.engine.guarded import Returned, read_guarded
from orchestrator.engine.memories import read_body
from orchestrator.engine.seat import Seat
from orchestrator.money import NANOS_PER_USD
from orchestrator.store import MemoryRow, Reader, Store, Transaction

How = Literal["practised", "receipts", "before", "nothing", "failed"]
ATTEMPTS: Final = 5
"""How often a memory is tried again that a request's ending changed in the meantime."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What one memory has learned from a practice.

    Attributes:
        bidders: whose memory it is.
        policy: their policy's name; empty where they have none.
        how: `practised` (the policy has a method for it), `receipts` (it was shown each work as if sold alone,
            for the bounty times its score), `before` (it had learned from these tasks already), `nothing` (its
            policy learns nothing from practice) or `failed`.
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
    store: Store, seats: Mapping[str, Seat], practice_id: str, lessons: Mapping[str, Lesson], *, again: bool
) -> list[Taught]:
    """Give lessons to all policies.

    Args:
        store: where memories are kept.
        seats: whose policies learn.
        practice_id: the practice.
        lessons: what was shown, by a name of its own within the practice; each memory learns each once.
        again: whether lessons that were learned are learned once more.

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


def as_receipts(lessons: Sequence[Lesson], bidders: Sequence[str], practice_id: str) -> list[list[Receipt]]:
    """Each work as a receipt, by lesson: as if it had been sold alone, for what it turned out to be worth."""
    return [
        [_receipt(lesson, place, practice_id) for place, work in enumerate(lesson.works) if work.bidder in bidders]
        for lesson in lessons
    ]


def _teach(
    store: Store, seats: Sequence[Seat], practice_id: str, lessons: Mapping[str, Lesson], *, again: bool
) -> Taught:
    names = tuple(seat.name for seat in seats)
    policy = seats[0].policy
    if policy is None:
        return Taught(names, "", "nothing")
    memory_key = seats[0].memory_key
    marker = f"{practice_id}/{memory_key}"
    for _ in range(ATTEMPTS):
        before, known = store.read(lambda reader: (reader.memory(memory_key), _learned(reader, marker)))
        new = {name: lesson for name, lesson in lessons.items() if again or name not in known}
        if not new and lessons:
            return Taught(names, policy.name, "before")
        how, count, learn = _method(policy, names, practice_id, list(new.values()))
        if count == 0:
            return Taught(names, policy.name, "nothing")
        result = read_guarded(
            lambda before=before, learn=learn: read_body(learn(json.loads(before.body) if before else None))  # type: ignore[misc]
        )
        if not isinstance(result, Returned):
            return Taught(names, policy.name, "failed", reason=result.reason)
        if result.value == (before.body if before else "null"):
            return Taught(names, policy.name, "nothing")
        rows = [
            MemoryRow(memory_key, policy.name, policy.version, result.value),
            MemoryRow(marker, policy.name, policy.version, json.dumps(sorted(known | new.keys()))),
        ]
        if store.transact(lambda tx, before=before, rows=rows: _keep(tx, before, rows)):  # type: ignore[misc]
            return Taught(names, policy.name, how, count)
    return Taught(names, policy.name, "failed", reason=f"its memory changed {ATTEMPTS} times while it practised")


def _learned(reader: Reader, marker: str) -> set[str]:
    """The lessons of a practice that a memory has learned."""
    row = reader.memory(marker)
    return set(json.loads(row.body)) if row is not None else set()


def _method(
    policy: Policy, names: Sequence[str], practice_id: str, lessons: Sequence[Lesson]
) -> tuple[How, int, Callable[[Any], Any]]:
    """How a policy can be taught, with how many lessons, and what teaches it."""
    practise = getattr(policy, "practise", None)
    if practise is not None:
        return "practised", len(lessons), lambda memory: practise(memory, list(lessons))
    given = [each for each in as_receipts(lessons, names, practice_id) if each]

    def learn(memory: Any) -> Any:
        for each in given:
            memory = policy.learn(memory, each)
        return memory

    return "receipts", sum(map(len, given)), learn


def _keep(tx: Transaction, before: MemoryRow | None, rows: Sequence[MemoryRow]) -> bool:
    """Keep what was learned, unless a request has ended in the meantime and taught it something else."""
    if tx.memory(rows[0].id) != before:
        return False
    for row in rows:
        tx.put_memory(row)
    return True


def _receipt(lesson: Lesson, place: int, practice_id: str) -> Receipt:
    work = lesson.works[place]
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
