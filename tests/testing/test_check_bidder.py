"""The conformance kit finds every planted breach, says what to do about it, and finds nothing in a good bidder."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bidders.documents import DocumentBidder
from bidders.policies.fraction import FractionPolicy
from bidders.presenters import PresenterBidder
from bidders.scripted import ScriptedBidder
from bidders.tool import ToolBidder
from orchestrator.bidding import Announcement, Bid, Charged, Pass, Replacement, WonLot
from orchestrator.core.rules import Role
from orchestrator.core.state import Segment
from orchestrator.errors import ProviderError
from orchestrator.money import Money
from orchestrator.testing import Problem, assert_bidder, check_bidder, make_announcement

HALF_DOLLAR = Money.usd("0.50")


class Good:
    """A bidder that uses all of the contract, and keeps it."""

    name = "good"
    principal = "somebody"
    provider = "openai"
    roles: Sequence[Role] = ("transformer", "presenter")

    def __init__(self) -> None:
        self.policy = FractionPolicy()

    def eligible(self, announcement: Announcement) -> bool:
        return announcement.balance > HALF_DOLLAR

    def bid_cost_max(self, announcement: Announcement) -> Money:
        return Money.usd("0.01")

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return Money.usd("0.02")

    async def bid(self, announcement: Announcement) -> Any:
        said = await announcement.meter.call(self._think)
        await asyncio.sleep(0)
        if random.Random(announcement.seed).random() < 0.01:
            return Pass(said)
        return Bid(min(announcement.bounty.share(0.2), announcement.balance - HALF_DOLLAR), announcement.roles[-1])

    async def transform(self, lot: WonLot) -> Any:
        said = await lot.meter.call(self._think)
        if lot.role == "presenter":
            return [Segment(lot.state.text)]
        return Replacement((*lot.state.segments, Segment(said)))

    async def reserve(self, lot: WonLot) -> Money | None:
        return None

    def close(self) -> None:
        pass

    async def _think(self) -> Charged:
        return Charged("walk early", Money.usd("0.001"))


def messages(problems: Sequence[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_nothing_is_found_in_a_good_bidder() -> None:
    assert messages(check_bidder(Good())) == []
    assert_bidder(Good())


def test_nothing_is_found_in_our_own_bidders(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text(
        "# Walks\n\n## The weekend\n\nThe mountains are best walked early.\n\n## Huts\n\nHuts have soup.\n"
    )
    asked = [make_announcement(request="A weekend in the mountains with huts")]
    assert messages(check_bidder(DocumentBidder("notes", notes), asked, blocking_seconds=60)) == []
    assert messages(check_bidder(PresenterBidder("planner"), blocking_seconds=60)) == []
    assert messages(check_bidder(ToolBidder("tool", f"{__name__}:advise"), blocking_seconds=60)) == []


def advise(text: str) -> str:
    return f"In {len(text.split())} words: start early."


def test_a_scripted_bidder_bids_blindly_and_that_is_found() -> None:
    (problem,) = check_bidder(ScriptedBidder("script", bids=["2"]))
    assert "bids more than its wallet covers" in problem.message
    assert problem.situation == "an empty wallet"


def test_what_bidding_may_cost_is_no_part_of_a_bid() -> None:
    class Asks(Good):
        async def bid(self, announcement: Announcement) -> Any:
            return min(announcement.bounty, announcement.balance - self.transform_cost_max(announcement))

    poor = make_announcement(balance=Money.usd(1))
    (problem,) = check_bidder(Asks(), [poor])
    assert "bids more than its wallet covers" in problem.message
    assert "less what bid_cost_max() and transform_cost_max() say" in problem.message
    assert problem.situation == "your announcement 1"


# --- planted breaches of the shape ---

# Each: what to set on a good bidder, and what must be found.
SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "name is missing"),
    "an empty name": ({"name": " "}, "name is ' '; it must be a str that is not empty"),
    "a name that is no key": ({"name": "my/bidder"}, "name: 'my/bidder' is no name; it must be 1 to 64 letters"),
    "a principal that is no key": ({"principal": "my firm"}, "principal: 'my firm' is no name"),
    "a name that is a number": ({"name": 7}, "name is 7; it must be a str"),
    "a principal that is no str": ({"principal": 7}, "principal is 7"),
    "a provider that is no str": ({"provider": b"x"}, "provider is b'x'"),
    "no roles": ({"roles": None}, "roles is missing: set it to ('transformer',)"),
    "empty roles": ({"roles": ()}, "roles is empty"),
    "a role as a str": ({"roles": "presenter"}, "roles is str 'presenter'; write a tuple"),
    "an unknown role": ({"roles": ("transformer", "judge")}, "roles has 'judge'; a role is"),
    "no bid": ({"bid": None}, "bid() is missing: write `async def bid"),
    "no transform": ({"transform": "text"}, "transform() is missing"),
    "eligible as a flag": ({"eligible": True}, "eligible is bool; it must be a method"),
    "a policy that is a class": ({"policy": FractionPolicy}, "policy.FractionPolicy is a class"),
    "a policy that cannot learn": ({"policy": object()}, "policy.learn() is missing"),
}


@pytest.mark.parametrize(("planted", "found"), SHAPES.values(), ids=SHAPES)
def test_a_breach_of_shape_is_found(planted: dict[str, Any], found: str) -> None:
    bidder = Good()
    for attribute, value in planted.items():
        setattr(bidder, attribute, value)
    assert found in "\n".join(messages(check_bidder(bidder)))


def test_a_class_in_place_of_a_bidder_is_found() -> None:
    assert messages(check_bidder(Good)) == ["Good is a class; give the kit a bidder made from it"]


def test_attributes_that_are_not_there_at_all_are_found() -> None:
    found = "\n".join(messages(check_bidder(object())))
    for missing in ("name is missing", "roles is missing", "bid() is missing", "transform() is missing"):
        assert missing in found


class AsyncClose(Good):
    async def close(self) -> None:  # type: ignore[override]
        pass


def test_a_plain_method_that_is_async_is_found() -> None:
    assert "close() is async; the market calls it plainly: write `def close`" in messages(check_bidder(AsyncClose()))


# --- planted breaches of the answers ---


class Bids(Good):
    """Bids whatever it is told to."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    async def bid(self, announcement: Announcement) -> Any:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer(announcement) if callable(self._answer) else self._answer


