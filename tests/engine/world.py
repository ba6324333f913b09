"""A small market for the tests: bidders that say what they are told, and the laws after every run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from orchestrator import Announcement, Charged, Market, Money, Pass, Result, Segment, WonLot
from orchestrator.api.result import statement_dict
from orchestrator.core.clearing import Award
from orchestrator.core.events import Closed, Delivered, Event, Faulted, Settled
from orchestrator.engine.recorder import read_events
from orchestrator.ledger import Account
from orchestrator.store import Store

HANG_SECONDS = 0.05


class Scripted:
    """Bids an amount by stage, and adds a line."""

    def __init__(
        self,
        name: str,
        bids: Mapping[int, Any] | str,
        roles: Sequence[str] = ("transformer",),
        says: Any = None,
        principal: str | None = None,
    ) -> None:
        self.name = name
        self.roles = roles
        self.bids = bids
        self.says = says
        self.asked: list[int] = []
        if principal is not None:
            self.principal = principal

    async def bid(self, announcement: Announcement) -> Any:
        self.asked.append(announcement.stage)
        said = self.bids if isinstance(self.bids, str) else self.bids.get(announcement.stage)
        return Pass("nothing to add") if said is None else Money.usd(said)

    async def transform(self, lot: WonLot) -> Any:
        return [Segment(self.says if self.says is not None else f"{self.name} on {lot.lot}")]


def presenter(name: str, bids: Mapping[int, Any] | str = "3", **more: Any) -> Scripted:
    return Scripted(name, bids, ("presenter",), **more)


class Provider:
    """Counts what it is asked, by key; a call costs what it costs."""

    def __init__(self, cost: str | None = "0.01") -> None:
        self.cost = None if cost is None else Money.usd(cost)
        self.made: list[str] = []
        self.spent_nanos = 0
        self.running = 0
        self.running_most = 0
        self.pause: Callable[[], Awaitable[None]] | None = None

    async def answer(self, key: str) -> Charged:
        self.made.append(key)
        self.running += 1
        self.running_most = max(self.running_most, self.running)
        if self.pause is not None:
            await self.pause()
        self.running -= 1
        self.spent_nanos += self.cost.nanos if self.cost else 0
        return Charged({"said": key}, self.cost, {"tokens": 7})


class Paid(Scripted):
    """A bidder whose bids and transforms each make metered calls."""

    def __init__(
        self,
        name: str,
        bids: Mapping[int, Any] | str,
        provider: Provider,
        *,
        bid_calls: int = 0,
        transform_calls: int = 1,
        worst: str = "0.01",
        **more: Any,
    ) -> None:
        super().__init__(name, bids, **more)
        self.provider = "acme"
        self.source = provider
        self.bid_calls = bid_calls
        self.transform_calls = transform_calls
        self.worst = Money.usd(worst)
        if bid_calls:
            self.bid_cost_max = lambda announcement: Money(self.worst.nanos * bid_calls)
        if transform_calls:
            self.transform_cost_max = lambda announcement: Money(self.worst.nanos * transform_calls)

    async def bid(self, announcement: Announcement) -> Any:
        for number in range(self.bid_calls):
            await self._call(announcement, "bid", number)
        return await super().bid(announcement)

    async def transform(self, lot: WonLot) -> Any:
        said = [await self._call(lot, "transform", number) for number in range(self.transform_calls)]
        return [Segment(f"{self.name} on {lot.lot} with {len(said)} answers")]

    async def _call(self, shown: Any, verb: str, number: int) -> Any:
        key = f"{self.name}/{shown.lot}/{verb}/{number}"
        answer = await shown.meter.call(lambda: self.source.answer(key), purpose="model")
        assert answer == {"said": key}
        return answer


def make_market(*bidders: Any, store: Store | str = "memory", clock: Any = None, **config: Any) -> Market:
    """A market of these bidders; `config` holds sections of a config file."""
    more = {} if clock is None else {"clock": clock}
    return Market({"version": 1, "bidders": [], **config}, bidders=bidders, store=store, **more)


def events(market: Market, request_id: str = "r1") -> list[Event]:
    return market.store.read(lambda reader: read_events(reader, request_id, reader.journal(request_id)))


def answers(market: Market, request_id: str = "r1") -> dict[tuple[str, str], Any]:
    """The sealed answers by (lot, bidder)."""
    closed = [event for event in events(market, request_id) if isinstance(event, Closed)]
    return {(row.lot, answer.bidder): answer for event in closed for row in event.lots for answer in row.answers}


def faults(market: Market, request_id: str = "r1") -> list[Faulted]:
    return [event for event in events(market, request_id) if isinstance(event, Faulted)]


def deliveries(market: Market, request_id: str = "r1") -> list[tuple[str, Award]]:
    return [(event.lot, event.award) for event in events(market, request_id) if isinstance(event, Delivered)]


def sales(market: Market, request_id: str = "r1") -> list[tuple[str, str, str, int]]:
    """Every sale as (lot, seller, buyer, price in nanos)."""
    settled = [event for event in events(market, request_id) if isinstance(event, Settled)]
    return [
        (sale.lot, sale.seller, sale.buyer, sale.price_nanos) for e in settled for row in e.lots for sale in row.sales
    ]


def posted(market: Market, account: str) -> int:
    """Posted balance of an account in nanos."""
    balances = market.store.read(lambda reader: reader.balances())
    return next((balance.posted_nanos for known, balance in balances.items() if known.id == account), 0)


def assert_sound(market: Market) -> None:
    """The laws that hold after every run, whatever bidders did."""
    assert market.audit() == []
    accounts: dict[Account, Any] = market.store.read(lambda reader: reader.balances())
    for account, balance in accounts.items():
        if not account.may_overdraw:
            assert balance.credits_posted - balance.debits_posted - balance.debits_pending >= 0, account
    for row in market.requests():
        log = market.read_log(row.id)
        assert log.progress.status == row.status
        if log.progress.ending is not None:
            result = Result(market, row.id)
            assert result.statement().imbalance_nanos() == 0
            assert statement_dict(result.statement())
            assert market.store.read(lambda reader, id=row.id: reader.open_holds(id)) == []  # type: ignore[misc]


def finish(market: Market, request_id: str = "r1") -> None:
    """Take the first offer, or nothing where there is none, then check the laws."""
    result = market.result(request_id)
    if result.status == "open":
        result.pick(1)
    assert result.status in ("released", "failed")
    assert_sound(market)


def awards(market: Market, request_id: str = "r1") -> list[tuple[str, Award]]:
    """Every award that was delivered on or failed, in order of settlement."""
    rows = [event for event in events(market, request_id) if isinstance(event, Delivered | Faulted)]
    return [(event.lot, event.award) for event in rows if event.award is not None]
