"""`run --dry-run`: who could take part in a request and what it could cost, before any call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from orchestrator.cli.failures import PROBLEM
from orchestrator.cli.inert import inert, one_line
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place
from orchestrator.cli.render import aligned, cell, table

if TYPE_CHECKING:
    from orchestrator.api import Posting
    from orchestrator.api.dry_run import DryRun


def show_dry_run(place: Place, judge: str | None, posting: Callable[[int], Posting], as_json: bool) -> None:
    """Show what is known of a request before it is posted.

    Args:
        place: the market.
        judge: name of a judge to use in place of the config's.
        posting: makes the posting, given the most bytes that its text may have.
        as_json: whether to write one JSON document.

    Raises:
        typer.Exit: nobody could take part.
    """
    from orchestrator.api.dry_run import dry_run

    config = place.settings(judge)
    with writing(as_json) as output, place.untouched(config) as store:
        found = dry_run(config, store, posting(config.request.text_bytes_max))
        pointed = (replace(each, obstacle=place.pointed(each.obstacle)) for each in found.entrants)
        found = replace(found, entrants=tuple(pointed))
        if as_json:
            output.emit({"config": config.source, **found.to_dict()})
        else:
            output.say(f"Dry run of {config.source}: no call is made, nothing is written.\n")
            output.show(entrants_table(found), *obstacles(found), Text(""), amounts_table(found))
            for warning in found.warnings:
                output.say(f"Warning: {warning}")
    if not found.able:
        raise typer.Exit(PROBLEM)


def entrants_table(found: DryRun) -> Table:
    """Every bidder: what its calls on the request itself may cost, and the most that it can lose."""
    made = table(
        "bidder", "can take part", "model", "to bid", "to work", "can lose", right=("to bid", "to work", "can lose")
    )
    bids = aligned(None if each.obstacle else each.bid_cost_max_nanos for each in found.entrants)
    works = aligned(None if each.obstacle else each.transform_cost_max_nanos for each in found.entrants)
    losses = aligned(None if each.obstacle else each.loss_max_nanos for each in found.entrants)
    for each, bid, work, loss in zip(found.entrants, bids, works, losses, strict=True):
        able = Text("no", style="red") if each.obstacle else Text("yes")
        made.add_row(cell(each.name, "bold"), able, cell(each.model), cell(bid), cell(work), cell(loss))
    return made


def obstacles(found: DryRun) -> Iterable[Text]:
    """Why some could not take part."""
    for each in found.entrants:
        if each.obstacle:
            yield Text.assemble((f"{inert(each.name)}: ", "red"), one_line(each.obstacle, 500))
    if found.judge.obstacle:
        yield Text.assemble(
            (f"judge {inert(found.judge.name)} could not pick: ", "red"), one_line(found.judge.obstacle, 500)
        )


def amounts_table(found: DryRun) -> Table:
    """The most that each side can lose."""
    posting = found.posting
    lines = [
        (posting.bounty.nanos, "you, taking an offer: the bounty, less the refund"),
        (posting.deposit.nanos, "you, taking none: the deposit; the bounty returns"),
        (found.spend_max_nanos, f"the operator, in real money: {_spend(found)}"),
        (found.first_stage_cost_max_nanos, "of that at the first stage, if nobody fails"),
    ]
    if found.judge.cost_max_nanos:
        lines.append((found.judge.cost_max_nanos, f"of that for the judge {found.judge.name}, each time it is asked"))
    made = table("at most, USD", "who", right=("at most, USD",))
    for amount, (_, label) in zip(aligned(nanos for nanos, _ in lines), lines, strict=True):
        made.add_row(cell(amount), cell(label))
    return made


def _spend(found: DryRun) -> str:
    return "the spend cap" if found.spend_max_nanos else "nobody declares a cost"
