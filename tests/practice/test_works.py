"""Which answers of a practice are kept: those of a bidder as it is, and none that a provider failed to give."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bidders.llm.bidder import LanguageModelBidder
from bidders.models.mock import MockModel
from orchestrator import Market, Money, Segment, WonLot
from orchestrator.core.keys import digest_text
from orchestrator.errors import UnreadableReply
from orchestrator.practice import LabelledTask, practise, prepare
from orchestrator.practice.verifiers import exact
from orchestrator.store import AnswerRow, MemoryStore, Store
from tests.engine.world import HANG_SECONDS, Provider, assert_sound, make_market, posted
from tests.practice.test_practice import CENT, SUMS, Answering, Recalling, run, session_of, write_tasks

PRICES = {"input_per_million": 1, "output_per_million": 1}
DOWN = {"says": "gone", "fails": "ProviderDown"}


def asked(market: Market) -> int:
    """How many calls of its first bidder's model were made."""
    bidder: Any = next(iter(market.seats.values())).bidder
    calls: int = bidder.model.calls
    return calls


def model_market(store: Store | str, script: Sequence[Any]) -> Market:
    model = MockModel(script=script, prices=PRICES)
    return make_market(LanguageModelBidder("ann", model, "answer", Recalling()), store=store)


def configured(store: Store, **options: Any) -> Market:
    """A market of one scripted bidder, as a config would have it."""
    entry = {"name": "ann", "type": "bidders.scripted:ScriptedBidder", "options": {"kind": "answer", **options}}
    return Market({"version": 1, "bidders": [entry]}, store=store)


def interrupt_once(market: Market, tasks: Sequence[LabelledTask], kept: int) -> None:
    """Break a run off once so many calls are on record, while another bidder of the task is still at work."""

    async def interrupted() -> None:
        reached, provider = asyncio.Event(), Provider()

        async def hang() -> None:
            reached.set()
            await asyncio.Event().wait()

        provider.pause = hang
        both = {**market.seats, **make_market(Answering("bob", "18", provider)).seats}
        session = await prepare(market.store, both, market.config.rules, tasks, exact)
        running = asyncio.ensure_future(practise(session, session.plan.cost_max_nanos))
        await reached.wait()
        while len(market.store.read(lambda reader: reader.answers(session.plan.id))) < kept:
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(interrupted())


# --- failures ---


def test_what_a_provider_failed_is_asked_again_and_what_it_answered_is_not(tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, *SUMS)
    market = model_market("memory", [DOWN, "17", "18"])
    first = run(market, tasks)
    assert [(pupil.works, pupil.failures) for pupil in first.pupils] == [(1, 1)]
    plan = session_of(market, tasks).plan
    assert (plan.works, plan.answered) == (2, 1)
    assert plan.cost_max_nanos > 0, "the failed work may cost its worst case again"
    second = run(market, tasks)
    assert [(pupil.works, pupil.failures) for pupil in second.pupils] == [(2, 0)]
    assert asked(market) == 3
    assert [(each.how, each.lessons) for each in second.taught] == [("practised", 1)]
    run(market, tasks)
    assert asked(market) == 3
    assert_sound(market)


def test_the_next_run_finds_another_markets_failure_and_asks_again(tmp_path: Path) -> None:
    store = MemoryStore()
    tasks = write_tasks(tmp_path, *SUMS)
    run(model_market(store, [DOWN]), tasks)
    assert [pupil.failures for pupil in run(model_market(store, [DOWN]), tasks).pupils] == [2]
    assert [pupil.works for pupil in run(model_market(store, ["18"]), tasks).pupils] == [2]


def test_a_failure_that_an_interrupted_run_has_kept_is_asked_again_at_once(tmp_path: Path) -> None:
    store, tasks = MemoryStore(), write_tasks(tmp_path, SUMS[0])
    market = model_market(store, [DOWN])

    interrupt_once(market, tasks, kept=1)
    mended = model_market(store, ["18"])
    assert [pupil.works for pupil in run(mended, tasks).pupils] == [1]
    assert session_of(mended, tasks).plan.answered == 1
    assert_sound(mended)


