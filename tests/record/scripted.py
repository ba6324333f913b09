"""A bidder that does what its script says, and markets of such bidders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator import Announcement, Bid, Charged, Market, Money, Pass, Replacement, Result, Segment, WonLot
from orchestrator.core.rules import Role
from orchestrator.errors import VickreyError
from orchestrator.record import export_request
from orchestrator.store import Store

REQUEST = "Plan a day in Lisbon"
UNKNOWN = "?"


@dataclass
class Scripted:
    """A bidder with a script.

    Attributes:
        name: its name.
        bids: what it bids, by stage; it passes where none is given.
        roles: what it does.
        says: what it writes; `{lot}` stands for the lot.
        fails_at: stages at which it raises instead of delivering.
        replaces: whether it replaces the state.
        bid_cost: what bidding costs; `?` where that is unknown.
        work_cost: what transforming costs; `?` where that is unknown.
        cost_max: the worst case that it declares for either, where it costs anything.
        keeps_below: its public reserve for what it owns.
        keeps_at: the stages at which it has one.
        yields: how often it lets others go first.
        principal: who stands behind it.
        cancels: the market's request is cancelled when it works at this stage, for `bid` or `transform`.
    """

    name: str
    bids: Mapping[int, str]
    roles: Sequence[Role] = ("transformer",)
    says: str = ""
    fails_at: tuple[int, ...] = ()
    replaces: bool = False
    bid_cost: str = ""
    work_cost: str = ""
    cost_max: str = "0.05"
    keeps_below: str = ""
    keeps_at: tuple[int, ...] = ()
    yields: int = 0
    principal: str = ""
    cancels: tuple[str, int] = ("", 0)
    provider: str = "acme"
    market: Market | None = None

    def bid_cost_max(self, announcement: Announcement) -> Money:
        return Money.usd(self.cost_max) if self.bid_cost else Money(0)

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return Money.usd(self.cost_max) if self.work_cost else Money(0)

    async def bid(self, announcement: Announcement) -> Bid | Pass:
        await self._wait()
        await self._pay(announcement.meter, self.bid_cost)
        self._cancel("bid", announcement)
        amount = self.bids.get(announcement.stage)
        if amount is None:
            return Pass("nothing to add")
        return Bid(Money.usd(amount), self.roles[0] if self.roles[0] in announcement.roles else None)

    async def transform(self, lot: WonLot) -> list[Segment] | Replacement:
        await self._wait()
        await self._pay(lot.meter, self.work_cost)
        self._cancel("transform", lot)
        if lot.stage in self.fails_at:
            raise ValueError("out of ideas")
        segments = [Segment((self.says or f"{self.name} on {{lot}}").format(lot=lot.lot), "plan")]
        return Replacement([*lot.state.segments, *segments]) if self.replaces else segments

    async def reserve(self, lot: WonLot) -> Money | None:
        return Money.usd(self.keeps_below) if lot.stage in self.keeps_at else None

    async def _wait(self) -> None:
        for _ in range(self.yields):
            await asyncio.sleep(0)

    async def _pay(self, meter: Any, cost: str) -> None:
        async def perform() -> Charged:
            return Charged({"answer": 42}, None if cost == UNKNOWN else Money.usd(cost), {"tokens": 7})

        if cost:
            await meter.call(perform)

    def _cancel(self, doing: str, lot: Announcement | WonLot) -> None:
        if self.market is not None and (doing, lot.stage) == self.cancels:
            self.market.cancel(lot.request_id)


@dataclass(frozen=True)
class Played:
    """A scenario that was played.

    Attributes:
        market: the market, still open.
        result: what the request came to.
    """

    market: Market
    result: Result

    def record(self, request_id: str = "r1") -> dict[str, Any]:
        """A run's record."""
        return export_request(self.market.store, request_id)


def presenter(name: str, bids: Mapping[int, str], **script: Any) -> Scripted:
    return Scripted(name, bids, ("presenter",), **script)


@dataclass(frozen=True)
class Scenario:
    """A market, a request, and how it ends.

    Attributes:
        bidders: made afresh for each run.
        rules: the config's section of this name.
        wealth: the config's section of this name.
        ends: `pick RANK`, `none`, `cancel`, `expire`, or nothing.
        budget: the bounty.
        options: more options of the posting.
    """

    bidders: Callable[[], list[Scripted]]
    rules: Mapping[str, Any] = field(default_factory=dict)
    wealth: Mapping[str, Any] = field(default_factory=dict)
    ends: str = "pick 1"
    budget: str = "10"
    options: Mapping[str, Any] = field(default_factory=dict)

    def play(self, store: Store | str = "memory", bidders: list[Scripted] | None = None, seed: int = 7) -> Played:
        """Run the scenario to its end in a new market."""
        seconds = [1_000_000.0]
        config = {"version": 1, "rules": dict(self.rules), "wealth": dict(self.wealth)}
        seated = self.bidders() if bidders is None else bidders
        market = Market(config, bidders=seated, store=store, clock=lambda: seconds[0])
        for each in seated:
            each.market = market
        try:
            result = market.run(REQUEST, self.budget, **{"seed": seed, **self.options})
        except VickreyError:
            # A driver whose request was cancelled under it stops.
            result = market.result("r1")
            assert result.status == "rejected"
        self._end(market, result, seconds)
        return Played(market, result)

    def _end(self, market: Market, result: Result, seconds: list[float]) -> None:
        verb, _, rank = self.ends.partition(" ")
        if verb == "pick":
            result.pick(int(rank))
        elif verb == "none":
            result.reject()
        elif verb == "cancel":
            market.cancel(result.request_id)
        elif verb == "expire":
            seconds[0] += 30 * 86_400
            market.expire_due()
