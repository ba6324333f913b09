"""A mock is metered, and says the same to the same prompt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.models.mock import MockModel
from bidders.models.structured import read_object
from orchestrator import Message, Model, Money, Prompt, Usage
from orchestrator.errors import InvalidConfig, ProviderRefused, RateLimited
from tests.bidders.models.asking import PROMPT, SHAPED, Guess, ask, failure_of_asking
from tests.fake_provider.books import PRICES


def loud(prompt: Prompt) -> str:
    """A function that a config can name."""
    return prompt.messages[-1].text.upper()


async def slow(prompt: Prompt) -> str:
    return loud(prompt)


def test_it_keeps_the_models_contract() -> None:
    assert isinstance(MockModel(), Model)


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_without_a_script_equal_seeds_give_equal_answers(seed: int, other: int) -> None:
    model = MockModel()
    first = ask(model, replace(SHAPED, seed=seed))
    assert first == ask(model, replace(SHAPED, seed=seed))
    read_object(ask(model, replace(SHAPED, seed=other)), Guess)


@pytest.mark.parametrize("function", [loud, slow, "tests.bidders.models.test_mock:loud"])
def test_it_answers_what_its_function_does(function: Any) -> None:
    assert ask(MockModel(function=function)).text == "HELLO THERE"


def test_a_script_is_taken_in_order_and_its_last_line_again() -> None:
    model = MockModel(script=["one", "two"])
    assert [ask(model).text for _ in range(3)] == ["one", "two", "two"]


def test_lines_for_some_prompts_do_not_depend_on_the_order_of_calls() -> None:
    model = MockModel(script=[{"when": "garden", "says": "green"}, {"when": "sea", "says": "blue"}, "grey"])
    prompts = [replace(PROMPT, messages=[Message("user", word)]) for word in ("sea", "rain", "garden", "sea")]
    assert [ask(model, prompt).text for prompt in prompts] == ["blue", "grey", "green", "blue"]


def test_a_prompt_that_no_line_is_for_is_refused() -> None:
    failure = failure_of_asking(MockModel(script=[{"when": "garden", "says": "green"}]))
    assert isinstance(failure, ProviderRefused)


def test_a_line_can_fail_as_a_provider_does() -> None:
    model = MockModel(script=[{"fails": "RateLimited"}, {"says": "I cannot", "finish": "refusal"}])
    assert isinstance(failure_of_asking(model), RateLimited)
    assert ask(model).finish == "refusal"


def test_its_tokens_have_the_price_that_it_is_given() -> None:
    model = MockModel(script=["hello"], prices=PRICES)
    said = ask(model)
    assert said.usage == Usage(16 + 3 + 4, 2)
    assert said.cost == Money(-(-(23 * 1503 + 2 * 6007) // 10))
    worst = model.cost_max(PROMPT)
    assert worst is not None
    assert said.cost < worst


def test_a_mock_without_prices_is_free_which_is_known() -> None:
    assert ask(MockModel()).cost == MockModel().cost_max(PROMPT) == Money(0)


def test_a_streamed_answer_comes_word_by_word() -> None:
    heard: list[str] = []
    assert ask(MockModel(script=["one two  three"]), on_text=heard.append).text == "".join(heard)
    assert len(heard) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"function": loud, "script": ["x"]}, "not both"),
        ({"script": "x"}, "list of answers"),
        ({"script": [7]}, r"script\[0\] is a text"),
        ({"script": [{"say": "x"}]}, "unknown key"),
        ({"script": [{"says": "x", "finish": "tired"}]}, "finish is one of"),
        ({"script": [{"fails": "Oops"}]}, "provider's failure"),
        ({"script": [{"fails": "InvalidMoney"}]}, "provider's failure"),
        ({"script": [{"when": "("}]}, "regular expression"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        MockModel(**options)


def test_a_function_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="nowhere"):
        MockModel(function="tests.bidders.models.test_mock:nowhere")
