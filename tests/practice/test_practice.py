"""Practice: what it may cost is known first, the treasury pays, answers are kept, policies learn once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.fraction import FractionPolicy
from bidders.policies.tracker import TrackerPolicy
from bidders.tool import ToolBidder
from orchestrator import Announcement, Charged, Lesson, Market, Money, Observation, Receipt, Segment, Valuation, WonLot
from orchestrator.api.memories import import_memory, read_memory, reset_memory
from orchestrator.core.keys import digest_text
from orchestrator.errors import ProviderError
from orchestrator.practice import LabelledTask, PracticeReport, Session, practise, prepare, read_tasks
from orchestrator.practice.verifiers import Verifier, exact
from orchestrator.store import MemoryStore, Store, Transaction
from tests.engine.world import Paid, Provider, assert_sound, make_market, posted, presenter

NANOS = 10**9
CENT = NANOS // 100


class Recalling:
    """Remembers the lessons that it was given."""

    name = "recalling"
    version = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([1.0] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        works = [[[work.bidder, work.claim, work.score, work.cost_usd] for work in each.works] for each in lessons]
        return [*(memory or []), *([each.request, *work] for each, work in zip(lessons, works, strict=True))]


class Answering(Paid):
    """Answers every task with the same, for a cent."""

    def __init__(self, name: str, says: str, provider: Provider, policy: Any = None, **more: Any) -> None:
        super().__init__(name, {1: "1"}, provider, **more)
        self.policy = policy
        self.answer = says

    async def transform(self, lot: WonLot) -> Any:
        await self._call(lot, "transform", 0)
        return [Segment(self.answer, kind="answer")]


def write_tasks(folder: Path, *tasks: Any) -> list[LabelledTask]:
    path = folder / "tasks.jsonl"
    path.write_text("\n".join(json.dumps(task) if not isinstance(task, str) else task for task in tasks))
    return read_tasks(path, 10 * NANOS)


async def plan(market: Market, tasks: Sequence[LabelledTask], verifier: Verifier = exact) -> Session:
    return await prepare(market.store, market.seats, market.config.rules, tasks, verifier)


def session_of(market: Market, tasks: Sequence[LabelledTask], verifier: Verifier = exact) -> Session:
    return asyncio.run(plan(market, tasks, verifier))


def run(market: Market, tasks: Sequence[LabelledTask], cap: int | None = None, again: bool = False) -> PracticeReport:
    session = session_of(market, tasks)
    most = session.plan.cost_max_nanos if cap is None else cap
    return asyncio.run(practise(session, most, again=again))


class Dead(Exception):
    """A process that has died writes nothing more."""


class DyingStore:
    """A store whose process may die before what it writes last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_dead = False

    def transact(self, work: Callable[[Transaction], Any]) -> Any:
        if self.is_dead:
            raise Dead
        return self._store.transact(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


SUMS = [{"request": "6 * 3?", "answer": "18"}, {"request": "20 - 3?", "answer": 17, "bounty": 1}]


def test_everybody_works_and_every_policy_learns_all_of_it(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider, Recalling()), Answering("b", "17", provider, TrackerPolicy()))
    report = run(market, write_tasks(tmp_path, *SUMS))
    assert [(pupil.bidder, pupil.works, pupil.score) for pupil in report.pupils] == [("a", 2, 0.5), ("b", 2, 0.5)]
    assert [(each.policy, each.how, each.lessons) for each in report.taught] == [
        ("recalling", "practised", 2),
        ("tracker", "receipts", 2),
    ]
    row = market.store.read(lambda reader: reader.memory("a/recalling/1"))
    assert row is not None
    right, wrong = digest_text("18"), digest_text("17")
    assert json.loads(row.body) == [
        ["6 * 3?", ["a", right, 1.0, 0.01], ["b", wrong, 0.0, 0.01]],
        ["20 - 3?", ["a", right, 0.0, 0.01], ["b", wrong, 1.0, 0.01]],
    ]


def test_the_treasury_pays_out_of_new_money_and_no_wallet_does(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider("0.01")), Answering("b", "17", Provider("0.02"), worst="0.03"))
    report = run(market, write_tasks(tmp_path, *SUMS))
    assert report.cost_nanos == 6 * CENT
    assert posted(market, "provider:acme") == 6 * CENT
    assert (market.balance("a"), market.balance("b")) == (Money.usd(50), Money.usd(50))
    assert posted(market, "treasury") == 0
    codes = {row.code: row.debit for row in market.store.read(lambda reader: list(reader.each_transfer("treasury")))}
    assert (codes["practice-fund"], codes["practice"]) == ("issuer", "treasury")
    assert posted(market, f"cap:{report.id}") == 0
    assert_sound(market)


