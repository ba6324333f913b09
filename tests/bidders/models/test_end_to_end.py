"""Models against a provider on loopback, through the real HTTP stack of each library, whatever the provider does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from bidders.models.litellm_library import import_litellm
from bidders.models.provider import ProviderModel
from bidders.models.structured import read_object
from orchestrator import Completion, Model, build_model
from orchestrator.errors import (
    ProviderDown,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    RateLimited,
    Unauthorised,
    UnknownModel,
    UnreadableReply,
)
from tests.bidders.models.asking import PRICE, PROMPT, SHAPED, WAIT, Guess, ask, failure_of_asking
from tests.fake_provider import FakeProvider, Fault
from tests.fake_provider.books import PRICES

Build = Callable[..., ProviderModel]
# Importing litellm takes five seconds; it and pydantic do not agree about types, and say so.
LITELLM = (pytest.mark.slow, pytest.mark.filterwarnings("ignore"))

# Type, name of the model, and what comes after the provider's address.
TYPES = {
    "openai": ("openai", "fake", "/v1"),
    "anthropic": ("anthropic", "fake", ""),
    "litellm-openai": ("litellm", "openai/fake", "/v1"),
    "litellm-anthropic": ("litellm", "anthropic/claude-haiku-5-5", ""),
}


@pytest.fixture(params=[name if "litellm" not in name else pytest.param(name, marks=LITELLM) for name in TYPES])
def build(request: pytest.FixtureRequest, provider: FakeProvider) -> Build:
    kind, name, path = TYPES[request.param]

    def built(**options: Any) -> ProviderModel:
        given = {"model": name, "base_url": provider.url + path, "prices": PRICES, "attempts_max": 2} | options
        model = build_model({"type": kind, "options": given})
        assert isinstance(model, ProviderModel)
        model.jitter = lambda bound: 0.0
        return model

    return built


def heard_by(pieces: list[str]) -> Callable[[str], None]:
    return pieces.append


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_charged_is_what_the_provider_counts(build: Build, provider: FakeProvider, streamed: bool) -> None:
    provider.cached_tokens = 5
    pieces: list[str] = []
    said = ask(build(), on_text=heard_by(pieces) if streamed else None)
    (bill,) = provider.books.bills
    assert said.cost is not None
    assert said.cost.nanos == bill.nanos
    assert (said.usage.input_tokens, said.usage.cached_input_tokens) == (bill.input_tokens, 5)
    assert not said.usage.estimated
    assert said.finish == "stop"
    assert "".join(pieces) == (said.text if streamed else "")


LACKING: list[tuple[str, ...]] = [(), ("tools",), ("json_schema", "output_config", "output_format")]
LACKING += [("response_format", "output_config", "output_format"), ("response_format", *LACKING[2], "tools")]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("lacking", LACKING)
def test_an_object_comes_back_whatever_the_endpoint_lacks(
    build: Build, provider: FakeProvider, lacking: tuple[str, ...], streamed: bool
) -> None:
    provider.refuses = lacking
    model = build()
    said = ask(model, SHAPED, heard_by([]) if streamed else None)
    read_object(said, Guess)
    assert said.cost is not None
    assert said.cost.nanos == provider.books.nanos
    calls = len(provider.requests)
    ask(model, SHAPED)
    assert len(provider.requests) == calls + 1


@pytest.mark.parametrize("status", [429, 500, 529])
def test_what_passes_is_tried_again(build: Build, provider: FakeProvider, status: int) -> None:
    provider.faults.append(Fault("status", status, headers={"retry-after": "0"}))
    said = ask(build())
    assert said.cost is not None
    assert said.cost.nanos == provider.books.nanos
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("status", 429, headers={"retry-after": "3600"}), RateLimited),
        (Fault("status", 401, message="no"), Unauthorised),
        (Fault("status", 404, message="model fake not found"), UnknownModel),
        (Fault("status", 400, message="no"), ProviderRefused),
    ],
)
def test_what_does_not_pass_is_not(
    build: Build, provider: FakeProvider, fault: Fault, kind: type[ProviderError]
) -> None:
    provider.faults.append(fault)
    failure = failure_of_asking(build())
    assert type(failure) is kind
    assert failure.cost_nanos == 0
    assert len(provider.requests) == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_usage_that_the_provider_does_not_send_is_counted_by_us(
    build: Build, provider: FakeProvider, streamed: bool, request: pytest.FixtureRequest
) -> None:
    if not streamed and "litellm-anthropic" in request.node.name:
        pytest.skip("litellm cannot read such a message")
    provider.faults.append(Fault("no usage"))
    said = ask(build(), on_text=heard_by([]) if streamed else None)
    assert said.usage.estimated
    assert said.cost == PRICE.cost(said.usage)


BROKEN: list[tuple[Fault, bool]] = [
    (Fault("cut"), True),
    (Fault("invalid utf-8"), True),
    (Fault("invalid utf-8"), False),
    (Fault("garbage"), False),
    (Fault("huge"), False),
    (Fault("huge"), True),
]


@pytest.mark.parametrize(("fault", "streamed"), BROKEN)
def test_an_answer_that_cannot_be_read_fails_once_and_costs_what_can_be_known(
    build: Build, provider: FakeProvider, fault: Fault, streamed: bool
) -> None:
    provider.faults.append(fault)
    failure = failure_of_asking(build(), on_text=heard_by([]) if streamed else None)
    assert isinstance(failure, UnreadableReply | ProviderDown)
    assert failure.cost_nanos is None or failure.cost_nanos > 0
    assert (failure.cost_nanos is None) is (not streamed and fault.kind != "huge")
    assert "\n" not in str(failure)
    assert len(provider.requests) == 1


def test_a_connection_that_is_cut_in_the_middle_of_a_whole_answer(build: Build, provider: FakeProvider) -> None:
    provider.faults.append(Fault("cut"))
    failure = failure_of_asking(build())
    assert isinstance(failure, UnreadableReply)
    assert failure.cost_nanos is None
    assert len(provider.requests) == 1


def claude_of_litellm(provider: FakeProvider) -> Model:
    kind, name, path = TYPES["litellm-anthropic"]
    options = {"model": name, "base_url": provider.url + path, "prices": PRICES, "attempts_max": 1}
    return build_model({"type": kind, "options": options})


@pytest.mark.slow  # importing litellm takes five seconds
@pytest.mark.filterwarnings("ignore")
def test_the_control_left_to_itself_litellm_asks_again_and_the_provider_charges_twice(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bidders.models.litellm.asked_once", nullcontext)
    provider.faults.append(Fault("cut"))
    said = ask(claude_of_litellm(provider))
    assert said.cost is not None
    assert said.cost.nanos < provider.books.nanos
    assert len(provider.books.bills) == 2


@pytest.mark.slow  # importing litellm takes five seconds
@pytest.mark.filterwarnings("ignore")
def test_no_client_of_litellm_outlives_its_event_loop(provider: FakeProvider) -> None:
    model = claude_of_litellm(provider)
    for _ in range(3):
        assert ask(model, on_text=lambda piece: None).text
        assert "module_level_aclient" not in vars(import_litellm())


@pytest.mark.parametrize("streamed", [False, True])
def test_a_slow_drip_ends_at_the_deadline_and_costs_what_was_heard(
    build: Build, provider: FakeProvider, streamed: bool
) -> None:
    model = build()
    ask(model)
    provider.faults.append(Fault("drip"))
    pieces: list[str] = []
    failure = failure_of_asking(model, replace(PROMPT, **WAIT), heard_by(pieces) if streamed else None)
    assert isinstance(failure, ProviderTimeout)
    assert "after 0.3 s" in str(failure)
    if streamed:
        assert pieces
        assert failure.cost_nanos
        assert failure.cost_nanos < (model.cost_max(PROMPT) or PRICE.cost_max(0, 0)).nanos
    else:
        assert failure.cost_nanos is None


def test_an_empty_answer_is_an_answer(build: Build, provider: FakeProvider) -> None:
    provider.faults.append(Fault("empty"))
    said = ask(build())
    assert (said.text, said.usage.output_tokens) == ("", 0)


def test_a_tool_call_that_nobody_asked_for_is_no_text(build: Build, provider: FakeProvider) -> None:
    provider.says = lambda body: '{"bid": 100}'
    provider.faults.append(Fault("tool"))
    said = ask(build())
    assert (said.text, said.finish) == ("", "tool")


def test_no_more_calls_are_under_way_than_the_config_says(build: Build, provider: FakeProvider) -> None:
    models = [build(concurrency=3), build(concurrency=3, attempts_max=1)]

    async def crowd() -> list[Completion]:
        return await asyncio.gather(*(models[number % 2].complete(PROMPT) for number in range(12)))

    assert len(asyncio.run(crowd())) == 12
    assert 1 <= provider.running_max <= 3


def test_an_endpoint_that_is_down_is_one_clear_line(build: Build) -> None:
    failure = failure_of_asking(build(base_url="http://127.0.0.1:9/v1", attempts_max=1))
    assert isinstance(failure, ProviderDown)
    assert "127.0.0.1:9 cannot be reached" in str(failure)
    assert "\n" not in str(failure)


def test_models_keep_the_contract(build: Build) -> None:
    assert isinstance(build(), Model)


@pytest.mark.slow  # importing litellm takes five seconds
def test_litellm_says_which_key_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    model = build_model({"type": "litellm", "options": {"model": "gemini/gemini-2.5-flash"}})
    assert isinstance(model, ProviderModel)
    assert "GEMINI_API_KEY" in str(model.obstacle())
    assert model.cost_max(PROMPT) is not None
    failure = failure_of_asking(model)
    assert isinstance(failure, Unauthorised)
    assert "GEMINI_API_KEY" in str(failure)
