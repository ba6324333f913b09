"""What the libraries of OpenAI, Anthropic and litellm are made to send, and how answers are read."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from bidders.models.litellm import LiteLLMModel
from bidders.models.settings import Mode
from bidders.models.structured import read_object
from orchestrator import Message, Money, Usage
from orchestrator.errors import (
    ProviderRefused,
)
from tests.bidders.models.asking import PRICE, PROMPT, SHAPED, Guess, ask, failure_of_asking
from tests.bidders.models.sdks import (
    KEY,
    MODES,
    OBJECT,
    SDKS,
    Sdk,
    answer,
    sent,
    skip_what_litellm_lacks,
    streams,
)
from tests.fake_provider.books import PRICES, Bill
from tests.fake_provider.formats import chat_reply, message_reply


def test_an_answer_has_its_text_usage_cost_and_finish(sdk: Sdk, route: respx.Route) -> None:
    route.respond(json=sdk.reply(answer()))
    said = ask(sdk.model())
    assert (said.text, said.finish, said.model) == ("Good day.", "stop", "the-model-that-answered")
    assert said.usage == Usage(40, 9, cached_input_tokens=10)
    assert said.cost == Money(Bill(40, 9, 10).nanos)
    assert route.calls[0].request.headers["authorization"] == f"Bearer {KEY}"


def test_a_streamed_answer_comes_in_pieces_with_the_same_usage(sdk: Sdk, route: respx.Route) -> None:
    route.mock(return_value=streams(sdk, answer()))
    heard: list[str] = []
    said = ask(sdk.model(), on_text=heard.append)
    assert heard == ["Goo", "d d", "ay."]
    assert (said.text, said.finish) == ("Good day.", "stop")
    assert said.usage == Usage(40, 9, cached_input_tokens=10)
    assert sent(route)["stream"] is True


def test_an_answer_that_is_cut_by_its_length_says_so(sdk: Sdk, route: respx.Route) -> None:
    route.respond(json=sdk.reply(answer(stop="length")))
    assert ask(sdk.model()).finish == "length"


def reported(sdk: Sdk, counts: tuple[Any, Any, int] | None) -> dict[str, Any] | None:
    """Tokens read, written and cached as a provider's format reports them."""
    if counts is None:
        return None
    read, written, cached = counts
    if sdk.reply is chat_reply:
        details = {"prompt_tokens_details": {"cached_tokens": cached}}
        return {"prompt_tokens": read, "completion_tokens": written, **details}
    uncached = read - cached if cached else read
    return {"input_tokens": uncached, "cache_read_input_tokens": cached, "output_tokens": written}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "counts", [None, (-1, 9, 0), (40, -9, 0), (40, 10**12, 0), ("forty", 9, 0), (40, 9, 41), (0, 0, 0)]
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_usage_that_is_missing_or_nonsense_is_counted_by_us(
    sdk: Sdk, route: respx.Route, counts: tuple[Any, Any, int] | None, streamed: bool
) -> None:
    if sdk.kind is LiteLLMModel and counts == ("forty", 9, 0):
        pytest.skip("litellm refuses counts in words")
    said_answer = answer(usage=reported(sdk, counts))
    route.mock(return_value=streams(sdk, said_answer) if streamed else httpx.Response(200, json=sdk.reply(said_answer)))
    said = ask(sdk.model(), on_text=(lambda piece: None) if streamed else None)
    assert said.usage.estimated
    assert said.usage.output_tokens == 3
    assert said.cost == PRICE.cost(said.usage)


