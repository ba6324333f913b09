"""Settlement: delivery versus payment (R6).

Winners deliver before anyone is paid. One that fails is replaced by the best bid still losing;
only when every copy is delivered, or nobody is left, do the holds turn into prices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orchestrator.core.answer import FaultKind
from orchestrator.core.audition import audition_hold
from orchestrator.core.clearing import Award, Clearing
from orchestrator.core.ending import fail
from orchestrator.core.events import AwardResult, Delivered, Faulted, Offered, Settled, SettledLot, Spendable
from orchestrator.core.holds import LotHolds, seller_account
from orchestrator.core.keys import TREASURY, audition_account, bidder_account, key
from orchestrator.core.lot import Sale
from orchestrator.core.progress import Auction, Progress, advance, delivered_content, delivered_state
from orchestrator.core.ranking import rank
from orchestrator.core.request import Request
from orchestrator.core.research import research_payments
from orchestrator.core.rules import PRESENTER
from orchestrator.core.state import ANSWER, Segment, State
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer, transfer
from orchestrator.ledger.transfer import resolve


def accept_delivery(
    progress: Progress,
    path: str,
    award: Award,
    segments: Sequence[Segment],
    *,
    replaces: bool,
    cost_nanos: int | None,
    reward_nanos: int = 0,
    known_nanos: int = 0,
) -> AwardResult:
    """Check a delivery against the contract: it must change the text, and stay within size (R6).

    Args:
        progress: a request in phase `transforming`.
        path: the lot.
        award: what the winner was awarded.
        segments: what it delivered.
        replaces: whether that stands in place of the old segments.
        cost_nanos: what its calls cost; None where that is unknown.
        reward_nanos: what a task of reinforcement learning pays at once, negative where it takes.
        known_nanos: what is known of the cost of its calls, where not all of it is.

    Returns:
        `Delivered`, or the `Faulted` that a delivery outside the contract is.

    Raises:
        BrokenLaw: the reward is more than the rules allow.
    """
    if abs(reward_nanos) > progress.request.rules.stage_reward_max_nanos:
        raise BrokenLaw(
            f"a stage reward of {reward_nanos} nano-dollars on lot {path}: the request's rules allow at most "
            f"{progress.request.rules.stage_reward_max_nanos}"
        )
    lot = progress.auctions[path].lot
    recorded = _as_recorded(segments)
    state = delivered_state(lot, award, recorded, replaces=replaces)
    limit = progress.request.rules.state_bytes_max
    problem: tuple[FaultKind, str] | None = None
    if not "".join([piece.text for piece in segments]).strip():
        problem = ("empty", "delivered no text")
    elif award.role != PRESENTER and _is_repeat(lot.state, state, recorded, award.bidder, replaces=replaces):
        problem = ("unchanged", "delivered the text that it bought")
    elif state.size_bytes() > limit:
        problem = ("too large", f"delivered a state of {state.size_bytes():,} bytes; at most {limit:,} are allowed")
    if problem is not None:
        return failure(progress, path, award, *problem, cost_nanos=cost_nanos, known_nanos=known_nanos)
    costs = (cost_nanos, state.digest, reward_nanos)
    return Delivered(lot.stage, path, award, recorded, replaces, *costs, state, known_nanos)


def _is_repeat(bought: State, state: State, delivered: Sequence[Segment], author: str, *, replaces: bool) -> bool:
    """Whether a delivery only says again what the state said: the same text, or its parts once more.

    A claim that others have made is news from a bidder that has made none: it says that they agree.
    """
    if replaces:
        return state.content == bought.content
    known = {piece.digest for piece in bought.segments}
    for piece in delivered:
        if piece.digest not in known and piece.text.strip() and piece.text != bought.text:
            return False
    claims = {piece.digest for piece in bought.segments if piece.kind == ANSWER}
    claimants = {piece.author for piece in bought.segments if piece.kind == ANSWER}
    return author in claimants or not any(piece.kind == ANSWER and piece.digest in claims for piece in delivered)


def failure(
    progress: Progress,
    path: str,
    award: Award,
    fault: FaultKind,
    reason: str,
    *,
    own_fault: bool = True,
    cost_nanos: int | None = 0,
    known_nanos: int = 0,
) -> Faulted:
    """A winner that did not deliver; by its own fault it forfeits a share of its bid (R6).

    An owner that failed on its own lot forfeits nothing: nothing was held for it.
    """
    lot = progress.auctions[path].lot
    forfeits = own_fault and award.bidder != lot.owner
    forfeit = award.bid_nanos * progress.request.rules.forfeit_percent // 100 if forfeits else 0
    return Faulted(lot.stage, path, award.bidder, fault, reason, award, own_fault, forfeit, cost_nanos, known_nanos)


def due_awards(progress: Progress, results: Mapping[str, Sequence[AwardResult]]) -> dict[str, tuple[Award, ...]]:
    """Who must transform next, by lot: the winners, then substitutes for those that failed.

    Substitution goes by rounds, so that it depends on what was delivered and never on who was
    faster: only when all of a round have answered are its failures replaced.

    Args:
        progress: a request in phase `transforming`.
        results: what has come of the awards so far, by lot; whole rounds only.

    Returns:
        The awards of the next round; empty when the stage can settle.
    """
    due: dict[str, tuple[Award, ...]] = {}
    for path in progress.on_sale:
        awards = _next_round(progress, path, results.get(path, ()))
        if awards:
            due[path] = awards
    return due


def _next_round(progress: Progress, path: str, results: Sequence[AwardResult]) -> tuple[Award, ...]:
    auction = progress.auctions[path]
    if not results:
        return auction.awards
    last_round = max(_award_of(result).round for result in results)
    failed = sum(isinstance(result, Faulted) and _award_of(result).round == last_round for result in results)
    # Where an owner kept its state no bid stands that could take its place.
    return _clearing_of(progress, auction).substitutes(len(results), failed, last_round + 1) if failed else ()


def _clearing_of(progress: Progress, auction: Auction) -> Clearing:
    rules = progress.request.rules
    return Clearing(auction.standing, (), auction.reserve_nanos, rules.copies_at(auction.lot.stage), rules.rule)


def beyond_promise(progress: Progress, results: Mapping[str, Sequence[AwardResult]]) -> set[str]:
    """The wallets of those whose transforms cost more than they had promised (R7).

    Args:
        progress: a request in phase `transforming`.
        results: what came of every award, by lot.
    """
    wallets: set[str] = set()
    for path, of_lot in results.items():
        for bidder, nanos in _charged_nanos(of_lot).items():
            if nanos > progress.auctions[path].promised_nanos().get(bidder, 0):
                wallets.add(bidder_account(bidder))
    return wallets


def _charged_nanos(results: Sequence[AwardResult]) -> dict[str, int]:
    """What each bidder is charged for its work on a lot, in all rounds together; who had no costs is left out."""
    charged: dict[str, int] = {}
    for result in results:
        bidder = _award_of(result).bidder
        if result.charged_nanos:
            charged[bidder] = charged.get(bidder, 0) + result.charged_nanos
    return charged


def settle_stage(
    progress: Progress,
    results: Mapping[str, Sequence[AwardResult]],
    cap_left_nanos: int,
    spendable: Mapping[str, int] = MappingProxyType({}),
) -> Step:
    """Pay for what was delivered, free every other hold, and move on.

    Args:
        progress: a request in phase `transforming`.
        results: what came of every award, by lot.
        cap_left_nanos: what is left of the spend cap, given back if the request ends here.
        spendable: what each wallet named by `beyond_promise` can spend now; the issuer pays the rest.

    Returns:
        The second of a stage's two market commits; when no chain goes on it also ranks the
        offers, or ends the request where there are none.
    """
    purses = dict(spendable)
    events: list[AwardResult | Settled] = []
    settled: list[SettledLot] = []
    transfers: list[Transfer] = []
    for path in progress.on_sale:
        auction = progress.auctions[path]
        of_lot = _in_order(auction, results.get(path, ()))
        events.extend(of_lot)
        row = _settle_lot(auction, of_lot)
        settled.append(row)
        transfers.extend(_payments(progress, auction, of_lot, row, purses))
    seen = tuple([Spendable(wallet, spendable[wallet]) for wallet in sorted(spendable)])
    events.append(Settled(progress.stage, tuple(settled), seen))
    step = Step(tuple(events), tuple(transfers), advance(progress, events))
    if step.progress.on_sale:
        return step
    if not step.progress.offers:
        return fail(step, "no bidder made an offer", cap_left_nanos)
    return step.then((Offered(rank(step.progress)),), ())


def _in_order(auction: Auction, results: Sequence[AwardResult]) -> Sequence[AwardResult]:
    """By rounds, and within a round from the highest bid to the lowest."""
    if len(results) < 2:
        return results
    places = {bid.bidder: place for place, bid in enumerate(auction.standing)}

    def order(result: AwardResult) -> tuple[int, int]:
        award = _award_of(result)
        return award.round, places.get(award.bidder, 0)

    return sorted(results, key=order)


def _award_of(result: AwardResult) -> Award:
    if result.award is None:
        raise BrokenLaw(f"the fault of {result.bidder} on lot {result.lot} was not after an award")
    return result.award


def _settle_lot(auction: Auction, results: Sequence[AwardResult]) -> SettledLot:
    """Sell the delivered copies; of equal states the highest bidder's is sold, once (R8)."""
    sales: list[Sale] = []
    merged: list[str] = []
    contents: set[tuple[str, ...]] = set()
    lot = auction.lot
    for result in results:
        if isinstance(result, Faulted):
            continue
        award = result.award
        if award.role != PRESENTER and len(results) > 1:
            content = delivered_content(lot, award, result.segments, replaces=result.replaces)
            if content in contents:
                merged.append(award.bidder)
                continue
            contents.add(content)
        sales.append(
            Sale(
                lot.path,
                lot.stage,
                lot.owner,
                award.bidder,
                award.role,
                award.bid_nanos,
                award.price_nanos,
                award.kept,
                award.audition,
            )
        )
    return SettledLot(lot.path, tuple(sales), tuple(merged))