def test_the_worst_case_is_known_before_any_call(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider, worst="0.05"), presenter("p"))
    plan = session_of(market, write_tasks(tmp_path, *SUMS)).plan
    assert (plan.works, plan.cost_max_nanos, provider.made) == (2, 10 * CENT, [])


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider, Recalling()))
    tasks = write_tasks(tmp_path, *SUMS)
    run(market, tasks)
    assert session_of(market, tasks).plan.cost_max_nanos == 0
    report = run(market, tasks)
    assert len(provider.made) == 2
    assert report.cost_nanos == 2 * CENT, "the report says what it has cost in all"
    assert posted(market, "provider:acme") == 2 * CENT
    assert [each.how for each in report.taught] == ["before"]
    assert [each.how for each in run(market, tasks, again=True).taught] == ["practised"]
    assert_sound(market)


def test_a_practice_whose_process_died_goes_on_where_it_was(tmp_path: Path) -> None:
    provider = Provider("0.01")
    bidders = [Answering("a", "18", provider, Recalling()), Answering("b", "17", provider)]
    market = make_market(*bidders)
    dying: Any = DyingStore(market.store)
    tasks = write_tasks(tmp_path, *SUMS, {"request": "1 + 1?", "answer": "2"})

    async def die_at_the_fourth_call() -> None:
        async def hang() -> None:
            if len(provider.made) == 4:
                reached.set()
                await asyncio.Event().wait()

        provider.pause, reached = hang, asyncio.Event()
        session = replace(await plan(market, tasks), store=dying)
        working = asyncio.ensure_future(practise(session, session.plan.cost_max_nanos))
        await reached.wait()
        dying.is_dead = True
        working.cancel()
        with pytest.raises(Dead):
            await working

    asyncio.run(die_at_the_fourth_call())
    provider.pause = None
    id = session_of(market, tasks).plan.id
    assert market.store.read(lambda reader: reader.open_holds(id)) != [], "it left holds behind"
    answered = len(market.store.read(lambda reader: reader.answers(id)))
    assert 3 <= answered < 6
    asked = len(provider.made)
    report = run(market, tasks)
    assert [pupil.works for pupil in report.pupils] == [3, 3]
    assert len(provider.made) == asked + 6 - answered, "only what was not answered was asked again"
    assert posted(market, "provider:acme") == 6 * CENT
    assert market.store.read(lambda reader: reader.open_holds(id)) == []
    assert posted(market, f"cap:{id}") == 0
    assert_sound(market)


def test_the_cap_leaves_out_what_no_longer_fits_and_a_later_run_completes_it(tmp_path: Path) -> None:
    provider = Provider("0.01")
    market = make_market(Answering("a", "18", provider, Recalling()), Answering("b", "17", provider))
    tasks = write_tasks(tmp_path, *SUMS)
    report = run(market, tasks, cap=3 * CENT)
    assert (provider.spent_nanos, report.cost_nanos) == (3 * CENT, 3 * CENT)
    assert sum(pupil.left_out for pupil in report.pupils) == 1
    assert sum(pupil.failures for pupil in report.pupils) == 0, "the cap is nobody's failure"
    assert [each.lessons for each in report.taught if each.policy] == [1], "the task that is not complete is not taught"
    completed = run(market, tasks)
    assert provider.spent_nanos == 4 * CENT
    assert [(each.how, each.lessons) for each in completed.taught if each.policy] == [("practised", 1)]
    assert_sound(market)


def test_what_was_forgotten_can_be_practised_again_and_a_copy_has_practised_what_the_original_had(
    tmp_path: Path,
) -> None:
    market = make_market(Answering("a", "18", Provider(), Recalling()))
    tasks = write_tasks(tmp_path, *SUMS)
    run(market, tasks)
    exported = read_memory(market, "a")
    reset_memory(market, "a")
    assert [each.how for each in run(market, tasks).taught] == ["practised"]
    assert read_memory(market, "a").memory == exported.memory
    elsewhere = make_market(Answering("a", "18", Provider(), Recalling()))
    import_memory(elsewhere, "a", exported.to_dict())
    assert [each.how for each in run(elsewhere, tasks).taught] == ["before"]
    import_memory(elsewhere, "a", {**exported.to_dict(), "practised": {}})
    assert [each.how for each in run(elsewhere, tasks).taught] == ["practised"]


