"""The plan of a practice: who works on what, and what that can cost at most, before any call is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from orchestrator.bidding import Acceptance
from orchestrator.core.bid import Answer
from orchestrator.core.holds import key
from orchestrator.core.keys import bidder_account, derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Auction, Progress
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import TRANSFORMER, Rules
from orchestrator.core.state import REQUESTER, first_state
from orchestrator.engine.announcing import Announcer, MarketView, read_memories
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.guarded import Returned, run_guarded
from orchestrator.engine.metering import TRANSFORM
from orchestrator.engine.seat import Seat
from orchestrator.money import format_usd
from orchestrator.practice.lease import Lease, read_lease
from orchestrator.practice.tasks import Task, practice_id
from orchestrator.store import Store

_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Exercise:
    """One task as it is put before the bidders: its bare request, alone on sale.

    Attributes:
        task: the task.
        progress: a request with one lot, which each of the workers is to transform.
        workers: who works on it, with the worst case of what that costs.
    """

    task: Task
    progress: Progress
    workers: Mapping[str, int]

    @property
    def path(self) -> str:
        """The lot's path, which no other task of the practice has."""
        return self.progress.on_sale[0]

    def task_key(self, bidder: str) -> str:
        """The key under which a bidder's work on it is recorded."""
        return key(self.progress.request.id, self.path, 0, bidder, TRANSFORM)


@dataclass(frozen=True, slots=True)
class PracticePlan:
    """What a practice comes to.

    Attributes:
        id: under which its answers are recorded.
        exercises: the tasks.
        seats: who works or learns, by name.
        answered: keys of works for which calls were answered before; they are not made again.
        unready: bidders that could not say what a task may cost, with the reason.
    """

    id: str
    exercises: tuple[Exercise, ...]
    seats: Mapping[str, Seat]
    answered: frozenset[str]
    unready: Mapping[str, str]

    @property
    def works(self) -> int:
        """How many works there are to do."""
        return sum(len(exercise.workers) for exercise in self.exercises)

    @property
    def cost_max_nanos(self) -> int:
        """Worst case of what is still to be spent."""
        return sum(self.cost_max_by_bidder_nanos.values())

    @property
    def cost_max_by_bidder_nanos(self) -> dict[str, int]:
        """The same, by bidder."""
        sums: dict[str, int] = {}
        for exercise in self.exercises:
            for name, nanos in exercise.workers.items():
                due = 0 if exercise.task_key(name) in self.answered else nanos
                sums[name] = sums.get(name, 0) + due
        return sums

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-able data, amounts as decimal strings in USD."""
        return {
            "practice": self.id,
            "tasks": len(self.exercises),
            "works": self.works,
            "answered_before": len(self.answered),
            "cost_max": format_usd(self.cost_max_nanos),
            "cost_max_by_bidder": {name: format_usd(nanos) for name, nanos in self.cost_max_by_bidder_nanos.items()},
            "unready": dict(self.unready),
        }


@dataclass(frozen=True, slots=True)
class Session:
    """A practice that can begin.

    Attributes:
        store: where it is recorded.
        plan: what it comes to.
        calls: its calls, those that were answered before among them.
        announcer: knows what policies have learned.
        lease: the practice's lease when the plan was made.
    """

    store: Store
    plan: PracticePlan
    calls: CallBook
    announcer: Announcer
    lease: Lease


async def prepare(
    store: Store, seats: Mapping[str, Seat], rules: Rules, tasks: Sequence[Task], limit: int | None = None
) -> Session:
    """Plan a practice: every transformer works on every task, but for twins and those whose filter declines it.

    Args:
        store: where it is recorded.
        seats: the bidders that take part.
        rules: for deadlines and sizes.
        tasks: what to work on.
        limit: how many of them, from the first on; None for all. Answers to these serve the others' practice, too.

    Returns:
        The session; no call has been made.

    Raises:
        WrongStatus: another process is at these tasks.
    """
    id = practice_id(task.request for task in tasks)
    lease, answers, holds, memories = store.read(
        lambda reader: (
            read_lease(reader, id),
            reader.answers(id),
            reader.open_holds(id),
            read_memories(reader, seats.values()),
        )
    )
    calls = CallBook(store, id, answers, holds)
    announcer = Announcer(seats, memories, calls, {})
    unready: dict[str, str] = {}
    exercises = [await _exercise(task, seats, rules, announcer, id, unready) for task in tasks[:limit]]
    planned = {exercise.task_key(name) for exercise in exercises for name in exercise.workers}
    answered = frozenset(planned & {row.task for row in answers})
    return Session(store, PracticePlan(id, tuple(exercises), dict(seats), answered, unready), calls, announcer, lease)


async def _exercise(
    task: Task, seats: Mapping[str, Seat], rules: Rules, announcer: Announcer, id: str, unready: dict[str, str]
) -> Exercise:
    roster = tuple(
        Participant(name, seat.participant.principal, (TRANSFORMER,))
        for name, seat in sorted(seats.items())
        if TRANSFORMER in seat.participant.roles and not _is_twin(name)
    )
    request = Request(
        id=id,
        text=task.request,
        bounty_nanos=task.bounty_nanos,
        spend_cap_nanos=0,
        seed=derive_seed(_SEED, id, task.number),
        rules=rules,
        roster=roster,
    )
    path = f"t{task.number}"
    lot = Lot(path, 1, first_state(task.request, request.text_digest), REQUESTER)
    progress = Progress(request, phase="transforming", auctions={path: Auction(lot)}, on_sale=(path,))
    # Nobody buys anything here, so wallets bind nobody: each is shown a bounty's worth.
    balances = {bidder_account(entry.name): task.bounty_nanos for entry in roster}
    shown = await announcer.announce(progress, lot, MarketView(balances, (), Acceptance(), 1), {})
    workers: dict[str, int] = {}
    for name, announcement in shown.items():
        seat = seats[name]
        deadline = seat.bid_deadline_seconds or rules.bid_deadline_seconds
        said = await run_guarded(partial(seat.cost_max_nanos, "transform_cost_max", announcement), deadline)
        if isinstance(said, Returned):
            workers[name] = said.value
        else:
            unready.setdefault(name, getattr(said, "reason", f"had not said what a task may cost after {deadline:g} s"))
    return Exercise(task, _with_answers(progress, lot, seats, workers), workers)


def _is_twin(name: str) -> bool:
    """Whether a bidder is a later twin: it would do the same work once more, and learns with the first."""
    return "~" in name


def _with_answers(progress: Progress, lot: Lot, seats: Mapping[str, Seat], workers: Mapping[str, int]) -> Progress:
    """The same with each worker's promise of cost, as if it had won a copy for nothing."""
    answers = tuple(
        Answer(name, "bid", cost_max_nanos=nanos, provider=seats[name].provider if nanos else "")
        for name, nanos in workers.items()
    )
    return progress._replace(auctions={lot.path: Auction(lot, answers=answers)})
