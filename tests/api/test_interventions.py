"""What happens when somebody cancels under a running driver, or a judge breaks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Announcement, Charged, Hearing, Market, Money, Rank, ShownOffer, WonLot
from orchestrator.api import driving
from orchestrator.api.memories import read_memory
from orchestrator.core.events import Judged
from orchestrator.core.judging import charge_judge
from orchestrator.errors import BrokenLaw, BrokenPlugin, InvalidRequest, StaleDriver, WrongStatus
from orchestrator.record import export_request, replay, verify
from orchestrator.store import Transaction
from tests.engine.world import Scripted, assert_sound, make_market, posted, presenter

PATIENCE_SECONDS = 20


def test_cancelling_under_the_driver_returns_the_rejected_result() -> None:
    class Cancelling(Scripted):
        async def bid(self, announcement: Announcement) -> Money:
            if announcement.stage == 2:
                market.cancel("r1")
            return Money.usd(1)

    market = make_market(Cancelling("a", {}), Scripted("b", {1: "2"}), presenter("p", {2: "3"}))
    result = market.run("hello", 10, seed=1)
    assert (result.status, result.reason) == ("rejected", "cancelled by the requester")
    assert_sound(market)


def test_a_request_that_another_process_cancels_is_stopped_in_the_middle_of_a_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "LOOK_SECONDS", 0.01)

    class Endless(Scripted):
        is_stopped = False

        async def transform(self, lot: WonLot) -> Any:
            with make_market(store=str(tmp_path / "market.db")) as elsewhere:
                elsewhere.cancel("r1")
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            finally:
                self.is_stopped = True

    endless = Endless("a", {1: "2"})
    with make_market(endless, presenter("p", {2: "3"}), store=str(tmp_path / "market.db")) as market:
        result = market.run("hello", 10, seed=1)
        assert (result.status, result.reason) == ("rejected", "cancelled by the requester")
        assert endless.is_stopped
        assert_sound(market)


def test_a_driver_whose_request_another_process_has_taken_over_stops_in_the_middle_of_a_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is thought to be gone and is not, as where a network was: its bidders would spend on beside the other's."""
    monkeypatch.setattr(driving, "LOOK_SECONDS", 0.01)
    database = str(tmp_path / "market.db")

    class Endless(Scripted):
        is_stopped = False

        async def transform(self, lot: WonLot) -> Any:
            with make_market(store=database) as elsewhere:
                row = elsewhere.requests()[0]
                elsewhere.store.transact(lambda tx: tx.put_request(row._replace(driver="another-host/77/1234/1")))
            try:
                await asyncio.sleep(PATIENCE_SECONDS)
            finally:
                self.is_stopped = True

    endless = Endless("a", {1: "2"})
    with make_market(endless, presenter("p", {2: "3"}), store=database) as market:
        with pytest.raises(StaleDriver, match=r"r1 was taken over by another process \(another-host/77/1234/1\)"):
            market.run("hello", 10, seed=1)
        assert endless.is_stopped
        assert market.requests()[0].driver == "another-host/77/1234/1"
        assert_sound(market)


def test_a_driver_that_is_done_while_its_request_is_cancelled_is_let_be() -> None:
    """It is done in another thread, between any two steps of whoever cancels."""

    class Vanishing(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            return True

    market = make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}))
    market.run("hello", 10, seed=1)
    market._driving._under_way = Vanishing()
    market.cancel("r1")
    assert market.result("r1").status == "rejected"


class BrokenJudge:
    name = "broken"

    async def pick(self, request: str, offers: object) -> Rank:
        raise ZeroDivisionError("no taste")


def test_a_judge_that_breaks_is_named_and_leaves_the_request_open() -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(
        BrokenPlugin, match=r"judge broken failed \(ZeroDivisionError: no taste\); request r1 stays open"
    ):
        market.run("hello", 10, seed=1, judge=BrokenJudge())
    assert market.result("r1").status == "open"
    market.pick("r1", 1)
    assert_sound(market)


