"""Deciding a recorded run again: the core is fed what the world said, and must decide the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.core.answer import BLAMELESS
from orchestrator.core.clearing import Award
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.ending import cancel, expire, pick
from orchestrator.core.events import AwardResult, Delivered
from orchestrator.core.holds import hold_behind
from orchestrator.core.interruption import is_interrupted_work
from orchestrator.core.judging import charge_judge
from orchestrator.core.keys import CAP_SPENT, cap_account, requester_account
from orchestrator.core.lot import Lot
from orchestrator.core.opening import open_request
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import TRANSFORMER
from orchestrator.core.settlement import accept_delivery, beyond_promise, due_awards, settle_stage
from orchestrator.core.state import ERASED
from orchestrator.core.step import Step
from orchestrator.core.tasks import is_for_bidding, is_for_transforming
from orchestrator.errors import InvalidRecord
from orchestrator.ledger import MOVING, PENDING, Finding, Transfer
from orchestrator.record.failing import failed_again
from orchestrator.record.moves import Auctions, Ending, Judging, Move, Opening, Settlement, results_by_lot
from orchestrator.record.showing import as_shown

# A bidder that raises is to blame, unless it has left the market since it won.
_MAYBE_OWN: Final = "raised"


@dataclass(frozen=True, slots=True)
class Funds:
    """What the core was told about money beside the journal, as the transfers show it.

    Attributes:
        purse_nanos: what the requester could spend before it posted.
        cap_left_nanos: what was left of the spend cap at the ending.
        cost_holds: what was held for costs on wallets.
        charged_nanos: what was charged under each hold, by its id, and what was charged beyond it.
        added_nanos: what the issuer added for each judge that was asked, by its number.
    """

    purse_nanos: int
    cap_left_nanos: int
    cost_holds: tuple[Transfer, ...]
    charged_nanos: Mapping[str, int]
    added_nanos: Mapping[str, int]


def funds_of(request: Request, transfers: Sequence[Transfer]) -> Funds:
    """Read from a request's transfers what its purse held and what its calls left of the cap."""
    needed = request.bounty_nanos + request.deposit_nanos
    added = sum(row.amount_nanos for row in transfers if row.id == f"{request.id}/fund")
    cap = cap_account(request.id)
    charged = [row for row in transfers if row.debit == cap and row.credit == CAP_SPENT]
    spent = sum(row.amount_nanos for row in charged if row.kind in MOVING)
    return Funds(
        purse_nanos=max(0, needed - added),
        cap_left_nanos=request.spend_cap_nanos - spent,
        cost_holds=tuple(row for row in transfers if row.kind == PENDING and row.code == "cost"),
        added_nanos={
            row.id.rpartition("/")[2]: row.amount_nanos
            for row in transfers
            if row.id.startswith(f"{request.id}/judging-fund/")
        },
        charged_nanos=_charged_nanos(transfers),
    )


def _charged_nanos(transfers: Sequence[Transfer]) -> dict[str, int]:
    holds = {row.id for row in transfers if row.kind == PENDING}
    charged: dict[str, int] = {}
    for row in transfers:
        held = hold_behind(row)
        if row.kind in MOVING and held in holds:
            charged[held] = charged.get(held, 0) + row.amount_nanos
    return charged


def redecide(progress: Progress | None, move: Move, funds: Funds) -> Step:
    """Decide one move again.

    Args:
        progress: the present before it; None before the first.
        move: what the world said.
        funds: what the core was told about money.

    Returns:
        What the rules make of it.

    Raises:
        InvalidRecord: no such move was possible.
        BrokenLaw: the core refuses it.
    """
    if isinstance(move, Opening):
        request = move.requested.request
        opening = {row.account: row.nanos for row in move.requested.opening}
        return open_request(request, {**opening, requester_account(request.requester): funds.purse_nanos})
    if progress is None:
        raise InvalidRecord("the journal does not open with a request")
    if isinstance(move, Auctions):
        announced = announce(progress, move.keeps, move.invited)
        return close_stage(progress, announced, move.answers, move.spendable)
    if isinstance(move, Settlement):
        if progress.phase != "transforming":
            raise InvalidRecord(f"a stage cannot settle while the request is {progress.phase}")
        results = _whole_rounds(progress, move.results)
        seen = move.spendable
        spendable = {wallet: seen.get(wallet, 0) for wallet in beyond_promise(progress, results)}
        return as_shown(settle_stage(progress, results, funds.cap_left_nanos, spendable), progress, move)
    if isinstance(move, Judging):
        # The purse held what the issuer did not have to add.
        added_nanos = funds.added_nanos.get(str(len(progress.judged)), 0)
        return charge_judge(progress, move.judged, move.judged.charged_nanos - added_nanos)
    return _end(progress, move, funds)