def test_reasoning_tokens_are_part_of_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = SDKS["openai"]
    monkeypatch.setenv(sdk.variable, KEY)
    usage = {"prompt_tokens": 40, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}}
    beside = {**usage, "completion_tokens_details": {"reasoning_tokens": 20}, "total_tokens": 69}
    prices = PRICES | {"reasoning_per_million": "2"}
    with respx.mock() as router:
        route = router.post(sdk.url)
        route.respond(json=chat_reply(answer(usage=usage)))
        first = ask(sdk.model(prices=prices))
        route.respond(json=chat_reply(answer(usage=beside)))
        second = ask(sdk.model(prices=prices))
    assert first.usage == Usage(40, 9, reasoning_tokens=6)
    assert first.cost == Money(-(-(40 * 1503 + 3 * 6007 + 6 * 20_000) // 10))
    assert second.usage == Usage(40, 29, reasoning_tokens=20)


COUNTS: dict[str, tuple[dict[str, Any], tuple[int, int, int]]] = {
    "reasoning beside": ({"completion_tokens_details": {"reasoning_tokens": 6}, "total_tokens": 55}, (15, 0, 6)),
    "reasoning in the total alone": ({"total_tokens": 349}, (309, 0, 300)),
    "a total that is the sum": ({"total_tokens": 49}, (9, 0, 0)),
    "a total that is less": ({"total_tokens": 40}, (9, 0, 0)),
    "a cache as DeepSeek tells it": ({"prompt_cache_hit_tokens": 30, "prompt_cache_miss_tokens": 10}, (9, 30, 0)),
    "a cache as Moonshot tells it": ({"cached_tokens": 12}, (9, 12, 0)),
}


@pytest.mark.parametrize("case", COUNTS)
def test_what_compatible_endpoints_count_elsewhere_is_charged_as_they_do(case: str) -> None:
    more, (written, cached, reasoning) = COUNTS[case]
    usage = {"prompt_tokens": 40, "completion_tokens": 9, **more}
    with respx.mock() as router:
        router.post("http://other.test/v1/chat/completions").respond(json=chat_reply(answer(usage=usage)))
        said = ask(SDKS["openai"].model(base_url="http://other.test/v1"))
    assert said.usage == Usage(40, written, cached_input_tokens=cached, reasoning_tokens=reasoning)
    assert said.cost == Money(Bill(40, written, cached, reasoning).nanos)


def test_tokens_that_go_through_anthropics_cache_are_counted_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = SDKS["anthropic"]
    monkeypatch.setenv(sdk.variable, KEY)
    usage = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7, "output_tokens": 9}
    with respx.mock(using=sdk.using) as router:
        router.post(sdk.url).respond(json=message_reply(answer(usage=usage)))
        said = ask(sdk.model())
    assert said.usage == Usage(42, 9, cached_input_tokens=30, cache_written_input_tokens=7)


def test_the_conversation_is_sent_with_its_length(sdk: Sdk, route: respx.Route) -> None:
    route.respond(json=sdk.reply(answer()))
    prompt = replace(PROMPT, messages=(*PROMPT.messages, Message("assistant", "Yes?"), Message("user", "Go on")))
    ask(sdk.model(parameters={"temperature": 0.2}, reasoning_tokens_max=0), prompt)
    body = sent(route)
    said = [(message["role"], message["content"]) for message in body["messages"]]
    if "system" in body:
        said.insert(0, ("system", body["system"]))
    assert said == [tuple(message) for message in prompt.messages]
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 60
    assert body["temperature"] == 0.2
    assert body["model"] == sdk.name.rpartition("/")[2]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool", "prompt"])
def test_an_object_is_asked_for_in_each_mode(sdk: Sdk, route: respx.Route, mode: Mode, streamed: bool) -> None:
    skip_what_litellm_lacks(sdk, mode)
    said = answer(OBJECT, stop="tool" if mode == "tool" else "stop")
    route.mock(return_value=streams(sdk, said) if streamed else httpx.Response(200, json=sdk.reply(said)))
    heard: list[str] = []
    completion = ask(sdk.model(structured=mode), SHAPED, heard.append if streamed else None)
    assert read_object(completion, Guess) == Guess(chance=0.25, tokens=12)
    assert "".join(heard) == (completion.text if streamed else "")
    body = json.dumps(sent(route))
    assert ("json_schema" in body) is (mode == "json_schema")
    assert ("tool_choice" in body) is (mode == "tool")
    assert ("no code fence" in body) is (mode in ("json_object", "prompt"))
    assert "chance" in body


def test_auto_goes_down_to_what_the_endpoint_supports_and_remembers_it(sdk: Sdk, route: respx.Route) -> None:
    modes = MODES["openai" if sdk.reply is chat_reply else "anthropic"]
    refusal = {"error": {"message": "this format is not supported", "type": "invalid_request_error"}}

    def reply(request: httpx.Request) -> httpx.Response:
        is_plain = not {"response_format", "output_config", "tools"} & json.loads(request.content).keys()
        return httpx.Response(200, json=sdk.reply(answer(OBJECT))) if is_plain else httpx.Response(400, json=refusal)

    route.mock(side_effect=reply)
    model = sdk.model()
    assert ask(model, SHAPED).text == OBJECT
    # litellm refuses tools by itself where a package that it needs for them is missing.
    tried = route.call_count
    assert tried == len(modes) - (sdk.kind is LiteLLMModel and importlib.util.find_spec("mcp") is None)
    assert model.support.mode == "prompt"
    ask(sdk.model(), SHAPED)
    assert route.call_count == tried + 1


def test_where_every_mode_is_refused_the_first_refusal_is_shown_and_nothing_is_remembered(
    sdk: Sdk, route: respx.Route
) -> None:
    route.mock(side_effect=lambda request: httpx.Response(400, json={"error": {"message": f"no {len(route.calls)}"}}))
    model = sdk.model()
    failure = failure_of_asking(model, SHAPED)
    assert isinstance(failure, ProviderRefused)
    assert "no 0" in str(failure)
    assert model.support.mode is None


def test_a_mode_that_the_config_fixes_is_not_left(sdk: Sdk, route: respx.Route) -> None:
    route.respond(400, json={"error": {"message": "not supported"}})
    assert isinstance(failure_of_asking(sdk.model(structured="json_schema"), SHAPED), ProviderRefused)
    assert route.call_count == 1


def asked_twice(monkeypatch: pytest.MonkeyPatch, reply: Callable[[httpx.Request], httpx.Response]) -> respx.Route:
    """Ask a new endpoint twice, listening; the first answer must come."""
    sdk = SDKS["openai"]
    monkeypatch.setenv(sdk.variable, KEY)
    with respx.mock() as router:
        route = router.post(sdk.url).mock(side_effect=reply)
        assert ask(sdk.model(), on_text=lambda piece: None).text == "Good day."
        ask(sdk.model(), on_text=lambda piece: None)
    return route


@pytest.mark.parametrize("words", ["streaming is not supported by this deployment", "Unsupported parameter: 'stream'"])
def test_where_an_endpoint_does_not_stream_its_whole_answer_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content).get("stream"):
            return httpx.Response(400, json={"error": {"message": words}})
        return httpx.Response(200, json=SDKS["openai"].reply(answer()))

    route = asked_twice(monkeypatch, reply)
    assert route.call_count == 3
    assert "stream" not in sent(route)


