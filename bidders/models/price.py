"""Prices: dollars per million tokens, and what a call comes to, exact to the nano-dollar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from orchestrator import Money, Usage
from orchestrator.errors import InvalidConfig

# A dollar per million tokens is a thousand nano-dollars per token.
_NANOS_PER_TOKEN: Final = 1000
_REQUIRED: Final = ("input_per_million", "output_per_million")
_OPTIONAL: Final = ("cached_input_per_million", "cache_write_per_million", "reasoning_per_million")


@dataclass(frozen=True, slots=True)
class Price:
    """What a provider charges for a model, in USD per million tokens.

    Attributes:
        input_per_million: for tokens read.
        output_per_million: for tokens written.
        cached_input_per_million: for tokens read from the cache; None for the price of input.
        cache_write_per_million: for tokens put into the cache; None for the price of input.
        reasoning_per_million: for reasoning tokens; None for the price of output.
        as_of: when, or from which release, this price was taken.
        above: prices that hold for the whole call once it reads more than so many tokens.
    """

    input_per_million: Decimal
    output_per_million: Decimal
    cached_input_per_million: Decimal | None = None
    cache_write_per_million: Decimal | None = None
    reasoning_per_million: Decimal | None = None
    as_of: str = ""
    above: tuple[tuple[int, Price], ...] = field(default=())

    def cost(self, usage: Usage) -> Money:
        """What a call of this usage costs, rounded up to the nano-dollar."""
        price = self._at(usage.input_tokens)
        plain_input = usage.input_tokens - usage.cached_input_tokens - usage.cache_written_input_tokens
        parts = (
            (plain_input, price.input_per_million),
            (usage.cached_input_tokens, _or(price.cached_input_per_million, price.input_per_million)),
            (usage.cache_written_input_tokens, _or(price.cache_write_per_million, price.input_per_million)),
            (usage.output_tokens - usage.reasoning_tokens, price.output_per_million),
            (usage.reasoning_tokens, _or(price.reasoning_per_million, price.output_per_million)),
        )
        return _rounded_up(sum((tokens * Fraction(each) for tokens, each in parts), Fraction(0)))

    def cost_max(self, input_tokens: int, output_tokens: int) -> Money:
        """The most that a call of at most so many tokens can cost, whatever is cached or reasoning."""
        reachable = [self, *(price for threshold, price in self.above if input_tokens > threshold)]
        return max(price._dearest(input_tokens, output_tokens) for price in reachable)

    def _dearest(self, input_tokens: int, output_tokens: int) -> Money:
        reading = max(_or(each, Decimal(0)) for each in (self.input_per_million, *self._special_inputs()))
        writing = max(self.output_per_million, _or(self.reasoning_per_million, Decimal(0)))
        return _rounded_up(input_tokens * Fraction(reading) + output_tokens * Fraction(writing))

    def _special_inputs(self) -> tuple[Decimal | None, Decimal | None]:
        return self.cached_input_per_million, self.cache_write_per_million

    def _at(self, input_tokens: int) -> Price:
        reached = [price for threshold, price in self.above if input_tokens > threshold]
        return reached[-1] if reached else self


def read_price(given: Mapping[str, Any] | None) -> Price | None:
    """Read a price from a config's option `prices`.

    Args:
        given: dollars per million tokens as numbers or decimal strings: `input_per_million`,
            `output_per_million`, and where they differ `cached_input_per_million`,
            `cache_write_per_million`, `reasoning_per_million`; and `as_of`, a date.

    Returns:
        The price; None where none is given.

    Raises:
        InvalidConfig: a key is unknown or missing, or an amount is none.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidConfig("prices is a mapping, for example {input_per_million: 0.15, output_per_million: 0.60}")
    known = (*_REQUIRED, *_OPTIONAL, "as_of")
    for key in given:
        if key not in known:
            raise InvalidConfig(f"prices.{key}: unknown key; known here: {', '.join(known)}")
    for key in _REQUIRED:
        if given.get(key) is None:
            raise InvalidConfig(f"prices.{key} is missing: dollars per million tokens; write 0 where it is free")
    return Price(
        input_per_million=_amount("input_per_million", given["input_per_million"]),
        output_per_million=_amount("output_per_million", given["output_per_million"]),
        cached_input_per_million=_optional(given, "cached_input_per_million"),
        cache_write_per_million=_optional(given, "cache_write_per_million"),
        reasoning_per_million=_optional(given, "reasoning_per_million"),
        as_of=str(given.get("as_of") or ""),
    )


def _optional(given: Mapping[str, Any], key: str) -> Decimal | None:
    return None if given.get(key) is None else _amount(key, given[key])


def _amount(key: str, value: Any) -> Decimal:
    """A price as a decimal; a float by its shortest decimal form."""
    wrong = InvalidConfig(f"prices.{key} is a number of dollars of 0 or more, not {str(value)[:40]!r}")
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise wrong
    try:
        amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise wrong from None
    if not amount.is_finite() or not 0 <= amount <= 10**6:
        raise wrong
    return amount


def _or(amount: Decimal | None, instead: Decimal) -> Decimal:
    return instead if amount is None else amount


def _rounded_up(dollars_per_million_tokens: Fraction) -> Money:
    return Money(math.ceil(dollars_per_million_tokens * _NANOS_PER_TOKEN))
