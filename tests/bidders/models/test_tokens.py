"""Bytes bound tokens: checked against real tokenizers, which litellm ships for use offline."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.models.pricing import Pricing
from bidders.models.tokens import estimated_tokens, estimated_usage, input_tokens_max
from orchestrator import Message, Money, Prompt
from tests.bidders.models.asking import PRICE

TEXTS = st.text(max_size=300)


@cache
def tokenizer(name: str) -> Any:
    spec = importlib.util.find_spec("litellm")
    folder = Path((spec.submodule_search_locations or [""])[0]) if spec else Path()
    tiktoken = pytest.importorskip("tiktoken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder / "litellm_core_utils" / "tokenizers"))
        return tiktoken.get_encoding(name)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_prompt_has_more_tokens_than_its_bound(texts: list[str]) -> None:
    prompt = Prompt([Message("user", text) for text in texts], 10)
    counted = sum(len(tokenizer("cl100k_base").encode(text, disallowed_special=())) for text in texts)
    assert counted <= input_tokens_max(prompt)


def test_a_bound_of_a_token_for_two_bytes_would_not_hold() -> None:
    text = "\U00010348\U0001f702" * 50
    counted = len(tokenizer("cl100k_base").encode(text, disallowed_special=()))
    assert len(text.encode()) / 2 < counted <= len(text.encode())


@given(TEXTS)
def test_an_estimate_lies_within_the_bound(text: str) -> None:
    prompt = Prompt([Message("user", text)], 10, schema={"type": "object"})
    assert estimated_usage(prompt, text).input_tokens <= input_tokens_max(prompt)
    assert estimated_usage(prompt, text).output_tokens <= 10


def test_an_estimate_of_english_is_not_under_what_it_comes_to() -> None:
    text = "The botanical garden opens at nine, and it is free for children under twelve. " * 10
    counted = len(tokenizer("cl100k_base").encode(text))
    assert counted <= estimated_tokens(text) <= 2 * counted


def test_the_worst_case_counts_the_schema_and_stops_at_the_context() -> None:
    prompt = Prompt([Message("user", "x" * 5000)], 10)
    shaped = Prompt(prompt.messages, 10, schema={"type": "object"})
    assert input_tokens_max(shaped) > input_tokens_max(prompt) > 5000
    assert Pricing(PRICE, context_tokens=100).cost_max(shaped) == PRICE.cost_max(100, 10)


def test_a_model_without_a_price_has_no_worst_case_unless_a_reserve_is_given() -> None:
    prompt = Prompt([Message("user", "hello")], 10)
    assert Pricing().cost_max(prompt) is None
    assert Pricing(reserve_per_call=Money(7)).cost_max(prompt) == Money(7)
