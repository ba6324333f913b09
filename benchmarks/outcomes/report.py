"""The tables of one file, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.change import change_table, play_societies
from benchmarks.outcomes.copies import copies_table
from benchmarks.outcomes.data import Outcomes
from benchmarks.outcomes.held_out import Methods, baselines, held_out_table, market_methods
from benchmarks.outcomes.long_run import long_run_table
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.missing import missing_table
from benchmarks.outcomes.plots import plot_change, plot_curves
from benchmarks.outcomes.router import router_table
from benchmarks.outcomes.settings import Settings
from benchmarks.outcomes.speed import speed_table
from benchmarks.outcomes.splits import report_contests, validation_contests
from benchmarks.outcomes.stream import newcomer_table, play_streams, stream_methods, stream_table
from benchmarks.outcomes.user import User
from benchmarks.running import tell
from benchmarks.tables import DOCS, Report, pages_of
from orchestrator.errors import InvalidRecord, InvalidRequest

Key = TypeVar("Key")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Study:
    """What all tables of one file rest on.

    Attributes:
        settings: what was asked for.
        record: the record's name.
        models: how many models it has.
        contests: queries to learn from and queries to measure on: one such pair, or several within folds 0 to 4.
    """

    settings: Settings
    record: str
    models: int
    contests: Sequence[Contest]

    @property
    def design(self) -> Design:
        """Of the market."""
        return self.settings.design

    @property
    def where(self) -> str:
        """On what it was measured, for titles."""
        said = f"{self.record}, a right answer worth {self.design.value_usd:g} USD, {self.design.shown} shown"
        return f"{said}, within folds 0 to 4" if self.settings.is_validation else said

    def key(self, table: str) -> str:
        """Names one of its tables in the docs."""
        return f"outcomes/{self.record}/{self.design.value_usd:g}/{self.design.shown}/{table}"

    def images(self, what: str, table: str) -> list[Path]:
        """Where a table's plot is to be drawn: in the docs if they have the table, in the folder that was named."""
        name = f"{what}-{self.record}-{self.design.value_usd:g}-{self.design.shown}.png"
        folders = [DOCS / "images"] if self.settings.writes and pages_of(self.key(table)) else []
        return [folder / name for folder in (*folders, *filter(None, [self.settings.plots]))]

    def named(self, methods: Mapping[Key, T], name_of: Callable[[Key], str]) -> dict[Key, T]:
        """Those methods that are asked for."""
        return {key: method for key, method in methods.items() if self.settings.only in name_of(key)}


def reports(settings: Settings, data: Outcomes) -> Iterator[Report]:
    """Measure, and give each table as it is done.

    Raises:
        InvalidRecord: the record does not suit the market, or a table that is asked for.
        InvalidRequest: a table that is asked for has no method of the name that is asked for.
    """
    user = User.of(data, settings.seed)
    settings.design.check_names(data.models)
    if "router" in settings.tables and len(data.models) != _ROUTED:
        raise InvalidRecord(f"{data.name} records {len(data.models)} models; the router table is for two")
    contests_of = validation_contests if settings.is_validation else report_contests
    contests = contests_of(user, settings.design.value_usd, settings.seed)
    study = _Study(settings, data.name, len(data.models), contests)
    tables = _tables(study)
    if settings.writes and not any(pages_of(study.key(table)) for table in tables):
        raise InvalidRequest(
            f"--write: no page of the docs has a place for a table of {study.where}; without it they are printed, and "
            "--plots draws the curves into a folder of yours"
        )
    for table in tables:
        tell(f"measuring {table} ...")
        yield _TABLES[table](study)


def _is_wanted(study: _Study, table: str) -> bool:
    if study.settings.tables:
        return table in study.settings.tables
    if study.settings.is_validation:
        return table == "held-out"
    return table not in _ON_DEMAND and (table != "router" or study.models == _ROUTED)


