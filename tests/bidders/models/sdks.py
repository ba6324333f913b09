"""The libraries of OpenAI, Anthropic and litellm, with their HTTP mocked."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import respx

from bidders.models.anthropic import AnthropicModel
from bidders.models.litellm import LiteLLMModel
from bidders.models.openai import OpenAIModel
from bidders.models.provider import ProviderModel
from bidders.models.settings import Mode
from tests.fake_provider.books import PRICES, Bill
from tests.fake_provider.formats import Answer, chat_events, chat_reply, message_events, message_reply

KEY = "test-key-1234567890"
OBJECT = '{"chance": 0.25, "tokens": 12}'


@dataclass(frozen=True)
class Sdk:
    """One library: what it is built with, where it calls, and what its provider's replies look like."""

    kind: Callable[..., ProviderModel]
    name: str
    variable: str
    url: str
    using: str
    reply: Callable[[Answer], dict[str, Any]]
    events: Callable[[Answer], Iterator[bytes]]

    def model(self, **options: Any) -> ProviderModel:
        given = {"prices": PRICES, "attempts_max": 1} | options
        return self.kind(self.name, **given)


SDKS = {
    "openai": Sdk(
        OpenAIModel,
        "gpt-4o-mini",
        "OPENAI_API_KEY",
        "https://api.openai.com/v1/chat/completions",
        "httpcore",
        chat_reply,
        lambda answer: chat_events(answer, True),
    ),
    "anthropic": Sdk(
        AnthropicModel,
        "claude-haiku-5-5",
        "ANTHROPIC_API_KEY",
        "https://api.anthropic.com/v1/messages",
        "httpcore2",
        message_reply,
        message_events,
    ),
    "litellm": Sdk(
        LiteLLMModel,
        "openai/gpt-4o-mini",
        "OPENAI_API_KEY",
        "https://api.openai.com/v1/chat/completions",
        "httpcore",
        chat_reply,
        lambda answer: chat_events(answer, True),
    ),
}
# Importing litellm takes five seconds; it and pydantic do not agree about types, and say so.
LITELLM = pytest.param("litellm", marks=(pytest.mark.slow, pytest.mark.filterwarnings("ignore")))


@pytest.fixture(params=["openai", "anthropic", LITELLM])
def sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Sdk:
    found = SDKS[request.param]
    monkeypatch.setenv(found.variable, KEY)
    return found


@pytest.fixture
def route(sdk: Sdk) -> Iterator[respx.Route]:
    with respx.mock(using=sdk.using, assert_all_called=False) as router:
        yield router.post(sdk.url)


def answer(text: str = "Good day.", stop: str = "stop", **more: Any) -> Answer:
    pieces = tuple(text[at : at + 3] for at in range(0, len(text), 3))
    return Answer(text, pieces, stop, Bill(40, 9, cached_tokens=10), "the-model-that-answered", **more)


def sent(route: respx.Route, number: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(route.calls[number].request.content)
    return body


def streams(sdk: Sdk, said: Answer) -> httpx.Response:
    return httpx.Response(200, content=b"".join(sdk.events(said)), headers={"content-type": "text/event-stream"})


MODES: dict[str, tuple[Mode, ...]] = {
    "openai": ("json_schema", "json_object", "tool", "prompt"),
    "anthropic": ("json_schema", "tool", "prompt"),
}


def skip_what_litellm_lacks(sdk: Sdk, mode: Mode) -> None:
    if sdk.kind is LiteLLMModel and mode == "tool" and importlib.util.find_spec("mcp") is None:
        pytest.skip("litellm needs a package for tools that it does not bring along")
