"""Calls that cost nothing are recorded like any other, where their bidder declared them to be free."""

from __future__ import annotations

from orchestrator import WonLot
from orchestrator.errors import ProviderError
from orchestrator.record import export_request, verify
from tests.engine.world import Paid, Provider, answers, assert_sound, events, faults, finish, make_market, presenter


def test_free_calls_are_recorded_without_a_hold() -> None:
    source = Provider("0")
    market = make_market(Paid("a", {1: "2"}, source, bid_calls=1, worst="0"), presenter("p", {1: "1", 2: "3"}))
    market.run("hello", 10, seed=1, spend_cap="0")
    rows = market.store.read(lambda reader: reader.answers("r1"))
    assert sorted(row.key for row in rows) == ["r1/0/0/a/bid/0/model/0", "r1/0/0/a/transform/0/model/0"]
    assert len(source.made) == 2
    finish(market)
    assert verify(export_request(market.store, "r1")) == []


def test_calls_that_were_declared_free_and_are_not_fail_their_task_and_show_as_unknown() -> None:
    source = Provider("0.05")
    market = make_market(Paid("a", {1: "2"}, source, bid_calls=1, worst="0"), presenter("p", {1: "1", 2: "3"}))
    market.run("hello", 10, seed=1)
    (found,) = faults(market)
    assert "declared that its calls cost nothing, and one cost 0.05 USD" in found.reason
    assert answers(market)["0", "a"].bid_cost_nanos is None
    assert events(market)
    assert_sound(market)


def test_a_run_verifies_in_which_a_provider_failed_after_a_free_call() -> None:
    class Failing(Paid):
        async def transform(self, lot: WonLot) -> None:
            await self._call(lot, "transform", 0)
            raise ProviderError("it is down")

    market = make_market(Failing("a", {1: "2"}, Provider("0"), worst="0"), presenter("p", {1: "1", 2: "3"}))
    market.run("hello", 10, seed=1)
    finish(market)
    assert verify(export_request(market.store, "r1")) == []
