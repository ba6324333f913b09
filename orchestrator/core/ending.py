"""Endings: a pick releases the bounty; every other ending returns it (R2, R10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from orchestrator.core.events import Ended, Outcome, Picked, Spendable, Spent
from orchestrator.core.holds import charge, hold_behind
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
from orchestrator.ledger import POSTED, VOID, Transfer, transfer
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
    progress: Progress,
    open_holds: Sequence[Transfer],
    costs_nanos: Mapping[str, int],
    cap_left_nanos: int,
    spendable: Mapping[str, int] = MappingProxyType({}),
    unknown_costs: Iterable[str] = (),
) -> Step:
    """The requester withdraws, at whatever moment; counts as a rejection of what was done.

    Args:
        progress: a request that is running or open.
        open_holds: the request's holds that are not resolved.
        costs_nanos: what is known to have been spent under a hold, by hold id; every other hold
            is voided.
        cap_left_nanos: what is left of the spend cap once those holds are resolved.
        spendable: what each wallet named by `overspent` can spend once those holds are resolved; the issuer pays
            the rest. Below 0 only in a replay.
        unknown_costs: of whose work that is cut off it is not known what all its calls cost.

    Returns:
        The step that ends the request.
    """
    freed = _freed(open_holds, costs_nanos, spendable)
    cut_off = _cut_off(open_holds, freed)
    seen = tuple([Spendable(wallet, spendable[wallet]) for wallet in sorted(spendable)])
    reason = "cancelled by the requester"
    ended, rows = _ending(progress, "rejected", reason, cap_left_nanos, cut_off=cut_off, spendable=seen)
    ended = replace(ended, unknown_costs=tuple(sorted(unknown_costs)))
    return Step((ended,), (*freed, *rows), advance(progress, (ended,)))


def overspent(open_holds: Sequence[Transfer], costs_nanos: Mapping[str, int]) -> set[str]:
    """The wallets of those whose calls cost more than what is held for them (R7).

    Args:
        open_holds: a request's holds that are not resolved.
        costs_nanos: what is known to have been spent under a hold, by hold id.
    """
    held = [row for row in open_holds if row.code == "cost"]
    return {row.debit for row in held if costs_nanos.get(row.id, 0) > row.amount_nanos}


def _freed(
    open_holds: Sequence[Transfer], costs_nanos: Mapping[str, int], spendable: Mapping[str, int]
) -> list[Transfer]:
    """The ends of a request's holds: costs are charged as always (R7), and all else is freed.

    What a wallet pays beyond its holds comes last: it may take what another of them sets free.
    """
    purses = dict(spendable)
    rows: list[Transfer] = []
    beyond: list[Transfer] = []
    for row in open_holds:
        cost_nanos = costs_nanos.get(row.id, 0)
        if row.code != "cost":
            rows.append(resolve(row, min(cost_nanos, row.amount_nanos)))
            continue
        resolved, *excess = charge(row, cost_nanos, max(0, purses.get(row.debit, 0)))
        rows.append(resolved)
        beyond += excess
        for each in excess:
            if each.debit == row.debit:
                purses[row.debit] -= each.amount_nanos
    return [*rows, *beyond]


def _cut_off(open_holds: Sequence[Transfer], freed: Sequence[Transfer]) -> tuple[Spent, ...]:
    """What was charged for work that the cancellation cut off: no delivery will account for it."""
    holders = {row.id: holder_of(row.debit) for row in open_holds if row.code == "cost"}
    spent: dict[str, Spent] = {}
    for row in freed:
        bidder = holders.get(hold_behind(row))
        if bidder is not None and row.kind != VOID:
            so_far = spent.get(bidder, Spent(bidder, 0))
            beyond_nanos = row.amount_nanos if row.kind == POSTED else 0
            spent[bidder] = Spent(bidder, so_far.nanos + row.amount_nanos, so_far.beyond_nanos + beyond_nanos)
    return tuple([spent[bidder] for bidder in sorted(spent)])


def _ending(
    progress: Progress,
    outcome: Outcome,
    reason: str,
    cap_left_nanos: int,
    *,
    taken: Offer | None = None,
    cut_off: tuple[Spent, ...] = (),
    spendable: tuple[Spendable, ...] = (),
) -> tuple[Ended, list[Transfer]]:
    """How a request ends, and the transfers that leave its accounts at zero."""
    request = progress.request
    requester = requester_account(request.requester)
    in_escrow_nanos = escrowed_nanos(progress)
    refund_nanos = min(taken.chain[0].price_nanos, request.bounty_nanos) if taken else 0
    payout_nanos = request.bounty_nanos if taken else 0
    returned_nanos = request.bounty_nanos - payout_nanos
    escrow_nanos = in_escrow_nanos - refund_nanos
    event = Ended(outcome, reason, payout_nanos, refund_nanos, returned_nanos, escrow_nanos, cut_off, spendable)
    rows = [
        *(_payout(progress, taken.presenter, payout_nanos) if taken else ()),
        *_move(progress, bounty_account(request.id), requester, returned_nanos, "return"),
        *_move(progress, escrow_account(request.id), requester, refund_nanos, "refund"),
        *_move(progress, escrow_account(request.id), TREASURY, escrow_nanos, "escrow"),
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
    costs = dict(sorted(progress.promised_costs().items()))
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
