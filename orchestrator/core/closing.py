"""Closing a stage: sealed bids are backed with holds, and each lot is cleared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from orchestrator.core.audition import find_trial, newcomers_of
from orchestrator.core.bid import Answer, Keep
from orchestrator.core.clearing import Award, Clearing, clear
from orchestrator.core.events import (
    Announced,
    AnnouncedLot,
    Cleared,
    ClearedLot,
    Closed,
    ClosedLot,
    Event,
    Faulted,
    Spendable,
)
from orchestrator.core.holds import bid_cost_hold, bid_hold, own_bid_hold, penalty_hold, transform_cost_hold
from orchestrator.core.keys import ISSUER, audition_account, bidder_account, derive_seed, provider_account
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.state import REQUESTER
from orchestrator.core.step import Step, advance
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer, transfer
from orchestrator.ledger.transfer import resolve
from orchestrator.money import format_usd

_BIDDER: Final = attrgetter("bidder")
_NO_BREACH: Final = ("provider", "overcommitted")


def announce(progress: Progress, keeps: Mapping[str, Keep], invited: Mapping[str, Sequence[str]]) -> Announced:
    """Put the present stage's lots up for sale.

    Args:
        progress: a request in phase `bidding`.
        keeps: public reserves of owners, by lot; those of the requester and at the last stage
            are ignored, for neither may keep (R5).
        invited: eligible bidders by lot.

    Returns:
        The announcement, which is journalled when the stage closes.
    """
    if progress.phase != "bidding":
        raise BrokenLaw(f"request {progress.request.id} cannot announce lots while {progress.phase}")
    rules = progress.request.rules
    rows = []
    for lot in progress.lots():
        may_keep = rules.self_sale == "keep" and lot.owner != REQUESTER and lot.stage < rules.stages_max
        keep = keeps.get(lot.path) if may_keep else None
        reserve = max(rules.reserve_nanos, keep.reserve_nanos if keep else 0)
        names = tuple(
            name for name in sorted(invited.get(lot.path, ())) if name != lot.owner or rules.self_sale == "open"
        )
        rows.append(AnnouncedLot(lot.path, reserve, keep, names))
    return Announced(progress.stage, tuple(rows))


def close_stage(
    progress: Progress,
    announced: Announced,
    answers: Mapping[str, Sequence[Answer]],
    spendable: Mapping[str, int],
) -> Step:
    """Close the present stage's lots, hold what backs their bids, and clear them.

    A bid counts only if the wallet covers it and the worst case of its transform's cost,
    beside the holds of all other bids (R4); otherwise it becomes a fault. Where the wallet would
    cover it but for the bidder's own bids on lots sold beside it, the fault is no breach.

    Args:
        progress: a request in phase `bidding`.
        announced: the stage's announcement.
        answers: what the invited said, by lot.
        spendable: what wallets can spend at this moment, by account.

    Returns:
        The first of a stage's two market commits.
    """
    left = dict(spendable)
    whole = dict(spendable)
    principals = progress.request.principals()
    newcomers = newcomers_of(progress)
    closed: list[ClosedLot] = []
    cleared: list[ClearedLot] = []
    faults: list[Faulted] = []
    transfers: list[Transfer] = []
    for row in announced.lots:
        lot = progress.auctions[row.lot].lot
        given = sorted(answers.get(row.lot, ()), key=_BIDDER)
        wallets = [bidder_account(answer.bidder) for answer in given if answer.kind == "bid"]
        if row.keep is not None:
            wallets.append(bidder_account(lot.owner))
        wallets += _grant_accounts(given, newcomers)
        seen = tuple(Spendable(account, left.get(account, 0)) for account in wallets)
        backed = tuple(_back(progress.request, lot, answer, whole, left, transfers) for answer in given)
        closed.append(ClosedLot(row.lot, backed, seen))
        faults.extend(_faults(progress.stage, row.lot, backed))
        clearing = _clear_lot(progress.request, lot, row, backed, principals)
        result = _award(progress.request, lot, row, clearing, newcomers, left, transfers)
        if any(award.audition for award in result.awards):
            newcomers = {}
        cleared.append(result)
    events: tuple[Event, ...] = (
        announced,
        Closed(progress.stage, tuple(closed)),
        *faults,
        Cleared(progress.stage, tuple(cleared)),
    )
    return Step(events, tuple(transfers), advance(progress, events))


def _back(
    request: Request,
    lot: Lot,
    answer: Answer,
    whole: Mapping[str, int],
    left: dict[str, int],
    transfers: list[Transfer],
) -> Answer:
    """Charge what bidding cost, then hold what the bid needs or turn it into a fault."""
    if answer.bid_cost_max_nanos:
        transfers.extend(_charge_bid_cost(request.id, lot, answer))
    if answer.kind != "bid":
        return answer
    wallet = bidder_account(answer.bidder)
    bid = bid_hold(request.id, lot, answer.bidder, answer.amount_nanos)
    needed = (bid.amount_nanos if bid else 0) + answer.cost_max_nanos
    research = _research_holds(request, lot, answer) if request.rules.is_research else ()
    for row in research:
        needed += row.amount_nanos
    if needed > left.get(wallet, 0):
        return _unbacked(answer, needed, whole.get(wallet, 0), left.get(wallet, 0))
    if needed:
        left[wallet] -= needed
        if bid is not None:
            transfers.append(bid)
        cost = transform_cost_hold(request.id, lot, answer.bidder, answer.cost_max_nanos, answer.provider)
        if cost is not None:
            transfers.append(cost)
        transfers.extend(research)
    return answer


def _research_holds(request: Request, lot: Lot, answer: Answer) -> tuple[Transfer, ...]:
    """What the settings for reinforcement learning may take from a bidder beyond its bid and its cost."""
    own = own_bid_hold(request, lot, answer.amount_nanos) if answer.bidder == lot.owner else None
    penalty = penalty_hold(request, lot, answer.bidder)
    return tuple(row for row in (own, penalty) if row is not None)


def _unbacked(answer: Answer, needed: int, whole: int, left: int) -> Answer:
    """A bid without a hold: more than the wallet ever had, or more than its other bids leave."""
    asked = f"the bid and its worst-case cost need {format_usd(needed)} USD"
    if needed <= whole:
        reason = f"its bids on lots sold beside this one leave {format_usd(left)} USD; {asked}"
        return replace(answer, kind="fault", fault="overcommitted", reason=reason)
    return replace(
        answer, kind="fault", fault="unfunded", reason=f"its wallet can spend {format_usd(whole)} USD; {asked}"
    )


def _charge_bid_cost(request_id: str, lot: Lot, answer: Answer) -> list[Transfer]:
    held = bid_cost_hold(request_id, lot, answer.bidder, answer.bid_cost_max_nanos, answer.provider)
    return charge(held, answer.bid_cost_nanos, answer.provider) if held else []


def charge(held: Transfer | None, cost_nanos: int | None, provider: str) -> list[Transfer]:
    """Resolve a cost hold to what was really spent (R7).

    An unknown cost charges nothing here and is recorded as unknown. What a provider charged
    beyond the promised worst case is real money that the operator lost, so the issuer bears it.
    """
    if held is None:
        return []
    known = cost_nanos or 0
    rows = [resolve(held, min(known, held.amount_nanos))]
    excess = known - held.amount_nanos
    if excess > 0:
        rows.append(
            transfer(
                f"{held.id}/overrun", ISSUER, provider_account(provider), excess, "overrun", held.request, held.stage
            )
        )
    return rows


def _faults(stage: int, lot: str, answers: Sequence[Answer]) -> list[Faulted]:
    return [
        Faulted(stage, lot, answer.bidder, answer.fault, answer.reason, own_fault=answer.fault not in _NO_BREACH)
        for answer in answers
        if answer.fault is not None
    ]


def _grant_accounts(answers: Sequence[Answer], newcomers: Mapping[str, str]) -> list[str]:
    """The accounts from which trials of those who bid could be paid."""
    principals = {newcomers[answer.bidder] for answer in answers if answer.kind == "bid" and answer.bidder in newcomers}
    return [audition_account(principal) for principal in sorted(principals)]


def _clear_lot(
    request: Request, lot: Lot, row: AnnouncedLot, answers: Sequence[Answer], principals: Mapping[str, str]
) -> Clearing:
    owner_principal = None
    if request.rules.self_sale != "open":
        owner_principal = principals.get(lot.owner, lot.owner)
    return clear(
        [answer for answer in answers if answer.kind == "bid"],
        principals=principals,
        owner_principal=owner_principal,
        reserve_nanos=row.reserve_nanos,
        copies=request.rules.copies_at(lot.stage),
        rule=request.rules.rule,
        seed=derive_seed(request.seed, lot.path, "clear"),
    )


def _award(
    request: Request,
    lot: Lot,
    row: AnnouncedLot,
    clearing: Clearing,
    newcomers: Mapping[str, str],
    left: dict[str, int],
    transfers: list[Transfer],
) -> ClearedLot:
    """Award a lot to its winners; to a newcomer in the last winner's place; or to the owner, where nobody wins."""
    awards, standing = clearing.awards(), clearing.standing
    trial = find_trial(request, lot, clearing, newcomers, left) if newcomers else None
    if trial is not None:
        awards, standing = trial.awards, trial.standing
        if trial.held is not None:
            left[trial.held.debit] -= trial.held.amount_nanos
            transfers.append(trial.held)
    elif not awards and row.keep is not None:
        awards = _keep(request, lot, row.keep, left, transfers)
    return ClearedLot(row.lot, awards, standing, clearing.refused, row.reserve_nanos)


def _keep(request: Request, lot: Lot, keep: Keep, left: dict[str, int], transfers: list[Transfer]) -> tuple[Award, ...]:
    """The owner keeps its state, if its wallet covers what transforming it again may cost (R5)."""
    cost = transform_cost_hold(request.id, lot, lot.owner, keep.cost_max_nanos, keep.provider)
    holds = [row for row in (cost, penalty_hold(request, lot, lot.owner)) if row is not None]
    wallet = bidder_account(lot.owner)
    needed = sum(row.amount_nanos for row in holds)
    if needed > left.get(wallet, 0):
        return ()
    if holds:
        left[wallet] = left.get(wallet, 0) - needed
        transfers.extend(holds)
    return (Award(lot.owner, TRANSFORMER, 0, 0, kept=True),)
