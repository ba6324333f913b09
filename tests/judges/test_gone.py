"""A judge that was gone before its cost was recorded (R7): another has not its answers, and does not pay for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bidders.personal_judge import PersonalJudge
from orchestrator import Charged, Event, Hearing, Later, Market, Money, Progress, Rank, Result, ShownOffer
from orchestrator.core.events import Judged
from orchestrator.core.judge_at_work import JudgeAtWork, read_judge
from orchestrator.core.keys import read_key
from orchestrator.record import export_request, replay, verify
from tests.bidders.llm.speakers import speaker
from tests.engine.world import assert_sound, events, make_market, posted, presenter

CENT = 10**7


class Asking:
    """Asks its model once, at a cost, and takes an offer."""

    def __init__(self, name: str = "first", provider: str = "acme", rank: int = 1, cost: int | None = CENT) -> None:
        self.name = name
        self.provider = provider
        self.rank = rank
        self.cost = cost
        self.worst = Money(5 * CENT)
        self.calls = 0

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        return self.worst

    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Rank:
        assert hearing is not None
        return Rank(await hearing.meter.call(self.ask))

    async def ask(self) -> Charged:
        self.calls += 1
        return Charged(self.rank, None if self.cost is None else Money(self.cost))


class Reading(Asking):
    """Says what its verdicts follow from."""

    def __init__(self, recipe: Any, **more: Any) -> None:
        super().__init__(**more)
        self.recipe = recipe


class Unsaying(Asking):
    """Cannot say it."""

    @property
    def recipe(self) -> str:
        raise RuntimeError("not today")


def lose(made: Market, judge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of a judge is gone after its model has answered, or while it is asked."""

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.engine.recorder.Recorder.charge_judge", crash)
        with pytest.raises(KeyboardInterrupt):
            made.judge("r1", judge)


@pytest.fixture
def made() -> Market:
    """A market whose request has two offers to judge."""
    market = make_market(presenter("p", "3"), presenter("q", "2"), presenter("x", "1"), rules={"copies": [2, 1]})
    assert len(run(market).offers) == 2
    return market


def run(market: Market, **options: Any) -> Result:
    """Run the one request of these tests, or go on with it."""
    return market.run("hello", 10, seed=1, idempotency_key="one", **options)


def judged(market: Market) -> list[Judged]:
    return [event for event in events(market) if isinstance(event, Judged)]


def assert_right(market: Market) -> None:
    assert_sound(market)
    record = export_request(market.store, "r1")
    assert verify(record) == []
    assert replay(record).identical


OTHERS: dict[str, tuple[Asking, Asking]] = {
    "another name": (Asking(), Asking("second", rank=2, cost=3 * CENT)),
    "another provider": (Asking(), Asking(provider="other", rank=2, cost=3 * CENT)),
    "another recipe": (Reading("likes tiles"), Reading("hates queues", rank=2, cost=3 * CENT)),
    "another class": (Asking(), Reading("", rank=2, cost=3 * CENT)),
}


@pytest.mark.parametrize(("gone", "now"), OTHERS.values(), ids=OTHERS)
def test_another_judge_asks_its_own_model_and_what_the_first_spent_goes_to_the_firsts_provider(
    made: Market, monkeypatch: pytest.MonkeyPatch, gone: Asking, now: Asking
) -> None:
    lose(made, gone, monkeypatch)
    heard: list[str] = []

    def hear(event: Event, progress: Progress) -> None:
        heard.append(event.kind)

    assert run(made, judge=now, on_event=hear).status == "released"
    assert now.calls == 1
    assert made.read_log("r1").progress.picked_rank == 2
    paid = {"acme": CENT, now.provider: 3 * CENT} if now.provider != gone.provider else {"acme": 4 * CENT}
    assert {name: posted(made, f"provider:{name}") for name in paid} == paid
    first, second = judged(made)
    assert (first.judge, first.provider, first.rank, first.cost_nanos) == (gone.name, "acme", None, CENT)
    assert (second.judge, second.cost_nanos) == (now.name, 3 * CENT)
    assert heard == ["judged", "judged", "picked", "ended"]
    assert made.result("r1").statement().judging_nanos == posted(made, "cap-spent") == 4 * CENT
    assert_right(made)


SAME: dict[str, tuple[Asking, Asking]] = {
    "of a class": (Asking(), Asking(rank=2)),
    "of a recipe": (Reading("likes tiles"), Reading("likes tiles", rank=2)),
    "of no readable recipe": (Reading(object()), Reading(object(), rank=2)),
    "whose recipe cannot be had": (Unsaying(), Unsaying(rank=2)),
}