def _payments(
    progress: Progress,
    auction: Auction,
    results: Sequence[AwardResult],
    settled: SettledLot,
    purses: dict[str, int],
) -> list[Transfer]:
    request = progress.request
    holds = LotHolds(request.id, auction.lot)
    prices = {sale.buyer: sale for sale in settled.sales}
    costs = _charged_nanos(results)
    beyond = _beyond_nanos(auction, results, costs, prices, purses) if purses else {}
    rows: list[Transfer] = []
    for answer in auction.answers:
        if answer.kind == "bid":
            bidder = answer.bidder
            price = prices[bidder].paid_nanos if bidder in prices else 0
            rows += holds.settled(answer, bidder_account(bidder), price, costs.get(bidder, 0), beyond.get(bidder, 0))
    keep, owner = auction.keep, auction.lot.owner
    if keep is not None and keep.cost_max_nanos and any(award.kept for award in auction.awards):
        promise = (keep.cost_max_nanos, keep.provider)
        rows += holds.settled_cost(owner, bidder_account(owner), *promise, costs.get(owner, 0), beyond.get(owner, 0))
    rows += _trials(request, auction, prices)
    rows += _subsidies(progress, auction, settled)
    if len(settled.sales) < len(results):
        rows += _forfeits(request.id, results)
    if request.rules.is_research:
        rows += research_payments(request, auction, results, settled)
    return rows


