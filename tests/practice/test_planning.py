"""Planning a practice: a bidder that does not answer costs it one deadline, and not one for each task (R14)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Announcement, Market, Money
from orchestrator.cli.practice_views import plan_views
from orchestrator.errors import InvalidRequest
from tests.engine.world import HANG_SECONDS, Provider, make_market
from tests.practice.test_practice import SUMS, Answering, session_of, write_tasks


class Hanging(Answering):
    """Does not come back from one of the methods that it is asked by before it works, from some task on."""

    def __init__(self, name: str, method: str, from_task: int = 1) -> None:
        super().__init__(name, "18", Provider())
        self.times_asked = 0
        self._from_task = from_task
        self._said = {"transform_cost_max": Money.usd("0.01")}.get(method, True)
        setattr(self, method, self.hang)

    async def hang(self, announcement: Announcement) -> Any:
        self.times_asked += 1
        if self.times_asked >= self._from_task:
            await asyncio.Event().wait()
        return self._said


def impatient(*bidders: Any) -> Market:
    return make_market(*bidders, rules={"deadlines": {"bid_seconds": HANG_SECONDS}})


@pytest.mark.parametrize("method", ["eligible", "practises", "transform_cost_max"])
def test_a_bidder_that_hangs_costs_a_plan_one_deadline_and_not_one_for_each_task(method: str, tmp_path: Path) -> None:
    hanging = Hanging("a", method)
    market = impatient(hanging, Answering("b", "17", Provider()))
    planned = session_of(market, write_tasks(tmp_path, *SUMS)).plan
    assert (hanging.times_asked, planned.works) == (1, 2)
    assert planned.unready == {"a": "had not said what a task may cost after 0.05 s, and is asked about no other"}
    assert "a takes no part: had not said" in [str(line) for line in plan_views(planned, Money(0))][-1]


def test_bidders_are_asked_about_a_task_side_by_side(tmp_path: Path) -> None:
    """Each of them waits until all are asked."""
    asked: list[str] = []

    class Waiting(Answering):
        async def practises(self, announcement: Announcement) -> bool:
            asked.append(self.name)
            while len(asked) < 3:
                await asyncio.sleep(0)
            return True

    market = impatient(*(Waiting(name, "18", Provider()) for name in "abc"))
    assert session_of(market, write_tasks(tmp_path, SUMS[0])).plan.works == 3


def test_a_bidder_that_hangs_later_works_on_the_tasks_about_which_it_answered(tmp_path: Path) -> None:
    hanging = Hanging("a", "practises", from_task=2)
    market = impatient(hanging)
    planned = session_of(market, write_tasks(tmp_path, *SUMS, {"request": "1 + 1?", "answer": "2"})).plan
    assert [len(each.assignments) for each in planned.exercises] == [1, 0, 0]
    assert (hanging.times_asked, list(planned.unready)) == (2, ["a"])
    assert "a works on some tasks only: had not said" in [str(line) for line in plan_views(planned, Money(0))][-1]


def test_where_all_hang_nobody_can_work_and_it_is_said_who_did_not_answer(tmp_path: Path) -> None:
    market = impatient(Hanging("a", "practises"))
    with pytest.raises(InvalidRequest, match=r"nobody can work on these tasks.*\(a: had not said"):
        session_of(market, write_tasks(tmp_path, *SUMS))
