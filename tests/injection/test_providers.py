"""Providers that fail, end to end: a market of LLM bidders over the real HTTP stacks of two SDKs."""

from __future__ import annotations

from typing import Any

import pytest

from bidders.llm.bidder import LanguageModelBidder
from bidders.models.anthropic import AnthropicModel
from bidders.models.openai import OpenAIModel
from bidders.policies.estimate import EstimatePolicy
from orchestrator import Market, Model, Usage
from orchestrator.record import export_request, verify
from tests.bidders.llm.speakers import estimated
from tests.engine.world import answers, assert_sound, faults, make_market, posted, presenter
from tests.fake_provider import FakeProvider, Fault
from tests.fake_provider.books import PRICES
from tests.fake_provider.server import schema_of

OPTIONS: dict[str, Any] = {"prices": PRICES, "attempts_max": 1, "structured": "prompt"}
# The second SDK takes seconds to import.
SDKS = ("openai", pytest.param("anthropic", marks=pytest.mark.slow))
STATUSES = [Fault("status", status, f"{status} on purpose") for status in (429, 500, 529)]
BROKEN = [*STATUSES, *(Fault(kind) for kind in ("drip", "cut", "invalid utf-8", "garbage"))]
MISUSED = [
    Fault(
        "usage", usage={"prompt_tokens": -5, "completion_tokens": 10**12, "input_tokens": -5, "output_tokens": 10**12}
    ),
    Fault("no usage"),
]


def model_of(sdk: str, provider: FakeProvider) -> Model:
    # Only a provider that goes silent is given up on soon: on a busy machine any other may be slow, too.
    drips = any(fault.kind == "drip" for fault in provider.faults)
    options = OPTIONS | ({"read_seconds": 0.3} if drips else {})
    if sdk == "openai":
        return OpenAIModel("small", base_url=f"{provider.url}/v1", **options)
    return AnthropicModel("small", base_url=provider.url, **options)


def market_of(sdk: str, provider: FakeProvider, policy: Any = None, *faults: Fault) -> Market:
    provider.faults.extend(faults)
    provider.says = lambda body: estimated(after=0.8) if schema_of(body) else "Gardens at ten."
    return make_market(
        LanguageModelBidder("ann", model_of(sdk, provider), policy=policy),
        presenter("p", {1: "1", 2: "6"}),
    )


def finish(market: Market, provider: FakeProvider) -> None:
    result = market.result("r1")
    if result.status == "open":
        result.pick(1)
    assert_sound(market)
    assert verify(export_request(market.store, "r1")) == []
    spent = sum(result.statement().costs_nanos.values())
    assert spent <= market.read_log("r1").progress.request.spend_cap_nanos


@pytest.mark.parametrize("sdk", SDKS)
def test_the_control_a_provider_that_works_is_paid_what_it_charged(sdk: str, provider: FakeProvider) -> None:
    market = market_of(sdk, provider, EstimatePolicy())
    result = market.run("A day among gardens", 10, seed=1)
    assert "Gardens at ten." in str(export_request(market.store, "r1")["texts"])
    payee = market.seats["ann"].provider
    assert posted(market, f"provider:{payee}") == provider.books.nanos > 0
    assert result.offers
    finish(market, provider)


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: f"{fault.kind} {fault.status}")
@pytest.mark.parametrize("sdk", SDKS)
def test_a_provider_that_fails_a_bid_is_a_pass_and_no_fault(sdk: str, fault: Fault, provider: FakeProvider) -> None:
    market = market_of(sdk, provider, EstimatePolicy(), fault)
    market.run("A day among gardens", 10, seed=1)
    answer = answers(market)["0", "ann"]
    assert answer.kind == "pass"
    assert answer.reason.isprintable()
    assert faults(market) == []
    finish(market, provider)


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: f"{fault.kind} {fault.status}")
@pytest.mark.parametrize("sdk", SDKS)
def test_a_provider_that_fails_the_work_is_not_its_bidders_fault(
    sdk: str, fault: Fault, provider: FakeProvider
) -> None:
    market = market_of(sdk, provider, None, fault)
    result = market.run("A day among gardens", 10, seed=1)
    (found,) = faults(market)
    assert (found.bidder, found.fault, found.own_fault, found.forfeit_nanos) == ("ann", "provider", False, 0)
    assert [offer.bidder for offer in result.offers] == ["p"]
    finish(market, provider)


@pytest.mark.parametrize(("kind", "fault"), [("huge", "provider"), ("empty", "empty")])
def test_an_answer_that_is_no_work_is_paid_for_and_not_sold(kind: Any, fault: str, provider: FakeProvider) -> None:
    market = market_of("openai", provider, None, Fault(kind))
    market.run("A day among gardens", 10, seed=1)
    (found,) = faults(market)
    assert found.fault == fault
    finish(market, provider)


@pytest.mark.parametrize("kind", ["huge", "empty", "garbage"])
def test_an_estimate_that_is_none_is_asked_for_once_more_or_passed(kind: Any, provider: FakeProvider) -> None:
    market = market_of("openai", provider, EstimatePolicy(), Fault(kind))
    market.run("A day among gardens", 10, seed=1)
    assert answers(market)["0", "ann"].kind in ("bid", "pass")
    assert faults(market) == []
    finish(market, provider)


@pytest.mark.parametrize("fault", MISUSED, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("sdk", SDKS)
def test_usage_that_cannot_be_is_not_charged_as_it_was_reported(sdk: str, fault: Fault, provider: FakeProvider) -> None:
    market = market_of(sdk, provider, None, fault)
    market.run("A day among gardens", 10, seed=1)
    cost = market.result("r1").statement().costs_nanos["ann"]
    assert 0 <= cost <= answers(market)["0", "ann"].cost_max_nanos
    finish(market, provider)


def test_the_control_taken_as_it_was_reported_it_is_charged_beyond_all_promises(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believed(usage: Any) -> Usage:
        # A millionth of what is said: more than a call can cost is not believed of anybody.
        return Usage(usage.prompt_tokens, usage.completion_tokens // 10**6)

    monkeypatch.setattr("bidders.models.chat.read_chat_usage", believed)
    market = market_of("openai", provider, None, MISUSED[0])
    market.run("A day among gardens", 10, seed=1)
    assert market.result("r1").statement().costs_nanos["ann"] > answers(market)["0", "ann"].cost_max_nanos


def test_a_tool_call_that_nobody_asked_for_calls_nothing(provider: FakeProvider) -> None:
    market = market_of("openai", provider, None, Fault("tool"))
    market.run("A day among gardens", 10, seed=1)
    assert len(provider.requests) == 1
    finish(market, provider)
