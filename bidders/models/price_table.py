"""The table of prices and contexts that litellm ships: read as a file, because importing litellm takes seconds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any, Final

from bidders.models.price import Price

_FILE: Final = "model_prices_and_context_window_backup.json"
_PER_MILLION: Final = 1_000_000
_MODES: Final = ("chat", "completion", "responses")
_COLUMNS: Final = {
    "input_per_million": "input_cost_per_token",
    "output_per_million": "output_cost_per_token",
    "cached_input_per_million": "cache_read_input_token_cost",
    "cache_write_per_million": "cache_creation_input_token_cost",
    "reasoning_per_million": "output_cost_per_reasoning_token",
}
_ABOVE: Final = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")


@dataclass(frozen=True, slots=True)
class Listed:
    """A model's entry in the table.

    Attributes:
        price: what it costs; None where the table does not say.
        context_tokens: the most that it can read; None where the table does not say.
        reasons: whether it may think before it writes, where a call does not say otherwise.
    """

    price: Price | None
    context_tokens: int | None
    reasons: bool = False


def listed(model: str, provider: str) -> Listed | None:
    """Look a model up.

    Args:
        model: its name, with or without `provider/` before it.
        provider: the provider's name in the table, for example `openai`.

    Returns:
        Its entry; None where litellm is not installed or does not know it.
    """
    table = _table()
    for name in (f"{provider}/{model}", model):
        entry = table.get(name)
        if isinstance(entry, Mapping) and str(entry.get("litellm_provider", "")).startswith(provider):
            return read_entry(entry, _release())
    return None


def read_entry(entry: Mapping[str, Any], release: str) -> Listed:
    """Read an entry of the table.

    Prices of 0 count as not known: the table writes them for models that it has no price of, too.

    Args:
        entry: as the table has it, with numbers as decimals.
        release: where it comes from, for the record.
    """
    context = entry.get("max_input_tokens")
    price = _price(entry, "", release) if entry.get("mode") in _MODES else None
    reasons = entry.get("supports_reasoning") is True and entry.get("default_reasoning_effort") != "none"
    return Listed(price, context if type(context) is int and context > 0 else None, reasons)


def _price(entry: Mapping[str, Any], suffix: str, release: str) -> Price | None:
    rates = {name: _rate(entry, column, suffix) for name, column in _COLUMNS.items()}
    read, written = rates.pop("input_per_million"), rates.pop("output_per_million")
    if read is None or written is None or not (read or written):
        return None
    above = [] if suffix else sorted(int(found[1]) for found in map(_ABOVE.fullmatch, entry) if found)
    tiers = ((each * 1000, _price(entry, f"_above_{each}k_tokens", release)) for each in above)
    return Price(
        read, written, **rates, as_of=release, above=tuple((at, price) for at, price in tiers if price is not None)
    )


def _rate(entry: Mapping[str, Any], column: str, suffix: str) -> Decimal | None:
    """Dollars per million tokens; a tier without a figure of its own keeps the base's."""
    figure = entry.get(column + suffix, entry.get(column))
    if isinstance(figure, bool) or not isinstance(figure, int | Decimal) or figure < 0:
        return None
    return Decimal(figure) * _PER_MILLION


@cache
def _table() -> Mapping[str, Any]:
    found = util.find_spec("litellm")
    folders = found.submodule_search_locations if found else None
    if not folders:
        return {}
    try:
        text = (Path(next(iter(folders))) / _FILE).read_text(encoding="utf-8")
        table = json.loads(text, parse_float=Decimal)
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def _release() -> str:
    return f"litellm {metadata.version('litellm')}"
