"""Plain functions beside the event loop: whatever they raise, whoever waits for them hears of it at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator.background import in_daemon_thread
from orchestrator.errors import BrokenPlugin
from orchestrator.judges import CallbackJudge
from tests.engine.world import Scripted, make_market, presenter

SECONDS_MAX = 20.0


class Stop(BaseException):
    """Of a library that ends its work by what is no plain exception."""


def run(error: BaseException | None) -> Any:
    def work() -> str:
        if error is not None:
            raise error
        return "done"

    async def wait() -> Any:
        async with asyncio.timeout(SECONDS_MAX):
            return await in_daemon_thread(work, "beside")

    return asyncio.run(wait())


def test_what_a_function_returns_or_raises_is_its_callers() -> None:
    assert run(None) == "done"
    with pytest.raises(ZeroDivisionError, match="by nought"):
        run(ZeroDivisionError("by nought"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StopIteration("over"), "raised StopIteration"),
        (StopAsyncIteration("over"), None),
        (asyncio.CancelledError(), "raised CancelledError"),
        (KeyboardInterrupt(), "raised KeyboardInterrupt"),
        (GeneratorExit(), "raised GeneratorExit"),
        (Stop(), "raised Stop"),
        (SystemExit(3), r"called sys\.exit\(3\)"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else "",
)
def test_what_no_task_can_raise_is_told_as_an_error_and_at_once(error: BaseException, told: str | None) -> None:
    with pytest.raises(RuntimeError if told else type(error), match=told):
        run(error)


def takes_the_second_of_none(request: str, offers: Any) -> Any:
    return next(offer.rank for offer in offers if offer.rank > len(offers))


def test_a_judge_whose_function_finds_nothing_is_told_so_and_not_as_late() -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}))
    judge = CallbackJudge(f"{__name__}:takes_the_second_of_none")
    with pytest.raises(BrokenPlugin, match=r"judge callback failed .*raised StopIteration"):
        market.run("hello", 10, seed=1, judge=judge)
    assert market.result("r1").status == "open"
