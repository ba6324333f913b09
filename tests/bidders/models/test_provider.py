"""What all models with a provider share, in virtual time: one deadline over slots, pauses and attempts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bidders.models.chat import CHAT
from bidders.models.format import Question
from bidders.models.provider import ProviderModel
from bidders.models.reply import Heard, Reply
from bidders.models.settings import read_settings
from orchestrator import Completion, Usage
from orchestrator.errors import ProviderDown, ProviderError, ProviderTimeout, UnreadableReply
from tests.bidders.models.asking import PROMPT
from tests.bidders.models.virtual_time import run_virtually
from tests.fake_provider.books import PRICES


class Slow(ProviderModel):
    """A model whose calls take so many seconds, and speak half-way where they are streamed."""

    format = CHAT

    def __init__(self, seconds: float, failures: int = 0, **options: Any) -> None:
        settings = read_settings("slow", {"prices": PRICES, **options})
        super().__init__(settings, provider=f"slow-{id(self)}", key_variable="")
        self.seconds = seconds
        self.failures = failures
        self.calls = 0
        self.jitter = lambda bound: bound

    async def ask(self, question: Question) -> Reply:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        if self.calls <= self.failures:
            raise ProviderDown("down")
        return Reply("done", Usage(10, 1), "stop", "slow")

    async def stream(self, question: Question, heard: Heard) -> Reply:
        heard.add("half ")
        return await self.ask(question)

    def failure(self, error: Exception) -> ProviderError:
        return UnreadableReply(str(error), cost_nanos=None)


def limited(deadline_seconds: float) -> Any:
    return replace(PROMPT, deadline_seconds=deadline_seconds)


def test_attempts_and_pauses_share_one_deadline() -> None:
    model = Slow(1.0, failures=2)
    said, seconds = run_virtually(lambda: model.complete(limited(10.0)))
    assert said.text == "done"
    # Three attempts of a second, and pauses of a half and a whole one.
    assert seconds == pytest.approx(4.5)


def test_a_deadline_cuts_a_call_off_and_says_what_it_cost() -> None:
    model = Slow(60.0)

    async def cut_off(on_text: Any) -> ProviderTimeout:
        with pytest.raises(ProviderTimeout) as late:
            await model.complete(limited(10.0), on_text)
        return late.value

    silent, seconds = run_virtually(lambda: cut_off(None))
    spoken, _ = run_virtually(lambda: cut_off(lambda piece: None))
    assert seconds == pytest.approx(10.0)
    assert silent.cost_nanos is None
    assert spoken.cost_nanos
    # Nobody has seen what a model thought before it spoke.
    model = Slow(60.0, reasoning_tokens_max=100)
    assert run_virtually(lambda: cut_off(lambda piece: None))[0].cost_nanos is None
    free = Slow(60.0, prices={"input_per_million": 0, "output_per_million": 0})
    model = free
    assert run_virtually(lambda: cut_off(None))[0].cost_nanos == 0


def test_waiting_for_a_slot_counts_and_costs_nothing() -> None:
    model = Slow(6.0, concurrency=1)

    async def two() -> list[Completion | BaseException]:
        return await asyncio.gather(*(model.complete(limited(10.0)) for _ in range(3)), return_exceptions=True)

    (first, second, third), seconds = run_virtually(two)
    assert seconds == pytest.approx(10.0)
    assert isinstance(first, Completion)
    # The second was under way when its time was up, the third never began.
    assert isinstance(second, ProviderTimeout)
    assert second.cost_nanos is None
    assert isinstance(third, ProviderTimeout)
    assert third.cost_nanos == 0
    assert model.calls == 2


def test_a_pause_holds_no_slot() -> None:
    model = Slow(1.0, failures=1, concurrency=1)

    async def two() -> list[Completion]:
        return await asyncio.gather(*(model.complete(limited(30.0)) for _ in range(2)))

    _, seconds = run_virtually(two)
    # The second call runs while the first one pauses for half a second after its failure.
    assert seconds == pytest.approx(3.0)


def test_what_a_listener_raises_ends_the_call() -> None:
    def listener(piece: str) -> None:
        raise RuntimeError("the terminal is gone")

    async def ask() -> ProviderError:
        with pytest.raises(UnreadableReply, match="the terminal is gone") as failure:
            await Slow(1.0).complete(limited(30.0), listener)
        return failure.value

    failure, _ = run_virtually(ask)
    assert failure.cost_nanos