def over_balance(announcement: Announcement) -> Money:
    return announcement.balance


BIDS: dict[str, tuple[Any, str]] = {
    "a float": (0.5, "bid() returned float 0.5; an amount is Money, for example Money.usd('2.50'), never negative"),
    "NaN": (float("nan"), "bid() returned float nan; an amount is Money"),
    "a str": ("2.50", "bid() returned str '2.50'; an amount is Money"),
    "an int": (2, "bid() returned int 2; an amount is Money, for example Money.usd('2')"),
    "a negative": (-1, "bid() returned int -1; an amount is Money"),
    "a Decimal": (Decimal("0.1"), "bid() returned Decimal Decimal('0.1'); an amount is Money"),
    "a bool": (True, "bid() returned bool True; return Money to bid, or Pass('why') to pass"),
    "None": (None, "bid() returned None; return Money to bid, or Pass('why') to pass"),
    "a dict": ({"amount": 1}, "bid() returned dict"),
    "the class Pass": (lambda _: Pass, "that is the class: write Pass(...)"),
    "a pass without words": (Pass(3), "bid() passes with the reason int 3; a reason is str"),  # type: ignore[arg-type]
    "a bid of a float": (Bid(1.5), "bid() returned a Bid of float 1.5; an amount is Money"),  # type: ignore[arg-type]
    "an unknown role": (Bid(Money(1), "judge"), "bid() bids as 'judge', a role that it does not have"),  # type: ignore[arg-type]
    "a role that is not asked for": (
        Bid(Money(1), "transformer"),
        "bid() bids as 'transformer' where it may not: see announcement.roles [the last stage]",
    ),
    "all it has, and costs besides": (over_balance, "bid() bids more than its wallet covers, which is refused"),
    "a raise": (KeyError("stage"), "bid() raises KeyError: 'stage'"),
    "an exit": (SystemExit(1), "bid() raises SystemExit: 1"),
    "negative money": (lambda _: Money.usd(-1), "bid() raises InvalidMoney: -1 is negative"),
}


