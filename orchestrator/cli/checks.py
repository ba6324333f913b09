"""How a check of a market's bidders and models is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from orchestrator.api.checking import ModelCheck
from orchestrator.api.roster import BROKEN, Roster
from orchestrator.cli.inert import one_line
from orchestrator.cli.output import Output
from orchestrator.cli.render import cell, table
from orchestrator.config.building import PRESENTERS_MIN
from orchestrator.core.rules import PRESENTER
from orchestrator.money import format_usd
from orchestrator.store.rows import RETIRED, SUSPENDED


def show_checks(output: Output, checks: Sequence[ModelCheck], *, is_called: bool = True) -> None:
    """Each model and what its call showed, if it was called; problems one a line."""
    if not checks:
        return
    output.say()
    if is_called:
        output.show(checks_table(checks))
    for check in checks:
        if not check.works:
            output.say(f"{check.model}, used by {_users(check)}: {one_line(check.problem, 500)}")
    if not is_called:
        return
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
    mute = _mute(checks)
    for warning in (*roster.warnings, *_too_few_presenters(roster, mute)):
        output.say(f"Warning: {warning}")
    for check in checks:
        if check.judge and not check.works:
            output.say(f"Warning: the judge {check.judge} has a model that does not work: offers will wait for a pick")
    bidders = len(roster.configured)
    statuses = Counter(row.status for row in roster.configured)
    for status in (BROKEN, RETIRED, SUSPENDED):
        if statuses[status]:
            output.say(f"{statuses[status]} of {bidders} bidders are {status}.")
    if mute:
        output.say(f"{len(mute)} of {bidders} bidders have a model that does not work.")
    if not is_anybody_able(roster, checks):
        output.say("No bidder can take part.")
    elif len(roster.able) == bidders and not mute:
        output.say(f"All {bidders} bidders can take part.")


def is_anybody_able(roster: Roster, checks: Sequence[ModelCheck]) -> bool:
    """Whether one of the config's bidders takes part in a request posted now, and its model works if it has one."""
    mute = _mute(checks)
    return any(row.name not in mute for row in roster.able)


def _mute(checks: Sequence[ModelCheck]) -> set[str]:
    """Bidders whose model does not work."""
    return {name for check in checks if not check.works for name in check.bidders}


def _too_few_presenters(roster: Roster, mute: set[str]) -> list[str]:
    """A warning where models that do not work leave too few presenters (R8)."""
    presenters = [row for row in roster.able if PRESENTER in row.roles]
    if not any(row.name in mute for row in presenters):
        return []
    left = len({row.principal for row in presenters if row.name not in mute})
    if left >= PRESENTERS_MIN:
        return []
    return [
        f"{left} presenters of separate principals have a working model or need none; a market needs {PRESENTERS_MIN}"
    ]
