"""The recorder: turns the core's steps into commits of journal, book and texts.

Each function runs inside one transaction of the store. What the core decides there rests on
balances read in the same transaction, so money cannot be bid twice, whatever runs beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from orchestrator.core.answer import Answer
from orchestrator.core.closing import close_stage
from orchestrator.core.codec import decode, encode, text_digests, texts_of
from orchestrator.core.ending import cancel, expire, overspent, pick
from orchestrator.core.events import Announced, AwardResult, Delivered, Ended, Event, Faulted, Judged, Settled
from orchestrator.core.holds import cap_overrun, spent_under
from orchestrator.core.judge_at_work import JudgeAtWork, read_judge
from orchestrator.core.judging import charge_judge
from orchestrator.core.keys import (
    TREASURY,
    audition_account,
    bidder_account,
    cap_account,
    read_key,
    requester_account,
)
from orchestrator.core.opening import open_request, provider_accounts, request_accounts
from orchestrator.core.progress import Progress, fold
from orchestrator.core.request import Request
from orchestrator.core.settlement import beyond_promise, settle_stage
from orchestrator.core.step import Step
from orchestrator.core.tasks import BID, TRANSFORM, first_attempt, is_on_cap, task_of, wallet_hold_id
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.callbook import apply_due, is_for_calls, known_cost, settle_orphan
from orchestrator.engine.invitations import remember_answers
from orchestrator.engine.learning import learn
from orchestrator.engine.marks import is_alive
from orchestrator.engine.seat import Seat
from orchestrator.engine.wealth import after_request
from orchestrator.errors import InsufficientFunds, TreasuryEmpty, UnknownRequest
from orchestrator.journal import GENESIS, Entry, check_chain
from orchestrator.ledger import Transfer
from orchestrator.store import AnswerRow, BidderRow, Reader, RequestRow, Transaction
from orchestrator.store.rows import SUSPENDED


@dataclass(frozen=True, slots=True)
class RequestLog:
    """A request's present and the end of its journal.

    Attributes:
        progress: the fold of the journal.
        sequence: number that the next entry will have.
        digest: digest of the last entry.
        latest: the events of the latest step, for whoever listens.
    """

    progress: Progress
    sequence: int
    digest: str
    latest: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorder:
    """Commits the steps of a market's requests.

    Attributes:
        seats: the market's bidders, by name.
        wealth: what happens to wallets when a request ends.
    """

    seats: Mapping[str, Seat]
    wealth: WealthRules

    def post(self, tx: Transaction, request: Request, row: RequestRow) -> RequestLog:
        """Post a request and pledge its bounty."""
        tx.open_accounts(request_accounts(request))
        purse = requester_account(request.requester)
        wallets = [bidder_account(entry.name) for entry in request.roster]
        tx.put_request(row)
        step = open_request(request, tx.spendable([purse, TREASURY, *wallets]))
        return self._write(tx, RequestLog(step.progress, 0, GENESIS), step, row.created_seconds)

    def close(
        self,
        tx: Transaction,
        log: RequestLog,
        announced: Announced,
        answers: Mapping[str, Sequence[Answer]],
        due: Sequence[Transfer],
        now_seconds: float,
    ) -> RequestLog:
        """Close a stage's lots and clear them: a stage's first market commit."""
        names = {answer.bidder for row in answers.values() for answer in row}
        owners = {lot.owner for lot in log.progress.lots()}
        apply_due(tx, due)
        grants = {audition_account(entry.principal) for entry in log.progress.request.roster if entry.audition}
        spendable = tx.spendable({*grants, *(bidder_account(name) for name in names | (owners & self.seats.keys()))})
        return self._write(tx, log, close_stage(log.progress, announced, answers, spendable), now_seconds)

    def settle(
        self,
        tx: Transaction,
        log: RequestLog,
        results: Mapping[str, Sequence[AwardResult]],
        due: Sequence[Transfer],
        now_seconds: float,
    ) -> RequestLog:
        """Pay for what was delivered: a stage's second market commit."""
        apply_due(tx, due)
        spendable = tx.spendable(beyond_promise(log.progress, results))
        step = settle_stage(log.progress, results, self._cap_left_nanos(tx, log), spendable)
        if step.progress.ending is not None:
            # Only now is it known that the request ends here, and its cap gives back what these leave of it.
            _settle_orphans(tx, log.progress.request.id)
            step = settle_stage(log.progress, results, self._cap_left_nanos(tx, log), spendable)
        try:
            return self._write(tx, log, step, now_seconds)
        except InsufficientFunds as shortfall:
            if shortfall.account != TREASURY:
                raise
            raise TreasuryEmpty(
                f"request {log.progress.request.id}: the treasury cannot pay the subsidies of rule `subsidised`; "
                "raise wealth.treasury_stock in the config, then `vickrey resume`"
            ) from shortfall

    def charge_judge(
        self, tx: Transaction, request_id: str, judged: Judged, due: Sequence[Transfer], now_seconds: float
    ) -> RequestLog:
        """Record that a judge was asked at a cost, for which the requester pays, even if the request has ended."""
        log = read_log(tx, request_id)
        apply_due(tx, due)
        tx.open_accounts(provider_accounts({judged.provider}))
        purse = requester_account(log.progress.request.requester)
        return self._write(tx, log, charge_judge(log.progress, judged, tx.spendable([purse])[purse]), now_seconds)

    def charge_gone_judge(
        self, tx: Transaction, request_id: str, now_seconds: float, *, present: JudgeAtWork | None = None
    ) -> RequestLog:
        """Charge what a judge had spent that was gone before it could be recorded; there is one at most.

        Args:
            tx: where to write.
            request_id: the request.
            now_seconds: the time.
            present: who judges now; where it is the same, it goes on with what it had begun.
        """
        for held in tx.open_holds(request_id):
            judge = read_judge(read_key(held.id).bidder) if is_on_cap(held.id) else None
            if judge is not None and judge != present:
                answers, recorded = tx.answers(request_id), _transfers_by_id(tx, request_id)
                judged = _gone(judge, held, answers)
                return self.charge_judge(tx, request_id, judged, [settle_orphan(held, answers, recorded)], now_seconds)
        return read_log(tx, request_id)

    def pick(self, tx: Transaction, request_id: str, rank: int, judge: str, now_seconds: float) -> RequestLog:
        """Release the bounty to the picked offer, or return it (rank 0)."""
        log = self._log_without_judge(tx, request_id, now_seconds)
        _settle_orphans(tx, request_id)
        step = pick(log.progress, rank, judge, self._cap_left_nanos(tx, log))
        return _after(log, self._write(tx, log, step, now_seconds))

    def expire(self, tx: Transaction, request_id: str, now_seconds: float) -> bool:
        """Return the bounty of a request that nobody picked from in time; False where it is not open any more."""
        row = tx.find_request(request_id)
        if row is None or row.status != "open" or row.expires_seconds > now_seconds:
            return False
        log = self._log_without_judge(tx, request_id, now_seconds)
        _settle_orphans(tx, request_id)
        self._write(tx, log, expire(log.progress, self._cap_left_nanos(tx, log)), now_seconds)
        return True

    def cancel(self, tx: Transaction, request_id: str, now_seconds: float) -> RequestLog:
        """End a request at its requester's wish, whatever it is doing."""
        log = self._log_without_judge(tx, request_id, now_seconds)
        holds = tx.open_holds(request_id)
        costs = _costs_by_hold(tx, request_id, holds)
        apply_due(tx, _cap_overruns(holds, costs))
        cap, wallets = cap_account(request_id), overspent(holds, costs)
        left = tx.spendable({cap, *wallets})
        for row in holds:
            if row.debit in left:
                left[row.debit] += row.amount_nanos - min(costs.get(row.id, 0), row.amount_nanos)
        purses = {wallet: left[wallet] for wallet in wallets}
        unknown_costs = _with_calls_under_way(log.progress, holds, tx.answers(request_id))
        step = cancel(log.progress, holds, costs, left[cap], purses, unknown_costs)
        return _after(log, self._write(tx, log, step, now_seconds))

    def _log_without_judge(self, tx: Transaction, request_id: str, now_seconds: float) -> RequestLog:
        """A request's log before it ends, once a judge that is gone is charged; one at work says its costs itself."""
        row = tx.find_request(request_id)
        if row is None or is_alive(row.driver):
            return read_log(tx, request_id)
        return self.charge_gone_judge(tx, request_id, now_seconds)

    def _cap_left_nanos(self, tx: Transaction, log: RequestLog) -> int:
        cap = cap_account(log.progress.request.id)
        return tx.spendable([cap])[cap]

    def _write(self, tx: Transaction, log: RequestLog, step: Step, now_seconds: float) -> RequestLog:
        """Write a step: events, transfers and texts together, then what follows from them."""
        request_id = step.progress.request.id
        entries = encode(step.events, log.sequence, log.digest)
        tx.append(request_id, entries)
        tx.apply(step.transfers)
        tx.put_texts(texts_of(step.events))
        self._update_records(tx, step.events)
        if step.progress.status != log.progress.status:
            self._update_request(tx, step.progress, now_seconds)
        if any(isinstance(event, Ended) for event in step.events):
            after_request(tx, step.progress, self.wealth)
            remember_answers(tx, step.progress)
            learn(tx, self.seats, step.progress)
        last = entries[-1]
        return RequestLog(step.progress, last.sequence + 1, last.digest, step.events)

    def _update_request(self, tx: Transaction, progress: Progress, now_seconds: float) -> None:
        row = tx.find_request(progress.request.id)
        if row is not None:
            ended = now_seconds if progress.ending is not None else None
            # From when there is something to pick from: a run that was interrupted may go on days later.
            expires = row.expires_seconds
            if progress.status == "open":
                expires = now_seconds + (row.expires_seconds - row.created_seconds)
            tx.put_request(
                row._replace(status=progress.status, ended_seconds=ended, expires_seconds=expires, driver="")
            )

    def _update_records(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Count wins and faults; suspend a bidder that fails again and again after winning (R6)."""
        faults = [event for event in events if isinstance(event, Faulted)]
        delivered = [event.award.bidder for event in events if isinstance(event, Delivered)]
        if not faults and not delivered:
            return
        sales = [sale for event in events if isinstance(event, Settled) for sale in event.sales()]
        bought = [sale.buyer for sale in sales if not sale.kept]
        known = tx.bidders()
        changed: dict[str, BidderRow] = {}
        for name in delivered:
            if name in known:
                changed[name] = known[name]._replace(wins=known[name].wins + bought.count(name), faults_in_a_row=0)
        for fault in faults:
            if fault.bidder in known and fault.own_fault:
                row = changed.get(fault.bidder, known[fault.bidder])
                in_a_row = row.faults_in_a_row + (fault.award is not None)
                status = SUSPENDED if in_a_row >= self.wealth.faults_to_suspend else row.status
                changed[fault.bidder] = row._replace(faults=row.faults + 1, faults_in_a_row=in_a_row, status=status)
        for row in changed.values():
            tx.put_bidder(row)


def read_log(reader: Reader, request_id: Any) -> RequestLog:
    """Fold a request's journal.

    Raises:
        UnknownRequest: the store has no such request.
        InvalidRecord: the journal does not fold.
    """
    entries = read_journal(reader, request_id)
    return RequestLog(fold(read_events(reader, request_id, entries)), entries[-1].sequence + 1, entries[-1].digest)


def read_journal(reader: Reader, request_id: Any) -> list[Entry]:
    """A request's journal, as it was written: what money moves by must not be what a disk has made of it.

    Args:
        reader: what the market remembers.
        request_id: as somebody has typed it.

    Raises:
        UnknownRequest: the store has no such request.
        InvalidRecord: an entry is not what was written.
    """
    # What the terminal could not decode no database takes for a text.
    entries = reader.journal(request_id) if is_request_id(request_id) else []
    if not entries:
        shown = request_id if is_request_id(request_id) else ascii(request_id)
        raise UnknownRequest(f"there is no request {shown[:40]} in this store; see `vickrey requests`")
    check_chain(request_id, entries)
    return entries


def is_request_id(value: Any) -> TypeGuard[str]:
    """Whether a request could be called so."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def read_events(reader: Reader, request_id: str, entries: Sequence[Entry]) -> list[Event]:
    """Read journal entries back into events."""
    texts = reader.texts(text_digests(entries))
    return [decode(entry, texts, request_id) for entry in entries]


def _after(before: RequestLog, log: RequestLog) -> RequestLog:
    """A log whose latest events include those of the step before."""
    return replace(log, latest=(*before.latest, *log.latest))


def _gone(judge: JudgeAtWork, held: Transfer, answers: Sequence[AnswerRow]) -> Judged:
    """What is recorded of a judge that is gone, and of which no more is known than its hold and its calls."""
    cost_nanos, known_nanos = known_cost(row for row in answers if row.task == task_of(held.id))
    reason = "was gone before it was recorded what it had decided"
    costs = (held.amount_nanos, cost_nanos, judge.provider, known_nanos)
    return Judged(judge.name, None, reason, *costs, judge.recipe)


def _settle_orphans(tx: Transaction, request_id: str) -> None:
    """Settle the holds of calls that no driver will come back for, before a request ends.

    A driver that was overtaken by another leaves some behind.
    """
    orphans = [row for row in tx.open_holds(request_id) if is_for_calls(row)]
    if orphans:
        answers, recorded = tx.answers(request_id), _transfers_by_id(tx, request_id)
        tx.apply([settle_orphan(row, answers, recorded) for row in orphans])


def _cap_overruns(holds: Sequence[Transfer], costs: Mapping[str, int]) -> list[Transfer]:
    """What a request's calls cost beyond what is held for them on its spend cap."""
    excess = {row: costs.get(row.id, 0) - row.amount_nanos for row in holds if row.code == "cap"}
    return [cap_overrun(row, nanos) for row, nanos in excess.items() if nanos > 0]


def _with_calls_under_way(progress: Progress, holds: Sequence[Transfer], answers: Sequence[AnswerRow]) -> set[str]:
    """Bidders whose work at this stage may have cost an unknown amount, because a call may still be running."""
    if progress.status != "running":
        return set()
    costs: dict[str, list[int | None]] = {task_of(row.id): [] for row in holds if is_on_cap(row.id)}
    for row in answers:
        costs.setdefault(row.task, []).append(row.cost_nanos)
    purpose = BID if progress.phase == "bidding" else TRANSFORM
    # As where a crash leaves a task behind, what has been answered at a known cost counts as all of it.
    unknown = [read_key(task) for task, spent in costs.items() if not spent or None in spent]
    return {each.bidder for each in unknown if each.lot in progress.on_sale and each.purpose == purpose}


def _costs_by_hold(reader: Reader, request_id: str, holds: Sequence[Transfer]) -> dict[str, int]:
    """What is known to have been spent under each hold on a wallet, and under each of some on the cap."""
    costs: dict[str, int] = {}
    by_task: dict[str, int] = {}
    for row in reader.answers(request_id):
        cost_nanos, on_wallet = row.cost_nanos or 0, wallet_hold_id(row.task)
        costs[on_wallet] = costs.get(on_wallet, 0) + cost_nanos
        by_task[row.task] = by_task.get(row.task, 0) + cost_nanos
    recorded = _transfers_by_id(reader, request_id)
    for held in holds:
        if is_on_cap(held.id):
            first_nanos = recorded[first_attempt(held.id)].amount_nanos
            costs[held.id] = spent_under(held, first_nanos, by_task.get(task_of(held.id), 0))
    return costs


def _transfers_by_id(reader: Reader, request_id: str) -> dict[str, Transfer]:
    return {row.id: row for row in reader.transfers(request=request_id)}
