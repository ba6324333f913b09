"""Running a practice: every bidder works on every task, is scored, and its policy learns from all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from orchestrator.bidding import Lesson, Work
from orchestrator.core.clearing import Award
from orchestrator.core.events import Delivered
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.settlement import Outcome
from orchestrator.engine.callbook import apply_due
from orchestrator.engine.delivering import deliver
from orchestrator.engine.seat import Seat
from orchestrator.ledger import Transfer
from orchestrator.money import NANOS_PER_USD, format_usd
from orchestrator.practice.lease import claim, leave
from orchestrator.practice.paying import close_cap, open_cap, payment
from orchestrator.practice.plan import Exercise, PracticePlan, Session
from orchestrator.practice.teaching import Taught, teach
from orchestrator.practice.verifiers import Verifier, score_of
from orchestrator.store import Store, Transaction

TASKS_AT_ONCE: Final = 4
Watcher = Callable[[int, int], None]


class Result(NamedTuple):
    """What one bidder made of one task.

    Attributes:
        bidder: who.
        text: what it says; empty where it failed.
        claim: digest of its answer, where it claims one.
        cost_nanos: what its calls cost; None where that is unknown.
        failure: why it failed; empty where it delivered.
        is_left_out: whether the cap had no room for it.
    """

    bidder: str
    text: str
    claim: str
    cost_nanos: int | None
    failure: str
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Pupil:
    """How one bidder did.

    Attributes:
        bidder: who.
        works: tasks on which it delivered something.
        score: mean score of those; None where there are none.
        cost_nanos: what its calls are known to have cost, earlier runs of this practice included.
        cost_known: whether that is all of it.
        failures: tasks on which it failed.
        failure: why, the first time.
        left_out: tasks for which the cap left no room.
    """

    bidder: str
    works: int
    score: float | None
    cost_nanos: int
    cost_known: bool
    failures: int
    failure: str
    left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The pupil as JSON-able data, amounts as decimal strings in USD."""
        return {
            "bidder": self.bidder,
            "works": self.works,
            "score": self.score,
            "cost": format_usd(self.cost_nanos),
            "cost_known": self.cost_known,
            "failures": self.failures,
            "failure": self.failure,
            "left_out": self.left_out,
        }


