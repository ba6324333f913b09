"""A model's calls through the meter: charged, recorded, replayed, and failures with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bidders.models.metering import metered
from bidders.models.mock import MockModel
from orchestrator import Announcement, Charged, Completion, Market, Money, Pass, Prompt, Segment, Usage, WonLot
from orchestrator.errors import ProviderDown, ProviderTimeout, RateLimited, SpendCapReached
from tests.bidders.models.asking import PROMPT
from tests.fake_provider.books import PRICES


class Notebook:
    """A meter that records as the market's does: as JSON, by number."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Money | None, dict[str, int]]] = []
        self.next = 0

    def again(self) -> Notebook:
        resumed = Notebook()
        resumed.rows = list(self.rows)
        return resumed

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        if self.next == len(self.rows):
            charged = await perform()
            self.rows.append((json.dumps(charged.body), charged.cost, dict(charged.usage)))
        self.next += 1
        return json.loads(self.rows[self.next - 1][0])


def test_an_answer_is_the_same_when_it_is_taken_from_the_record() -> None:
    model, meter = MockModel(script=["one"], prices=PRICES), Notebook()
    first = asyncio.run(metered(meter, model, PROMPT))
    heard: list[str] = []
    again = asyncio.run(metered(meter.again(), model, PROMPT, on_text=heard.append))
    assert first == again
    assert heard == ["one"]
    assert model.calls == 1
    ((_, cost, usage),) = meter.rows
    assert cost == first.cost
    assert usage["input_tokens"] == first.usage.input_tokens


def test_a_streamed_answer_is_heard_once() -> None:
    heard: list[str] = []
    asyncio.run(metered(Notebook(), MockModel(script=["one two"]), PROMPT, on_text=heard.append))
    assert "".join(heard) == "one two"


def test_a_failure_is_recorded_with_its_cost_and_met_again() -> None:
    model, meter = MockModel(script=[{"fails": "RateLimited", "says": "slow down"}]), Notebook()
    with pytest.raises(RateLimited, match="slow down"):
        asyncio.run(metered(meter, model, PROMPT))
    with pytest.raises(RateLimited, match="slow down"):
        asyncio.run(metered(meter.again(), model, PROMPT))
    assert model.calls == 1
    assert meter.rows[0][1] == Money(0)


class Failing:
    """A model that fails in a way that costs something."""

    name = provider = "failing"

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def cost_max(self, prompt: Prompt) -> Money:
        return Money(100)

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        raise self.failure


def test_a_call_that_was_cut_off_is_charged_what_is_known() -> None:
    meter = Notebook()
    with pytest.raises(ProviderTimeout):
        asyncio.run(metered(meter, Failing(ProviderTimeout("late", cost_nanos=42)), PROMPT))
    with pytest.raises(ProviderDown):
        asyncio.run(metered(meter, Failing(ProviderDown("cut", cost_nanos=None)), PROMPT))
    assert [cost for _, cost, _ in meter.rows] == [Money(42), None]


def test_a_cap_that_is_reached_is_not_a_call() -> None:
    meter = Notebook()
    with pytest.raises(SpendCapReached):
        asyncio.run(metered(meter, Failing(SpendCapReached("no room")), PROMPT))
    assert meter.rows == []


class Speaking:
    """The smallest bidder that asks a model."""

    name = "speaking"
    roles = ("transformer",)

    def __init__(self, model: Any) -> None:
        self.model = model
        self.provider = model.provider

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return self.model.cost_max(PROMPT) or Money(0)

    async def bid(self, announcement: Announcement) -> Money | Pass:
        done = any(piece.author == self.name for piece in announcement.state.segments)
        return Pass("done") if done else Money.usd(1)

    async def transform(self, lot: WonLot) -> list[Segment]:
        return [Segment((await metered(lot.meter, self.model, PROMPT, purpose="write")).text)]


PRESENTER = {"name": "planner", "type": "presenter", "options": {"style": "plan"}}


def run(model: Any) -> Any:
    with Market({"version": 1, "store": "memory", "bidders": [PRESENTER]}, bidders=[Speaking(model)]) as market:
        result = market.run("A day out", budget=10, seed=1)
        return result.statement(), market.audit(), result, market.balance("speaking")


def test_a_market_charges_the_bidder_what_its_call_cost() -> None:
    model = MockModel(script=["Take the tram."], prices=PRICES)
    statement, findings, result, _ = run(model)
    expected = asyncio.run(model.complete(PROMPT)).cost
    assert expected is not None
    assert statement.costs_nanos["speaking"] == expected.nanos
    assert findings == []
    assert "Take the tram." in result.offers[0].text


def test_an_outage_after_the_award_is_no_fault_of_the_bidder() -> None:
    statement, findings, _, balance = run(MockModel(script=[{"fails": "ProviderDown"}], prices=PRICES))
    assert statement.costs_nanos.get("speaking", 0) == 0
    assert findings == []
    # It forfeits nothing of its bid: the wallet is what it was endowed with.
    assert balance == Money.usd(50)


def test_a_completion_survives_the_record_whole() -> None:
    said = Completion("x", Usage(1, 2, 1, 1, True, 0), None, "length", "m")
    meter = Notebook()
    assert asyncio.run(metered(meter, MockModel(function=lambda prompt: said), PROMPT)) == said
    assert meter.rows[0][1] is None
