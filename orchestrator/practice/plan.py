"""The plan of a practice: who works on what, and what that can cost at most, before any call is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator.bidding import Acceptance
from orchestrator.core.answer import Answer
from orchestrator.core.keys import bidder_account, derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Auction, Progress
from orchestrator.core.request import Participant, Request
from orchestrator.core.rules import TRANSFORMER, Rules
from orchestrator.core.state import REQUESTER, first_state
from orchestrator.engine.announcing import Announcer, MarketView, read_memories
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.driver import at_once
from orchestrator.engine.seat import Seat
from orchestrator.money import format_usd
from orchestrator.practice.asking import Unready, ask_cost_max
from orchestrator.practice.lease import Lease, read_lease
from orchestrator.practice.taking_part import check_workers, nobody_works, workers
from orchestrator.practice.tasks import LabelledTask, practice_id
from orchestrator.practice.verifiers import Verifier, check_verifier
from orchestrator.practice.works import Assignment, WorkRecord
from orchestrator.store import Store

_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Exercise:
    """One task as it is put before the bidders: its bare request, alone on sale.

    Attributes:
        task: the task.
        progress: a request with a lot for each assignment, all of them the same bare request.
        assignments: who works on it.
    """

    task: LabelledTask
    progress: Progress
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class PracticePlan:
    """What a practice comes to.

    Attributes:
        id: under which its answers are recorded.
        exercises: the tasks.
        seats: who works or learns, by name.
        unready: bidders that could not say what a task may cost, with the reason.
    """

    id: str
    exercises: tuple[Exercise, ...]
    seats: Mapping[str, Seat]
    unready: Mapping[str, str]

    @property
    def works(self) -> int:
        """How many works there are to do."""
        return sum(1 for _ in self._assignments())

    @property
    def answered(self) -> int:
        """How many of them were done before: their answers are used again."""
        return sum(each.is_answered for each in self._assignments())

    @property
    def is_begun(self) -> bool:
        """Whether earlier runs have worked on these tasks for the same bidders."""
        return any(each.is_answered or each.round for each in self._assignments())

    @property
    def cost_max_nanos(self) -> int:
        """Worst case of what is still to be spent."""
        return sum(each.due_nanos for each in self._assignments())

    @property
    def cost_max_by_bidder_nanos(self) -> dict[str, int]:
        """The same, by bidder."""
        sums: dict[str, int] = {}
        for each in self._assignments():
            sums[each.bidder] = sums.get(each.bidder, 0) + each.due_nanos
        return sums

    def to_dict(self, cap_nanos: int) -> dict[str, Any]:
        """The plan as JSON-able data, amounts as decimal strings in USD.

        Args:
            cap_nanos: the most that it may cost.
        """
        return {
            "practice": self.id,
            "tasks": len(self.exercises),
            "works": self.works,
            "answered_before": self.answered,
            "cost_max": format_usd(self.cost_max_nanos),
            "cost_max_by_bidder": {name: format_usd(nanos) for name, nanos in self.cost_max_by_bidder_nanos.items()},
            "cap": format_usd(cap_nanos),
            "unready": dict(self.unready),
        }

    def _assignments(self) -> Iterator[Assignment]:
        return (each for exercise in self.exercises for each in exercise.assignments)


@dataclass(frozen=True, slots=True)
class Session:
    """A practice that can begin.

    Attributes:
        store: where it is recorded.
        plan: what it comes to.
        verifier: says how right a text is.
        calls: its calls, those that were answered before among them.
        announcer: knows what policies have learned.
        lease: the practice's lease when the plan was made.
    """

    store: Store
    plan: PracticePlan
    verifier: Verifier
    calls: CallBook
    announcer: Announcer
    lease: Lease


async def prepare(
    store: Store,
    seats: Mapping[str, Seat],
    rules: Rules,
    tasks: Sequence[LabelledTask],
    verifier: Verifier,
    limit: int | None = None,
    *,
    take_over: bool = False,
) -> Session:
    """Plan a practice: every transformer works on every task, but for twins and those who decline it.

    Args:
        store: where it is recorded.
        seats: the bidders that take part.
        rules: for deadlines and sizes.
        tasks: what to work on.
        verifier: says how right a text is.
        limit: how many of them, from the first on; None for all. Answers to these serve the others' practice, too.
        take_over: whether a process on another host that was at these tasks is gone.

    Returns:
        The session; no call has been made.

    Raises:
        InvalidConfig: the verifier cannot be called as verifiers are.
        InvalidRequest: it cannot score one of the tasks, or nobody works on any of them.
        WrongStatus: another process is at these tasks.
    """
    check_workers(seats)
    chosen = tasks[:limit]
    check_verifier(verifier, chosen)
    id = practice_id(task.request for task in tasks)
    lease, answers, transfers, memories = store.read(
        lambda reader: (
            read_lease(reader, id, take_over=take_over),
            reader.answers(id),
            reader.transfers(request=id),
            read_memories(reader, seats.values()),
        )
    )
    calls = CallBook(store, id, answers, transfers)
    announcer = Announcer(seats, memories, calls, {})
    plan = await _Planner(id, rules, announcer, WorkRecord(id, answers)).plan(chosen, seats)
    if not plan.works:
        raise nobody_works(plan.unready)
    return Session(store, plan, verifier, calls, announcer, lease)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Asks bidders about tasks.

    Attributes:
        id: the practice.
        rules: for deadlines and sizes.
        announcer: shows bidders a task.
        record: what earlier runs have recorded.
    """

    id: str
    rules: Rules
    announcer: Announcer
    record: WorkRecord

    async def plan(self, tasks: Sequence[LabelledTask], seats: Mapping[str, Seat]) -> PracticePlan:
        """Plan all tasks; a bidder that does not answer about one is asked about no further one.

        Else it would cost a deadline for each of the tasks (R14).
        """
        exercises: list[Exercise] = []
        unready: dict[str, str] = {}
        asked = dict(seats)
        for task in tasks:
            exercise, found = await self._exercise(task, asked)
            exercises.append(exercise)
            for name, each in found.items():
                unready.setdefault(name, each.reason)
                if each.is_silent:
                    del asked[name]
        return PracticePlan(self.id, tuple(exercises), dict(seats), unready)

    async def _exercise(self, task: LabelledTask, seats: Mapping[str, Seat]) -> tuple[Exercise, dict[str, Unready]]:
        """One task, and who could not say what it may cost."""
        progress = _bare(task, seats, self.rules, self.id)
        (lot,) = progress.lots()
        # Nobody buys anything here, so wallets bind nobody: each is shown a bounty's worth.
        balances = {bidder_account(entry.name): task.bounty_nanos for entry in progress.request.roster}
        shown = await self.announcer.announce(progress, lot, MarketView(balances, (), Acceptance(), 1), {})
        said = await at_once(
            ask_cost_max(seats[name], self.rules, announcement) for name, announcement in shown.items()
        )
        found = dict(zip(shown, said, strict=True))
        assignments = [
            self.record.assign(lot.path, seats[name], each) for name, each in found.items() if isinstance(each, int)
        ]
        unready = {name: each for name, each in found.items() if isinstance(each, Unready)}
        return Exercise(task, _with_lots(progress, lot, seats, assignments), tuple(assignments)), unready


