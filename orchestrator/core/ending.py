"""Endings: a pick releases the bounty; every other ending returns it (R2, R10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.core.events import Ended, Outcome, Picked, Spent
from orchestrator.core.keys import (
    CAP_ISSUER,
    TREASURY,
    bidder_account,
    bounty_account,
    cap_account,
    deposit_account,
    escrow_account,
    holder_of,
    requester_account,
)
from orchestrator.core.lot import Offer
from orchestrator.core.progress import Progress, advance
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import POST, Transfer, transfer
from orchestrator.ledger.transfer import resolve


def pick(progress: Progress, rank: int, judge: str, cap_left_nanos: int) -> Step:
    """The judge's pick ends the request.

    Args:
        progress: a request that is open.
        rank: the offer's rank from 1, or 0 for none of them.
        judge: who picked.
        cap_left_nanos: what is left of the spend cap.

    Returns:
        The step that releases the bounty, or returns it.

    Raises:
        BrokenLaw: the request is not open, or has no offer of that rank.
    """
    if progress.status != "open" or not 0 <= rank <= len(progress.offers):
        raise BrokenLaw(f"request {progress.request.id} is {progress.status} and has no offer {rank} to pick")
    if rank == 0:
        ended, rows = _ending(progress, "rejected", f"{judge} took none of the offers", cap_left_nanos)
    else:
        taken = progress.offers[rank - 1]
        ended, rows = _ending(progress, "released", f"{judge} took offer {rank}", cap_left_nanos, taken=taken)
    events = (Picked(rank, judge), ended)
    return Step(events, tuple(rows), advance(progress, events))


def expire(progress: Progress, cap_left_nanos: int) -> Step:
    """Nobody picked in time; the bounty returns."""
    ended, rows = _ending(progress, "expired", "no offer was picked in time", cap_left_nanos)
    return Step((ended,), tuple(rows), advance(progress, (ended,)))


def fail(step: Step, reason: str, cap_left_nanos: int) -> Step:
    """The market produced no offer; the bounty returns."""
    ended, rows = _ending(step.progress, "failed", reason, cap_left_nanos)
    return step.then((ended,), rows)


def cancel(
    progress: Progress, open_holds: Sequence[Transfer], costs_nanos: Mapping[str, int], cap_left_nanos: int
) -> Step:
    """The requester withdraws, at whatever moment; counts as a rejection of what was done.

    Args:
        progress: a request that is running or open.
        open_holds: the request's holds that are not resolved.
        costs_nanos: what is known to have been spent under a hold, by hold id; every other hold
            is voided.
        cap_left_nanos: what is left of the spend cap once those holds are resolved.

    Returns:
        The step that ends the request.
    """
    freed = tuple(resolve(row, min(costs_nanos.get(row.id, 0), row.amount_nanos)) for row in open_holds)
    reason = "cancelled by the requester"
    ended, rows = _ending(progress, "rejected", reason, cap_left_nanos, cut_off=_cut_off(freed))
    return Step((ended,), (*freed, *rows), advance(progress, (ended,)))


def _cut_off(freed: Sequence[Transfer]) -> tuple[Spent, ...]:
    """What was charged for work that the cancellation cut off: no delivery will account for it."""
    spent: dict[str, int] = {}
    for row in freed:
        if row.kind == POST and row.code == "cost":
            bidder = holder_of(row.debit)
            spent[bidder] = spent.get(bidder, 0) + row.amount_nanos
    return tuple(Spent(bidder, nanos) for bidder, nanos in sorted(spent.items()))


def _ending(
    progress: Progress,
    outcome: Outcome,
    reason: str,
    cap_left_nanos: int,
    *,
    taken: Offer | None = None,
    cut_off: tuple[Spent, ...] = (),
) -> tuple[Ended, list[Transfer]]:
    """How a request ends, and the transfers that leave its accounts at zero."""
    request = progress.request
    requester = requester_account(request.requester)
    in_escrow_nanos = escrowed_nanos(progress)
    refund_nanos = min(taken.chain[0].price_nanos, request.bounty_nanos) if taken else 0
    payout_nanos = request.bounty_nanos if taken else 0
    returned_nanos = request.bounty_nanos - payout_nanos
    event = Ended(outcome, reason, payout_nanos, refund_nanos, returned_nanos, in_escrow_nanos - refund_nanos, cut_off)
    rows = [
        *(_payout(progress, taken.presenter, payout_nanos) if taken else ()),
        *_move(progress, bounty_account(request.id), requester, returned_nanos, "return"),
        *_move(progress, escrow_account(request.id), requester, refund_nanos, "refund"),
        *_move(progress, escrow_account(request.id), TREASURY, in_escrow_nanos - refund_nanos, "escrow"),
    ]
    if request.deposit_nanos:
        compensation = _compensation(advance(progress, (event,))) if outcome == "rejected" else {}
        rows += _settle_deposit(progress, compensation)
    rows += _move(progress, cap_account(request.id), CAP_ISSUER, cap_left_nanos, "cap-return")
    return event, rows


def escrowed_nanos(progress: Progress) -> int:
    """What first-stage buyers have paid into escrow, subsidies included (R2)."""
    rule = progress.request.rules.rule
    return sum(sale.received_nanos(rule) for sale in progress.first_sales)


def _payout(progress: Progress, presenter: str, payout_nanos: int) -> list[Transfer]:
    return _move(progress, bounty_account(progress.request.id), bidder_account(presenter), payout_nanos, "payout")


def _move(progress: Progress, debit: str, credit: str, amount_nanos: int, code: str) -> list[Transfer]:
    if amount_nanos == 0:
        return []
    request_id = progress.request.id
    owner = credit.rpartition(":")[2]
    return [transfer(f"{request_id}/{code}/{owner}", debit, credit, amount_nanos, code, request_id, progress.stage)]


def _compensation(progress: Progress) -> dict[str, int]:
    """Shares of the deposit: in proportion to the costs that each bidder had promised and bore, at most those costs."""
    costs = {bidder: cost for bidder, cost in sorted(progress.promised_costs().items()) if cost}
    total = sum(costs.values())
    pool = min(progress.request.deposit_nanos, total)
    return {bidder: cost * pool // total for bidder, cost in costs.items()} if total else {}


def _settle_deposit(progress: Progress, compensation: Mapping[str, int]) -> list[Transfer]:
    request = progress.request
    deposit = deposit_account(request.id)
    rows: list[Transfer] = []
    for bidder, share in compensation.items():
        rows += _move(progress, deposit, bidder_account(bidder), share, "compensation")
    left = request.deposit_nanos - sum(compensation.values())
    return rows + _move(progress, deposit, requester_account(request.requester), left, "deposit-return")
