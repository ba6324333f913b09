"""The holds behind bids and calls, each under a key that recurs in a repeated or resumed run."""

from __future__ import annotations

from typing import Final

from orchestrator.core.answer import Answer
from orchestrator.core.keys import (
    CAP_SPENT,
    ISSUER,
    bidder_account,
    cap_account,
    escrow_account,
    key,
    provider_account,
)
from orchestrator.core.lot import Lot
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import BID, ON_WALLET, TRANSFORM, cap_hold_id, wallet_hold_id
from orchestrator.ledger import POST, VOID, Transfer, hold, transfer
from orchestrator.ledger.transfer import resolve

_BID_KEY: Final = f"/{BID}/0"
_COST_KEY: Final = f"/{TRANSFORM}{ON_WALLET}/0"
_BEYOND: Final = "/beyond"
_OVERRUN: Final = "/overrun"

CAP_OVERRUN: Final = "cap-overrun"
"""Code of what a provider charged beyond a worst case, and the spend cap had left."""


def seller_account(request_id: str, lot: Lot) -> str:
    """Who is paid for a lot: its owner's wallet, or the escrow where the requester owns it (R2)."""
    return escrow_account(request_id) if lot.owner == REQUESTER else bidder_account(lot.owner)


class LotHolds:
    """The holds behind the bids on one lot: taken when it closes (R4), resolved when it is settled (R6).

    Their keys and accounts differ by bidder alone; what they share is put together once, because every
    bid of a simulation passes here twice.

    Args:
        request_id: the request.
        lot: the lot.
    """

    __slots__ = ("_owner", "_prefix", "_request_id", "_seller", "_stage")

    def __init__(self, request_id: str, lot: Lot) -> None:
        self._request_id = request_id
        self._prefix = f"{request_id}/{lot.path}/0/"
        self._owner = lot.owner
        self._seller = seller_account(request_id, lot)
        self._stage = lot.stage

    def backing(self, answer: Answer, wallet: str) -> list[Transfer]:
        """The holds that back a bid and its transform's worst case.

        None where nothing could move: for a bid of 0, for an owner's bid on its own lot, and for a
        transform that is free.
        """
        rows: list[Transfer] = []
        if answer.amount_nanos and answer.bidder != self._owner:
            hold_id = f"{self._prefix}{answer.bidder}{_BID_KEY}"
            nanos = answer.amount_nanos
            rows.append(hold(hold_id, wallet, self._seller, nanos, "price", self._request_id, self._stage))
        if answer.cost_max_nanos:
            rows.append(self.cost(answer.bidder, wallet, answer.cost_max_nanos, answer.provider))
        return rows

    def settled(
        self, answer: Answer, wallet: str, price_nanos: int, cost_nanos: int | None, beyond_nanos: int = 0
    ) -> list[Transfer]:
        """The ends of what `backing` holds: price and cost are posted, and all else is freed."""
        rows: list[Transfer] = []
        if answer.amount_nanos and answer.bidder != self._owner:
            hold_id = f"{self._prefix}{answer.bidder}{_BID_KEY}"
            rows.append(self._resolved(hold_id, wallet, self._seller, answer.amount_nanos, price_nanos, "price"))
        if answer.cost_max_nanos:
            promise = (answer.cost_max_nanos, answer.provider)
            rows += self.settled_cost(answer.bidder, wallet, *promise, cost_nanos, beyond_nanos)
        return rows

    def cost(self, bidder: str, wallet: str, cost_max_nanos: int, provider: str) -> Transfer:
        """The hold on a bidder's wallet for its transform's worst case, above 0."""
        hold_id = f"{self._prefix}{bidder}{_COST_KEY}"
        paid = provider_account(provider)
        return hold(hold_id, wallet, paid, cost_max_nanos, "cost", self._request_id, self._stage)

    def settled_cost(
        self,
        bidder: str,
        wallet: str,
        cost_max_nanos: int,
        provider: str,
        cost_nanos: int | None,
        beyond_nanos: int = 0,
    ) -> list[Transfer]:
        """The end of a cost's hold: what was really spent is charged, as `charge` does, and the rest is freed."""
        hold_id = f"{self._prefix}{bidder}{_COST_KEY}"
        known, paid = cost_nanos or 0, provider_account(provider)
        rows = [self._resolved(hold_id, wallet, paid, cost_max_nanos, min(known, cost_max_nanos), "cost")]
        if known > cost_max_nanos:
            accounts, about = (wallet, paid), (self._request_id, self._stage)
            rows += _beyond_promise(hold_id, accounts, known - cost_max_nanos, beyond_nanos, about)
        return rows

    def _resolved(
        self, hold_id: str, debit: str, credit: str, held_nanos: int, moved_nanos: int, code: str
    ) -> Transfer:
        # What `resolve` would make of the hold itself, which need not be made again for it.
        return Transfer(
            f"{hold_id}/post" if moved_nanos else f"{hold_id}/void",
            debit,
            credit,
            moved_nanos or held_nanos,
            POST if moved_nanos else VOID,
            hold_id,
            code,
            self._request_id,
            self._stage,
        )