def _whole_rounds(progress: Progress, results: Sequence[AwardResult]) -> dict[str, list[AwardResult]]:
    """Results in the order in which awards fell due; each award has one, and work that was interrupted no award."""
    left = {path: list(found) for path, found in results_by_lot(results).items()}
    done: dict[str, list[AwardResult]] = {}
    while due := due_awards(progress, done):
        for path, awards in due.items():
            for award in awards:
                done.setdefault(path, []).append(_take(left.get(path, []), path, award))
    for path, found in left.items():
        for result in found:
            if not is_interrupted_work(progress, result):
                raise InvalidRecord(f"lot {path}: {result.award} has a result, but never fell due")
            done.setdefault(path, []).append(result)
    return done


def _take(left: list[AwardResult], path: str, award: Award) -> AwardResult:
    for result in left:
        if result.award == award:
            left.remove(result)
            return result
    raise InvalidRecord(f"lot {path}: {award} fell due, but the record holds no result of it")


def _end(progress: Progress, move: Ending, funds: Funds) -> Step:
    if progress.ending is not None:
        raise InvalidRecord("the request ends a second time")
    if move.picked is not None:
        return pick(progress, move.picked.rank, move.picked.judge, funds.cap_left_nanos)
    if move.is_cancelled:
        held = _cut_off(progress, funds)
        unknown_costs = move.ended.unknown_costs
        return cancel(progress, held, funds.charged_nanos, funds.cap_left_nanos, move.spendable, unknown_costs)
    if move.ended.outcome != "expired" or progress.status != "open":
        raise InvalidRecord(f"a request that is {progress.status} cannot end as {move.ended.outcome} without a pick")
    return expire(progress, funds.cap_left_nanos)


def _cut_off(progress: Progress, funds: Funds) -> list[Transfer]:
    """What a cancellation finds held for costs: of bids, or of transforms, at the present stage."""
    is_held = is_for_bidding if progress.phase == "bidding" else is_for_transforming
    return [row for row in funds.cost_holds if row.stage == progress.stage and is_held(row.id)]


def unlawful_inputs(progress: Progress, move: Move) -> list[Finding]:
    """What the world cannot have said: the uninvited, strangers, wrong roles, impossible deliveries."""
    if isinstance(move, Auctions):
        return list(_unlawful_answers(progress, move))
    if isinstance(move, Settlement):
        return list(_unlawful_results(progress, move.results))
    return []


def _unlawful_answers(progress: Progress, move: Auctions) -> Iterator[Finding]:
    roster = {entry.name: entry for entry in progress.request.roster}
    possible = progress.request.rules.roles_at(progress.stage)
    answers = move.answers
    for lot in progress.lots():
        where = f"lot {lot.path}"
        invited = move.invited.get(lot.path, ())
        yield from _unlawful_keep(lot, move, {name: entry.roles for name, entry in roster.items()})
        for name in invited:
            if name not in roster or not set(roster[name].roles) & set(possible):
                yield Finding(where, f"{name} was invited, but may not take part at stage {progress.stage}")
        given = answers.get(lot.path, ())
        if sorted(answer.bidder for answer in given) != sorted(invited):
            yield Finding(where, "those who answered are not those who were invited")
        for answer in given:
            known = roster.get(answer.bidder)
            roles = set(known.roles) & set(possible) if known is not None else set()
            if answer.kind == "bid" and answer.role not in roles:
                yield Finding(where, f"{answer.bidder} may not bid there as {answer.role}")
            costs = (answer.cost_max_nanos, answer.bid_cost_max_nanos, answer.bid_charged_nanos, answer.bid_known_nanos)
            if min(answer.amount_nanos, *costs) < 0:
                yield Finding(where, f"{answer.bidder} gave a negative amount")


def _unlawful_keep(lot: Lot, move: Auctions, roles: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    keep = move.keeps.get(lot.path)
    if keep is None:
        return
    if TRANSFORMER not in roles.get(lot.owner, ()):
        yield Finding(f"lot {lot.path}", f"{lot.owner} transforms nothing, so it cannot keep it")
    if min(keep.reserve_nanos, keep.cost_max_nanos) < 0:
        yield Finding(f"lot {lot.path}", f"{lot.owner} gave a negative amount")


def _unlawful_results(progress: Progress, results: Sequence[AwardResult]) -> Iterator[Finding]:
    for result in results:
        where = f"lot {result.lot}"
        award = result.award
        if award is None or result.lot not in progress.on_sale:
            yield Finding(where, "a result belongs to no award of this stage")
        elif isinstance(result, Delivered):
            texts = [piece.text for piece in (*result.segments, *progress.auctions[result.lot].lot.state.segments)]
            again = accept_delivery(
                progress,
                result.lot,
                award,
                result.segments,
                replaces=result.replaces,
                cost_nanos=result.cost_nanos,
                known_nanos=result.known_nanos,
            )
            # What an erased text was like cannot be judged any more.
            if again != result and ERASED not in texts:
                yield Finding(where, f"what {award.bidder} delivered is outside the contract")
        else:
            again = failed_again(progress, result.lot, award, result)
            lawful = result.fault == _MAYBE_OWN or result.own_fault == (result.fault not in BLAMELESS)
            if again != result or not lawful:
                yield Finding(where, f"the fault of {award.bidder} is not blamed or fined as the rules say")
        if min(result.charged_nanos, result.known_nanos) < 0:
            yield Finding(where, f"{result.award} has a negative cost")
