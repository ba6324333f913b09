"""Worlds: records made of one record, on each of which the same few methods are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from benchmarks.outcomes.baselines import cascades, choosing
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.measures import COLUMNS, figures
from benchmarks.outcomes.played import Played
from benchmarks.outcomes.regimes import practised, trained_on_bounties
from benchmarks.outcomes.user import User
from benchmarks.running import tell
from benchmarks.tables import Report

Row = tuple[str | float, ...]


def worlds_report(
    name: str,
    title: str,
    heading: str,
    worlds: Mapping[str, Outcomes],
    contest: Contest,
    rows: Callable[[Contest], Iterable[Row]],
) -> Report:
    """Compare methods on several records with one user.

    Args:
        name: of the table.
        title: of it.
        heading: says what worlds differ in.
        worlds: the records.
        contest: whose user it is, and which queries are learned from and measured on.
        rows: what comes of each method in a world.
    """
    found: list[Row] = []
    for world, record in worlds.items():
        tell(f"  {world} ...")
        found += [(world, *row) for row in rows(replace(contest, user=User(record, contest.user.draws)))]
    return Report(name, title, (heading, "method", *COLUMNS), tuple(found))


def methods_rows(contest: Contest, design: Design, orders: int) -> list[Row]:
    """What an engineer would do instead, and what the market brings on the test queries."""
    single = choosing.best_single(contest)
    played = {
        "best single": single,
        "agreement cascade A+B->C": cascades.agreement_cascade(contest),
        "market, trained in one pass": trained_on_bounties(contest, design, orders),
    }
    if hasattr(design.policy(), "practise"):
        played["market, practised"] = practised(contest, design)
    return [method_row(method, each, single, contest) for method, each in played.items()]


def method_row(method: str, played: Played, single: Played, contest: Contest) -> Row:
    """One method's figures, beside best single on the same queries."""
    return (method, *figures(played, single, contest.value_usd).row())
