"""What the kit hands to authors is what a market would show them."""

from __future__ import annotations

import asyncio
from dataclasses import fields

import pytest

from orchestrator.bidding import Charged
from orchestrator.errors import InvalidAnswer
from orchestrator.money import Money
from orchestrator.testing import FreeMeter, make_announcement, make_receipt, make_won_lot
from orchestrator.testing.situations import situations


def test_an_announcement_takes_overrides_and_its_state_is_its_request() -> None:
    announcement = make_announcement(request="A walk", balance=Money(5))
    assert (announcement.state.text, announcement.balance) == ("A walk", Money(5))
    assert make_announcement(state="A longer text").state.text == "A longer text"


def test_a_won_lot_follows_its_announcement() -> None:
    announcement = make_announcement(request="A walk", stage=3, lot="0.0.0", roles=("presenter",))
    lot = make_won_lot(announcement, price=Money(3))
    shared = {field.name for field in fields(announcement)} & {field.name for field in fields(lot)}
    for name in shared - {"meter", "deadline_seconds"}:
        assert getattr(lot, name) == getattr(announcement, name), name
    assert (lot.role, lot.price) == ("presenter", Money(3))
    assert make_won_lot(state="Another").state.text == "Another"


def test_a_misspelt_override_is_refused() -> None:
    for make in (make_announcement, make_won_lot, make_receipt):
        with pytest.raises((TypeError, ValueError), match="bountry"):
            make(bountry=Money(1))


def test_a_receipt_adds_up() -> None:
    assert make_receipt().profit_nanos == 3 * 10**9 - 10**9 - 10**7


def test_every_situation_has_a_name_of_its_own_and_somebody_to_bid() -> None:
    names = [name for name, announcement in situations(("transformer", "presenter")) if announcement.roles]
    assert len(set(names)) == len(names) >= 10
    assert "the last stage" not in [name for name, _ in situations(("transformer",))]


async def charged(cost: Money | None) -> Charged:
    return Charged({"text": "hello"}, cost)


def test_a_free_meter_makes_calls_and_keeps_count() -> None:
    meter = FreeMeter()
    assert asyncio.run(meter.call(lambda: charged(Money(7)))) == {"text": "hello"}
    assert asyncio.run(meter.call(lambda: charged(None))) == {"text": "hello"}
    assert [call.cost for call in meter.charges] == [Money(7), None]


def test_a_meter_with_a_limit_refuses_what_the_market_would() -> None:
    meter = FreeMeter(cost_max=Money(7))
    asyncio.run(meter.call(lambda: charged(Money(7))))
    with pytest.raises(InvalidAnswer, match="declare more in bid_cost_max"):
        asyncio.run(meter.call(lambda: charged(Money(7))))


def test_a_call_that_does_not_say_what_it_cost_is_refused() -> None:
    async def free() -> str:
        return "hello"

    with pytest.raises(InvalidAnswer, match=r"a metered call returned str; it returns Charged\(body, cost\)"):
        asyncio.run(FreeMeter().call(free))  # type: ignore[arg-type]