def test_what_a_failed_call_cost_is_paid_and_counted_beside_the_later_answer(tmp_path: Path) -> None:
    class FailingOnce(Answering):
        async def transform(self, lot: WonLot) -> Any:
            await self._call(lot, "transform", 0)
            if len(self.source.made) == 1:
                raise UnreadableReply("gibberish")
            return [Segment(self.answer, kind="answer")]

    market = make_market(FailingOnce("a", "18", Provider("0.01"), Recalling()))
    tasks = write_tasks(tmp_path, SUMS[0])
    assert run(market, tasks).cost_nanos == CENT
    report = run(market, tasks)
    assert report.cost_nanos == 2 * CENT == posted(market, "provider:acme")
    (lesson,) = run(market, tasks, again=True).taught
    assert lesson.lessons == 1
    row = market.store.read(lambda reader: reader.memory("a/recalling/1"))
    assert row is not None
    assert '"a", "' + digest_text("18") + '", 1.0, 0.01]' in row.body, "a work teaches what the work itself costs"
    assert_sound(market)


class Unsure(Answering):
    """Makes a call for a cent and one whose cost nobody knows; its first works may fail by its provider's fault."""

    def __init__(self, name: str, failures: int = 0) -> None:
        super().__init__(name, "18", Provider("0.01"), transform_calls=2)
        self._failures = failures

    async def transform(self, lot: WonLot) -> Any:
        for number, cost in enumerate((Money.usd("0.01"), None)):
            self.source.cost = cost
            await self._call(lot, "transform", number)
        self._failures -= 1
        if self._failures >= 0:
            raise UnreadableReply("gibberish")
        return [Segment(self.answer, kind="answer")]


def test_a_report_counts_what_is_known_of_a_cost_that_is_not_known_in_full(tmp_path: Path) -> None:
    market = make_market(Unsure("a"))
    report = run(market, write_tasks(tmp_path, SUMS[0]))
    assert (report.cost_nanos, report.pupils[0].cost_known) == (CENT, False)
    assert posted(market, "provider:acme") == CENT
    assert_sound(market)


def test_so_it_does_of_a_failure_that_an_interrupted_run_has_kept(tmp_path: Path) -> None:
    store, tasks = MemoryStore(), write_tasks(tmp_path, SUMS[0])
    market = make_market(Unsure("a", failures=2), store=store)
    interrupt_once(market, tasks, kept=2)
    assert run(market, tasks, cap=9 * CENT).cost_nanos == 2 * CENT == posted(market, "provider:acme")
    assert_sound(market)


def test_an_answer_that_its_bidder_could_not_use_is_not_paid_again(tmp_path: Path) -> None:
    class Puzzled(Answering):
        async def transform(self, lot: WonLot) -> Any:
            await self._call(lot, "transform", 0)
            raise ValueError("what is this?")

    provider = Provider("0.01")
    market = make_market(Puzzled("a", "18", provider, worst="0.05"))
    tasks = write_tasks(tmp_path, *SUMS)
    run(market, tasks)
    assert session_of(market, tasks).plan.cost_max_nanos == 0
    assert [pupil.failures for pupil in run(market, tasks).pupils] == [2]
    assert len(provider.made) == 2


def test_a_work_that_was_broken_off_between_two_calls_goes_on_with_the_second(tmp_path: Path) -> None:
    class TwoCalls(Answering):
        is_cut = True

        async def transform(self, lot: WonLot) -> Any:
            await self._call(lot, "transform", 0)
            if self.is_cut:
                await asyncio.Event().wait()
            await self._call(lot, "transform", 1)
            return [Segment(self.answer, kind="answer")]

    provider = Provider("0.01")
    bidder = TwoCalls("a", "18", provider, Recalling(), transform_calls=2)
    market = make_market(bidder, rules={"deadlines": {"transform_seconds": HANG_SECONDS}})
    tasks = write_tasks(tmp_path, SUMS[0])
    assert run(market, tasks).pupils[0].failure.startswith("late")
    bidder.is_cut = False
    assert session_of(market, tasks).plan.cost_max_nanos == CENT, "what is left of its worst case"
    assert [pupil.works for pupil in run(market, tasks).pupils] == [1]
    assert len(provider.made) == 2
    assert posted(market, "provider:acme") == 2 * CENT
    assert_sound(market)


