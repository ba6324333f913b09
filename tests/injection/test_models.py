"""Hostile models: whatever comes back instead of an answer, the market goes on and its books agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator import Completion, Market, Money, Usage
from orchestrator.record import export_request, verify
from tests.bidders.llm.speakers import PRICES, estimated, listening, question_of
from tests.engine.world import answers, assert_sound, faults, make_market, posted, presenter
from tests.injection.adversaries import ANSI, victim

USAGE = Usage(100, 50)
NO_ESTIMATE = {
    "prose": "I would say it is worth a lot.",
    "two objects": estimated() + estimated(),
    "an object in a fence": f"```json\n{estimated()}\n```",
    "an object and a remark": f"{estimated()} Good luck!",
    "1e308": estimated(after=1e308),
    "a negative": estimated(after=-0.1),
    "more than certain": estimated(after=1.01),
    "NaN": '{"as_is": NaN, "after": NaN, "tokens": 1}',
    "infinity": '{"as_is": 0, "after": Infinity, "tokens": 1}',
    "another bidder's name": json.dumps({"bidder": "quin", "as_is": 0, "after": 1, "tokens": 1}),
    "a price of its own": json.dumps({"as_is": 0, "after": 1, "tokens": 1, "bid_usd": 10**6}),
    "strings": json.dumps({"as_is": "0", "after": "1", "tokens": "1"}),
    "truth": json.dumps({"as_is": False, "after": True, "tokens": 1}),
    "a key twice": '{"as_is": 0, "after": 0, "after": 1, "tokens": 1}',
    "half an object": '{"as_is": 0.5, "after"',
    "a list": f"[{estimated()}]",
    "deep nesting": "[" * 10_000 + "]" * 10_000,
    "a huge number of tokens": estimated(tokens=10**400),
    "2 MB": "x" * 2_000_000,
    "2 MB of white space": " " * 2_000_000 + estimated(),
    "nothing": "",
    "a refusal": Completion("I cannot help with that.", USAGE, Money(100), "refusal"),
    "a filter": Completion("", USAGE, Money(100), "filtered"),
    "a tool call": Completion("", USAGE, Money(100), "tool"),
    "a tool call in words": '{"name": "transfer", "arguments": {"to": "mal", "usd": 50}}',
    "what acts on a terminal": ANSI,
}
NO_WORK = {
    "a refusal": (Completion("I cannot.", USAGE, Money(100), "refusal"), "raised", True),
    "a filter": (Completion("", USAGE, Money(100), "filtered"), "provider", False),
    "a tool call": (Completion("", USAGE, Money(100), "tool"), "empty", True),
    "nothing": (" \n\t ", "empty", True),
    "2 MB": ("x" * 2_000_000, "provider", False),
}


def hostile(estimate: Any, work: Any = "Work.") -> Market:
    model = listening(lambda prompt: estimate if question_of(prompt) == "estimate" else work, PRICES)
    return make_market(victim("ann", model), presenter("p", {1: "1", 2: "3"}))


def finish(market: Market) -> None:
    result = market.result("r1")
    if result.status == "open":
        result.pick(1)
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []


@pytest.mark.parametrize("said", NO_ESTIMATE)
def test_an_answer_that_is_no_estimate_is_a_pass_that_is_paid_for(said: str) -> None:
    market = hostile(NO_ESTIMATE[said])
    market.run("A day among gardens", 10, seed=1)
    answer = answers(market)["0", "ann"]
    assert answer.kind == "pass"
    assert answer.bid_cost_nanos is not None
    assert 0 < answer.bid_cost_nanos <= answer.bid_cost_max_nanos
    assert answer.reason.isprintable()
    assert faults(market) == []
    finish(market)


def test_the_control_an_estimate_is_a_bid() -> None:
    market = hostile(estimated())
    market.run("A day among gardens", 10, seed=1)
    assert answers(market)["0", "ann"].kind == "bid"
    finish(market)


def first_object_in(completion: Completion, kind: type[BaseModel]) -> BaseModel:
    """Reads as many programs do: whatever looks like an object somewhere in an answer, and fits well enough."""
    found, _ = json.JSONDecoder().raw_decode(completion.text[completion.text.index("{") :])
    return kind.model_construct(**{"as_is": 0.0, "after": 0.0, "tokens": 0, **found})


@pytest.mark.parametrize(
    "said",
    [
        "two objects",
        "an object in a fence",
        "an object and a remark",
        "1e308",
        "more than certain",
        "another bidder's name",
        "a price of its own",
        "a key twice",
        "2 MB of white space",
    ],
)
def test_the_control_read_leniently_the_same_answers_are_bids(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidders.models.structured.read_object", first_object_in)
    market = hostile(NO_ESTIMATE[said])
    market.run("A day among gardens", 10, seed=1)
    assert answers(market)["0", "ann"].kind == "bid"


@pytest.mark.parametrize("said", NO_WORK)
def test_an_answer_that_is_no_work_is_a_failure_and_the_next_bidder_delivers(said: str) -> None:
    work, fault, own = NO_WORK[said]
    market = hostile(estimated(after=0.9), work)
    result = market.run("A day among gardens", 10, seed=1)
    (found,) = faults(market)
    assert (found.fault, found.own_fault) == (fault, own)
    assert (found.forfeit_nanos > 0) == own
    assert [offer.bidder for offer in result.offers] == ["p"]
    finish(market)
    lost = market.config.wealth.endowment_nanos - posted(market, "bidder:ann")
    bid = answers(market)["0", "ann"]
    assert lost <= found.forfeit_nanos + bid.cost_max_nanos + bid.bid_cost_max_nanos


def test_the_control_where_length_is_not_looked_at_2_mb_are_at_least_not_the_providers_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bidders.llm.writing.CHARACTERS_PER_TOKEN_MAX", 10**9)
    market = hostile(estimated(after=0.9), "x" * 2_000_000)
    market.run("A day among gardens", 10, seed=1)
    (found,) = faults(market)
    assert (found.fault, found.own_fault) == ("too large", True)
    finish(market)


def test_what_acts_on_a_terminal_is_not_delivered() -> None:
    market = hostile(estimated(after=0.9), f"Gardens {ANSI} at ten.")
    market.run("A day among gardens", 10, seed=1)
    texts = json.dumps(export_request(market.store, "r1")["texts"], ensure_ascii=False)
    assert "Gardens" in texts
    assert not [each for each in ANSI if not each.isprintable() and each in texts]
    finish(market)


def test_the_control_where_answers_are_taken_as_they_are_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bidders.llm.writing.without_active", lambda text: text)
    market = hostile(estimated(after=0.9), f"Gardens {ANSI} at ten.")
    market.run("A day among gardens", 10, seed=1)
    assert any("\x1b[2J" in text for text in export_request(market.store, "r1")["texts"].values())


def test_a_failure_that_quotes_its_provider_is_recorded_in_plain_characters() -> None:
    from bidders.models.mock import MockModel

    model = MockModel(script=[{"fails": "ProviderError", "says": f"500 {ANSI}{'x' * 5000}"}], prices=PRICES)
    market = make_market(victim("ann", model), presenter("p", {1: "1", 2: "3"}))
    market.run("A day among gardens", 10, seed=1)
    reason = answers(market)["0", "ann"].reason
    assert reason.isprintable()
    assert len(reason) <= 300
    finish(market)