def charge(held: Transfer | None, cost_nanos: int | None, beyond_nanos: int = 0) -> list[Transfer]:
    """Resolve a cost hold to what was really spent (R7).

    An unknown cost charges nothing here and is recorded as unknown. What a provider charged beyond
    the promised worst case is its bidder's cost, too; only what the wallet cannot pay is lost to the
    operator, and the issuer bears it.

    Args:
        held: the hold; None for a task that was free.
        cost_nanos: what the task's calls cost; None where that is unknown.
        beyond_nanos: what the wallet can pay beyond the hold.
    """
    if held is None:
        return []
    known = cost_nanos or 0
    rows = [resolve(held, min(known, held.amount_nanos))]
    if known > held.amount_nanos:
        accounts, about = (held.debit, held.credit), (held.request, held.stage)
        rows += _beyond_promise(held.id, accounts, known - held.amount_nanos, beyond_nanos, about)
    return rows


def _beyond_promise(
    hold_id: str, accounts: tuple[str, str], excess_nanos: int, beyond_nanos: int, about: tuple[str, int]
) -> list[Transfer]:
    """What a task cost beyond its promise: from the wallet as far as it reaches, the rest from the issuer."""
    wallet, provider = accounts
    paid_nanos = min(excess_nanos, beyond_nanos)
    rows: list[Transfer] = []
    if paid_nanos > 0:
        rows.append(transfer(hold_id + _BEYOND, wallet, provider, paid_nanos, "cost", *about))
    if paid_nanos < excess_nanos:
        rows.append(transfer(hold_id + _OVERRUN, ISSUER, provider, excess_nanos - paid_nanos, "overrun", *about))
    return rows


def hold_behind(row: Transfer) -> str:
    """The id of the hold that a transfer resolves or goes beyond; its own where it is the hold."""
    return row.pending_id or row.id.removesuffix(_OVERRUN).removesuffix(_BEYOND)


def bid_cost_hold(request_id: str, lot: Lot, bidder: str, cost_max_nanos: int, provider: str) -> Transfer | None:
    """The hold on a bidder's wallet for the cost of bidding, taken before it is asked (R4)."""
    if cost_max_nanos == 0:
        return None
    return hold(
        wallet_hold_id(key(request_id, lot.path, 0, bidder, BID)),
        bidder_account(bidder),
        provider_account(provider),
        cost_max_nanos,
        "cost",
        request_id,
        lot.stage,
    )


def cap_hold(request_id: str, lot: Lot, round: int, bidder: str, purpose: str, cost_max_nanos: int) -> Transfer | None:
    """The hold of a task's worst case on the request's spend cap (R7); None where it is free."""
    if cost_max_nanos == 0:
        return None
    return hold(
        cap_hold_id(key(request_id, lot.path, round, bidder, purpose)),
        cap_account(request_id),
        CAP_SPENT,
        cost_max_nanos,
        "cap",
        request_id,
        lot.stage,
    )


def spent_under(held: Transfer, first_nanos: int, task_nanos: int) -> int:
    """What was spent under one of the holds that a task has taken on the spend cap.

    A driver that takes over holds again only what was left of the worst case; so what its hold lacks had been spent
    before, under earlier ones.

    Args:
        held: the hold.
        first_nanos: the amount of the first that the task took: its whole worst case.
        task_nanos: what all calls of the task have cost so far.
    """
    return max(0, task_nanos - (first_nanos - held.amount_nanos))


def cap_overrun(held: Transfer, excess_nanos: int) -> Transfer:
    """What was spent beyond a task's worst case, charged to the spend cap as well (R7).

    Args:
        held: the task's hold on the cap.
        excess_nanos: what was spent beyond it, above 0.
    """
    return transfer(held.id + _OVERRUN, held.debit, held.credit, excess_nanos, CAP_OVERRUN, held.request, held.stage)
