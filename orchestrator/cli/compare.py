"""`compare`: the market beside the usual alternatives, on the same models under the same cap."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.failures import PROBLEM, interruptible
from orchestrator.cli.options import (
    BudgetOption,
    ConfigOption,
    FileOption,
    HomeOption,
    JsonOption,
    QuietOption,
    SeedOption,
    StoreOption,
    TextArgument,
)
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place
from orchestrator.cli.request_text import read_request_text

if TYPE_CHECKING:
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    from orchestrator.api.comparison import Comparison
    from orchestrator.comparing import Contestant

ALL_RIVALS = "best-single,best-of-n,self-consistency,moa,cascade"


def compare(
    budget: BudgetOption,
    text: TextArgument = None,
    file: FileOption = None,
    against: Annotated[str, typer.Option(metavar="NAMES", help="The rivals, separated by commas.")] = ALL_RIVALS,
    spend_cap: Annotated[
        str | None,
        typer.Option(
            metavar="USD",
            help="The most real money that the market may cost, and each rival too; by default the config's, else "
            "the budget.",
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, max=100, help="How many answers best-of-n and self-consistency ask for.")
    ] = 5,
    max_tokens: Annotated[int, typer.Option(min=1, help="The most tokens that one answer of a rival may take.")] = 1200,
    seed: SeedOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the market beside the usual alternatives.

    All use the same models, and their answers, costs and times are shown side by side.

    best-single asks the dearest model once. best-of-n samples it and has it score each answer. self-consistency
    samples it and takes the majority, or of open texts the most central. moa (mixture of agents) has every model
    propose and the dearest combine. cascade asks from cheap to dear until one is sure of its answer.

    Market and rivals run one after the other, each under the whole cap: together they can cost as many caps as there
    are of them. The market's request stays open, and `vickrey pick` takes one of its offers.
    """
    place = Place(config, home, store)
    with writing(as_json) as output:
        from orchestrator.comparing import read_rivals

        rivals = read_rivals(against, samples)
        with place.market(output) as market, interruptible("the comparison was cut short"):
            from orchestrator.api import Posting
            from orchestrator.api.comparison import compare as run_all
            from orchestrator.cli.live import LiveProgress

            request = read_request_text(text, file, market.config.request.text_bytes_max)
            posting = Posting(request, budget, seed=seed, spend_cap=spend_cap)
            with nullcontext() if quiet else LiveProgress(output.progress) as listener:
                found = run_all(market, posting, rivals, max_tokens=max_tokens, on_event=listener)
            if as_json:
                output.emit(found.to_dict())
            else:
                _show(found, place, output, is_lasting=place.is_lasting(market.config))
    if not any(entry.is_answered for entry in found.entries):
        raise typer.Exit(PROBLEM)


def _show(found: Comparison, place: Place, output: Output, *, is_lasting: bool) -> None:
    from orchestrator.money import format_usd

    output.say()
    for entry in found.entries:
        if entry.is_answered:
            output.show(*answer_views(entry))
    output.show(entries_table(found.entries))
    for entry in found.entries:
        if not entry.is_answered:
            output.say(f"{entry.name} has no answer: {entry.how}")
    output.say(f"Each had a cap of {format_usd(found.cap_nanos)} USD and these models, cheapest first: ")
    output.say(f"  {', '.join(found.models)}")
    for reason in found.left_out:
        output.say(f"Left out: {reason}")
    if found.entries[0].is_answered and is_lasting:
        output.say(f"{found.request_id} is open: {place.command(f'pick {found.request_id} 1')} takes its first offer.")


def answer_views(entry: Contestant) -> Iterable[Rule | Text]:
    """One answer in full."""
    from rich.rule import Rule
    from rich.text import Text

    from orchestrator.cli.inert import inert, one_line

    yield Rule(Text(f"{entry.name}: {one_line(entry.how)}", style="bold"), align="left", style="dim")
    yield Text("")
    yield Text(inert(entry.text))
    yield Text("")


def entries_table(entries: Iterable[Contestant]) -> Table:
    """Cost and time of each, side by side."""
    from orchestrator.cli.render import aligned, cell, table

    listed = list(entries)
    right = ("USD", "seconds", "calls", "tokens", "characters")
    made = table("who", *right, right=right)
    for entry, cost in zip(listed, aligned(entry.cost_nanos for entry in listed), strict=True):
        made.add_row(
            cell(entry.name, "bold" if entry.is_answered else "red"),
            cell(cost if entry.is_cost_known else f"{cost}+?"),
            cell(f"{entry.seconds:.1f}"),
            cell(entry.calls),
            cell(f"{entry.tokens:,}"),
            cell(f"{len(entry.text):,}"),
        )
    return made
