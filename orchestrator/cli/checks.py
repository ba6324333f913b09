"""How a check of a market's bidders and models is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from orchestrator.api.checking import ModelCheck
from orchestrator.api.roster import Roster
from orchestrator.cli.inert import one_line
from orchestrator.cli.output import Output
from orchestrator.cli.render import cell, table
from orchestrator.config.building import PRESENTERS_MIN
from orchestrator.core.rules import PRESENTER
from orchestrator.money import format_usd


def show_checks(output: Output, checks: Sequence[ModelCheck]) -> None:
    """Each model and what its call showed; problems one a line."""
    if not checks:
        return
    output.say()
    output.show(checks_table(checks))
    for check in checks:
        if not check.works:
            output.say(f"{check.model}, used by {_users(check)}: {one_line(check.problem, 500)}")
    spent = sum(check.cost_nanos or 0 for check in checks)
    unknown = any(check.seconds is not None and check.cost_nanos is None for check in checks)
    output.say(f"The calls cost {format_usd(spent)} USD{' and what is not known' if unknown else ''}.")


def checks_table(checks: Sequence[ModelCheck]) -> Table:
    """Models with latency, mode and price."""
    made = table("model", "provider", "works", "seconds", "structured", "price", right=("seconds",))
    for check in checks:
        made.add_row(
            cell(check.model, "bold"),
            cell(check.provider),
            cell("yes" if check.works else "no", "" if check.works else "red"),
            cell("" if check.seconds is None else f"{check.seconds:.2f}"),
            cell(check.mode),
            cell(check.price),
        )
    return made


def _users(check: ModelCheck) -> str:
    return ", ".join((*check.bidders, *([f"the judge {check.judge}"] if check.judge else [])))


def say_verdict(output: Output, roster: Roster, checks: Sequence[ModelCheck]) -> None:
    """Warnings, and how many can take part."""
    unable = {name for check in checks if not check.works for name in check.bidders}
    for warning in (*roster.warnings, *_too_few_presenters(roster, unable)):
        output.say(f"Warning: {warning}")
    for check in checks:
        if check.judge and not check.works:
            output.say(f"Warning: the judge {check.judge} has a model that does not work: offers will wait for a pick")
    bidders, broken = len(roster.configured), len(roster.broken)
    if not broken and not unable:
        output.say(f"All {bidders} bidders can take part.")
        return
    if broken:
        output.say(f"{broken} of {bidders} bidders are broken.")
    if unable:
        output.say(f"{len(unable)} of {bidders} bidders have a model that does not work.")


def _too_few_presenters(roster: Roster, unable: set[str]) -> list[str]:
    """A warning where models that do not work leave too few presenters (R8)."""
    presenters = [row for row in roster.configured if PRESENTER in row.roles]
    if not any(row.name in unable for row in presenters):
        return []
    left = len({row.principal for row in presenters if row.name not in unable})
    if left >= PRESENTERS_MIN:
        return []
    return [
        f"{left} presenters of separate principals have a working model or need none; a market needs {PRESENTERS_MIN}"
    ]