# --- recipes ---


def test_a_changed_bidder_is_asked_afresh_and_its_new_answers_are_taught(tmp_path: Path) -> None:
    store, tasks = MemoryStore(), write_tasks(tmp_path, *SUMS)
    before = run(configured(store, says=["17"], cost="0.01"), tasks)
    changed = configured(store, says=["18"], cost="0.01")
    assert session_of(changed, tasks).plan.cost_max_nanos == 2 * CENT
    after = run(changed, tasks)
    assert [pupil.score for pupil in (*before.pupils, *after.pupils)] == [0.5, 0.5]
    assert posted(changed, "provider:ann") == 4 * CENT
    assert session_of(changed, tasks).plan.answered == 2
    assert session_of(configured(store, says=["17"], cost="0.01"), tasks).plan.answered == 2, "as it was before"
    assert_sound(changed)


def test_with_again_a_changed_bidders_memory_learns_what_it_answers_now(tmp_path: Path) -> None:
    store, provider = MemoryStore(), Provider()
    tasks = write_tasks(tmp_path, SUMS[0])
    run(make_market(Answering("a", "17", provider, Recalling()), store=store), tasks)
    changed = make_market(Answering("a", "18", provider, Recalling(), worst="0.02"), store=store)
    run(changed, tasks, again=True)
    row = store.read(lambda reader: reader.memory("a/recalling/1"))
    assert row is not None
    assert digest_text("18") in row.body
    assert len(provider.made) == 2


@pytest.mark.parametrize(
    "change",
    [{"policy": "tracker"}, {"endowment": 7}, {"principal": "somebody"}, {"transform_deadline_seconds": 30}],
)
def test_what_changes_bids_alone_leaves_answers_to_their_bidder(tmp_path: Path, change: dict[str, Any]) -> None:
    store, tasks = MemoryStore(), write_tasks(tmp_path, *SUMS)
    entry = {"name": "ann", "type": "llm", "options": {"capability": "answer", "model": {"type": "mock"}}}
    run(Market({"version": 1, "bidders": [entry]}, store=store), tasks)
    changed = Market({"version": 1, "bidders": [{**entry, **change}]}, store=store)
    assert session_of(changed, tasks).plan.answered == 2


def test_answers_to_a_prompt_that_was_rewritten_since_are_not_used(tmp_path: Path) -> None:
    prompt = tmp_path / "mine.md"
    written = (Path(__file__).parents[2] / "bidders/prompts/answer.md").read_text(encoding="utf-8")
    prompt.write_text(written, encoding="utf-8")
    store, tasks = MemoryStore(), write_tasks(tmp_path, *SUMS)

    def market() -> Market:
        entry = {"name": "ann", "type": "llm", "options": {"prompt_path": str(prompt), "model": {"type": "mock"}}}
        return Market({"version": 1, "bidders": [entry]}, store=store)

    run(market(), tasks)
    assert session_of(market(), tasks).plan.answered == 2
    prompt.write_text(written.replace("# User", "Be brief.\n\n# User"), encoding="utf-8")
    assert session_of(market(), tasks).plan.answered == 0


def test_a_store_of_an_earlier_version_is_read_and_its_answers_are_nobodys(tmp_path: Path) -> None:
    """They do not say whose model gave them, so they are asked for once more, and shown in the plan."""
    market = make_market(Answering("a", "18", Provider("0.01"), Recalling()))
    tasks = write_tasks(tmp_path, *SUMS)
    id = session_of(market, tasks).plan.id
    old = f"{id}/t1/0/a/transform/0"
    market.store.transact(lambda tx: tx.put_answer(AnswerRow(f"{old}/model/0", id, old, '{"said": "x"}', CENT)))
    assert session_of(market, tasks).plan.cost_max_nanos == 2 * CENT
    assert [pupil.works for pupil in run(market, tasks).pupils] == [2]
    assert_sound(market)
