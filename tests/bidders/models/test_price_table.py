"""Prices come from the file that litellm ships, without importing litellm; what is not in it is not known."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from bidders.models import price_table
from bidders.models.price_table import listed, read_entry

ENTRY = {
    "mode": "chat",
    "max_input_tokens": 1000,
    "input_cost_per_token": Decimal("1E-6"),
    "output_cost_per_token": Decimal("2E-6"),
    "cache_read_input_token_cost": Decimal("1E-7"),
    "input_cost_per_token_above_200k_tokens": Decimal("3E-6"),
    "output_cost_per_token_above_200k_tokens": Decimal("4E-6"),
}


def test_a_known_model_has_its_price_and_context() -> None:
    found = listed("gpt-4o-mini", "openai")
    assert found is not None
    assert found.context_tokens is not None
    assert found.price is not None
    assert found.price.input_per_million == Decimal("0.15")
    assert found.price.as_of.startswith("litellm 1.")


def test_a_model_of_another_provider_is_not_found_under_its_bare_name() -> None:
    assert listed("gpt-4o-mini", "anthropic") is None
    assert listed("no-such-model", "openai") is None


def test_an_entry_is_read_with_its_tiers() -> None:
    price = read_entry(ENTRY, "litellm 1").price
    assert price is not None
    ((threshold, tier),) = price.above
    assert (threshold, tier.input_per_million, tier.output_per_million) == (200_000, Decimal(3), Decimal(4))
    # A tier without a figure of its own keeps the base's.
    assert tier.cached_input_per_million == price.cached_input_per_million == Decimal("0.1")


@pytest.mark.parametrize(
    "changed",
    [
        {"input_cost_per_token": 0, "output_cost_per_token": 0},
        {"input_cost_per_token": None},
        {"output_cost_per_token": "cheap"},
        {"input_cost_per_token": Decimal(-1)},
        {"mode": "embedding"},
    ],
)
def test_an_entry_without_a_real_price_is_of_unknown_price(changed: dict[str, Any]) -> None:
    assert read_entry(ENTRY | changed, "litellm 1").price is None


def test_without_litellm_no_price_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    price_table._table.cache_clear()
    try:
        assert listed("gpt-4o-mini", "openai") is None
    finally:
        price_table._table.cache_clear()


def test_reading_a_price_does_not_import_litellm() -> None:
    code = (
        "import sys; from bidders.models.price_table import listed; "
        "assert listed('gpt-4o-mini', 'openai').price; print('litellm' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "False"
