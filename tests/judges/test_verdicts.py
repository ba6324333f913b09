"""What a judge decides is read before it is recorded, and what its calls cost is charged whatever that was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orchestrator import Charged, Hearing, Market, Money, Rank, ShownOffer
from orchestrator.bidding import Later
from orchestrator.core.events import Judged
from orchestrator.errors import BrokenPlugin, InvalidRequest
from orchestrator.judges import CallbackJudge, VerifierJudge
from orchestrator.record import export_request, replay, verify
from tests.engine.world import Scripted, assert_sound, events, make_market, posted, presenter

COST = Money.usd("0.05")


class Paying:
    """A judge that makes one call, and then says or does something."""

    name = "paying"

    def __init__(self, decide: Callable[[], Any], provider: Any = "model") -> None:
        self.provider = provider
        self._decide = decide

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        return Money.usd("0.10")

    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Any:
        async def perform() -> Charged:
            return Charged("the first", COST)

        assert hearing is not None
        await hearing.meter.call(perform)
        return self._decide()


class Unspeakable:
    def __str__(self) -> str:
        raise ZeroDivisionError("no words")


def opened() -> Market:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    market.run("hello", 10, seed=1)
    return market


def raising(error: BaseException) -> Callable[[], Any]:
    def decide() -> Any:
        raise error

    return decide


def assert_paid_for_and_open(market: Market) -> None:
    assert posted(market, "provider:model") == COST.nanos
    (judged,) = [event for event in events(market) if isinstance(event, Judged)]
    assert (judged.rank, judged.cost_nanos) == (None, COST.nanos)
    assert market.result("r1").status == "open"
    market.pick("r1", 1)
    assert_sound(market)
    record = export_request(market.store, "r1")
    assert verify(record) == []
    assert replay(record).identical


@pytest.mark.parametrize("rank", ["first", 1.5, None, True, 99, -1])
def test_a_rank_that_is_none_is_paid_for_and_does_not_lock_up_the_request(rank: Any) -> None:
    market = opened()
    told = r"judge paying gave no verdict: request r1 has offers 1 to 1; there is no offer .*; request r1 stays open"
    with pytest.raises(BrokenPlugin, match=told):
        market.judge("r1", Paying(lambda: Rank(rank)))
    assert_paid_for_and_open(market)


class Unpaid:
    """A judge without calls."""

    name = "unpaid"

    def __init__(self, said: Any) -> None:
        self._said = said

    async def pick(self, request: str, offers: Sequence[ShownOffer]) -> Any:
        return self._said


def nothing(offer: Any) -> Any:
    return None


@pytest.mark.parametrize(
    ("judge", "told"),
    [
        (Unpaid(1), "judge unpaid gave no verdict: it returned int, which must be Rank, Reject or Later"),
        (Unpaid(Rank(0)), "judge unpaid gave no verdict: it picked rank 0; ranks begin at 1, and Reject takes none"),
        (CallbackJudge(lambda request, offers: "x"), "judge callback gave no verdict: the judge said 'x'"),
        (VerifierJudge(nothing), "judge verifier gave no verdict: the verifier returned None"),
    ],
)
def test_a_judge_that_gives_no_verdict_is_told_with_the_request_that_stays_open(judge: Any, told: str) -> None:
    market = opened()
    with pytest.raises(BrokenPlugin, match=f"^{told}.*; request r1 stays open$"):
        market.judge("r1", judge)
    assert market.result("r1").status == "open"


def test_a_judge_need_not_say_why_it_decides_later() -> None:
    market = opened()
    reason: Any = None
    assert market.judge("r1", Paying(lambda: Later(reason))).status == "open"
    assert_paid_for_and_open(market)


@pytest.mark.parametrize(
    ("decide", "because"),
    [
        (lambda: Later(Unspeakable()), r"ZeroDivisionError: no words"),  # type: ignore[arg-type]
        (raising(asyncio.CancelledError("its client went away")), "CancelledError: its client went away"),
    ],
    ids=["a reason that cannot be told", "a cancellation of its own"],
)
def test_a_judge_that_breaks_in_an_odd_way_is_named_and_paid_for(decide: Callable[[], Any], because: str) -> None:
    market = opened()
    with pytest.raises(BrokenPlugin, match=rf"judge paying failed \({because}\); request r1 stays open"):
        market.judge("r1", Paying(decide))
    assert_paid_for_and_open(market)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_a_judge_in_which_the_program_is_ended_is_paid_for_first(error: BaseException) -> None:
    market = opened()
    with pytest.raises(type(error)):
        market.judge("r1", Paying(raising(error)))
    assert_paid_for_and_open(market)


class Thinking(Paying):
    """Makes its call, and then does not come to a decision."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.is_thinking = asyncio.Event()

    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Any:
        await super().pick(request, offers, hearing)
        self.is_thinking.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("is_withdrawn", [False, True], ids=["open", "withdrawn meanwhile"])
def test_a_judge_whose_task_is_cancelled_is_paid_for_first(is_withdrawn: bool) -> None:
    market = opened()

    async def judge_and_stop() -> None:
        thinking = Thinking()
        judging = asyncio.ensure_future(market.ajudge("r1", thinking))
        await thinking.is_thinking.wait()
        if is_withdrawn:
            market.cancel("r1")
        judging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await judging

    asyncio.run(judge_and_stop())
    assert market.result("r1").statement().judging_nanos == posted(market, "cap-spent") == COST.nanos
    if not is_withdrawn:
        assert_paid_for_and_open(market)
    assert_sound(market)


@pytest.mark.parametrize("provider", [None, "", 5, "\ud800", "a" * 101])
def test_a_judge_whose_provider_no_account_can_name_is_refused_before_anything_is_spent(provider: Any) -> None:
    market = opened()
    with pytest.raises(InvalidRequest, match="its `provider` is no printable name of 1 to 100 letters"):
        market.judge("r1", Paying(lambda: Rank(1), provider))
    assert [event for event in events(market) if isinstance(event, Judged)] == []
    market.pick("r1", 1)
    assert_sound(market)
