"""Closing a stage: sealed bids are backed with holds, and each lot is cleared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from orchestrator.core.answer import BLAMELESS, Answer, Keep
from orchestrator.core.audition import find_trial, newcomers_of
from orchestrator.core.clearing import UNUSED_SEED, Award, Clearing, are_tied, clear
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
from orchestrator.core.holds import LotHolds, bid_cost_hold, charge
from orchestrator.core.keys import audition_account, bidder_account, derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress, advance
from orchestrator.core.request import Request
from orchestrator.core.research import penalty_hold, research_holds
from orchestrator.core.rules import TRANSFORMER, Rules
from orchestrator.core.state import REQUESTER
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer
from orchestrator.money import format_usd

_BIDDER: Final = attrgetter("bidder")


class _Purses:
    """What wallets can still spend while a stage closes, and what was taken from them.

    Holds of all lots sold at one moment come from the same wallets, so each leaves less for the next (R4).

    Attributes:
        whole: what each account could spend when the stage began to close.
        left: what holds have left of that.
        transfers: holds and charges, in order.
    """

    __slots__ = ("left", "transfers", "whole")

    def __init__(self, spendable: Mapping[str, int]) -> None:
        self.whole = spendable
        self.left = dict(spendable)
        self.transfers: list[Transfer] = []

    def give(self, account: str, nanos: int) -> int:
        """Have an account give an amount as far as it covers that, and say how much it gave."""
        given = min(nanos, max(0, self.left.get(account, 0))) if nanos else 0
        if given:
            self.left[account] -= given
        return given

    def take(self, account: str, holds: Sequence[Transfer]) -> bool:
        """Take holds from an account, all of them or, where it does not cover that, none."""
        needed_nanos = _sum_nanos(holds)
        if needed_nanos > self.left.get(account, 0):
            return False
        if needed_nanos:
            self.left[account] -= needed_nanos
            self.transfers += holds
        return True


def _sum_nanos(holds: Sequence[Transfer]) -> int:
    # A loop, because there are one or two of them, and that for every bid.
    total = 0
    for row in holds:
        total += row.amount_nanos
    return total


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
        names = sorted(invited.get(lot.path, ()))
        if rules.self_sale == "keep":
            names = [name for name in names if name != lot.owner]
        rows.append(AnnouncedLot(lot.path, public_reserve_nanos(rules, keep), keep, tuple(names)))
    return Announced(progress.stage, tuple(rows))


def public_reserve_nanos(rules: Rules, keep: Keep | None) -> int:
    """The least that a lot is sold for: the market's reserve, or its owner's where that is higher (R5)."""
    return max(rules.reserve_nanos, keep.reserve_nanos if keep else 0)


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
    request = progress.request
    purses = _Purses(spendable)
    principals = request.principals()
    newcomers = newcomers_of(progress)
    closed: list[ClosedLot] = []
    cleared: list[ClearedLot] = []
    faults: list[Faulted] = []
    for row in announced.lots:
        lot = progress.auctions[row.lot].lot
        given = sorted(answers.get(row.lot, ()), key=_BIDDER)
        seen = _spendable(lot, row, given, newcomers, purses)
        holds = LotHolds(request.id, lot)
        backed = tuple([_back(request, lot, holds, answer, purses) for answer in given])
        closed.append(ClosedLot(row.lot, backed, seen))
        bids = [answer for answer in backed if answer.kind == "bid"]
        if len(bids) < len(backed):
            faults += _faults(progress.stage, row.lot, backed)
        clearing = _clear_lot(request, lot, row, bids, principals)
        result = _award(request, lot, row, clearing, newcomers, purses)
        if newcomers and any(award.audition for award in result.awards):
            newcomers = {}
        cleared.append(result)
    events: tuple[Event, ...] = (
        announced,
        Closed(progress.stage, tuple(closed)),
        *faults,
        Cleared(progress.stage, tuple(cleared)),
    )
    return Step(events, tuple(purses.transfers), advance(progress, events))


def _spendable(
    lot: Lot, row: AnnouncedLot, answers: Sequence[Answer], newcomers: Mapping[str, str], purses: _Purses
) -> tuple[Spendable, ...]:
    """What those whose money a lot may take could spend at this moment."""
    accounts = [bidder_account(answer.bidder) for answer in answers if answer.kind == "bid" or _excess_nanos(answer)]
    if row.keep is not None:
        accounts.append(bidder_account(lot.owner))
    if newcomers:
        accounts += _grant_accounts(answers, newcomers)
    return tuple([Spendable(account, purses.left.get(account, 0)) for account in accounts])


def _back(request: Request, lot: Lot, holds: LotHolds, answer: Answer, purses: _Purses) -> Answer:
    """Charge what bidding cost, then hold what the bid needs or turn it into a fault."""
    wallet = bidder_account(answer.bidder)
    if answer.bid_cost_max_nanos:
        beyond = purses.give(wallet, _excess_nanos(answer))
        held = bid_cost_hold(request.id, lot, answer.bidder, answer.bid_cost_max_nanos, answer.provider)
        purses.transfers += charge(held, answer.bid_charged_nanos, beyond)
    if answer.kind != "bid":
        return answer
    rows = holds.backing(answer, wallet)
    if request.rules.is_research:
        rows += research_holds(request, lot, answer)
    if purses.take(wallet, rows):
        return answer
    return _unbacked(answer, _sum_nanos(rows), purses.whole.get(wallet, 0), purses.left.get(wallet, 0))


def _unbacked(answer: Answer, needed_nanos: int, whole_nanos: int, left_nanos: int) -> Answer:
    """A bid without a hold: more than the wallet ever had, or more than its other bids leave."""
    asked = f"the bid and its worst-case cost need {format_usd(needed_nanos)} USD"
    if needed_nanos <= whole_nanos:
        reason = f"its bids on lots sold beside this one leave {format_usd(left_nanos)} USD; {asked}"
        return replace(answer, kind="fault", fault="overcommitted", reason=reason)
    return replace(
        answer, kind="fault", fault="unfunded", reason=f"its wallet can spend {format_usd(whole_nanos)} USD; {asked}"
    )


def _excess_nanos(answer: Answer) -> int:
    """What bidding cost beyond the promised worst case (R7)."""
    return max(0, answer.bid_charged_nanos - answer.bid_cost_max_nanos)


def _faults(stage: int, lot: str, answers: Sequence[Answer]) -> list[Faulted]:
    return [
        Faulted(stage, lot, answer.bidder, answer.fault, answer.reason, own_fault=answer.fault not in BLAMELESS)
        for answer in answers
        if answer.fault is not None
    ]


def _grant_accounts(answers: Sequence[Answer], newcomers: Mapping[str, str]) -> list[str]:
    """The accounts from which trials of those who bid could be paid."""
    principals = {newcomers[answer.bidder] for answer in answers if answer.kind == "bid" and answer.bidder in newcomers}
    return [audition_account(principal) for principal in sorted(principals)]


def _clear_lot(
    request: Request, lot: Lot, row: AnnouncedLot, bids: Sequence[Answer], principals: Mapping[str, str]
) -> Clearing:
    owner_principal = None
    if request.rules.self_sale != "open":
        owner_principal = principals.get(lot.owner, lot.owner)
    return clear(
        bids,
        principals=principals,
        owner_principal=owner_principal,
        reserve_nanos=row.reserve_nanos,
        copies=request.rules.copies_at(lot.stage),
        rule=request.rules.rule,
        seed=derive_seed(request.seed, lot.path, "clear") if are_tied(bids) else UNUSED_SEED,
    )


def _award(
    request: Request,
    lot: Lot,
    row: AnnouncedLot,
    clearing: Clearing,
    newcomers: Mapping[str, str],
    purses: _Purses,
) -> ClearedLot:
    """Award a lot to its winners; to a newcomer in the last winner's place; or to the owner, where nobody wins."""
    awards, standing = clearing.awards(), clearing.standing
    trial = find_trial(request, lot, clearing, newcomers, purses.left) if newcomers else None
    if trial is not None:
        awards, standing = trial.awards, trial.standing
        if trial.held is not None:
            # There is a trial only where its grant covers it.
            purses.take(trial.held.debit, [trial.held])
    elif not awards and row.keep is not None:
        awards = _keep(request, lot, row.keep, purses)
    return ClearedLot(row.lot, awards, standing, clearing.refused, row.reserve_nanos)


def _keep(request: Request, lot: Lot, keep: Keep, purses: _Purses) -> tuple[Award, ...]:
    """The owner keeps its state, if its wallet covers what transforming it again may cost (R5)."""
    wallet = bidder_account(lot.owner)
    rows: list[Transfer] = []
    if keep.cost_max_nanos:
        rows.append(LotHolds(request.id, lot).cost(lot.owner, wallet, keep.cost_max_nanos, keep.provider))
    penalty = penalty_hold(request, lot, lot.owner)
    if penalty is not None:
        rows.append(penalty)
    return (Award(lot.owner, TRANSFORMER, 0, 0, kept=True),) if purses.take(wallet, rows) else ()
