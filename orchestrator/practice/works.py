"""The works of a practice: whose answers were kept, which are asked for, and what that can still cost.

A work is known by its task, its bidder and what the bidder follows: one whose model, prompt or price
was changed since finds none of its answers, and one that is as it was is not asked again. A work that
a provider failed is no answer: the next run does it anew, as a round of its own. How works have ended
is noted beside their answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from orchestrator.core.events import AwardResult, Delivered
from orchestrator.core.keys import digest_text, key
from orchestrator.core.tasks import TRANSFORM
from orchestrator.engine.seat import Seat
from orchestrator.store import AnswerRow

Ending = Literal["answered", "failed"]
_OWN_FAULTS: Final = ("raised", "malformed")
_RECIPE_CHARACTERS: Final = 12


class Assignment(NamedTuple):
    """A work that one bidder is to do.

    Attributes:
        bidder: who.
        path: the lot that it works on.
        round: how often a provider has failed it before.
        cost_max_nanos: worst case of what the work costs.
        due_nanos: how much of that is still to be spent.
        is_answered: whether it was done before, so that its answers are read and not asked for.
        spent_nanos: what the rounds before are known to have cost.
    """

    bidder: str
    path: str
    round: int
    cost_max_nanos: int
    due_nanos: int
    is_answered: bool
    spent_nanos: int


class WorkRecord:
    """What earlier runs have recorded of a practice's works.

    Args:
        practice_id: the practice.
        rows: what its calls were answered, and the notes of how works have ended.
    """

    def __init__(self, practice_id: str, rows: Iterable[AnswerRow]) -> None:
        self._id = practice_id
        self._endings: dict[str, Ending] = {}
        self._spent_nanos: dict[str, int] = {}
        for row in rows:
            if row.key == _note_key(row.task):
                self._endings[row.task] = json.loads(row.body)
            else:
                self._spent_nanos[row.task] = self._spent_nanos.get(row.task, 0) + (row.cost_nanos or 0)

    def assign(self, task_path: str, seat: Seat, cost_max_nanos: int) -> Assignment:
        """Find out what is left of a work.

        Args:
            task_path: the task.
            seat: who works on it.
            cost_max_nanos: worst case of what that costs.
        """
        follows = digest_text(f"{seat.recipe}/{cost_max_nanos}")[:_RECIPE_CHARACTERS]
        path = f"{task_path}-{follows}"
        round, spent_nanos = 0, 0
        while self._endings.get(task := task_key(self._id, path, round, seat.name)) == "failed":
            round += 1
            spent_nanos += self._spent_nanos.get(task, 0)
        is_answered = self._endings.get(task) == "answered"
        due_nanos = 0 if is_answered else max(0, cost_max_nanos - self._spent_nanos.get(task, 0))
        return Assignment(seat.name, path, round, cost_max_nanos, due_nanos, is_answered, spent_nanos)


def task_key(practice_id: str, path: str, round: int, bidder: str) -> str:
    """The key under which a work's calls are recorded."""
    return key(practice_id, path, round, bidder, TRANSFORM)


def ending_of(result: AwardResult, made_calls: bool) -> Ending | None:
    """How a work has ended; None where the next run is to go on with it.

    Args:
        result: what came of it.
        made_calls: whether calls of it were answered; one without any costs nothing to do again.
    """
    if isinstance(result, Delivered):
        return "answered" if made_calls else None
    if result.fault == "provider":
        return "failed"
    # A call whose answer did not return, so that its cost is unknown, is to be made again.
    is_whole = result.fault in _OWN_FAULTS and result.cost_nanos is not None
    return "answered" if made_calls and is_whole else None


def note(practice_id: str, task: str, ending: Ending) -> AnswerRow:
    """The note of how a work has ended."""
    return AnswerRow(_note_key(task), practice_id, task, json.dumps(ending), 0)


def _note_key(task: str) -> str:
    # Calls' keys have two more parts than their task's, so none of them can be this one.
    return f"{task}/ended"
