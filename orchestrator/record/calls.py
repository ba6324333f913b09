"""Calls in a recorded run: what each task held, what it was charged, and the answers it got (R7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from orchestrator.core.events import AwardResult, Faulted
from orchestrator.core.holds import bid_cost_hold, cap_hold, cap_overrun, hold_behind, spent_under
from orchestrator.core.judge_at_work import JudgeAtWork, read_judge
from orchestrator.core.keys import bidder_account, cap_account, key
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import (
    BID,
    JUDGE,
    TRANSFORM,
    are_rounds_of_one,
    cap_hold_id,
    first_attempt,
    is_for_bidding,
    is_on_cap,
    task_of,
)
from orchestrator.ledger import MOVING, PENDING, POST, POSTED, VOID, Finding, Transfer, post, void
from orchestrator.ledger.transfer import resolve
from orchestrator.record.document import RunRecord
from orchestrator.record.moves import Auctions, Ending, Judging, Move, Settlement
from orchestrator.store import AnswerRow

_PARTS_OF_A_TASK: Final = 5
"""What the key of a task names beside its request."""


@dataclass(frozen=True, slots=True)
class Task:
    """One bidder's bid or transform of one lot, or one judge's look at the offers, as the journal records it.

    Attributes:
        id: its key.
        lot: the lot; for a judge the request itself.
        bidder: who worked; for a judge the requester, whose cost it is, and which judge it was.
        purpose: `bid`, `transform` or `judge`.
        round: round of the award, for transforms; for a judge how many were asked before.
        cost_max_nanos: the worst case that was promised.
        cost_nanos: what it cost; None where that is unknown.
        provider: who was paid.
        known_nanos: what is known of its cost, where not all of it is.
        outlasted: whether its request had ended when it was over.
    """

    id: str
    lot: Lot
    bidder: str
    purpose: str
    round: int
    cost_max_nanos: int
    cost_nanos: int | None
    provider: str
    known_nanos: int
    outlasted: bool = False


def tasks_of(moves: Sequence[Move], present: Progress) -> list[Task]:
    """All tasks that a journal records."""
    tasks: list[Task] = []
    for move in moves:
        if isinstance(move, Auctions):
            tasks += _bids(move, present)
        elif isinstance(move, Settlement):
            tasks += _transforms(move, present)
    tasks += _judgings(moves, present)
    return tasks


def held_for_calls(task: Task, request_id: str, recorded: Mapping[str, Transfer]) -> list[Transfer]:
    """What metering must have held for a task, and how its hold on the cap was resolved.

    What a bid held on its bidder's wallet is resolved where its stage closes, by the core. What
    a provider charged beyond the promise takes what the cap has left. The cap of a request that had
    ended meanwhile is settled by what was known then, as that of a task which was cut short.
    """
    on_cap = cap_hold(request_id, task.lot, task.round, task.bidder, task.purpose, task.cost_max_nanos)
    if on_cap is None:
        return []
    rows = [on_cap]
    if task.purpose == BID:
        held = bid_cost_hold(request_id, task.lot, task.bidder, task.cost_max_nanos, task.provider)
        rows += [] if held is None else [held]
    if task.outlasted or _is_resumed(task, recorded):
        return rows
    spent = task.cost_max_nanos if task.cost_nanos is None else task.cost_nanos
    rows.append(resolve(on_cap, min(spent, on_cap.amount_nanos)))
    excess_nanos = spent - on_cap.amount_nanos
    if excess_nanos > 0:
        found = recorded.get(cap_overrun(on_cap, excess_nanos).id)
        rows += [cap_overrun(on_cap, min(excess_nanos, found.amount_nanos))] if found is not None else []
    return rows


def check_answers(
    answers: Sequence[AnswerRow], tasks: Sequence[Task], cut_short: Collection[str], present: Progress
) -> Iterator[Finding]:
    """Compare what providers charged with the costs in the journal.

    Args:
        answers: what providers answered.
        tasks: all tasks of the journal.
        cut_short: keys of tasks that are in no journal entry, for they were cut short.
        present: the fold of the journal.

    Yields:
        What is wrong.
    """
    by_task = _answers_by_task(answers)
    for task in tasks:
        costs = [row.cost_nanos for row in by_task.pop(task.id, [])]
        known_nanos = sum(cost or 0 for cost in costs)
        # An answer that comes after its task is over is kept, and charged to nobody.
        is_wrong = None in costs or known_nanos != task.cost_nanos
        if is_wrong if task.cost_nanos is not None else task.known_nanos > known_nanos:
            yield Finding(f"task {task.id[:200]}", "what its calls cost is not what the journal charges for it")
    for id, rows in by_task.items():
        if id not in cut_short and not _is_free(id, rows, present):
            yield Finding(f"answer {rows[0].key[:200]}", "no task in the journal asked for it")


def _is_free(task: str, rows: Sequence[AnswerRow], present: Progress) -> bool:
    """Whether a bidder may have had these answers for nothing: such a task holds nothing, and leaves no other trace.

    It was cut short, or failed as if it had never begun.
    """
    request_id, *parts = task.split("/")
    if any(row.cost_nanos for row in rows) or request_id != present.request.id or len(parts) != _PARTS_OF_A_TASK:
        return False
    lot, _, worker, purpose, _ = parts
    workers = {REQUESTER, *[entry.name for entry in present.request.roster]}
    is_judging = purpose == JUDGE and read_judge(worker) is not None
    return lot in present.auctions and (is_judging or (worker in workers and purpose in (BID, TRANSFORM, JUDGE)))


def is_cut_short(row: Transfer, recorded: Mapping[str, Transfer], run: RunRecord, present: Progress) -> bool:
    """Whether a transfer belongs to a task that was cut short, so that no journal entry tells of it.

    A crash or a cancellation leaves such tasks. How their holds were resolved depends on the
    moment, so only the form can be checked: voided, or posted at what some first calls of the
    task cost; the cap also gives up a worst case, where the cost is not known, and what calls cost
    beyond it.
    """
    if row.kind == PENDING:
        return _is_hold_for_call(row, present)
    held = recorded.get(hold_behind(row))
    first = None if held is None else recorded.get(first_attempt(held.id))
    if held is None or first is None or held.kind != PENDING or held.amount_nanos > first.amount_nanos:
        return False
    if row.kind == VOID:
        return row == void(held)
    if row.kind == POST:
        return row == post(held, row.amount_nanos) and row.amount_nanos in _possible_costs(held, first, run.answers)
    total_nanos = sum(answer.cost_nanos or 0 for answer in run.answers if answer.task == task_of(held.id))
    spent_nanos = spent_under(held, first.amount_nanos, total_nanos)
    return row == cap_overrun(held, row.amount_nanos) and row.amount_nanos <= spent_nanos - held.amount_nanos


def charges_beyond_answers(run: RunRecord, cancelled: Sequence[Transfer]) -> Iterator[Finding]:
    """What a cancellation charged beyond a promise, though no calls of that task had cost as much.

    Args:
        run: the record.
        cancelled: the transfers of the cancellation.

    Yields:
        What is wrong.
    """
    charged: dict[str, int] = {}
    beyond: set[str] = set()
    for row in cancelled:
        if row.kind in MOVING and (held := hold_behind(row)) != row.id:
            charged[held] = charged.get(held, 0) + row.amount_nanos
            beyond |= {held} if row.kind == POSTED else set()
    for held in sorted(beyond):
        if charged[held] not in _first_calls_nanos(task_of(held), run.answers):
            yield Finding(f"transfer {held[:200]}", "more was charged for it than what first calls of its task cost")


def costs_without_calls(run: RunRecord, bidders: Iterable[str]) -> Iterator[Finding]:
    """Bidders of whose work a cancellation did not know the cost, though nothing was ever held for calls of theirs.

    Args:
        run: the record.
        bidders: who they are.

    Yields:
        What is wrong.
    """
    callers = {name for row in run.transfers if is_on_cap(row.id) for name in row.id.split("/")[-3:-2]}
    for bidder in bidders:
        if bidder not in callers:
            yield Finding(f"bidder {bidder[:64]}", "its costs are said not to be known, but it made no call that costs")


def task_behind(row: Transfer) -> str:
    """The key of the task for which a transfer holds something, or resolves what was held."""
    return task_of(hold_behind(row))


def _is_resumed(task: Task, recorded: Mapping[str, Transfer]) -> bool:
    """Whether a driver that took over after a crash held the rest of a task's worst case again."""
    return cap_hold_id(task.id, attempt=1) in recorded