def _beyond_nanos(
    auction: Auction,
    results: Sequence[AwardResult],
    costs: Mapping[str, int],
    sales: Mapping[str, Sale],
    purses: dict[str, int],
) -> dict[str, int]:
    """What each bidder's wallet pays of what its transform cost beyond the promise (R7).

    It can spend what it could before, and what its bid on this lot sets free.

    Args:
        auction: the lot's.
        results: what came of its awards.
        costs: what each bidder's work cost.
        sales: the lot's copies, by buyer.
        purses: what wallets can still spend, by account; what is paid here is taken from it.
    """
    paid: dict[str, int] = {}
    promised = auction.promised_nanos()
    for bidder, cost_nanos in costs.items():
        excess = cost_nanos - promised.get(bidder, 0)
        if excess > 0:
            wallet = bidder_account(bidder)
            left = purses.get(wallet, 0)
            if bidder != auction.lot.owner:
                left += _freed_nanos(bidder, results, sales)
            paid[bidder] = min(excess, max(0, left))
            purses[wallet] = left - paid[bidder]
    return paid


def _freed_nanos(bidder: str, results: Sequence[AwardResult], sales: Mapping[str, Sale]) -> int:
    """What a bidder's bid sets free: what it neither pays nor forfeits of it."""
    own = [result for result in results if _award_of(result).bidder == bidder]
    lost = sales[bidder].paid_nanos if bidder in sales else 0
    return _award_of(own[0]).bid_nanos - lost - sum(each.forfeit_nanos for each in own if isinstance(each, Faulted))


def _trials(request: Request, auction: Auction, sales: Mapping[str, Sale]) -> list[Transfer]:
    """What the treasury pays for a newcomer's trial, once that has delivered (R11)."""
    rows: list[Transfer] = []
    for award in auction.awards:
        if award.audition:
            account = audition_account(request.principals()[award.bidder])
            held = audition_hold(request, auction.lot, award, account)
            if held is not None:
                rows.append(resolve(held, award.price_nanos if award.bidder in sales else 0))
    return rows


def _subsidies(progress: Progress, auction: Auction, settled: SettledLot) -> list[Transfer]:
    """Under `subsidised` the seller receives what the winner bid; the treasury adds the difference."""
    if progress.request.rules.rule != "subsidised":
        return []
    request_id = progress.request.id
    seller = seller_account(request_id, auction.lot)
    return [
        transfer(
            key(request_id, sale.lot, 0, sale.buyer, "subsidy"),
            TREASURY,
            seller,
            sale.bid_nanos - sale.price_nanos,
            "subsidy",
            request_id,
            sale.stage,
        )
        for sale in settled.sales
        if sale.bid_nanos > sale.price_nanos
    ]


def _forfeits(request_id: str, results: Sequence[AwardResult]) -> list[Transfer]:
    return [
        transfer(
            key(request_id, result.lot, 0, result.bidder, "forfeit"),
            bidder_account(result.bidder),
            TREASURY,
            result.forfeit_nanos,
            "forfeit",
            request_id,
            result.stage,
        )
        for result in results
        if isinstance(result, Faulted) and result.forfeit_nanos
    ]


def _as_recorded(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Segments as delivered, with digests of our own and no author: the fold sets it from the award."""
    return tuple([Segment(piece.text, piece.kind, piece.media_type) for piece in segments])
