"""What belongs to an event loop is closed with it, or before, and never shared."""

from __future__ import annotations

import asyncio

from bidders.models.per_loop import PerLoop
from bidders.models.slots import slots_of
from orchestrator import Market


class Client:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1


def clients() -> tuple[PerLoop[Client], list[Client]]:
    made: list[Client] = []

    def make() -> Client:
        made.append(Client())
        return made[-1]

    return PerLoop(make, Client.close), made


def test_each_loop_has_one_value_which_is_closed_with_it() -> None:
    kept, made = clients()

    async def use() -> None:
        first, second = await asyncio.gather(kept.get(), kept.get())
        assert first is second is made[-1]
        assert not first.closed

    asyncio.run(use())
    asyncio.run(use())
    assert [each.closed for each in made] == [1, 1]


def test_the_markets_own_loops_close_it_too() -> None:
    kept, made = clients()

    class Using:
        name = "using"
        roles = ("transformer",)

        async def bid(self, announcement: object) -> None:
            await kept.get()

        async def transform(self, lot: object) -> None: ...

    with Market({"version": 1, "store": "memory"}, bidders=[Using()]) as market:
        market.run("A day out", budget=1)
        market.run("Another day", budget=1)
    assert [each.closed for each in made] == [1, 1]


def test_closing_closes_the_values_of_loops_that_run() -> None:
    kept, made = clients()

    async def use() -> None:
        await kept.get()
        kept.close()
        for _ in range(5):
            await asyncio.sleep(0)
        assert made[0].closed == 1
        await kept.get()

    asyncio.run(use())
    assert [each.closed for each in made] == [1, 1]


def test_what_is_closed_as_its_loop_ends_is_closed_all_the_same() -> None:
    kept, made = clients()

    async def use() -> None:
        await kept.get()
        kept.close()

    asyncio.run(use())
    assert [each.closed for each in made] == [1]


def test_a_value_that_cannot_be_made_is_tried_again() -> None:
    attempts: list[int] = []

    def make() -> int:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("no key")
        return 7

    async def use() -> int:
        kept = PerLoop(make)
        try:
            await kept.get()
        except ValueError:
            return await kept.get()
        return 0

    assert asyncio.run(use()) == 7


def test_models_of_one_provider_share_its_slots_and_the_smallest_limit_holds() -> None:
    wide = slots_of("a-provider", 5)
    narrow = slots_of("a-provider", 2)
    assert wide is narrow
    assert narrow.concurrency == 2
    assert slots_of("another-provider", 5) is not wide


def test_a_providers_limit_is_forgotten_with_its_last_model() -> None:
    narrow = slots_of("a-third-provider", 1)
    del narrow
    assert slots_of("a-third-provider", 5).concurrency == 5