def _bids(move: Auctions, present: Progress) -> Iterator[Task]:
    for closed in move.closed.lots:
        lot = present.auctions[closed.lot].lot
        for answer in closed.answers:
            yield Task(
                key(present.request.id, lot.path, 0, answer.bidder, BID),
                lot,
                answer.bidder,
                BID,
                0,
                answer.bid_cost_max_nanos,
                answer.bid_cost_nanos,
                answer.provider,
                answer.bid_known_nanos,
            )


def _transforms(move: Settlement, present: Progress) -> Iterator[Task]:
    for result in move.results:
        auction = present.auctions[result.lot]
        award = result.award
        if award is None or _never_began(result):
            continue
        promises = {answer.bidder: (answer.cost_max_nanos, answer.provider) for answer in auction.answers}
        if award.kept and auction.keep is not None:
            promises[award.bidder] = (auction.keep.cost_max_nanos, auction.keep.provider)
        cost_max_nanos, provider = promises.get(award.bidder, (0, ""))
        yield Task(
            key(present.request.id, result.lot, award.round, award.bidder, TRANSFORM),
            auction.lot,
            award.bidder,
            TRANSFORM,
            award.round,
            cost_max_nanos,
            result.cost_nanos,
            provider,
            result.known_nanos,
        )


def _judgings(moves: Sequence[Move], present: Progress) -> Iterator[Task]:
    ending = next((place for place, move in enumerate(moves) if isinstance(move, Ending)), len(moves))
    judgings = [(place, move.judged) for place, move in enumerate(moves) if isinstance(move, Judging)]
    for number, (place, judged) in enumerate(judgings):
        worker = JudgeAtWork(judged.judge, judged.provider, judged.recipe).worker
        yield Task(
            key(present.request.id, "0", number, worker, JUDGE),
            present.auctions["0"].lot,
            worker,
            JUDGE,
            number,
            judged.cost_max_nanos,
            judged.cost_nanos,
            judged.provider,
            judged.known_nanos,
            outlasted=place > ending,
        )


