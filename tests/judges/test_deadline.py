"""A judge that hangs is given up on at its deadline, and the request stays open; a person may take any time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bidders.personal_judge import PersonalJudge
from orchestrator import Hearing, Market, Rank, ShownOffer
from orchestrator.core.events import Judged
from orchestrator.errors import BrokenPlugin
from orchestrator.record import export_request, replay, verify
from tests.bidders.llm.speakers import listening, speaker
from tests.engine.world import HANG_SECONDS, Scripted, assert_sound, events, make_market, presenter

Offers = Sequence[ShownOffer]
_released = threading.Event()


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    """Whatever blocks comes to an end with its test."""
    _released.clear()
    yield
    _released.set()


def blocks(request: str, offers: Offers) -> int:
    _released.wait(60)
    return 1


def takes_the_first(request: str, offers: Offers) -> int:
    return 1


class Hanging:
    """A judge that never decides."""

    name = "hanging"

    async def pick(self, request: str, offers: Offers) -> Rank:
        await asyncio.get_running_loop().create_future()
        return Rank(1)


class Pondering:
    """A judge that decides after the deadline has passed."""

    name = "pondering"

    async def pick(self, request: str, offers: Offers) -> Rank:
        await asyncio.sleep(2 * HANG_SECONDS)
        return Rank(1)


class Person(Pondering):
    """One that says it asks a person."""

    waits_for_person = True


def market(judge_seconds: float = HANG_SECONDS, **config: Any) -> Market:
    bidders = (Scripted("a", {1: "4"}), presenter("p", {2: "3"}), presenter("q", {2: "2"}))
    return make_market(*bidders, request={"judge_seconds": judge_seconds}, **config)


@pytest.mark.parametrize("make", [Hanging, Pondering])
def test_a_judge_that_hangs_leaves_the_request_open_and_is_named(make: Callable[[], Any]) -> None:
    made = market()
    with pytest.raises(BrokenPlugin, match=r"after 0\.05 s; request r1 stays open; request\.judge_seconds"):
        made.run("hello", 10, seed=1, judge=make())
    assert made.result("r1").status == "open"
    made.result("r1").pick(1)
    assert_sound(made)


def test_a_person_may_take_any_time_and_so_may_a_judge_that_is_given_it() -> None:
    """The controls: the same wait, of one who says that it asks a person, and under a longer deadline."""
    assert market().run("hello", 10, seed=1, judge=Person()).status == "released"
    assert market(60.0).run("hello", 10, seed=1, judge=Pondering()).status == "released"


def test_a_function_of_the_config_that_blocks_is_given_up_on() -> None:
    made = market(judge={"type": "callback", "options": {"callback": f"{__name__}:blocks"}})
    with pytest.raises(BrokenPlugin, match="judge callback had not decided"):
        made.run("hello", 10, seed=1, judge="callback")
    assert made.result("r1").status == "open"
    prompt = market(judge={"type": "callback", "options": {"callback": f"{__name__}:takes_the_first"}})
    assert prompt.run("hello", 10, seed=1, judge="callback").status == "released"


def test_a_function_that_is_given_in_python_runs_where_its_caller_does() -> None:
    seen: list[threading.Thread] = []

    def judge(request: str, offers: Offers) -> int:
        seen.append(threading.current_thread())
        return 1

    assert market().run("hello", 10, seed=1, judge=judge).status == "released"
    assert seen == [threading.current_thread()]


def test_what_a_paid_judge_spent_before_its_deadline_is_charged_and_the_book_balances() -> None:
    class Dawdling(PersonalJudge):
        async def pick(self, request: str, offers: Offers, hearing: Hearing | None = None) -> Any:
            await super().pick(request, offers, hearing)
            await asyncio.get_running_loop().create_future()

    made = market()
    with pytest.raises(BrokenPlugin, match="judge personal had not decided"):
        made.run("hello", 10, seed=1, judge=Dawdling(speaker()))
    (judged,) = [event for event in events(made) if isinstance(event, Judged)]
    assert judged.cost_nanos
    assert judged.rank is None
    assert "had not decided" in judged.reason
    made.result("r1").pick(1)
    assert_sound(made)
    record = export_request(made.store, "r1")
    assert verify(record) == []
    assert replay(record).identical


def test_a_model_that_never_answers_costs_what_nobody_knows() -> None:
    async def never(prompt: Any) -> str:
        await asyncio.get_running_loop().create_future()
        return ""

    made = market()
    with pytest.raises(BrokenPlugin, match="judge personal had not decided"):
        made.run("hello", 10, seed=1, judge=PersonalJudge(listening(never)))  # type: ignore[arg-type]
    (judged,) = [event for event in events(made) if isinstance(event, Judged)]
    assert judged.cost_nanos is None
    assert judged.cost_max_nanos > 0
    made.result("r1").pick(1)
    assert_sound(made)
    assert verify(export_request(made.store, "r1")) == []
