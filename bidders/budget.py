"""A tool: adds up the prices that a text names."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal

_CURRENCIES = {"€": "EUR", "euro": "EUR", "eur": "EUR", "$": "USD", "dollar": "USD", "usd": "USD"}
_CURRENCIES |= {"£": "GBP", "pound": "GBP", "gbp": "GBP"}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:\.\d{1,2})?"
_PRICE = re.compile(rf"([€$£])\s?({_NUMBER})|\b({_NUMBER})\s?(€|euro|eur|dollar|usd|pound|gbp)s?\b", re.I)
_HEADING = re.compile(r"(?P<heading>[^\n:.!?]{1,80}): ")


def price_summary(text: str) -> str:
    """List the first price of each headed paragraph of a text, and their sum for each currency.

    Args:
        text: paragraphs with an empty line between them, each `heading: text`.

    Returns:
        One paragraph; it says so where no price was found.
    """
    entries: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for paragraph in re.split(r"\n\s*\n", text):
        heading, price = _HEADING.match(paragraph), _PRICE.search(paragraph)
        if heading and price:
            symbol, prefixed, suffixed, unit = price.groups()
            amount = Decimal((prefixed or suffixed).replace(",", ""))
            entries[_CURRENCIES[(symbol or unit).lower()]].append((heading["heading"], amount))
    if not entries:
        return "Costs named so far: no prices found."
    return "\n\n".join(_summed(currency, listed) for currency, listed in sorted(entries.items()))


def _summed(currency: str, listed: list[tuple[str, Decimal]]) -> str:
    unique = dict(listed)
    named = "; ".join(f"{heading} {amount}" for heading, amount in unique.items())
    return f"First prices named, in {currency}: {named}. If everything is taken once: {sum(unique.values())}."