@pytest.mark.parametrize(("answer", "found"), BIDS.values(), ids=BIDS)
def test_a_bad_bid_is_found(answer: Any, found: str) -> None:
    problems = check_bidder(Bids(answer))
    assert found in "\n".join(messages(problems))
    assert not any(problem.is_warning for problem in problems)
    with pytest.raises(AssertionError, match="bidder good breaks its contract"):
        assert_bidder(Bids(answer))


class OnlyTransforms(Bids):
    roles = ("transformer",)


def test_a_bid_in_a_role_that_it_does_not_have_is_found() -> None:
    (found,) = messages(check_bidder(OnlyTransforms(Bid(Money(1), "presenter"))))
    assert "bids as 'presenter', a role that it does not have: its roles are ('transformer',)" in found


class Delivers(Good):
    """Delivers whatever it is told to."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    async def bid(self, announcement: Announcement) -> Any:
        return Money(1)

    async def transform(self, lot: WonLot) -> Any:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer(lot) if callable(self._answer) else self._answer


def segment(**fields: Any) -> list[Segment]:
    return [Segment(**{"text": "x", "digest": "x", **fields})]


DELIVERIES: dict[str, tuple[Any, str]] = {
    "None": (None, "transform() returned None; return a list of Segment"),
    "a str": ("text", "transform() returned str; put the text in a segment: [Segment(text)]"),
    "bytes": (b"text", "transform() returned bytes; decode it and put it in a segment"),
    "one segment": (Segment("x"), "transform() returned Segment; put it in a list"),
    "strs": (["text"], "transform() returned a list with str in it; put the text in a segment"),
    "a replacement of a str": (Replacement("text"), "transform() returned a Replacement of str"),  # type: ignore[arg-type]
    "an iterator": (iter([Segment("x")]), "transform() returned list_iterator; return a list of Segment"),
    "nothing": ([], "transform() delivers no text, which is a fault"),
    "empty text": ([Segment(" \n")], "transform() delivers no text, which is a fault"),
    "text that is bytes": (segment(text=b"x"), "transform() returned a Segment whose text is bytes; a text is str"),
    "NUL": ([Segment("a\0b")], "transform() delivers text that cannot be stored"),
    "half a surrogate pair": (segment(text="\ud800"), "transform() delivers text that cannot be stored"),
    "a kind with a line break": (segment(kind="a\nb"), "a Segment of kind str 'a\\nb'; it is a short printable str"),
    "the same state": (lambda lot: Replacement(lot.state.segments), "transform() delivers the text that it bought"),
    "the same text again": (lambda lot: [Segment(lot.state.text)], "transform() delivers the text that it bought"),
    "ten megabytes": ([Segment("x" * 10_000_000)], "transform() delivers a state of more than 1,000,000 bytes"),
    "a raise": (ValueError("no\nmodel"), "transform() raises ValueError: no model"),
    "an exit": (SystemExit(0), "transform() raises SystemExit: 0"),
}


@pytest.mark.parametrize(("answer", "found"), DELIVERIES.values(), ids=DELIVERIES)
def test_a_bad_delivery_is_found(answer: Any, found: str) -> None:
    assert found in "\n".join(messages(check_bidder(Delivers(answer))))


def test_a_presenter_may_present_the_state_as_it_is() -> None:
    class Shows(Delivers):
        roles = ("presenter",)

        def transform_cost_max(self, announcement: Announcement) -> Money:
            return Money(0)

    assert messages(check_bidder(Shows(lambda lot: [Segment(lot.state.text)]))) == []


# --- planted breaches of the smaller methods ---


class Promises(Good):
    """Its plain methods answer whatever they are told to."""

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self._answers = answers

    def _answer(self, method: str, otherwise: Any) -> Any:
        answer = self._answers.get(method, otherwise)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def eligible(self, announcement: Announcement) -> Any:
        return self._answer("eligible", True)

    def bid_cost_max(self, announcement: Announcement) -> Any:
        return self._answer("bid_cost_max", Money.usd("0.01"))

    def transform_cost_max(self, announcement: Announcement) -> Any:
        return self._answer("transform_cost_max", Money.usd("0.02"))

    async def bid(self, announcement: Announcement) -> Any:
        await announcement.meter.call(self._think)
        return Money(min(1000, announcement.balance.nanos // 2))

    async def reserve(self, lot: WonLot) -> Any:
        return self._answer("reserve", None)

    async def practises(self, announcement: Announcement) -> Any:
        return self._answer("practises", True)


PROMISES: dict[str, tuple[dict[str, Any], str]] = {
    "eligible as a number": ({"eligible": 1}, "eligible() returned int; it must return True or False"),
    "eligible raises": ({"eligible": ValueError("x")}, "eligible() raises ValueError: x"),
    "a cost as a float": ({"bid_cost_max": 0.5}, "bid_cost_max() returned float; it must return Money"),
    "a cost of None": ({"transform_cost_max": None}, "transform_cost_max() returned NoneType; it must return Money"),
    "a cost that raises": ({"transform_cost_max": ValueError("x")}, "transform_cost_max() raises ValueError: x"),
    "no cost declared": ({"bid_cost_max": Money(0)}, "calls beyond the declared worst case of 0.00 USD"),
    "a reserve as a float": ({"reserve": 0.5}, "reserve() returned float; it must return Money, or None"),
    "practises as a number": ({"practises": 1}, "practises() returned int; it must return True or False"),
    "practises raises": ({"practises": ValueError("x")}, "practises() raises ValueError: x"),
    "a reserve that raises": ({"reserve": ValueError("x")}, "reserve() raises ValueError: x"),
}


@pytest.mark.parametrize(("planted", "found"), PROMISES.values(), ids=PROMISES)
def test_a_bad_promise_is_found(planted: dict[str, Any], found: str) -> None:
    assert found in "\n".join(messages(check_bidder(Promises(**planted))))


def test_a_bidder_that_is_never_eligible_is_not_asked_and_that_is_pointed_out() -> None:
    (problem,) = check_bidder(Promises(eligible=False))
    assert problem.is_warning
    assert "transform() was not tried" in problem.message


# --- planted breaches of conduct ---


class Plain(Good):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.never = asyncio.Event()

    async def bid(self, announcement: Announcement) -> Any:
        return Money(1) if announcement.balance > HALF_DOLLAR else Pass("too poor")


class SyncBid(Plain):
    def bid(self, announcement: Announcement) -> Any:
        return Money(1)


class GeneratorBid(Plain):
    async def bid(self, announcement: Announcement) -> AsyncIterator[Money]:  # type: ignore[override]
        yield Money(1)


class SyncTransform(Plain):
    def transform(self, lot: WonLot) -> Any:
        return [Segment("x")]


class HangingBid(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        await asyncio.Event().wait()


class StubbornTransform(Plain):
    async def transform(self, lot: WonLot) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class BlockingBid(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        threading.Event().wait(0.03)
        return Pass("slept")


class BlockingOnce(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        self.calls += 1
        if self.calls == 1:
            threading.Event().wait(0.5)
        return Pass("ready now")


def test_a_bidder_that_builds_its_index_at_first_use_is_let_pass() -> None:
    assert "blocks" not in "\n".join(messages(check_bidder(BlockingOnce(), blocking_seconds=0.4)))


class Rewriting(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        object.__setattr__(announcement, "bounty", Money(0))
        return Pass("rewritten")


class RewritingState(Plain):
    async def transform(self, lot: WonLot) -> Any:
        object.__setattr__(lot.state, "segments", ())
        return [Segment("x")]


class Fickle(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        self.calls += 1
        return Pass(f"call {self.calls}")


class FickleTransform(Plain):
    async def transform(self, lot: WonLot) -> Any:
        self.calls += 1
        return [Segment(f"call {self.calls}")]


class ProviderDown(Plain):
    async def bid(self, announcement: Announcement) -> Any:
        raise ProviderError("no connection")


CONDUCT: dict[str, tuple[type[Plain], str]] = {
    "sync bid": (SyncBid, "bid() is not async: write `async def bid`"),
    "bid that yields": (GeneratorBid, "bid() is not async: return the answer, do not yield it"),
    "sync transform": (SyncTransform, "transform() is not async: write `async def transform`"),
    "hanging bid": (HangingBid, "bid() had not come back after 0.02 s: the market would not wait"),
    "stubborn transform": (StubbornTransform, "transform() had not come back after 0.02 s"),
    "blocking bid": (BlockingBid, "bid() blocks the event loop for more than 0.02 s"),
    "rewritten announcement": (Rewriting, "bid() changes bounty of what it was given"),
    "rewritten state": (RewritingState, "transform() changes state of what it was given"),
    "fickle bid": (Fickle, "warning: bid() answers the same question differently the second time"),
    "fickle transform": (FickleTransform, "warning: transform() answers the same question differently"),
    "provider down": (ProviderDown, "warning: bid() could not be checked, its provider failed: no connection"),
}


@pytest.mark.parametrize(("planted", "found"), CONDUCT.values(), ids=CONDUCT)
def test_bad_conduct_is_found(planted: type[Plain], found: str) -> None:
    problems = check_bidder(planted(), deadline_seconds=0.02, blocking_seconds=0.02)
    assert found in "\n".join(messages(problems))


class Remembering(Plain):
    """Writes into the memory that its twins read too."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = Diary()

    async def bid(self, announcement: Announcement) -> Any:
        if announcement.memory:
            announcement.memory["seen"] = 99
        return Pass("noted")


