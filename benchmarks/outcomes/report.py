"""The tables of one file, in order."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.outcomes.change import change_table, play_societies
from benchmarks.outcomes.copies import copies_table
from benchmarks.outcomes.data import Outcomes
from benchmarks.outcomes.held_out import baselines, held_out_table, market_methods
from benchmarks.outcomes.plots import plot_change, plot_curves
from benchmarks.outcomes.router import router_table
from benchmarks.outcomes.settings import Settings
from benchmarks.outcomes.speed import speed_table
from benchmarks.outcomes.splits import report_contests, validation_contests
from benchmarks.outcomes.stream import newcomer_table, play_streams, stream_methods, stream_table
from benchmarks.outcomes.user import User
from benchmarks.tables import DOCS, Report
from orchestrator.errors import InvalidRecord


def reports(settings: Settings, data: Outcomes) -> Iterator[Report]:
    """Measure, and give each table as it is done.

    Raises:
        InvalidRecord: the record does not suit the market, or a table that is asked for.
    """
    user = User.of(data, settings.seed)
    design = settings.design
    design.check_names(data.models)
    if "router" in settings.tables and len(data.models) != 2:
        raise InvalidRecord(f"{data.name} records {len(data.models)} models; the router table is for two")
    contests = report_contests(user, design.value_usd, settings.seed)
    if settings.is_validation:
        contests = validation_contests(user, design.value_usd, settings.seed)
    where = f"{data.name}, a right answer worth {design.value_usd:g} USD, {design.shown} shown"
    if settings.is_validation:
        where += ", within folds 0 to 4"
    key = f"outcomes/{data.name}/{design.value_usd:g}/{design.shown}"
    if _wants(settings, "held-out"):
        every = {**baselines(design.shown, settings.orders), **market_methods(design, settings.orders)}
        methods = {name: run for name, run in every.items() if settings.only in name[0] or name[0] == "best single"}
        yield held_out_table(f"{key}/held-out", f"Held-out queries: {where}", contests, methods)
    if _wants(settings, "stream"):
        table = {name: play for name, play in stream_methods(design).items() if settings.only in name}
        streams = play_streams(contests[0], table)
        if settings.writes:
            path = DOCS / "images" / f"learning-{data.name}-{design.value_usd:g}-{design.shown}.png"
            plot_curves(streams, design.value_usd, where, path)
        yield stream_table(f"{key}/stream", f"From nothing, the whole stream: {where}", contests[0], streams)
    if _wants(settings, "newcomer"):
        yield newcomer_table(f"{key}/newcomer", f"A newcomer at half time: {where}", contests[0], design)
    if "change" in settings.tables:
        societies = play_societies(contests[0], design)
        if settings.writes:
            path = DOCS / "images" / f"change-{data.name}-{design.value_usd:g}-{design.shown}.png"
            plot_change(societies, design.value_usd, where, path)
        yield change_table(f"{key}/change", f"Centralised against decentralised: {where}", contests[0], societies)
    if "copies" in settings.tables:
        yield copies_table(f"{key}/copies", f"Near-copies: {where}", contests[0], design, settings.orders)
    if _wants(settings, "speed"):
        yield speed_table(f"{key}/speed", f"One pass of training and test: {where}", contests[0], design)
    if _wants(settings, "router") and len(data.models) == 2:
        yield router_table(f"{key}/router", f"Two models, by RouteLLM's protocol: {data.name}", contests[0], design)


def _wants(settings: Settings, table: str) -> bool:
    if settings.tables:
        return table in settings.tables
    return table == "held-out" or not settings.is_validation