@pytest.mark.parametrize("name", [None, 5, "", "\ud800", "a\nb", "a" * 201])
def test_a_judge_whose_name_cannot_be_recorded_picks_nothing(name: Any) -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    market.run("hello", 10, seed=1)
    with pytest.raises(InvalidRequest, match="a judge's name is 1 to 200 printable characters"):
        market.pick("r1", 1, judge=name)
    assert market.result("r1").status == "open"
    market.pick("r1", 1, judge="Åsa")
    assert market.result("r1").status == "released"


def test_what_a_broken_judge_says_is_told_in_one_printable_line() -> None:
    class Garbled:
        name = "garbled"

        async def pick(self, request: str, offers: object) -> Rank:
            raise ValueError("\ud800 and\nmore" + "!" * 10_000)

    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(BrokenPlugin) as refusal:
        market.run("hello", 10, seed=1, judge=Garbled())
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 500


class Paying:
    """A judge that makes two calls, and between them somebody ends the request."""

    name = "paying"
    provider = "model"

    def __init__(self, end: Any, costs: Sequence[str | None] = ("0.03", "0.02")) -> None:
        self._end = end
        self._costs = costs

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        return Money.usd("0.10")

    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Rank:
        assert hearing is not None
        for number, cost in enumerate(self._costs):
            if number == 1:
                self._end()
            await hearing.meter.call(partial(self._answer, cost))
        return Rank(1)

    async def _answer(self, cost: str | None) -> Charged:
        return Charged("the first", None if cost is None else Money.usd(cost))


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def cancel(market: Market, clock: Clock) -> None:
    market.cancel("r1")


def pick(market: Market, clock: Clock) -> None:
    market.pick("r1", 1, judge="imogen")


def let_expire(market: Market, clock: Clock) -> None:
    clock.now += 8 * 86_400
    market.expire_due()


class Counting(Scripted):
    """Learns how often it is taught."""

    def __init__(self) -> None:
        super().__init__("c", {1: "1"})
        self.policy = self
        self.version = 1

    def value(self, memory: Any, observations: Any) -> Any:
        raise NotImplementedError

    def learn(self, memory: Any, receipts: Any) -> Any:
        return (memory or 0) + 1


@pytest.mark.parametrize("store", ["memory", "file"])
@pytest.mark.parametrize("costs", [("0.03", "0.02"), ("0.03", None), ("0.03", "0.50")])
@pytest.mark.parametrize(("end", "status"), [(cancel, "rejected"), (pick, "released"), (let_expire, "expired")])
def test_a_request_that_ends_under_its_judge_is_told_as_that_and_pays_for_it(
    end: Callable[[Market, Clock], None], status: str, costs: Sequence[str | None], store: str, tmp_path: Path
) -> None:
    path, clock = "memory" if store == "memory" else str(tmp_path / "market.db"), Clock()
    market = make_market(Scripted("a", {1: "2"}), presenter("p"), store=path, clock=clock)
    heard: list[str] = []
    judge = Paying(lambda: end(market, clock), costs)
    with pytest.raises(WrongStatus, match=f"r1 is {status}: it ended while judge paying looked at its offers"):
        market.run("hello", 10, seed=1, judge=judge, on_event=lambda event, progress: heard.append(event.kind))
    known = sum(Money.usd(cost).nanos for cost in costs if cost is not None)
    result = market.result("r1")
    assert (result.status, heard[-1]) == (status, "judged")
    assert posted(market, "provider:model") == result.statement().judging_nanos == known
    (row,) = market.requests()
    assert (row.status, row.driver) == (status, "")
    assert_sound(market)
    record = export_request(market.store, "r1")
    assert verify(record) == []
    assert replay(record).identical
    market.close()


