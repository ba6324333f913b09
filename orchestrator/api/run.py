"""One request, from text to offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from orchestrator.api.market import Market
from orchestrator.api.posting import Amount
from orchestrator.api.result import Result
from orchestrator.api.run_options import RunOptions


def run_request(
    text: str, budget: Amount, *, config: Path | str | dict[str, Any] | None = None, **options: Unpack[RunOptions]
) -> Result:
    """Post a request and wait for its offers.

        result = run_request("Plan a three-day tour of Lisbon", budget=10)
        print(result.offers[0].text)
        result.pick(1)

    Works in a notebook too. The bounty stays pledged until an offer is picked, all are rejected
    or the request expires. Bidders are closed when this returns; the result is read, and picked from, all the same.

    Args:
        text: what is wanted.
        budget: the bounty in dollars, as int, str, Decimal or an exact float.
        config: a config file or mapping; left out, the usual places are searched.
        options: what `Market.arun` takes besides, for example `seed`, `judge` or `on_event`.

    Returns:
        The result.

    Raises:
        CallerError: the request cannot be carried out as given.
        OperatorError: the config or the store cannot be used.
    """
    market = Market(config)
    try:
        return market.run(text, budget, **options)
    finally:
        market.rest()  # Once its event loop has ended: bidders' connections are closed by then, and not cut off.


async def arun_request(
    text: str, budget: Amount, *, config: Path | str | dict[str, Any] | None = None, **options: Unpack[RunOptions]
) -> Result:
    """Post a request and wait for its offers, from asynchronous code; see `run_request`."""
    market = Market(config)
    try:
        return await market.arun(text, budget, **options)
    finally:
        market.rest()
