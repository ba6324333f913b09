"""`practise --recorded`: works that were recorded elsewhere, whose they are here, and what is left out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator.cli.output import Output
from orchestrator.cli.stages import counted
from orchestrator.errors import InvalidRequest

if TYPE_CHECKING:
    from orchestrator.api import Market
    from orchestrator.engine.seat import Seat
    from orchestrator.practice import PracticeReport

_NAMED_MAX: Final = 5


def learn_recorded(
    market: Market,
    seats: Mapping[str, Seat],
    file: Path,
    mapping: Sequence[str],
    output: Output,
    limit: int | None,
    again: bool,
) -> PracticeReport:
    """Have policies learn from a file of recorded outcomes.

    Args:
        market: the market.
        seats: whose policies learn.
        file: the recorded outcomes.
        mapping: the models of bidders that are not called as theirs, as `BIDDER=MODEL`.
        output: where it is said what is left out.
        limit: how many queries to read; None for all.
        again: whether works that were learned from are learned from once more.
    """
    from orchestrator.money import NANOS_PER_USD
    from orchestrator.practice import check_workers, practise_recorded, read_recorded, workers

    check_workers(seats)
    models = _models(mapping)
    bounty_usd = market.config.bounty_typical_nanos / NANOS_PER_USD
    found = read_recorded(file, workers(seats), bounty_usd, models=models, limit=limit)
    if found.unmapped:
        output.notice(f"models without a bidder here: {_some(found.unmapped)}")
    modelless = [name for name in workers(seats) if name not in found.mapped]
    if modelless:
        output.notice(f"bidders without a model there: {_some(modelless)}; --map BIDDER=MODEL gives them one")
    if found.repeated:
        output.notice(
            f"{counted(len(found.repeated), 'task')} left out, whose prompt an earlier query has: "
            f"{_some(found.repeated)}"
        )
    for works, figure in ((found.unscored, "score"), (found.uncosted, "cost")):
        if works:
            output.notice(f"{counted(len(works), 'work')} left out, whose {figure} is not known: {_some(works)}")
    return practise_recorded(market.store, seats, found.id, found.lessons, again=again)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return f"{', '.join(names[:_NAMED_MAX])}{more}"


def _models(mapping: Sequence[str]) -> dict[str, str]:
    """The model of each bidder that is mapped to one."""
    models: dict[str, str] = {}
    for bidder, model in map(_pair, mapping):
        if models.setdefault(bidder, model) != model:
            raise InvalidRequest(f"--map gives {bidder[:64]} both {models[bidder][:64]} and {model[:64]}; give it one")
    return models


def _pair(mapping: str) -> tuple[str, str]:
    bidder, equals, model = mapping.partition("=")
    if not (bidder and equals and model):
        raise InvalidRequest(f"--map takes BIDDER=MODEL, not {mapping[:80]!r}")
    return bidder, model
