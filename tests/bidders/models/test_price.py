"""What a call costs is exact to the nano-dollar, never less than it is, and never more than its worst case."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.models.price import Price, read_price
from orchestrator import Money, Usage
from orchestrator.errors import InvalidConfig

RATES = st.decimals(min_value=0, max_value=200, places=5)
TOKENS = st.integers(min_value=0, max_value=2_000_000)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    optional = st.none() | RATES
    plain = Price(draw(RATES), draw(RATES), draw(optional), draw(optional), draw(optional))
    tier = Price(draw(RATES), draw(RATES), draw(optional), draw(optional), draw(optional))
    above = ((draw(st.integers(1, 1_000_000)), tier),) if draw(st.booleans()) else ()
    return Price(
        plain.input_per_million,
        plain.output_per_million,
        plain.cached_input_per_million,
        plain.cache_write_per_million,
        plain.reasoning_per_million,
        above=above,
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    read, written = draw(TOKENS), draw(TOKENS)
    cached = draw(st.integers(0, read))
    return Usage(read, written, cached, draw(st.integers(0, written)), False, draw(st.integers(0, read - cached)))


@given(prices(), usages())
def test_a_cost_is_the_sum_of_its_parts_rounded_up_once(price: Price, usage: Usage) -> None:
    rates = price.above[-1][1] if price.above and usage.input_tokens > price.above[-1][0] else price
    cached = rates.input_per_million if rates.cached_input_per_million is None else rates.cached_input_per_million
    stored = rates.input_per_million if rates.cache_write_per_million is None else rates.cache_write_per_million
    thought = rates.output_per_million if rates.reasoning_per_million is None else rates.reasoning_per_million
    plain = usage.input_tokens - usage.cached_input_tokens - usage.cache_written_input_tokens
    exact = 1000 * (
        plain * Fraction(rates.input_per_million)
        + usage.cached_input_tokens * Fraction(cached)
        + usage.cache_written_input_tokens * Fraction(stored)
        + (usage.output_tokens - usage.reasoning_tokens) * Fraction(rates.output_per_million)
        + usage.reasoning_tokens * Fraction(thought)
    )
    assert 0 <= price.cost(usage).nanos - exact < 1


@given(prices(), usages(), TOKENS, TOKENS)
def test_no_call_costs_more_than_its_worst_case(price: Price, usage: Usage, more_read: int, more_written: int) -> None:
    worst = price.cost_max(usage.input_tokens + more_read, usage.output_tokens + more_written)
    assert price.cost(usage) <= worst


def test_the_worst_case_takes_the_dearest_of_everything_that_may_happen() -> None:
    price = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(20))
    assert price.cost_max(1000, 100) == Money(1000 * 3750 + 100 * 20_000)
    assert price.cost(Usage(1000, 100, cache_written_input_tokens=1000, reasoning_tokens=100)) == price.cost_max(
        1000, 100
    )


def test_a_long_prompt_is_charged_at_its_tier_from_the_first_token_on() -> None:
    tier = Price(Decimal(6), Decimal(30))
    price = Price(Decimal(3), Decimal(15), above=((200_000, tier),))
    assert price.cost(Usage(200_000, 1)) == Money(200_000 * 3000 + 15_000)
    assert price.cost(Usage(200_001, 1)) == Money(200_001 * 6000 + 30_000)


def test_prices_are_read_exactly() -> None:
    read = read_price({"input_per_million": 0.15, "output_per_million": "0.6", "as_of": "2026-11-01"})
    assert read == Price(Decimal("0.15"), Decimal("0.6"), as_of="2026-11-01")
    assert read_price(None) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"input_per_million": 1}, "output_per_million is missing"),
        ({"input_per_million": 1, "output_per_million": -1}, "0 or more"),
        ({"input_per_million": "nan", "output_per_million": 1}, "0 or more"),
        ({"input_per_million": True, "output_per_million": 1}, "0 or more"),
        ({"input_per_million": "a lot", "output_per_million": 1}, "0 or more"),
        ({"input_per_million": 1, "output_per_million": 10**7}, "0 or more"),
        ({"input_per_token": 1, "output_per_million": 1}, "unknown key"),
        ("cheap", "is a mapping"),
    ],
)
def test_a_price_that_is_none_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        read_price(given)
