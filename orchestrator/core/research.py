"""What the settings for reinforcement learning move besides: a discount on resale, and rewards at every stage.

Both stand against the treasury. What either may take from a bidder is held with its bid, so that no
wallet goes below zero for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.core.answer import Answer
from orchestrator.core.events import AwardResult, Delivered, SettledLot
from orchestrator.core.keys import TREASURY, bidder_account, key
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Auction
from orchestrator.core.request import Request
from orchestrator.core.rules import Rules
from orchestrator.core.state import REQUESTER
from orchestrator.ledger import Transfer, hold, transfer
from orchestrator.ledger.transfer import resolve


def research_holds(request: Request, lot: Lot, answer: Answer) -> tuple[Transfer, ...]:
    """What the settings for reinforcement learning may take from a bidder beyond its bid and its cost."""
    own = _own_bid_hold(request, lot, answer.amount_nanos) if answer.bidder == lot.owner else None
    penalty = penalty_hold(request, lot, answer.bidder)
    return tuple(row for row in (own, penalty) if row is not None)


def penalty_hold(request: Request, lot: Lot, bidder: str) -> Transfer | None:
    """The hold on a bidder's wallet for the worst that its delivery may cost it; None where none can."""
    nanos = request.rules.stage_reward_max_nanos
    if nanos == 0:
        return None
    hold_id = key(request.id, lot.path, 0, bidder, "reward")
    return hold(hold_id, bidder_account(bidder), TREASURY, nanos, "penalty", request.id, lot.stage)


def research_payments(
    request: Request, auction: Auction, results: Sequence[AwardResult], settled: SettledLot
) -> list[Transfer]:
    """What discounts take from a lot's sellers, and what deliveries earned or cost at once."""
    return _discounts(request, auction, settled) + _rewards(request, auction, results, settled)


def _own_bid_hold(request: Request, lot: Lot, bid_nanos: int) -> Transfer | None:
    """The hold that backs an owner's bid on its own lot (`self_sale: open`): what a discount would take of it."""
    taken_nanos = bid_nanos - request.rules.discounted_nanos(bid_nanos)
    if taken_nanos == 0:
        return None
    hold_id = key(request.id, lot.path, 0, lot.owner, "discount")
    return hold(hold_id, bidder_account(lot.owner), TREASURY, taken_nanos, "discount", request.id, lot.stage)


def _discounts(request: Request, auction: Auction, settled: SettledLot) -> list[Transfer]:
    """What a discount takes from sellers; the requester's lot pays into escrow and gives none.

    Nor does one that its owner kept: it has no price.
    """
    lot = auction.lot
    if lot.owner == REQUESTER:
        return []
    rows: list[Transfer] = []
    own_bid = next((answer for answer in auction.answers if answer.kind == "bid" and answer.bidder == lot.owner), None)
    held = _own_bid_hold(request, lot, own_bid.amount_nanos) if own_bid else None
    own_sale = next((sale for sale in settled.sales if sale.buyer == lot.owner), None)
    if held is not None:
        rows.append(resolve(held, _discount_nanos(request.rules, own_sale) if own_sale else 0))
    for sale in settled.sales:
        taken_nanos = _discount_nanos(request.rules, sale)
        if sale is own_sale or taken_nanos == 0:
            continue
        transfer_id = key(request.id, sale.lot, 0, sale.buyer, "discount")
        wallet = bidder_account(sale.seller)
        rows.append(transfer(transfer_id, wallet, TREASURY, taken_nanos, "discount", request.id, sale.stage))
    return rows


def _discount_nanos(rules: Rules, sale: Sale) -> int:
    received_nanos = sale.received_nanos(rules.rule)
    return received_nanos - rules.discounted_nanos(received_nanos)


def _rewards(request: Request, auction: Auction, results: Sequence[AwardResult], settled: SettledLot) -> list[Transfer]:
    """What deliveries earned or cost at once, paid by or to the treasury; every other hold is freed."""
    lot = auction.lot
    bought = {sale.buyer for sale in settled.sales}
    earned = {result.award.bidder: result.reward_nanos for result in results if isinstance(result, Delivered)}
    kept = {award.bidder for award in auction.awards if award.kept}
    rows: list[Transfer] = []
    for bidder in [answer.bidder for answer in auction.answers if answer.kind == "bid"] + sorted(kept):
        reward_nanos = earned.get(bidder, 0) if bidder in bought else 0
        held = penalty_hold(request, lot, bidder)
        if held is not None:
            rows.append(resolve(held, max(0, -reward_nanos)))
        if reward_nanos > 0:
            transfer_id = key(request.id, lot.path, 0, bidder, "reward", attempt=1)
            wallet = bidder_account(bidder)
            rows.append(transfer(transfer_id, TREASURY, wallet, reward_nanos, "reward", request.id, lot.stage))
    return rows