def test_a_refusal_that_names_an_upstream_is_none_to_stream(sdk: Sdk, route: respx.Route) -> None:
    route.respond(400, json={"error": {"message": "the upstream rejected this request"}})
    with pytest.raises(ProviderRefused):
        ask(sdk.model(), on_text=lambda piece: None)
    assert route.call_count == 1


@pytest.mark.parametrize("refused", ["seed", "max_completion_tokens", "stream_options"])
def test_a_parameter_that_an_endpoint_refuses_is_left_out_from_then_on(
    monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if refused in json.loads(request.content):
            return httpx.Response(400, json={"error": {"message": f"Unsupported parameter: '{refused}'"}})
        return streams(SDKS["openai"], answer())

    route = asked_twice(monkeypatch, reply)
    assert route.call_count == 3
    assert ("max_tokens" in sent(route)) is (refused == "max_completion_tokens")


@pytest.mark.parametrize("refused", ["max_tokens", "max_completion_tokens"])
def test_another_endpoint_is_told_the_length_by_the_name_that_it_takes(refused: str) -> None:
    taken = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[refused]
    refusal = f"Unsupported parameter: '{refused}' is not supported with this model. Use '{taken}' instead."

    def reply(request: httpx.Request) -> httpx.Response:
        if refused in json.loads(request.content):
            return httpx.Response(400, json={"error": {"message": refusal}})
        return httpx.Response(200, json=chat_reply(answer()))

    with respx.mock() as router:
        route = router.post("http://gateway.test/v1/chat/completions").mock(side_effect=reply)
        model = SDKS["openai"].model(base_url="http://gateway.test/v1")
        assert ask(model).text == "Good day."
        tried = route.call_count
        ask(model)
    assert tried == 1 + (refused == "max_tokens")
    assert route.call_count == tried + 1
    assert sent(route)[taken] == 60


def test_an_endpoint_that_takes_neither_name_of_the_length_is_not_asked_for_ever() -> None:
    refusal = {"error": {"message": "max_tokens is too large: 60; at most 16 (max_completion_tokens)"}}
    with respx.mock() as router:
        route = router.post("http://gateway.test/v1/chat/completions").respond(400, json=refusal)
        failure = failure_of_asking(SDKS["openai"].model(base_url="http://gateway.test/v1"))
    assert "at most 16" in str(failure)
    assert route.call_count == 2


def test_a_model_without_system_texts_is_told_them_by_the_user() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if any(message["role"] == "system" for message in json.loads(request.content)["messages"]):
            return httpx.Response(400, json={"message": "System role not supported", "code": 400})
        return httpx.Response(200, json=chat_reply(answer()))

    with respx.mock() as router:
        route = router.post("http://gemma.test/v1/chat/completions").mock(side_effect=reply)
        model = SDKS["openai"].model(base_url="http://gemma.test/v1")
        ask(model)
        ask(model)
    assert route.call_count == 3
    assert sent(route)["messages"] == [{"role": "user", "content": "Be brief.\n\nHello there"}]


def test_an_answer_in_parts_is_read_without_its_thoughts() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Good "},
        {"type": "text", "text": "day."},
    ]
    body = chat_reply(answer())
    body["choices"][0]["message"]["content"] = parts
    with respx.mock() as router:
        router.post("http://parts.test/v1/chat/completions").respond(json=body)
        assert ask(SDKS["openai"].model(base_url="http://parts.test/v1")).text == "Good day."


@pytest.mark.parametrize(("read_seconds", "silence"), [(None, None), (7.0, 7.0)])
def test_a_whole_answer_may_take_as_long_as_its_call(
    sdk: Sdk, route: respx.Route, read_seconds: float | None, silence: float | None
) -> None:
    # Whoever waits for a whole answer hears nothing until it is there.
    route.respond(json=sdk.reply(answer()))
    ask(sdk.model(read_seconds=read_seconds))
    waits = route.calls[0].request.extensions["timeout"]["read"]
    assert waits == (PROMPT.deadline_seconds if sdk.kind is LiteLLMModel and silence is None else silence)
