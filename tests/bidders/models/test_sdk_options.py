"""Keys, prices and options of models behind the libraries."""

from __future__ import annotations

from typing import Any

import pytest
import respx

from orchestrator import Money, Prompt, Usage
from orchestrator.errors import (
    BrokenPlugin,
    InvalidConfig,
    Unauthorised,
)
from tests.bidders.models.asking import PRICE, PROMPT, Guess, ask, failure_of_asking
from tests.bidders.models.sdks import (
    KEY,
    MODES,
    OBJECT,
    SDKS,
    Sdk,
    answer,
    skip_what_litellm_lacks,
)


def test_a_key_is_demanded_only_when_the_model_is_used(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sdk.variable)
    failure = failure_of_asking(sdk.model())
    assert isinstance(failure, Unauthorised)
    assert f"set the environment variable {sdk.variable}" in str(failure)


def test_another_endpoint_is_not_sent_the_providers_own_key(sdk: Sdk) -> None:
    with respx.mock(using=sdk.using) as router:
        route = router.post(url__startswith="http://vllm.test:8000/").respond(json=sdk.reply(answer()))
        model = sdk.model(base_url="http://vllm.test:8000/v1")
        ask(model)
    assert KEY not in str(route.calls[0].request.headers.raw)
    assert model.provider == "vllm.test:8000"


def test_another_endpoint_is_sent_the_key_that_is_named(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_KEY", "vllm-key-1")
    with respx.mock(using=sdk.using) as router:
        route = router.post(url__startswith="http://vllm.test:8000/").respond(json=sdk.reply(answer()))
        ask(sdk.model(base_url="http://vllm.test:8000/v1", api_key_env="VLLM_KEY"))
    assert route.calls[0].request.headers["authorization"] == "Bearer vllm-key-1"


def test_the_price_is_known_from_the_table_for_the_provider_itself_and_for_nobody_else(sdk: Sdk) -> None:
    known = sdk.model(prices=None)
    assert known.pricing.price is not None
    assert known.pricing.context_tokens is not None
    assert known.cost_max(PROMPT) is not None
    elsewhere = sdk.model(prices=None, base_url="http://vllm.test:8000/v1")
    assert elsewhere.cost_max(PROMPT) is None


def test_a_model_without_a_price_has_an_unknown_cost_and_the_reserve_as_its_worst_case(
    sdk: Sdk, route: respx.Route
) -> None:
    route.respond(json=sdk.reply(answer()))
    model = sdk.kind(f"{sdk.name}-of-tomorrow", reserve_per_call="0.01", attempts_max=1)
    said = ask(model)
    assert said.cost is None
    assert said.usage.output_tokens == 9
    assert model.cost_max(PROMPT) == Money.usd("0.01")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key": "sk-123456789"}, "unknown option 'api_key': .* name the variable with api_key_env"),
        ({"api_key_env": "sk-123456789"}, "name of an environment variable"),
        ({"base_url": "http://user:secret@host/v1"}, "password"),
        ({"base_url": "http://host/v1?key=secret"}, "query"),
        ({"base_url": "ftp://host"}, "is a URL such as"),
        ({"base_url": "http://host:99999"}, "not a URL"),
        ({"structured": "yaml"}, "structured"),
        ({"concurrency": 0}, "concurrency"),
        ({"attempts_max": "3"}, "attempts_max"),
        ({"parameters": {"n": 5}}, "parameters.n is set by the market"),
        ({"prices": {"input_per_million": 1}}, "output_per_million is missing"),
        ({"reserve_per_call": 0}, "more than 0"),
        ({"reserve_per_call": "a lot"}, "reserve_per_call"),
        ({"context_tokens": -1}, "context_tokens"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_without_repeating_it(
    sdk: Sdk, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidConfig, match=said) as refusal:
        sdk.model(**options)
    assert "123456789" not in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_missing_library_is_one_line_that_says_what_to_install(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = next(name for name, each in SDKS.items() if each is sdk)
    monkeypatch.setitem(__import__("sys").modules, extra, None)
    with pytest.raises(BrokenPlugin, match=rf"pip install 'vickrey\[{extra}\]'"):
        sdk.model()


def test_the_worst_case_holds_for_what_is_really_sent(sdk: Sdk, route: respx.Route) -> None:
    route.respond(json=sdk.reply(answer(OBJECT)))
    for structured in MODES["anthropic"]:
        skip_what_litellm_lacks(sdk, structured)
        model = sdk.model(structured=structured)
        prompt = Prompt(PROMPT.messages, 60, schema=Guess.model_json_schema())
        ask(model, prompt)
        worst = model.cost_max(prompt)
        assert worst is not None
        # Every byte of the body as a token: more than any tokenizer makes of it.
        assert PRICE.cost(Usage(len(route.calls[-1].request.content), 60)) <= worst


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_where_the_environment_names_another_address_the_price_there_is_not_known(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = SDKS[name]
    at_home = sdk.model(prices=None)
    assert (at_home.provider, at_home.pricing.price is None) == (name, False)
    monkeypatch.setenv(f"{name.upper()}_BASE_URL", "http://gateway.test/v1")
    elsewhere = sdk.model(prices=None)
    assert (elsewhere.provider, elsewhere.pricing.price) == ("gateway.test", None)