def _bare(task: LabelledTask, seats: Mapping[str, Seat], rules: Rules, id: str) -> Progress:
    """A task as a request of which nobody has bought anything yet, before all who may work on it."""
    request = Request(
        id=id,
        text=task.request,
        bounty_nanos=task.bounty_nanos,
        spend_cap_nanos=0,
        seed=derive_seed(_SEED, id, task.number),
        rules=rules,
        roster=tuple(Participant(name, seats[name].participant.principal, (TRANSFORMER,)) for name in workers(seats)),
    )
    path = f"t{task.number}"
    lot = Lot(path, 1, first_state(task.request, request.text_digest), REQUESTER)
    return Progress(request, phase="transforming", auctions={path: Auction(lot)}, on_sale=(path,))


def _with_lots(progress: Progress, lot: Lot, seats: Mapping[str, Seat], assignments: Sequence[Assignment]) -> Progress:
    """The same with the lot of each assignment and its promise of cost, as if a copy had been won for nothing."""
    auctions: dict[str, Auction] = {}
    for each in assignments:
        nanos = each.cost_max_nanos
        answer = Answer(each.bidder, "bid", cost_max_nanos=nanos, provider=seats[each.bidder].provider if nanos else "")
        before = auctions[each.path].answers if each.path in auctions else ()
        auctions[each.path] = Auction(replace(lot, path=each.path), answers=(*before, answer))
    return progress._replace(auctions=auctions, on_sale=tuple(auctions))
