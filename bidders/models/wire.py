"""Prompts, completions and prices as JSON can hold them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, get_args

from bidders.models.price import Price
from orchestrator import Completion, Finish, Money, Prompt, Usage


def wire_prompt(prompt: Prompt) -> dict[str, Any]:
    """A prompt without its deadline, which changes no answer."""
    return {
        "messages": [[message.speaker, message.text] for message in prompt.messages],
        "schema": None if prompt.schema is None else dict(prompt.schema),
        "max_tokens": prompt.max_tokens,
        "seed": prompt.seed,
    }


def wire_completion(completion: Completion) -> dict[str, Any]:
    """A completion as JSON can hold it."""
    return {
        "text": completion.text,
        "usage": completion.usage._asdict(),
        "cost_nanos": None if completion.cost is None else completion.cost.nanos,
        "finish": completion.finish,
        "model": completion.model,
    }


def completion_of(wire: Mapping[str, Any]) -> Completion:
    """A completion from what `wire_completion` made of it.

    Raises:
        KeyError: a part is missing.
        TypeError: a part is of another kind.
        ValueError: a part makes no sense.
    """
    cost_nanos, finish, text = wire["cost_nanos"], wire["finish"], wire["text"]
    if finish not in get_args(Finish) or not isinstance(text, str):
        raise ValueError("its text or finish is none")
    usage = Usage(**wire["usage"])
    counts = [count for name, count in usage._asdict().items() if name != "estimated"]
    if any(type(count) is not int or count < 0 for count in counts):
        raise ValueError("its usage is no count of tokens")
    cost = None if cost_nanos is None else Money(cost_nanos)
    return Completion(text, usage._replace(estimated=bool(usage.estimated)), cost, finish, str(wire["model"]))


def wire_price(price: Price | None) -> dict[str, Any] | None:
    """A price, its amounts as decimal strings."""
    if price is None:
        return None
    plain = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(price).items()}
    return plain | {"above": [[threshold, wire_price(each)] for threshold, each in price.above]}


def price_of(wire: Mapping[str, Any] | None) -> Price | None:
    """A price from what `wire_price` made of it.

    Raises:
        ArithmeticError: an amount is no decimal.
        TypeError: it has other parts.
    """
    if wire is None:
        return None
    amounts = {name: None if value is None else Decimal(value) for name, value in wire.items() if "per_million" in name}
    tiers = tuple((int(threshold), each) for threshold, inner in wire["above"] if (each := price_of(inner)) is not None)
    return Price(**amounts, as_of=str(wire["as_of"]), above=tiers)  # type: ignore[arg-type]
