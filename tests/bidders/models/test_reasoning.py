"""A model that thinks first has room for it beside its answer; where that is too little, it says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from bidders.llm.writing import write
from bidders.models.anthropic import AnthropicModel
from bidders.models.openai import OpenAIModel
from bidders.models.price_table import listed, read_entry
from bidders.models.reasoning import TOKENS_MAX, reasoning_tokens_max
from bidders.models.settings import read_settings
from bidders.models.structured import ask_object, read_object
from orchestrator import Completion, Prompt
from orchestrator.config import bundled_folder
from orchestrator.errors import InvalidAnswer, UnreadableReply
from tests.bidders.lots import RecordingMeter
from tests.bidders.models.asking import PROMPT, SHAPED, Guess, ask
from tests.fake_provider import FakeProvider
from tests.fake_provider.books import PRICES

THOUGHTS = 300


def model_at(provider: FakeProvider, room: int, kind: Any = OpenAIModel) -> Any:
    provider.reasoning_tokens = THOUGHTS
    url = provider.url + ("/v1" if kind is OpenAIModel else "")
    return kind("fake", base_url=url, prices=PRICES, attempts_max=1, reasoning_tokens_max=room)


@pytest.mark.parametrize(
    ("parameters", "reasons", "room"),
    [
        ({}, False, 0),
        ({}, True, TOKENS_MAX),
        ({"reasoning_effort": "low"}, False, TOKENS_MAX),
        ({"reasoning_effort": "none"}, True, 0),
        ({"thinking": {"type": "disabled"}}, True, 0),
        ({"thinking": {"type": "adaptive"}}, False, TOKENS_MAX),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, True, 1024),
    ],
)
def test_the_room_is_what_parameters_or_the_table_say(parameters: Mapping[str, Any], reasons: bool, room: int) -> None:
    assert reasoning_tokens_max(read_settings("m", {"parameters": parameters}), reasons) == room
    given = read_settings("m", {"parameters": parameters, "reasoning_tokens_max": 7})
    assert reasoning_tokens_max(given, reasons) == 7


@pytest.mark.parametrize(
    ("entry", "reasons"),
    [
        ({}, False),
        ({"supports_reasoning": True}, True),
        ({"supports_reasoning": True, "default_reasoning_effort": "none"}, False),
    ],
)
def test_the_table_says_who_thinks(entry: Mapping[str, Any], reasons: bool) -> None:
    assert read_entry(entry, "litellm 1").reasons is reasons


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_every_model_of_a_shipped_config_has_room_to_think(provider: str) -> None:
    given = yaml.safe_load((bundled_folder() / f"{provider}.yaml").read_text(encoding="utf-8"))["models"]
    for name, model in given.items():
        options = dict(model["options"])
        found = listed(options["model"], provider)
        assert found is not None, name
        settings = read_settings(options.pop("model"), options)
        assert reasoning_tokens_max(settings, found.reasons) == TOKENS_MAX, name


@pytest.mark.parametrize("kind", [OpenAIModel, pytest.param(AnthropicModel, marks=pytest.mark.slow)])
def test_with_room_to_think_an_answer_is_whole_and_without_it_is_empty(kind: Any, provider: FakeProvider) -> None:
    roomy, narrow = model_at(provider, THOUGHTS, kind), model_at(provider, 0, kind)
    assert isinstance(read_object(ask(roomy, SHAPED), Guess), Guess)
    # The control.
    said = ask(narrow, replace(SHAPED, max_tokens=THOUGHTS))
    assert (said.text, said.finish) == ("", "length")


def test_the_room_is_held_with_the_worst_case(provider: FakeProvider) -> None:
    roomy, narrow = model_at(provider, THOUGHTS), model_at(provider, 0)
    worst, bare = roomy.cost_max(PROMPT), narrow.cost_max(PROMPT)
    assert worst == narrow.cost_max(replace(PROMPT, max_tokens=PROMPT.max_tokens + THOUGHTS))
    said = ask(roomy)
    assert said.cost is not None
    assert said.cost.nanos == provider.books.nanos
    assert bare < said.cost <= worst


def test_who_was_cut_off_before_the_first_word_is_not_asked_again(provider: FakeProvider) -> None:
    model = model_at(provider, 0)

    async def asked(prompt: Prompt, purpose: str) -> Completion:
        return await model.complete(prompt)  # type: ignore[no-any-return]

    with pytest.raises(UnreadableReply, match=r"thought for 300 tokens .* raise its `reasoning_tokens_max`"):
        asyncio.run(ask_object(replace(SHAPED, max_tokens=THOUGHTS), Guess, asked))
    assert len(provider.requests) == 1
    # The control: one that had begun to answer is.
    with pytest.raises(UnreadableReply, match="cut off after 303 tokens; raise `max_tokens`"):
        asyncio.run(ask_object(replace(SHAPED, max_tokens=THOUGHTS + 3), Guess, asked))
    assert len(provider.requests) == 3


def test_work_that_was_all_thought_says_what_to_do(provider: FakeProvider) -> None:
    with pytest.raises(InvalidAnswer, match="before it wrote anything; raise its `reasoning_tokens_max`"):
        asyncio.run(write(model_at(provider, 0), replace(PROMPT, max_tokens=THOUGHTS), RecordingMeter(), "refine"))