@dataclass(frozen=True, slots=True)
class PracticeReport:
    """What a practice came to.

    Attributes:
        id: the practice.
        tasks: how many tasks there were.
        pupils: how each bidder did.
        taught: what each memory has learned.
    """

    id: str
    tasks: int
    pupils: tuple[Pupil, ...]
    taught: tuple[Taught, ...]

    @property
    def cost_nanos(self) -> int:
        """What it is known to have cost."""
        return sum(pupil.cost_nanos for pupil in self.pupils)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data, amounts as decimal strings in USD."""
        return {
            "practice": self.id,
            "tasks": self.tasks,
            "cost": format_usd(self.cost_nanos),
            "bidders": [pupil.to_dict() for pupil in self.pupils],
            "taught": [each.to_dict() for each in self.taught],
        }


async def practise(
    session: Session, verifier: Verifier, cap_nanos: int, *, again: bool = False, watcher: Watcher | None = None
) -> PracticeReport:
    """Have every bidder work on every task, pay for it, and let policies learn.

    What a call was answered is recorded as it returns: run again after a crash, or with other labels,
    it is not paid twice. Works that no longer fit under the cap are left out.

    Args:
        session: who works on what.
        verifier: says how right a text is.
        cap_nanos: the most that its calls may cost from now on.
        again: whether tasks that were learned from are learned from once more.
        watcher: told how many tasks are done, of how many.

    Returns:
        What it came to.

    Raises:
        InvalidRequest: the verifier fails; what was answered stays recorded.
        WrongStatus: another process is at these tasks, or has been since the plan was made.
    """
    store, plan, calls = session.store, session.plan, session.calls
    store.transact(lambda tx: _begin(tx, session, cap_nanos))
    try:
        results = await _work(session, watcher)
    finally:
        due = calls.take_due()
        store.transact(lambda tx: _close(tx, session, due))
    scores = {
        (exercise.path, result.bidder): score_of(verifier, exercise.task, result.text)
        for exercise, found in zip(plan.exercises, results, strict=True)
        for result in found
        if not result.failure
    }
    lessons = _lessons(plan.exercises, results, scores)
    taught = teach(store, plan.seats, plan.id, lessons, again=again)
    return PracticeReport(plan.id, len(plan.exercises), _pupils(plan.exercises, results, scores), tuple(taught))


def practise_recorded(
    store: Store, seats: Mapping[str, Seat], id: str, lessons: Sequence[Lesson], *, again: bool = False
) -> PracticeReport:
    """Let policies learn from works that were recorded elsewhere: no call is made, and nothing is paid.

    Args:
        store: where memories are kept.
        seats: whose policies learn.
        id: the practice.
        lessons: the recorded works; each memory learns each once.
        again: whether those that were learned are learned once more.
    """
    taught = teach(store, seats, id, lessons, again=again)
    works: dict[str, list[Work]] = {}
    for lesson in lessons:
        for work in lesson.works:
            works.setdefault(work.bidder, []).append(work)
    pupils = tuple(
        Pupil(name, len(own), sum(work.score for work in own) / len(own), 0, True, 0, "") for name, own in works.items()
    )
    return PracticeReport(id, len(lessons), pupils, tuple(taught))


async def _work(session: Session, watcher: Watcher | None) -> list[list[Result]]:
    plan, calls = session.plan, session.calls
    room = asyncio.Semaphore(TASKS_AT_ONCE)
    done = 0

    async def one(exercise: Exercise) -> list[Result]:
        nonlocal done
        async with room:
            found = await asyncio.gather(*(_result(plan.seats[name], exercise, session) for name in exercise.workers))
            due = calls.take_due()
            paid = [row for result in found for row in _payment(plan, exercise, result)]
            await asyncio.wrap_future(session.store.submit(lambda tx: _pay(tx, due, paid)))
        done += 1
        if watcher is not None:
            watcher(done, len(plan.exercises))
        return list(found)

    tasks = [asyncio.ensure_future(one(exercise)) for exercise in plan.exercises]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def _result(seat: Seat, exercise: Exercise, session: Session) -> Result:
    award = Award(seat.name, TRANSFORMER, 0, 0)
    memory = session.announcer.memory_of(seat)
    outcome = await deliver(exercise.progress, exercise.path, award, seat, session.calls, memory)
    return _read(outcome, seat.name)


def _read(outcome: Outcome, bidder: str) -> Result:
    if not isinstance(outcome, Delivered):
        failure = f"{outcome.fault}: {outcome.reason}"
        return Result(bidder, "", "", outcome.cost_nanos, failure, outcome.fault == "over the cap")
    answers = [piece for piece in outcome.segments if piece.claim]
    text = answers[-1].text if answers else "\n\n".join(piece.text for piece in outcome.segments)
    return Result(bidder, text, answers[-1].claim if answers else "", outcome.cost_nanos, "")


def _payment(plan: PracticePlan, exercise: Exercise, result: Result) -> list[Transfer]:
    return payment(
        exercise.task_key(result.bidder), plan.id, plan.seats[result.bidder].provider, result.cost_nanos or 0
    )


def _pay(tx: Transaction, due: Sequence[Transfer], paid: Sequence[Transfer]) -> None:
    apply_due(tx, due)
    tx.apply(paid)


def _begin(tx: Transaction, session: Session, cap_nanos: int) -> None:
    claim(tx, session.plan.id, session.lease)
    open_cap(tx, session.plan.id, cap_nanos)


def _close(tx: Transaction, session: Session, due: Sequence[Transfer]) -> None:
    apply_due(tx, due)
    close_cap(tx, session.plan.id)
    leave(tx, session.plan.id, session.lease)


def _lessons(
    exercises: Sequence[Exercise], results: Sequence[Sequence[Result]], scores: Mapping[tuple[str, str], float]
) -> list[Lesson]:
    """One lesson for each task that all have worked on as far as they can.

    A task for which the cap left no room is not learned from by halves: a later run can complete it.
    A work whose cost nobody knows is left out, for it would teach a wrong cost.
    """
    lessons = []
    for exercise, found in zip(exercises, results, strict=True):
        works = tuple(
            Work(each.bidder, each.claim, scores[exercise.path, each.bidder], each.cost_nanos / NANOS_PER_USD)
            for each in found
            if not each.failure and each.cost_nanos is not None
        )
        if works and not any(each.is_left_out for each in found):
            task = exercise.task
            lessons.append(Lesson(task.request, task.bounty_nanos / NANOS_PER_USD, works))
    return lessons


def _pupils(
    exercises: Sequence[Exercise], results: Sequence[Sequence[Result]], scores: Mapping[tuple[str, str], float]
) -> tuple[Pupil, ...]:
    own: dict[str, list[Result]] = {}
    marks: dict[str, list[float]] = {}
    for exercise, found in zip(exercises, results, strict=True):
        for each in found:
            own.setdefault(each.bidder, []).append(each)
            if not each.failure:
                marks.setdefault(each.bidder, []).append(scores[exercise.path, each.bidder])
    return tuple(_pupil(name, own[name], marks.get(name, [])) for name in sorted(own))


def _pupil(name: str, results: Sequence[Result], marks: Sequence[float]) -> Pupil:
    failures = [each.failure for each in results if each.failure and not each.is_left_out]
    return Pupil(
        bidder=name,
        works=len(marks),
        score=sum(marks) / len(marks) if marks else None,
        cost_nanos=sum(each.cost_nanos or 0 for each in results),
        cost_known=all(each.cost_nanos is not None for each in results),
        failures=len(failures),
        failure=failures[0] if failures else "",
        left_out=sum(each.is_left_out for each in results),
    )
