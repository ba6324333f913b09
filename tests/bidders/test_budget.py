"""The tool that adds prices up."""

from __future__ import annotations

import pytest

from bidders.budget import price_summary


def test_the_first_price_of_each_paragraph_is_listed_and_summed() -> None:
    text = "Inn: A bed is 62 euros, breakfast 4 euros.\n\nTram: 1.90 euros a ride.\n\nNo heading here, 5 euros"
    assert price_summary(text) == "First prices named, in EUR: Inn 62; Tram 1.90. If everything is taken once: 63.90."


@pytest.mark.parametrize(
    ("price", "listed"),
    [("€1,250.50", "EUR: A 1250.50"), ("$3", "USD: A 3"), ("12 pounds", "GBP: A 12"), ("14 GBP", "GBP: A 14")],
)
def test_prices_are_read_in_their_currency(price: str, listed: str) -> None:
    assert listed in price_summary(f"A: costs {price} a head.")


def test_currencies_are_never_added_together() -> None:
    assert len(price_summary("A: 3 euros.\n\nB: 4 dollars.").split("\n\n")) == 2


@pytest.mark.parametrize("text", ["", "A: free.", "A: open from 9:30, 90 minutes."])
def test_a_text_without_prices_says_so(text: str) -> None:
    assert price_summary(text) == "Costs named so far: no prices found."