class Diary(FractionPolicy):
    def learn(self, memory: Any, receipts: Any) -> Any:
        return {"seen": (memory or {"seen": 0})["seen"] + len(receipts)}


def test_a_bidder_that_writes_into_its_memory_is_found() -> None:
    assert "bid() changes memory of what it was given" in "\n".join(messages(check_bidder(Remembering())))


def test_a_bidders_policy_is_checked_too() -> None:
    class Forgetful(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.policy = Unstorable()

    class Unstorable(FractionPolicy):
        def learn(self, memory: Any, receipts: Any) -> Any:
            return {1, 2}

    assert "its policy: learn() returned a memory that JSON cannot hold" in "\n".join(
        messages(check_bidder(Forgetful()))
    )


def test_a_bidder_that_never_gives_the_loop_back_does_not_take_the_kit_with_it() -> None:
    released = threading.Event()

    class Stuck(Plain):
        async def bid(self, announcement: Announcement) -> Any:
            released.wait(30)
            return Pass("at last")

    try:
        found = messages(check_bidder(Stuck(), deadline_seconds=0.02))
        assert "bid() had not come back after 0.02 s" in "\n".join(found)
    finally:
        released.set()


# --- the kit itself ---


def test_a_bidder_that_always_passes_is_pointed_out_unless_it_bids_on_an_announcement_of_its_author() -> None:
    class Choosy(Plain):
        async def bid(self, announcement: Announcement) -> Any:
            return Money(1) if "chess" in announcement.request else Pass("no chess")

        async def transform(self, lot: WonLot) -> Any:
            return None

    (problem,) = check_bidder(Choosy())
    assert problem.is_warning
    assert_bidder(Choosy())
    asked = [make_announcement(request="A book on chess")]
    assert messages(check_bidder(Choosy(), asked)) == [
        "transform() returned None; return a list of Segment, or Replacement(list of Segment) [your announcement 1]"
    ]


def test_the_same_breach_in_many_situations_is_one_problem_and_breaches_come_first() -> None:
    class Mixed(Fickle):
        async def transform(self, lot: WonLot) -> Any:
            return None

        async def bid(self, announcement: Announcement) -> Any:
            self.calls += 1
            return Money(self.calls) if announcement.balance > HALF_DOLLAR else Pass("too poor")

    assert [problem.is_warning for problem in check_bidder(Mixed())] == [False, True]


def test_the_kit_works_inside_a_running_event_loop() -> None:
    async def within() -> list[Problem]:
        return check_bidder(Good())

    assert asyncio.run(within()) == []


def test_the_kit_leaves_no_thread_behind() -> None:
    check_bidder(Good())
    check_bidder(HangingBid(), deadline_seconds=0.02)
    assert [thread.name for thread in threading.enumerate() if thread.name == "conformance kit"] == []


def test_the_bidder_that_the_readme_shows_keeps_the_contract() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n([^`]*class Weather:[^`]*?)\nwith ", readme)

    def problems(source: str) -> list[Problem]:
        shown: dict[str, Any] = {}
        exec(source, shown)
        return [found for found in check_bidder(shown["Weather"]()) if not found.is_warning]

    bounded = "min(announcement.bounty.share(0.3), announcement.balance)"
    assert problems(code) == []
    (careless,) = problems(code.replace(bounded, "announcement.bounty.share(0.3)"))
    assert "bids more than its wallet covers" in careless.message