def _tables(study: _Study) -> list[str]:
    """The tables to be made, in their order; of those that nobody named, such as have a method that is asked for.

    Raises:
        InvalidRequest: a table that was named has none, or none of all; told before an hour has gone into the others.
    """
    methods: dict[str, Sequence[str]] = {
        "held-out": [name for name, _ in _held_out_methods(study)],
        "stream": list(stream_methods(study.design)),
    }
    only = study.settings.only
    wanted = [table for table in _TABLES if _is_wanted(study, table)]
    lacking = [table for table in wanted if not any(only in name for name in methods.get(table, (only,)))]
    if lacking and (study.settings.tables or not {*wanted} & {*methods} - {*lacking}):
        names = ", ".join(dict.fromkeys(methods[lacking[0]]))
        raise InvalidRequest(f"no method's name has {only!r} in it: {names}")
    return [table for table in wanted if table not in lacking]


def _held_out_methods(study: _Study) -> Methods:
    design, orders = study.design, study.settings.orders
    return {**baselines(design.shown, orders), **market_methods(design, orders)}


def _held_out(study: _Study) -> Report:
    every = _held_out_methods(study)
    wanted = study.named(every, lambda name: name[0])
    methods = {name: _told(name[0], run) for name, run in every.items() if name in wanted or name[0] == "best single"}
    return held_out_table(study.key("held-out"), f"Held-out queries: {study.where}", study.contests, methods)


def _told(name: str, play: Callable[[Contest], T]) -> Callable[[Contest], T]:
    """A method that says when its turn has come."""

    def telling(contest: Contest) -> T:
        tell(f"  {name} ...")
        return play(contest)

    return telling


def _stream(study: _Study) -> Report:
    methods = study.named(stream_methods(study.design), str)
    streams = play_streams(study.contests[0], {name: _told(name, play) for name, play in methods.items()})
    for place in study.images("learning", "stream") if streams else ():
        plot_curves(streams, study.design.value_usd, study.where, place)
    title = f"From nothing, the whole stream: {study.where}"
    return stream_table(study.key("stream"), title, study.contests[0], streams)


def _newcomer(study: _Study) -> Report:
    title = f"A newcomer at half time: {study.where}"
    return newcomer_table(study.key("newcomer"), title, study.contests[0], study.design)


def _change(study: _Study) -> Report:
    societies = play_societies(study.contests[0], study.design)
    for place in study.images("change", "change"):
        plot_change(societies, study.design.value_usd, study.where, place)
    title = f"Centralised against decentralised: {study.where}"
    return change_table(study.key("change"), title, study.contests[0], societies)


def _copies(study: _Study) -> Report:
    title = f"Near-copies: {study.where}"
    return copies_table(study.key("copies"), title, study.contests[0], study.design, study.settings.orders)


def _missing(study: _Study) -> Report:
    title = f"Missing answers: {study.where}"
    return missing_table(study.key("missing"), title, study.contests[0], study.design, study.settings.orders)


def _long_run(study: _Study) -> Report:
    title = f"A long run: {study.where}"
    return long_run_table(study.key("long-run"), title, study.contests[0], study.design)


def _speed(study: _Study) -> Report:
    title = f"One pass of training and test: {study.where}"
    return speed_table(study.key("speed"), title, study.contests[0], study.design)


def _router(study: _Study) -> Report:
    title = f"Two models, by RouteLLM's protocol: {study.record}"
    return router_table(study.key("router"), title, study.contests[0], study.design)


_ROUTED: Final = 2
"""How many models a record of routing has."""

_ON_DEMAND: Final = ("change", "copies", "missing", "long-run")
"""Tables that take long and are made only where they are asked for."""

_TABLES: Final[Mapping[str, Callable[[_Study], Report]]] = {
    "held-out": _held_out,
    "stream": _stream,
    "newcomer": _newcomer,
    "change": _change,
    "copies": _copies,
    "missing": _missing,
    "long-run": _long_run,
    "speed": _speed,
    "router": _router,
}
