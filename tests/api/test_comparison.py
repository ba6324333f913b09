"""Rivals are given what bidders have."""

from __future__ import annotations

import inspect

import pytest

from bidders.llm.bidder import LanguageModelBidder
from bidders.llm.prompt_file import load_prompt
from orchestrator.api import Posting
from orchestrator.api.comparison import compare
from orchestrator.cli.compare import compare as command
from orchestrator.comparing import RIVALS, read_rivals
from tests.bidders.llm.speakers import Listening, listening
from tests.engine.world import make_market

SECONDS = 77.0


def says(prompt: object) -> str:
    return '{"score": 5, "confidence": 0.1}' if getattr(prompt, "schema", None) else "Gardens at ten."


def heard(rival: str) -> Listening:
    """The model of a market's one bidder, after a rival has asked it too."""
    model = listening(says)
    bidder = LanguageModelBidder("pia", model, capability="present")
    with make_market(bidder, rules={"deadlines": {"transform_seconds": SECONDS}}) as market:
        compare(market, Posting("A day among gardens", 10, seed=1), read_rivals(rival, 2), max_tokens=1200)
    return model


@pytest.mark.parametrize("rival", RIVALS)
def test_a_rivals_calls_may_take_as_long_as_a_bidders_work(rival: str) -> None:
    of_bidder, *of_rival = heard(rival).asked
    assert of_rival
    assert {prompt.deadline_seconds for prompt in of_rival} == {SECONDS}
    assert of_bidder.deadline_seconds < SECONDS


@pytest.mark.parametrize("rival", RIVALS)
def test_rivals_are_told_the_length_that_a_presenter_is_told(rival: str) -> None:
    of_bidder, *of_rival = heard(rival).asked
    for prompt in (of_bidder, *(each for each in of_rival if each.schema is None)):
        assert "at most 600 words" in "\n".join(message.text for message in prompt.messages)


def test_the_commands_default_is_a_presenters_length() -> None:
    words = frozenset({"state", "mark", "instructions", "words"})
    length = load_prompt("present", None, words, frozenset({"state"})).front.max_tokens
    assert inspect.signature(command).parameters["max_tokens"].default == length