def test_what_is_charged_for_a_judge_after_the_end_is_verified() -> None:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    with pytest.raises(WrongStatus):
        market.run("hello", 10, seed=1, judge=Paying(lambda: market.cancel("r1")))
    record = export_request(market.store, "r1")
    for row in record["transfers"]:
        if row["code"] == "judging":
            row["amount_nanos"] += 1
    assert any("judging" in str(finding) for finding in verify(record))


def test_a_request_whose_judge_outlasts_it_ends_once() -> None:
    """Its bidders are kept up, and learn, in the commit that ends it and not again; and it ended when it did."""
    clock = Clock()
    market = make_market(Scripted("a", {1: "2"}), presenter("p", {2: "3"}), Counting(), clock=clock)

    def end() -> None:
        market.pick("r1", 1)
        clock.now += 60

    with pytest.raises(WrongStatus):
        market.run("hello", 10, seed=1, judge=Paying(end))
    assert read_memory(market, "c").memory == 1
    assert [row.ended_seconds for row in market.requests()] == [0.0]


def test_a_request_without_offers_has_nothing_to_pay_a_judge_for() -> None:
    market = make_market(Scripted("a", {1: "2"}))
    progress = market.read_log(market.run("hello", 10, seed=1).request_id).progress
    with pytest.raises(BrokenLaw, match="no judge can be paid"):
        charge_judge(progress, Judged("paying", None, "", 10, 10, "model"), 0)


# --- two judges ---


def opened(**options: Any) -> Market:
    market = make_market(Scripted("a", {1: "2"}), presenter("p"))
    market.run("hello", 10, seed=1, **options)
    return market


def judged_by(market: Market, mark: str) -> None:
    """Leave the mark of somebody whose judge looks at the offers."""

    def work(tx: Transaction) -> None:
        row = tx.find_request("r1")
        assert row is not None
        tx.put_request(row._replace(driver=mark))

    market.store.transact(work)


def test_two_paid_judges_of_one_request_never_look_at_once() -> None:
    """They would spend one worst case twice, and so more than the cap."""

    def judge_beside() -> None:
        with pytest.raises(WrongStatus, match="r1 is being judged by another call in this process; wait for that"):
            market.judge("r1", Paying(lambda: None))

    market = opened(spend_cap="0.10")
    assert market.judge("r1", Paying(judge_beside)).status == "released"
    assert posted(market, "provider:model") == Money.usd("0.05").nanos
    assert verify(export_request(market.store, "r1")) == []


def test_a_judge_that_costs_nothing_looks_beside_a_paid_one() -> None:
    market = opened()
    with pytest.raises(WrongStatus, match="r1 is released: it ended while judge paying looked"):
        market.judge("r1", Paying(lambda: market.judge("r1", "top")))
    assert_sound(market)


def test_what_a_judge_leaves_in_whatever_way_another_can_take_up() -> None:
    market = opened()

    def fail() -> None:
        raise ValueError("no taste")

    with pytest.raises(BrokenPlugin, match="no taste"):
        market.judge("r1", Paying(fail))
    assert [row.driver for row in market.requests()] == [""]
    judged_by(market, f"{socket.gethostname()}/{2**30}/1/1")
    assert market.judge("r1", Paying(lambda: None)).status == "released"


def test_a_judge_on_another_host_counts_as_looking_until_it_is_said_to_be_gone() -> None:
    market = opened()
    judged_by(market, "elsewhere/1/1/1")
    with pytest.raises(
        WrongStatus, match=r"another process \(elsewhere/1/1/1\); if its host is gone, `vickrey resume r1"
    ):
        market.judge("r1", Paying(lambda: None))
    assert market.judge("r1", Paying(lambda: None), take_over=True).status == "released"


def test_a_judge_that_was_taken_over_leaves_the_lease_to_the_other() -> None:
    market = opened()

    def take_over() -> None:
        judged_by(market, "elsewhere/1/1/1")
        raise ValueError("comes too late")

    with pytest.raises(BrokenPlugin, match="comes too late"):
        market.judge("r1", Paying(take_over))
    assert [row.driver for row in market.requests()] == ["elsewhere/1/1/1"]
