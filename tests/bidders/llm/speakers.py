"""Models for the tests: what a mock says to each kind of question, and bidders made of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bidders.llm.bidder import LanguageModelBidder
from bidders.models.mock import MockModel
from orchestrator import Completion, Prompt

PRICES = {"input_per_million": 1, "output_per_million": 2}
Said = str | Completion


def question_of(prompt: Prompt) -> str:
    """What kind of answer a prompt asks for: `estimate`, `judge` or `work`."""
    if prompt.schema is None:
        return "work"
    return "judge" if "pick" in prompt.schema["properties"] else "estimate"


def estimated(as_is: Any = 0.2, after: Any = 0.6, tokens: Any = 100) -> str:
    return json.dumps({"as_is": as_is, "after": after, "tokens": tokens})


def speaker(
    *,
    estimate: Said = "",
    work: Said = "Something new.",
    judge: Said = '{"pick": 1}',
    prices: dict[str, Any] | None = None,
    name: str = "mock",
) -> MockModel:
    """A model that says the same to each kind of question, and remembers what it was asked."""
    said = {"estimate": estimate or estimated(), "work": work, "judge": judge}
    return listening(lambda prompt: said[question_of(prompt)], prices=prices, name=name)


class Listening(MockModel):
    """A mock that keeps what it was asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[Prompt] = []

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        self.asked.append(prompt)
        return await super().complete(prompt, on_text)


def listening(answer: Callable[[Prompt], Said], prices: dict[str, Any] | None = None, name: str = "mock") -> Listening:
    return Listening(name=name, function=answer, prices=PRICES if prices is None else prices)


def bidder(model: Any = None, name: str = "ann", **options: Any) -> LanguageModelBidder:
    return LanguageModelBidder(name, speaker() if model is None else model, **options)


def presenter(model: Any = None, name: str = "pia", **options: Any) -> LanguageModelBidder:
    return bidder(model, name, capability="present", **options)
