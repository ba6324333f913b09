"""What a practice came to: how everybody did, and the lessons in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.bidding import Lesson, Work
from orchestrator.core.events import AwardResult, Delivered
from orchestrator.money import NANOS_PER_USD, format_usd
from orchestrator.practice.tasks import LabelledTask
from orchestrator.practice.teaching import Taught
from orchestrator.practice.works import Assignment


class WorkResult(NamedTuple):
    """What one bidder made of one task.

    Attributes:
        bidder: who.
        text: what it says; empty where it failed.
        claim: digest of its answer, where it claims one.
        cost_nanos: what its calls cost; None where that is unknown.
        spent_nanos: what is known of that, and of what was spent on it when a provider had failed it before.
        failure: why it failed; empty where it delivered.
        is_left_out: whether the cap had no room for it.
        score: how right its text is, 0 to 1; None where it failed, or has yet to be scored.
    """

    bidder: str
    text: str
    claim: str
    cost_nanos: int | None
    spent_nanos: int
    failure: str
    is_left_out: bool = False
    score: float | None = None


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
        is_continued: whether earlier runs have worked on these tasks, so that their cost is in it.
    """

    id: str
    tasks: int
    pupils: tuple[Pupil, ...]
    taught: tuple[Taught, ...]
    is_continued: bool = False

    @property
    def cost_nanos(self) -> int:
        """What it is known to have cost."""
        return sum(pupil.cost_nanos for pupil in self.pupils)

    @property
    def first_failure(self) -> Pupil | None:
        """Where every work that was tried has failed, whoever failed first by name; None otherwise."""
        if any(pupil.works for pupil in self.pupils):
            return None
        return next((pupil for pupil in self.pupils if pupil.failures), None)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data, amounts as decimal strings in USD."""
        return {
            "practice": self.id,
            "tasks": self.tasks,
            "cost": format_usd(self.cost_nanos),
            "bidders": [pupil.to_dict() for pupil in self.pupils],
            "taught": [each.to_dict() for each in self.taught],
        }


def read_result(result: AwardResult, work: Assignment) -> WorkResult:
    """What came of a work, before it is scored."""
    spent_nanos = work.spent_nanos + result.charged_nanos
    if not isinstance(result, Delivered):
        failure = f"{result.fault}: {result.reason}"
        is_left_out = result.fault == "over the cap"
        return WorkResult(work.bidder, "", "", result.cost_nanos, spent_nanos, failure, is_left_out)
    answers = [piece for piece in result.segments if piece.claim]
    text = answers[-1].text if answers else "\n\n".join(piece.text for piece in result.segments)
    claim = answers[-1].claim if answers else ""
    return WorkResult(work.bidder, text, claim, result.cost_nanos, spent_nanos, "")


def lessons_of(tasks: Iterable[LabelledTask], results: Iterable[Sequence[WorkResult]]) -> list[Lesson]:
    """One lesson for each task that all have worked on as far as they can.

    A task for which the cap left no room is not learned from by halves: a later run can complete it.
    A work whose cost nobody knows is left out, for it would teach a wrong cost.

    Args:
        tasks: the tasks.
        results: what was made of each.
    """
    lessons = []
    for task, found in zip(tasks, results, strict=True):
        works = tuple(
            Work(each.bidder, each.claim, each.score, each.cost_nanos / NANOS_PER_USD)
            for each in found
            if each.score is not None and each.cost_nanos is not None
        )
        if works and not any(each.is_left_out for each in found):
            lessons.append(Lesson(task.request, task.bounty_nanos / NANOS_PER_USD, works))
    return lessons


def pupils_of(results: Iterable[Sequence[WorkResult]]) -> tuple[Pupil, ...]:
    """How each bidder did, by name."""
    own: dict[str, list[WorkResult]] = {}
    for found in results:
        for each in found:
            own.setdefault(each.bidder, []).append(each)
    return tuple(_pupil(name, own[name]) for name in sorted(own))


def _pupil(name: str, results: Sequence[WorkResult]) -> Pupil:
    scores = [each.score for each in results if each.score is not None]
    failures = [each.failure for each in results if each.failure and not each.is_left_out]
    return Pupil(
        bidder=name,
        works=len(scores),
        score=sum(scores) / len(scores) if scores else None,
        cost_nanos=sum(each.spent_nanos for each in results),
        cost_known=all(each.cost_nanos is not None for each in results),
        failures=len(failures),
        failure=failures[0] if failures else "",
        left_out=sum(each.is_left_out for each in results),
    )
