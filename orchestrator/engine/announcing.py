"""Announcing lots: what each bidder is shown, and what owners want to keep (R3, R5)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.bidding import Acceptance, Announcement, PublicPrice, WonLot
from orchestrator.core.answer import Keep
from orchestrator.core.closing import public_reserve_nanos
from orchestrator.core.events import OUTCOMES
from orchestrator.core.keys import bidder_account, derive_seed
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import TRANSFORMER, Role
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import BID, TRANSFORM, is_for_bidding
from orchestrator.engine.callbook import CallBook
from orchestrator.engine.deadline import Deadline
from orchestrator.engine.guarded import Returned, read_guarded
from orchestrator.engine.invitations import invited
from orchestrator.engine.metering import TaskMeter
from orchestrator.engine.seat import Seat, plain_nanos
from orchestrator.money import Money
from orchestrator.store import Reader

PRICES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class MarketView:
    """What the market shows beside a lot: balances, prices, the requester's record, the lots sold beside it."""

    balances: Mapping[str, int]
    prices: tuple[PublicPrice, ...]
    acceptance: Acceptance
    lots: int


def read_market(reader: Reader, progress: Progress) -> MarketView:
    """Read what a stage's announcements show beside the lots."""
    request = progress.request
    counts = reader.outcomes(request.requester)
    prices = reader.recent("price", PRICES_SHOWN)
    balances = reader.spendable(bidder_account(entry.name) for entry in request.roster)
    # A run that was interrupted had set these aside for bids of this stage already; bidders see what they saw then.
    for row in reader.open_holds(request.id):
        if is_for_bidding(row.id) and row.debit in balances:
            balances[row.debit] += row.amount_nanos
    return MarketView(
        balances=balances,
        prices=tuple(PublicPrice(row.stage, Money(row.amount_nanos)) for row in prices),
        acceptance=Acceptance(**{outcome: counts.get(outcome, 0) for outcome in OUTCOMES}),
        lots=len(progress.on_sale),
    )


def read_memories(reader: Reader, seats: Iterable[Seat]) -> dict[str, str]:
    """Read what the seats' policies have learned, as JSON by memory key."""
    keys = {seat.memory_key for seat in seats if seat.policy is not None}
    rows = [reader.memory(key) for key in sorted(keys)]
    return {row.id: row.body for row in rows if row is not None}