def test_a_memory_that_is_migrated_has_practised_what_it_had(tmp_path: Path) -> None:
    class Renewed(Recalling):
        version = 2

        def migrate(self, memory: Any, version: int) -> Any:
            return memory

    store = MemoryStore()
    tasks = write_tasks(tmp_path, *SUMS)
    run(make_market(Answering("a", "18", Provider(), Recalling()), store=store), tasks)
    renewed = make_market(Answering("a", "18", Provider(), Renewed()), store=store)
    assert [each.how for each in run(renewed, tasks).taught] == ["before"]


def test_a_policy_that_cannot_migrate_its_memory_learns_nothing_from_practice_and_says_why(tmp_path: Path) -> None:
    class Renewed(Recalling):
        version = 2

        def migrate(self, memory: Any, version: int) -> Any:
            raise KeyError("tasks")

    store = MemoryStore()
    tasks = write_tasks(tmp_path, *SUMS)
    run(make_market(Answering("a", "18", Provider(), Recalling()), store=store), tasks)
    renewed = make_market(Answering("a", "18", Provider(), Renewed()), store=store)
    (taught,) = run(renewed, tasks).taught
    assert taught.how == "failed"
    assert taught.reason.endswith("failed to migrate it: KeyError: 'tasks'")
    assert read_memory(renewed, "a").outdated == 1


def test_a_newcomers_works_on_tasks_that_are_known_are_learned_and_the_others_are_not_learned_twice(
    tmp_path: Path,
) -> None:
    class Pooled(Recalling):
        pool = "all"

    store, provider = MemoryStore(), Provider()
    first = Answering("a", "18", provider, Pooled())
    tasks = write_tasks(tmp_path, *SUMS)
    run(make_market(first, store=store), tasks)
    with_newcomer = make_market(first, Answering("b", "17", provider, Pooled()), store=store)
    assert [(each.how, each.lessons) for each in run(with_newcomer, tasks).taught] == [("practised", 2)]
    learned = read_memory(with_newcomer, "a").memory
    assert [work[0] for _, *works in learned for work in works] == ["a", "a", "b", "b"]


def test_what_a_newcomer_did_is_no_news_to_a_policy_that_learns_from_its_own_works(tmp_path: Path) -> None:
    store, provider = MemoryStore(), Provider()
    first = Answering("a", "18", provider, TrackerPolicy())
    tasks = write_tasks(tmp_path, *SUMS)
    run(make_market(first, store=store), tasks)
    with_newcomer = make_market(first, Answering("b", "17", provider, TrackerPolicy()), store=store)
    assert [each.how for each in run(with_newcomer, tasks).taught] == ["before", "receipts"]


def test_a_task_is_learned_once_in_whatever_file_it_stands(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider(), Recalling()))
    run(market, write_tasks(tmp_path, *SUMS))
    report = run(market, write_tasks(tmp_path, {"request": "1 + 1?", "answer": "2"}, *SUMS))
    assert [each.lessons for each in report.taught] == [1]
    assert [request for request, *_ in read_memory(market, "a").memory] == ["6 * 3?", "20 - 3?", "1 + 1?"]


def test_whoever_learns_nothing_from_what_it_is_shown_is_said_to(tmp_path: Path) -> None:
    """Nobody bids in practice, so there are no estimates that `calibrated` could correct."""
    market = make_market(Answering("a", "18", Provider(), CalibratedPolicy()))
    assert [each.how for each in run(market, write_tasks(tmp_path, *SUMS)).taught] == ["nothing"]
    assert read_memory(market, "a").memory is None


def test_a_bidder_that_fails_fails_alone(tmp_path: Path) -> None:
    class Down(Answering):
        async def transform(self, lot: WonLot) -> Any:
            await lot.meter.call(self.fail)

        async def fail(self) -> Charged:
            raise ProviderError("the model is away")

    market = make_market(Down("a", "18", Provider()), Answering("b", "17", Provider(), Recalling()))
    report = run(market, write_tasks(tmp_path, *SUMS))
    first, second = report.pupils
    assert (first.works, first.failures, first.failure) == (0, 2, "provider: ProviderError: the model is away")
    assert (second.works, second.failures) == (2, 0)
    assert_sound(market)