@pytest.mark.parametrize(("gone", "now"), SAME.values(), ids=SAME)
def test_the_same_judge_goes_on_with_what_it_was_answered(
    made: Market, monkeypatch: pytest.MonkeyPatch, gone: Asking, now: Asking
) -> None:
    lose(made, gone, monkeypatch)
    assert made.judge("r1", now).status == "released"
    assert now.calls == 0
    assert made.read_log("r1").progress.picked_rank == 1
    (row,) = judged(made)
    assert (row.cost_nanos, posted(made, "provider:acme")) == (CENT, CENT)
    assert_right(made)


def test_who_judges_by_other_tastes_is_another_judge(
    made: Market, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    lose(made, PersonalJudge(speaker()), monkeypatch)
    tastes = tmp_path / "likes.txt"
    tastes.write_text("I love tiles.")
    model = speaker()
    made.judge("r1", PersonalJudge(model, preferences_path=tastes))
    assert model.calls == 1
    assert len(judged(made)) == 2
    assert_right(made)


ENDINGS: dict[str, Callable[[Market], object]] = {
    "picked by hand": lambda market: market.pick("r1", 1),
    "rejected": lambda market: market.pick("r1", 0),
    "cancelled": lambda market: market.cancel("r1"),
    "expired": lambda market: market.expire_due(),
}


@pytest.mark.parametrize(("cost", "known"), [(CENT, CENT), (None, 0), (9 * CENT, 9 * CENT)])
@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_a_request_that_ends_without_another_judge_pays_for_the_one_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[Market], object], cost: int | None, known: int
) -> None:
    now = [0.0]
    market = make_market(presenter("p", "3"), presenter("q", "2"), clock=lambda: now[0])
    market.run("hello", 10, seed=1)
    lose(market, Asking(cost=cost), monkeypatch)
    now[0] = 10.0**9
    end(market)
    assert market.result("r1").status != "open"
    (row,) = judged(market)
    assert (row.judge, row.provider, row.cost_nanos) == ("first", "acme", cost)
    assert posted(market, "provider:acme") == market.result("r1").statement().judging_nanos == known
    assert_right(market)


def test_a_free_judge_tells_of_the_judge_that_is_gone_as_well(made: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(made, Asking(), monkeypatch)
    heard: list[str] = []
    run(made, judge="top", on_event=lambda event, progress: heard.append(event.kind))
    assert heard == ["judged", "picked", "ended"]
    assert_right(made)


@pytest.mark.parametrize("by_hand", [False, True], ids=["judged again", "picked by hand"])
def test_what_was_begun_before_keys_named_judges_is_still_gone_on_with(
    made: Market, monkeypatch: pytest.MonkeyPatch, by_hand: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JudgeAtWork, "worker", "requester")
        lose(made, Asking(), monkeypatch)
    now = Asking(rank=2)
    if by_hand:
        made.pick("r1", 1)
        assert judged(made) == []
    else:
        assert made.judge("r1", now).status == "released"
        assert (now.calls, posted(made, "provider:acme")) == (0, CENT)
        assert '"recipe"' not in str(export_request(made.store, "r1")["journal"])
    assert_right(made)


class Undecided(Asking):
    async def pick(self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None) -> Any:
        await super().pick(request, offers, hearing)
        return Later("let me think")


def test_after_a_judge_that_had_no_name_in_its_key_others_have_one(
    made: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the last: only what was left unrecorded is gone on with."""
    with monkeypatch.context() as patch:
        patch.setattr(JudgeAtWork, "worker", "requester")
        made.judge("r1", Undecided())
    made.judge("r1", Asking())
    held = [
        row.id for row in made.store.read(lambda reader: reader.transfers(request="r1")) if row.id.endswith("cap/0")
    ]
    first, second = (read_key(id).bidder for id in held)
    assert (first, read_judge(second) is None) == ("requester", False)


def test_a_judge_that_is_gone_and_was_free_leaves_nothing_to_pay(made: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    free = Asking(cost=0)
    free.worst = Money(0)
    lose(made, free, monkeypatch)
    now = Asking("second", rank=2)
    assert made.judge("r1", now).status == "released"
    assert [row.judge for row in judged(made)] == ["second"]
    assert now.calls == 1
    assert_right(made)
