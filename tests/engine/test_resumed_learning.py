"""A run that was interrupted and resumed teaches its bidders what it would have taught them anyway."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import pytest

from orchestrator import Announcement, Bid, Market, Money, Observation, Policy, Segment, WonLot
from orchestrator.api import Posting
from orchestrator.engine.driver import Driver
from orchestrator.plugins import POLICIES, build, load_plugin
from orchestrator.store import Store
from tests.engine.world import Paid, Provider, assert_sound, make_market, presenter

WARM_UP = 4


class Learner(Paid):
    """Makes a call to bid and one to transform, and bids what its policy says."""

    def __init__(self, name: str, provider: Provider, policy: Policy, answer: str) -> None:
        super().__init__(name, {}, provider, bid_calls=1)
        self.policy = policy
        self.answer = answer

    async def bid(self, announcement: Announcement) -> Any:
        await self._call(announcement, "bid", 0)
        seen = Observation(
            self.name,
            "transformer",
            announcement.stage,
            announcement.stages_max,
            announcement.bounty.to_float(),
            estimate=0.5,
            request=announcement.request,
            contributions=announcement.state.contributions(),
            seed=announcement.seed,
        )
        (mean,) = self.policy.value(announcement.memory, [seen]).means
        return Bid(min(Money.usd(round(float(mean), 9)), announcement.bounty), observed={"estimate": 0.5})

    async def transform(self, lot: WonLot) -> Any:
        await self._call(lot, "transform", 0)
        return [Segment(self.answer, kind="answer")]


def market_of(policy: str, provider: Provider, store: Store | str = "memory") -> Market:
    """Two learners that answer differently, and presenters who buy at the second stage."""
    kinds = load_plugin(POLICIES, policy)
    learners = [
        Learner(name, provider, build(kinds, {}, "tests"), answer) for name, answer in (("a", "18"), ("b", "17"))
    ]
    presenters = [presenter("p", {2: "7"}), presenter("q", {2: "6"})]
    return make_market(*learners, *presenters, store=store, rules={"stages_max": 2})


def memories(market: Market) -> list[str | None]:
    keys = [market.seats[name].memory_key for name in ("a", "b")]
    rows = [market.store.read(lambda reader, key=key: reader.memory(key)) for key in keys]  # type: ignore[misc]
    return [row.body if row is not None else None for row in rows]


def warmed_up(policy: str, provider: Provider) -> Market:
    market = market_of(policy, provider)
    for seed in range(WARM_UP):
        result = market.run(f"sum {seed}", 10, seed=seed)
        market.pick(result.request_id, 1 if result.offers[0].text == "p on 0.0" and seed % 2 else 0)
    return market


def interrupt_at(market: Market, provider: Provider, call: int) -> str:
    """Post a request whose driver is gone when so many calls have been made."""
    request_id = market.post(Posting("the last sum", 10, seed=99))
    before = len(provider.made)

    async def run_until_call() -> None:
        reached = asyncio.Event()

        async def pause() -> None:
            if len(provider.made) - before >= call:
                reached.set()
                await asyncio.Event().wait()

        provider.pause = pause
        driver = Driver(market.store, market._recorder, request_id, lambda: 0.0)
        running = asyncio.ensure_future(driver.run())
        waiting = asyncio.ensure_future(reached.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        waiting.cancel()

    asyncio.run(run_until_call())
    provider.pause = None
    return request_id


@cache
def taught(policy: str) -> list[str | None]:
    """What is remembered after the same requests without an interruption."""
    plain = warmed_up(policy, Provider())
    plain.pick(plain.run("the last sum", 10, seed=99).request_id, 1)
    return memories(plain)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("policy", ["tracker", "calibrated", "bayes"])
def test_an_interrupted_run_that_is_resumed_teaches_the_same(policy: str, call: int) -> None:
    provider = Provider()
    market = warmed_up(policy, provider)
    before = memories(market)
    request_id = interrupt_at(market, provider, call)
    assert memories(market) == before, "nothing is learned before the end"
    again = market_of(policy, provider, store=market.store)
    again.resume(request_id)
    again.pick(request_id, 1)
    assert memories(again) == taught(policy)
    assert memories(again) != before
    assert_sound(again)
