"""The market beside its usual alternatives: the same request, the same models, the same cap."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.api.blocking import run_blocking
from orchestrator.api.market import Market
from orchestrator.api.obstacles import obstacle_of
from orchestrator.api.posting import Posting, read_posting
from orchestrator.api.result import Result
from orchestrator.bidding import Model
from orchestrator.comparing import Contestant, Rival, RivalTask, by_price, hold_contest
from orchestrator.engine.driver import Listener
from orchestrator.errors import InvalidRequest
from orchestrator.money import format_usd

MARKET = "market"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the market and its rivals came to.

    Attributes:
        request_id: the market's request; it stays open where it has offers.
        cap_nanos: the most that each of them was allowed to spend.
        models: the rivals' models, cheapest first.
        left_out: models that they could not use, with the reason.
        entries: the market first, then the rivals in the order given.
    """

    request_id: str
    cap_nanos: int
    models: tuple[str, ...]
    left_out: tuple[str, ...]
    entries: tuple[Contestant, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-able data, amounts as decimal strings in USD."""
        return {
            "request_id": self.request_id,
            "spend_cap": format_usd(self.cap_nanos),
            "models": list(self.models),
            "left_out": list(self.left_out),
            "entries": [entry.to_dict() for entry in self.entries],
        }


def compare(
    market: Market,
    posting: Posting,
    rivals: Sequence[Rival],
    *,
    max_tokens: int,
    on_event: Listener | None = None,
) -> Comparison:
    """Run a request in a market, then put it to each rival, one after the other.

    Args:
        market: its bidders' models are the rivals' too.
        posting: the request; its spend cap holds for each of them by itself.
        rivals: who answers beside the market.
        max_tokens: the most that one answer of a rival may take.
        on_event: told of the market's events as they happen.

    Returns:
        What each came to.

    Raises:
        InvalidRequest: the posting makes no sense, or no bidder has a model that a rival could use.
    """
    checked = read_posting(posting, market.config.request)
    # Rivals have as long for a call as bidders have for their work.
    task = RivalTask(checked.text, max_tokens, checked.seed, market.config.rules.transform_deadline_seconds)
    usable, left_out = _models(market, task)
    if not usable:
        why = f" ({'; '.join(left_out)})" if left_out else ""
        raise InvalidRequest(f"no bidder of this market has a language model that its rivals could use{why}")
    request_id = market.post(replace(posting, seed=checked.seed))
    started = time.monotonic()
    (result,) = market.resume(request_id, on_event)
    own = _market_entry(market, result, time.monotonic() - started)
    entries = run_blocking(lambda: hold_contest(rivals, task, usable, checked.spend_cap))
    return Comparison(
        request_id=request_id,
        cap_nanos=checked.spend_cap.nanos,
        models=tuple(model.name for model in usable),
        left_out=left_out,
        entries=(own, *entries),
    )


def _models(market: Market, task: RivalTask) -> tuple[tuple[Model, ...], tuple[str, ...]]:
    """The distinct models of a market's bidders, cheapest first, and why others are left out."""
    found: dict[tuple[str, str], Model] = {}
    for seat in market.seats.values():
        model = getattr(seat.bidder, "model", None)
        if isinstance(model, Model):
            found.setdefault((model.provider, model.name), model)
    obstacles = {key: obstacle_of(model) for key, model in found.items()}
    usable = by_price((model for key, model in found.items() if not obstacles[key]), task)
    left_out = [f"{found[key].name}: {obstacle}" for key, obstacle in obstacles.items() if obstacle]
    left_out += [
        f"{model.name}: its price is not known"
        for key, model in found.items()
        if not obstacles[key] and model not in usable
    ]
    return usable, tuple(left_out)


def _market_entry(market: Market, result: Result, seconds: float) -> Contestant:
    best = result.offers[0] if result.offers else None
    money = result.statement()
    answers = market.store.read(lambda reader: reader.answers(result.request_id))
    usages = [json.loads(row.usage) for row in answers]
    how = "no bidder made an offer"
    if best is not None:
        how = f"{' > '.join(sale.buyer for sale in best.chain)}; first of {len(result.offers)} offers"
    return Contestant(
        name=MARKET,
        text=best.text if best else "",
        how=how,
        cost_nanos=sum(money.costs_nanos.values()),
        is_cost_known=not money.unknown_costs,
        seconds=seconds,
        calls=len(answers),
        tokens=sum(usage.get("input_tokens", 0) + usage.get("output_tokens", 0) for usage in usages),
        is_answered=best is not None,
    )
