"""A language model as judge: what it sees, what is read of it, and who pays."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bidders.models.mock import MockModel
from bidders.personal_judge import PersonalJudge
from orchestrator import Hearing, Later, Market, MeteredJudge, Money, Prompt, Rank, Reject, ShownOffer
from orchestrator.api.judge_choice import chosen_judge
from orchestrator.config import load_config
from orchestrator.core.events import Judged
from orchestrator.errors import BrokenPlugin, InvalidConfig, ProviderError
from orchestrator.record import export_request, replay, verify
from tests.bidders.llm.speakers import PRICES, Listening, listening, speaker
from tests.bidders.lots import RecordingMeter
from tests.engine.world import Scripted, assert_sound, events, make_market, posted, presenter

OFFERS = [ShownOffer(rank, f"bidder{rank}", f"Offer of {rank}.", Money(rank), Money(0)) for rank in range(1, 6)]


def hearing(seed: int = 1) -> Hearing:
    return Hearing(seed, 60.0, RecordingMeter())


def picked(model: Any, offers: Any = OFFERS, seed: int = 1, **options: Any) -> Any:
    return asyncio.run(PersonalJudge(model, **options).pick("A day among gardens", offers, hearing(seed)))


def takes(word: str) -> Listening:
    """A model that takes the offer in which it finds a word."""

    def answer(prompt: Prompt) -> str:
        shown = prompt.messages[1].text.split("<data-")[2:]
        found = [number for number, text in enumerate(shown, 1) if word in text]
        return json.dumps({"pick": found[0] if found else 0})

    return listening(answer)


# --- what it decides ---


def test_it_is_a_metered_judge() -> None:
    assert isinstance(PersonalJudge(speaker()), MeteredJudge)


@pytest.mark.parametrize("seed", range(5))
def test_its_choice_is_the_offers_rank_wherever_it_was_shown(seed: int) -> None:
    assert picked(takes("Offer of 4."), seed=seed) == Rank(4)


def test_it_can_take_none() -> None:
    assert isinstance(picked(takes("palace")), Reject)


def test_offers_are_shuffled_by_the_seed_and_shown_without_their_bidders_and_bids() -> None:
    orders = set()
    for seed in range(6):
        model = takes("x")
        picked(model, seed=seed)
        shown = model.asked[0].messages[1].text
        assert "bidder" not in shown
        orders.add(tuple(shown.index(offer.text) for offer in OFFERS))
    assert len(orders) > 1
    assert picked(takes("Offer of 2."), seed=3) == picked(takes("Offer of 2."), seed=3)


def test_the_users_preferences_are_told_and_the_offers_are_data(tmp_path: Path) -> None:
    path = tmp_path / "likes.txt"
    path.write_text("I hate crowds, and $5 tickets.", encoding="utf-8")
    model = takes("x")
    picked(model, preferences_path=path)
    system, user = model.asked[0].messages
    assert "I hate crowds, and $5 tickets." in system.text
    assert user.text.count("<data-") == 1 + len(OFFERS)
    with pytest.raises(InvalidConfig, match="cannot be read"):
        PersonalJudge(speaker(), preferences_path=tmp_path / "missing.txt")


@pytest.mark.parametrize(
    "said", ["I take 2", '{"pick": 9}', '{"pick": -1}', '{"pick": 1}{"pick": 2}', '{"pick": "2"}', '{"pick": 1.5}', ""]
)
def test_an_answer_that_is_no_choice_leaves_the_request_open_after_one_repair(said: str) -> None:
    model = MockModel(script=[{"says": said}], prices=PRICES)
    verdict = picked(model)
    assert isinstance(verdict, Later)
    assert verdict.reason
    assert model.calls == 2


def test_an_offer_too_long_to_read_is_shown_by_head_and_tail() -> None:
    model = takes("tail")
    long = ShownOffer(1, "x", "head " + "y" * 100_000 + " tail", Money(0), Money(0))
    assert picked(model, [long, *OFFERS[1:]], offers_tokens_max=500) == Rank(1)
    assert len(model.asked[0].messages[1].text) < 4000


def test_outside_a_market_it_does_not_judge() -> None:
    with pytest.raises(InvalidConfig, match="only a market"):
        asyncio.run(PersonalJudge(speaker()).pick("x", OFFERS))


# --- who pays ---


def market(**config: Any) -> Market:
    return make_market(Scripted("a", {1: "4"}), presenter("p", {2: "3"}), presenter("q", {2: "2"}), **config)


def judged(made: Market) -> Judged:
    (found,) = [event for event in events(made) if isinstance(event, Judged)]
    return found


def assert_verified(made: Market) -> None:
    assert_sound(made)
    record = export_request(made.store, "r1")
    assert verify(record) == []
    assert replay(record).identical


def test_its_calls_are_the_requesters_cost_and_no_bidders() -> None:
    def run(judge: Any) -> Market:
        made = market()
        made.run("hello", 10, seed=1, judge=judge)
        return made

    made, plain = run(PersonalJudge(speaker())), market()
    plain.run("hello", 10, seed=1).pick(1)
    cost = judged(made).cost_nanos
    assert cost
    assert posted(made, "provider:mock") == cost
    for account in ("bidder:a", "bidder:p", "bidder:q", "treasury", "requester:user"):
        assert posted(made, account) == posted(plain, account)
    assert made.result("r1").statement().judging_nanos == cost
    assert made.result("r1").to_dict()["statement"]["judging"] == str(Money(cost))
    assert_verified(made)


def test_a_purse_that_holds_enough_pays_without_new_money() -> None:
    made = market()
    made.run("first", 10, seed=1).reject()
    before = posted(made, "issuer"), posted(made, "requester:user")
    made.run("second", 5, seed=2, judge=PersonalJudge(speaker()))
    assert posted(made, "issuer") == before[0]
    assert_sound(made)
    assert verify(export_request(made.store, "r2")) == []


def test_its_worst_case_is_held_on_the_spend_cap() -> None:
    judge = PersonalJudge(speaker())
    made = market()
    result = made.run("hello", 10, seed=1, spend_cap="0.000001", judge=judge)
    assert result.status == "open"
    assert "has reached its spend cap" in judged(made).reason
    assert judge.model.calls == 0  # type: ignore[attr-defined]
    assert judged(made).cost_nanos == judged(made).cost_max_nanos == 0
    result.pick(1)
    assert_verified(made)


def test_the_cap_has_no_room_only_because_the_judge_needs_it() -> None:
    """The control: the same cap, and a judge that costs nothing."""
    made = market()
    free = speaker(prices={"input_per_million": 0, "output_per_million": 0})
    assert made.run("hello", 10, seed=1, spend_cap="0", judge=PersonalJudge(free)).status == "released"
    assert judged(made).cost_nanos == 0
    assert_verified(made)


def test_a_provider_that_fails_leaves_the_request_open_with_the_reason() -> None:
    made = market()
    model = MockModel(script=[{"fails": "RateLimited", "says": "529: try later"}], prices=PRICES)
    assert made.run("hello", 10, seed=1, judge=PersonalJudge(model)).status == "open"
    assert "529: try later" in judged(made).reason
    assert made.judge("r1", PersonalJudge(speaker())).status == "released"
    assert len([event for event in events(made) if isinstance(event, Judged)]) == 2
    assert_verified(made)


def test_what_a_judge_spent_before_it_broke_is_paid_for() -> None:
    class Broken(PersonalJudge):
        async def pick(self, request: str, offers: Any, hearing: Hearing | None = None) -> Any:
            await super().pick(request, offers, hearing)
            raise RuntimeError("boom")

    made = market()
    with pytest.raises(BrokenPlugin, match="boom"):
        made.run("hello", 10, seed=1, judge=Broken(speaker()))
    assert judged(made).cost_nanos
    assert made.result("r1").status == "open"
    made.result("r1").pick(1)
    assert_verified(made)


def test_a_verdict_that_is_none_is_refused_after_it_was_paid_for() -> None:
    class Wild(PersonalJudge):
        async def pick(self, request: str, offers: Any, hearing: Hearing | None = None) -> Any:
            await super().pick(request, offers, hearing)
            return "number one"

    made = market()
    with pytest.raises(BrokenPlugin, match="which must be Rank"):
        made.run("hello", 10, seed=1, judge=Wild(speaker()))
    assert judged(made).cost_nanos
    made.result("r1").pick(1)
    assert_verified(made)


def test_a_model_without_a_price_cannot_judge() -> None:
    class Unpriced(MockModel):
        def cost_max(self, prompt: Prompt) -> None:
            return None

    made = market()
    with pytest.raises(BrokenPlugin, match="price of mock is not known"):
        made.run("hello", 10, seed=1, judge=PersonalJudge(Unpriced()))
    assert made.result("r1").status == "open"


def test_an_answer_that_returned_before_a_crash_is_not_paid_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = market()
    made.run("hello", 10, seed=1)
    model = speaker()

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.engine.recorder.Recorder.charge_judge", crash)
        with pytest.raises(KeyboardInterrupt):
            made.judge("r1", PersonalJudge(model))
    made.judge("r1", PersonalJudge(model))
    assert model.calls == 1
    assert made.result("r1").status == "released"
    assert_verified(made)


def test_a_pick_by_hand_after_a_crash_frees_what_the_judge_had_held(monkeypatch: pytest.MonkeyPatch) -> None:
    made = market()
    result = made.run("hello", 10, seed=1)

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.engine.recorder.Recorder.charge_judge", crash)
        with pytest.raises(KeyboardInterrupt):
            made.judge("r1", PersonalJudge(speaker()))
    result.pick(1)
    assert_verified(made)


def test_a_forged_cost_of_judging_is_found() -> None:
    made = market()
    made.run("hello", 10, seed=1, judge=PersonalJudge(speaker()))
    record = export_request(made.store, "r1")
    for row in record["transfers"]:
        if row["code"] == "judging":
            row["amount_nanos"] += 1
    assert any("judging" in str(finding) for finding in verify(record))


def test_a_market_lets_go_of_the_model_of_a_judge_that_it_has_built(monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[Any] = []
    monkeypatch.setattr("orchestrator.release_model", released.append)
    config = {"version": 1, "bidders": [], "judge": {"type": "personal", "options": {"model": {"type": "mock"}}}}
    with chosen_judge("personal", load_config(config)) as judge:
        assert isinstance(judge, PersonalJudge)
        assert released == []
    assert released == [judge.model]


def test_provider_errors_of_any_kind_leave_it_open() -> None:
    def fail(prompt: Prompt) -> str:
        raise ProviderError("cut off")

    assert isinstance(picked(listening(fail)), Later)