def test_a_work_of_unknown_cost_is_scored_and_teaches_nothing(tmp_path: Path) -> None:
    market = make_market(Answering("a", "18", Provider(None), Recalling()))
    report = run(market, write_tasks(tmp_path, *SUMS))
    (pupil,) = report.pupils
    assert (pupil.works, pupil.cost_known) == (2, False)
    assert [each.how for each in report.taught] == ["none"]
    assert_sound(market)


def test_who_cannot_say_what_a_task_may_cost_takes_no_part(tmp_path: Path) -> None:
    class Silent(Answering):
        def __init__(self, name: str) -> None:
            super().__init__(name, "18", Provider())
            self.transform_cost_max = self.fail

        def fail(self, announcement: Announcement) -> Money:
            raise ValueError("who knows")

    market = make_market(Silent("a"), Answering("b", "17", Provider()))
    plan = session_of(market, write_tasks(tmp_path, *SUMS)).plan
    assert plan.unready == {"a": "ValueError: who knows"}
    assert plan.works == 2


class Picky(Answering):
    """Says which tasks it works on, or fails to."""

    def __init__(self, name: str, works_on: str) -> None:
        super().__init__(name, "18", Provider())
        self._works_on = works_on

    async def practises(self, announcement: Announcement) -> bool:
        if not self._works_on:
            raise ValueError("who knows")
        return self._works_on in announcement.request


@pytest.mark.parametrize(("works_on", "works"), [("6 * 3", 1), ("?", 2), ("", 2)])
def test_a_bidder_works_on_the_tasks_that_it_says_and_on_all_where_it_cannot_say(
    works_on: str, works: int, tmp_path: Path
) -> None:
    market = make_market(Picky("a", works_on), Answering("b", "17", Provider()))
    exercises = session_of(market, write_tasks(tmp_path, *SUMS)).plan.exercises
    assigned = [{work.bidder for work in each.assignments} for each in exercises]
    assert assigned == [{"a", "b"}] * works + [{"b"}] * (len(SUMS) - works)


def test_a_tool_is_not_made_to_work_on_a_task_without_what_it_needs(tmp_path: Path) -> None:
    tool = ToolBidder("sums", "tests.practice.test_practice:multiplied", kind="answer", cost="0.01", needs=r"\d \* \d")
    market = make_market(tool, Answering("b", "17", Provider()))
    report = run(market, write_tasks(tmp_path, *SUMS))
    assert [(each.bidder, each.works, each.failures) for each in report.pupils] == [("b", 2, 0), ("sums", 1, 0)]
    assert_sound(market)


def multiplied(text: str) -> str:
    first, second = text.rstrip("?").split(" * ")
    return str(int(first) * int(second))


def test_a_policy_that_learns_nothing_is_said_to_and_one_that_fails_keeps_what_it_knew(tmp_path: Path) -> None:
    class Failing(Recalling):
        name = "failing"

        def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
            return {1}

    market = make_market(
        Answering("a", "18", Provider(), FractionPolicy()),
        Answering("b", "18", Provider(), Failing()),
        Answering("c", "18", Provider()),
    )
    report = run(market, write_tasks(tmp_path, *SUMS))
    assert {each.bidders: each.how for each in report.taught} == {
        ("a",): "nothing",
        ("b",): "failed",
        ("c",): "nothing",
    }
    assert market.store.read(lambda reader: reader.memory("b/failing/1")) is None


def test_receipts_value_a_work_at_the_bounty_times_its_score(tmp_path: Path) -> None:
    tracker = TrackerPolicy(prior=0.0, step_min=0.001)
    market = make_market(Answering("a", "18", Provider("0.01"), tracker))
    run(market, write_tasks(tmp_path, *[{"request": f"{n}?", "answer": "18" if n % 4 else "0"} for n in range(40)]))
    row = market.store.read(lambda reader: reader.memory("a/tracker/1"))
    assert row is not None
    (mean,) = tracker.value(json.loads(row.body), [Observation("a", "transformer", 1, 8, 10.0)]).means
    assert mean == pytest.approx(7.5, abs=0.3)