class Announcer:
    """Makes a request's announcements.

    Args:
        seats: the market's bidders, by name.
        memories: what policies have learned, as JSON by memory key.
        calls: the request's calls.
        promises: what each known bidder may bid, by which a crowded market invites.
    """

    def __init__(
        self,
        seats: Mapping[str, Seat],
        memories: Mapping[str, str],
        calls: CallBook,
        promises: Mapping[str, float],
    ) -> None:
        self._seats = seats
        self._memories = memories
        self._calls = calls
        self._promises = promises

    def memory_of(self, seat: Seat | None) -> Any:
        """What a bidder's policy has learned; read anew each time, so that no bidder can change what others see."""
        body = self._memories.get(seat.memory_key) if seat is not None else None
        return None if body is None else json.loads(body)

    async def ask_reserves(self, progress: Progress) -> dict[str, Keep]:
        """Ask the owners of the lots on sale for their public reserves (R5)."""
        if progress.request.rules.self_sale != "keep" or progress.stage >= progress.request.rules.stages_max:
            return {}
        lots = [lot for lot in progress.lots() if lot.owner != REQUESTER]
        found = await asyncio.gather(*(self._ask_reserve(progress.request, lot) for lot in lots))
        return {lot.path: keep for lot, keep in zip(lots, found, strict=True) if keep is not None}

    async def announce(
        self, progress: Progress, lot: Lot, market: MarketView, keeps: Mapping[str, Keep]
    ) -> dict[str, Announcement]:
        """What each eligible bidder is shown of one lot, by bidder."""
        request = progress.request
        reserve_nanos = public_reserve_nanos(request.rules, keeps.get(lot.path))
        shown = {
            seat.name: self._announcement(request, lot, seat, roles, market, reserve_nanos)
            for seat, roles in self._eligible(request, lot)
        }
        choosy = [name for name in shown if self._seats[name].has("eligible")]
        wanted = await asyncio.gather(*(_if_wanted(self._seats[name], shown[name]) for name in choosy))
        filtered = dict(zip(choosy, wanted, strict=True))
        asked = {name: filtered.get(name, announcement) for name, announcement in shown.items()}
        return {name: announcement for name, announcement in asked.items() if announcement is not None}

    def _eligible(self, request: Request, lot: Lot) -> Iterator[tuple[Seat, tuple[Role, ...]]]:
        """The bidders that may bid for a lot, and as what; in a crowded market those that are invited."""
        rules = request.rules
        asked = invited(request, lot, self._promises) if rules.invited_max else None
        for entry in request.roster:
            seat = self._seats.get(entry.name)
            roles = tuple(role for role in entry.roles if role in rules.roles_at(lot.stage))
            is_asked = asked is None or entry.name in asked
            may_buy = entry.name != lot.owner or rules.self_sale == "open"
            if seat is not None and roles and is_asked and may_buy:
                yield seat, roles

    async def _ask_reserve(self, request: Request, lot: Lot) -> Keep | None:
        seat = self._seats.get(lot.owner)
        if seat is None or not seat.has("reserve") or TRANSFORMER not in seat.participant.roles:
            return None
        bidder: Any = seat.bidder
        deadline = Deadline(seat.bid_seconds(request.rules))
        own = self._owned_lot(request, lot, seat)
        result = await deadline.run(lambda: bidder.reserve(own))
        if not isinstance(result, Returned):
            return None
        reserve = read_guarded(lambda: plain_nanos(result.value))
        if not isinstance(reserve, Returned):
            return None
        nothing = MarketView({}, (), Acceptance(), 1)
        announcement = self._announcement(request, lot, seat, (TRANSFORMER,), nothing, 0)
        cost_max = await deadline.run(lambda: seat.cost_max_nanos("transform_cost_max", announcement))
        if not isinstance(cost_max, Returned):
            return None
        return Keep(reserve.value, cost_max.value, seat.provider if cost_max.value else "")

    def _owned_lot(self, request: Request, lot: Lot, seat: Seat) -> WonLot:
        return WonLot(
            request_id=request.id,
            request=request.text,
            bounty=Money(request.bounty_nanos),
            lot=lot.path,
            stage=lot.stage,
            stages_max=request.rules.stages_max,
            state=lot.state.copy(),
            role=TRANSFORMER,
            bid=Money(0),
            price=Money(0),
            deadline_seconds=seat.bid_seconds(request.rules),
            seed=derive_seed(request.seed, lot.path, 0, seat.name, "reserve"),
            memory=self.memory_of(seat),
            meter=TaskMeter(self._calls, lot, seat.name, seat.provider, TRANSFORM, 0),
        )

    def _announcement(
        self,
        request: Request,
        lot: Lot,
        seat: Seat,
        roles: Sequence[Role],
        market: MarketView,
        reserve_nanos: int,
    ) -> Announcement:
        return Announcement(
            request_id=request.id,
            request=request.text,
            bounty=Money(request.bounty_nanos),
            lot=lot.path,
            stage=lot.stage,
            stages_max=request.rules.stages_max,
            state=lot.state.copy(),
            owner=lot.owner,
            chain=tuple(_as_announced(sale) for sale in lot.chain),
            reserve=Money(reserve_nanos),
            roles=tuple(roles),
            copies=request.rules.copies_at(lot.stage),
            lots=market.lots,
            deadline_seconds=seat.bid_seconds(request.rules),
            balance=Money(max(0, market.balances.get(bidder_account(seat.name), 0))),
            prices=market.prices,
            acceptance=market.acceptance,
            seed=derive_seed(request.seed, lot.path, 0, seat.name, BID),
            memory=self.memory_of(seat),
            meter=TaskMeter(self._calls, lot, seat.name, seat.provider, BID, 0),
        )


def _as_announced(sale: Sale) -> Sale:
    """A sale as bidders see it: what its buyer bid stays sealed, or its rivals would know what to bid against it."""
    return replace(sale, bid_nanos=sale.price_nanos)


async def _if_wanted(seat: Seat, announcement: Announcement) -> Announcement | None:
    """The announcement with the time that is left of the bidder's, if its filter wants it.

    A filter that fails counts as a wish to be asked: the breach then shows in the answer.
    """
    deadline = Deadline(announcement.deadline_seconds)
    wants = await deadline.run(lambda: seat.is_eligible(announcement))
    if isinstance(wants, Returned) and not wants.value:
        return None
    return replace(announcement, deadline_seconds=deadline.left_seconds)
