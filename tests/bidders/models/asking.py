"""What tests ask models, and how they wait for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bidders.models.price import Price, read_price
from orchestrator import Completion, Message, Model, Prompt
from orchestrator.errors import ProviderError
from tests.fake_provider.books import PRICES

_price = read_price(PRICES)
assert _price is not None
PRICE: Price = _price

PROMPT = Prompt([Message("system", "Be brief."), Message("user", "Hello there")], 60, seed=3, deadline_seconds=20.0)
WAIT: dict[str, Any] = {"deadline_seconds": 0.3}


class Guess(BaseModel):
    """An object to ask for."""

    model_config = ConfigDict(extra="forbid")

    chance: float = Field(ge=0, le=1, allow_inf_nan=False)
    tokens: int = Field(ge=1, le=1000)


SHAPED = replace(PROMPT, schema=Guess.model_json_schema())


def ask(model: Model, prompt: Prompt = PROMPT, on_text: Callable[[str], None] | None = None) -> Completion:
    """Ask once, in an event loop of its own."""
    return asyncio.run(model.complete(prompt, on_text))


def failure_of_asking(
    model: Model, prompt: Prompt = PROMPT, on_text: Callable[[str], None] | None = None
) -> ProviderError:
    """What asking fails with; it must fail."""
    try:
        completion = ask(model, prompt, on_text)
    except ProviderError as failure:
        return failure
    raise AssertionError(f"it answered: {completion}")
