"""Running a practice: every bidder works on every task, is scored, and its policy learns from all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from orchestrator.bidding import Lesson, Work
from orchestrator.core.clearing import Award
from orchestrator.core.events import AwardResult
from orchestrator.core.rules import TRANSFORMER
from orchestrator.engine.callbook import apply_due
from orchestrator.engine.delivering import deliver
from orchestrator.engine.driver import at_once
from orchestrator.engine.marks import work_mark
from orchestrator.engine.seat import Seat
from orchestrator.errors import InvalidRequest
from orchestrator.ledger import Transfer
from orchestrator.practice.lease import is_held, leave, take_lease, taken_over
from orchestrator.practice.paying import close_cap, open_cap, payment
from orchestrator.practice.plan import Exercise, Session
from orchestrator.practice.results import PracticeReport, Pupil, WorkResult, lessons_of, pupils_of, read_result
from orchestrator.practice.tasks import LabelledTask
from orchestrator.practice.teaching import teach
from orchestrator.practice.verifiers import Verifier, score_of
from orchestrator.practice.works import Assignment, ending_of, note, task_key
from orchestrator.store import AnswerRow, Store, Transaction

TASKS_AT_ONCE: Final = 4
Watcher = Callable[[int, int], None]


class _Round(NamedTuple):
    """One time that a work was done."""

    work: Assignment
    result: AwardResult


async def practise(
    session: Session, cap_nanos: int, *, again: bool = False, watcher: Watcher | None = None
) -> PracticeReport:
    """Have every bidder work on every task, pay for it, and let policies learn.

    What a call was answered is recorded as it returns: run again after a crash, or with other labels,
    it is not paid twice. Works that no longer fit under the cap are left out.

    Args:
        session: who works on what, and who scores it.
        cap_nanos: the most that its calls may cost from now on.
        again: whether tasks that were learned from are learned from once more.
        watcher: told how many tasks are done, of how many.

    Returns:
        What it came to.

    Raises:
        InvalidRequest: the verifier fails; what was answered stays recorded.
        WrongStatus: another process is at these tasks, has been since the plan was made, or has taken them over.
    """
    store, plan, calls = session.store, session.plan, session.calls
    with work_mark() as mark:
        store.transact(lambda tx: _begin(tx, session, mark, cap_nanos))
        try:
            results = await _work_through(session, mark, watcher)
        finally:
            due = calls.take_due()
            store.transact(lambda tx: _close(tx, plan.id, mark, due))
    tasks = [exercise.task for exercise in plan.exercises]
    scored = [_scored(session.verifier, task, found) for task, found in zip(tasks, results, strict=True)]
    taught = teach(store, plan.seats, plan.id, lessons_of(tasks, scored), again=again)
    return PracticeReport(plan.id, len(tasks), pupils_of(scored), tuple(taught), plan.is_begun)


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


def _scored(verifier: Verifier, task: LabelledTask, results: Sequence[WorkResult]) -> list[WorkResult]:
    try:
        return [
            result if result.failure else result._replace(score=score_of(verifier, task, result.text))
            for result in results
        ]
    except InvalidRequest as refusal:
        raise InvalidRequest(
            f"{refusal}; nothing was learned, but all answers are kept: once the verifier or the label is mended, "
            "the same command scores them and pays for none again"
        ) from refusal


async def _work_through(session: Session, mark: str, watcher: Watcher | None) -> list[list[WorkResult]]:
    plan, calls = session.plan, session.calls
    room = asyncio.Semaphore(TASKS_AT_ONCE)
    done = 0

    async def one(exercise: Exercise) -> list[WorkResult]:
        nonlocal done
        async with room:
            found = await asyncio.gather(*(_rounds(each, exercise, session) for each in exercise.assignments))
            due = calls.take_due()
            rounds = [each for of_one in found for each in of_one]
            paid, notes = _payments(rounds, session), _notes(rounds, session)

            def keep(tx: Transaction) -> bool:
                # What was answered is kept and paid for whoever goes on: it was spent.
                _keep(tx, due, paid, notes)
                return is_held(tx, plan.id, mark)

            if not await asyncio.wrap_future(session.store.submit(keep)):
                raise taken_over(plan.id)
        done += 1
        if watcher is not None:
            watcher(done, len(plan.exercises))
        return [read_result(of_one[-1].result, of_one[-1].work) for of_one in found]

    return await at_once(one(exercise) for exercise in plan.exercises)


async def _rounds(work: Assignment, exercise: Exercise, session: Session) -> list[_Round]:
    """Have a bidder do a work.

    A run that was interrupted may have kept a provider's failure and not noted that it ended the work: then
    the first round asks nobody, meets that failure again, and is followed by the next.
    """
    known = len(session.calls.answers_to(_task(work, session)))
    result = await _deliver(work, exercise, session)
    is_of_old = known and known == len(session.calls.answers_to(_task(work, session)))
    if not is_of_old or ending_of(result, made_calls=True) != "failed":
        return [_Round(work, result)]
    anew = work._replace(round=work.round + 1, spent_nanos=work.spent_nanos + result.charged_nanos)
    return [_Round(work, result), _Round(anew, await _deliver(anew, exercise, session))]


async def _deliver(work: Assignment, exercise: Exercise, session: Session) -> AwardResult:
    seat = session.plan.seats[work.bidder]
    award = Award(seat.name, TRANSFORMER, 0, 0, work.round)
    memory = session.announcer.memory_of(seat)
    return await deliver(exercise.progress, work.path, award, seat, session.calls, memory)


def _payments(rounds: Sequence[_Round], session: Session) -> list[Transfer]:
    seats = session.plan.seats
    return [
        row
        for work, _ in rounds
        for row in payment(session.calls.answers_to(_task(work, session)), seats[work.bidder].provider)
    ]


def _notes(rounds: Sequence[_Round], session: Session) -> list[AnswerRow]:
    """How works have ended, where that is news."""
    notes = []
    for work, result in rounds:
        task = _task(work, session)
        ending = ending_of(result, made_calls=bool(session.calls.answers_to(task)))
        if ending is not None and not work.is_answered:
            notes.append(note(session.plan.id, task, ending))
    return notes


def _task(work: Assignment, session: Session) -> str:
    return task_key(session.plan.id, work.path, work.round, work.bidder)


def _keep(tx: Transaction, due: Sequence[Transfer], paid: Sequence[Transfer], notes: Sequence[AnswerRow]) -> None:
    apply_due(tx, due)
    tx.apply(paid)
    for row in notes:
        tx.put_answer(row)


def _begin(tx: Transaction, session: Session, mark: str, cap_nanos: int) -> None:
    take_lease(tx, session.plan.id, session.lease, mark)
    open_cap(tx, session.plan.id, cap_nanos)


def _close(tx: Transaction, practice_id: str, mark: str, due: Sequence[Transfer]) -> None:
    """End a run; the cap of one that was taken over is by now what its successor may spend."""
    apply_due(tx, due)
    if leave(tx, practice_id, mark):
        close_cap(tx, practice_id)