def _never_began(result: AwardResult) -> bool:
    """Whether a winner may have failed before anything was held for it, or left after a crash.

    What was held for it all the same counts as cut short.
    """
    return isinstance(result, Faulted) and not result.own_fault and result.cost_nanos == 0


def _is_hold_for_call(row: Transfer, present: Progress) -> bool:
    """Whether a hold has the form of one for a call at one of the request's lots."""
    request_id = present.request.id
    lots = [path for path in present.auctions if row.id.startswith(f"{request_id}/{path}/")]
    if not lots or row.stage != present.auctions[lots[0]].lot.stage:
        return False
    if is_for_bidding(row.id):
        return row.code == "cost" and row.debit in {bidder_account(entry.name) for entry in present.request.roster}
    return row.code == "cap" and row.debit == cap_account(request_id) and is_on_cap(row.id)


def _possible_costs(held: Transfer, first: Transfer, answers: Sequence[AnswerRow]) -> set[int]:
    """What a task may have been charged under a hold when it was cut short: the cost of its first calls.

    A hold for the cost of a transform does not say in which round its bidder worked.
    """
    possible = {held.amount_nanos} if held.code == "cap" else set()
    totals = _first_calls_nanos(task_of(held.id), answers)
    spent = [spent_under(held, first.amount_nanos, total) for total in totals]
    return possible | {min(nanos, held.amount_nanos) for nanos in spent}


def _first_calls_nanos(own: str, answers: Sequence[AnswerRow]) -> set[int]:
    """What the first call of a task cost, its first two, and so on to all of them."""
    totals: set[int] = set()
    for task, rows in _answers_by_task(answers).items():
        if task == own or are_rounds_of_one(task, own):
            totals.update(accumulate(row.cost_nanos or 0 for row in rows))
    return totals


def _answers_by_task(answers: Sequence[AnswerRow]) -> dict[str, list[AnswerRow]]:
    found: dict[str, list[AnswerRow]] = {}
    for row in sorted(answers, key=lambda row: (len(row.key), row.key)):
        found.setdefault(row.task, []).append(row)
    return found
