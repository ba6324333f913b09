"""A policy that fails to learn: why is remembered until it learns again, and its request ends all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bidders.policies.tracker import TrackerPolicy
from orchestrator import Market
from orchestrator.engine.learning import learning_failures
from orchestrator.engine.learning_failures import LearningFailure
from tests.engine.world import Scripted, make_market, presenter


class Moody:
    """A policy whose learning can be changed."""

    name = "moody"
    version = 1

    def __init__(self, learn: Callable[[], Any]) -> None:
        self.now: Callable[[], Any] = learn

    def value(self, memory: Any, observations: Any) -> Any:
        raise NotImplementedError

    def learn(self, memory: Any, receipts: Any) -> Any:
        return self.now()


def raising(error: BaseException) -> Callable[[], Any]:
    def learn() -> Any:
        raise error

    return learn


def market_with(policy: Moody) -> Market:
    bidder: Any = Scripted("odd", {1: "9"})
    bidder.policy = policy
    return make_market(bidder, presenter("p", {1: "1", 2: "6"}))


def failures(market: Market) -> dict[str, LearningFailure]:
    return market.store.read(lambda reader: learning_failures(reader, market.seats.values()))


def finish(market: Market, times: int = 1) -> None:
    for _ in range(times):
        market.run("hello", 10).reject()


@pytest.mark.parametrize(
    ("learn", "reason"),
    [
        (raising(KeyError("x")), "KeyError: 'x'"),
        (raising(SystemExit(1)), "SystemExit: 1"),
        (raising(ValueError("\x1b[31mred\nline")), "ValueError: \N{REPLACEMENT CHARACTER}[31mred line"),
        (lambda: {1, 2}, "InvalidMemory: JSON cannot hold this memory: Object of type set is not JSON serializable"),
    ],
)
def test_the_reason_is_kept_in_one_printable_line(learn: Callable[[], Any], reason: str) -> None:
    market = market_with(Moody(learn))
    finish(market)
    assert failures(market) == {"odd": LearningFailure("r1", reason, 1)}


def test_ctrl_c_while_a_policy_learns_ends_nothing_and_is_no_fault_of_the_policy() -> None:
    policy = Moody(raising(KeyboardInterrupt()))
    market = market_with(policy)
    result = market.run("hello", 10)
    with pytest.raises(KeyboardInterrupt):
        result.reject()
    assert (result.status, failures(market), market.bidder_rows()["odd"].faults) == ("open", {}, 0)
    policy.now = lambda: {"seen": 1}
    assert result.reject().status == "rejected"


def test_a_policy_that_raises_an_interrupt_of_its_own_beside_the_main_thread_has_failed() -> None:
    market = market_with(Moody(raising(KeyboardInterrupt())))
    thread = threading.Thread(target=finish, args=(market,))
    thread.start()
    thread.join()
    assert failures(market)["odd"].reason == "KeyboardInterrupt: no message"


def test_a_reason_without_end_is_cut() -> None:
    market = market_with(Moody(raising(ValueError("x" * 10_000_000))))
    finish(market)
    assert len(failures(market)["odd"].reason) <= 300


def test_failures_in_a_row_are_counted_and_forgotten_once_it_learns() -> None:
    policy = Moody(raising(KeyError("x")))
    market = market_with(policy)
    finish(market, 3)
    assert failures(market)["odd"] == LearningFailure("r3", "KeyError: 'x'", 3)
    policy.now = lambda: {"seen": 1}
    finish(market)
    assert failures(market) == {}
    policy.now = raising(KeyError("y"))
    finish(market)
    assert failures(market)["odd"] == LearningFailure("r5", "KeyError: 'y'", 1)


def test_whoever_learns_has_not_failed() -> None:
    market = market_with(Moody(lambda: {"seen": 1}))
    finish(market)
    assert failures(market) == {}
    bidder: Any = Scripted("odd", {1: "9"})
    bidder.policy = TrackerPolicy()
    market = make_market(bidder)
    assert failures(market) == {}, "nothing was learned from yet"
