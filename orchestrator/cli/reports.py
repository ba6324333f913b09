"""`show`, `statement`, `requests`, `leaderboard` and `audit`: what happened, and where the money went."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.failures import PROBLEM
from orchestrator.cli.findings import tell_findings
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, RequestArgument, StoreOption
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place

_REQUESTS_SHOWN = 50


def show(
    request: RequestArgument,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell a request's story, stage by stage.

    Sealed bids, passes with their reasons, faults, prices, and what changed in the text, with its author.
    """
    with writing(as_json) as output, Place(config, home, store).books(output) as books:
        from orchestrator.api.timeline import read_timeline

        timeline = read_timeline(books, request)
        if as_json:
            output.emit(timeline.to_dict())
        else:
            from orchestrator.cli.story import story

            output.show(*story(timeline))


def statement(
    name: Annotated[
        str, typer.Argument(metavar="REQUEST|BIDDER|treasury", help="Whose money; an account as bidder:NAME works too.")
    ],
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the money went, to the last dollar.

    Of a request, of a bidder, of the treasury or of any other account, in sums that balance.
    """
    with writing(as_json) as output, Place(config, home, store).books(output) as books:
        from orchestrator.api.statements import find_statement

        found = find_statement(books, name)
        if as_json:
            output.emit(found.to_dict())
        else:
            from orchestrator.cli.accounts import statement_views

            output.show(*statement_views(found))
    if not found.is_balanced():
        raise typer.Exit(PROBLEM)


def requests(
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help="Only running, open, released, rejected, expired or failed; repeatable."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest to show.")] = _REQUESTS_SHOWN,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List requests, the latest last."""
    place = Place(config, home, store)
    with writing(as_json) as output, place.books(output) as books:
        from orchestrator.api.reports import list_requests

        summaries = list_requests(books, status or (), limit)
        if as_json:
            output.emit({"requests": [summary.to_dict() for summary in summaries]})
        elif summaries:
            import time

            from orchestrator.cli.render import requests_table

            output.show(requests_table(summaries, time.time()))
        else:
            none = f"No request is {' or '.join(status)}." if status else "Nobody has posted a request yet."
            run = place.command('run "Plan a trip to Lisbon" --budget 10')
            output.say(f"{none} {run} posts one.")


def leaderboard(
    config: ConfigOption = None, home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Show how each bidder has done.

    Wins are lots won and delivered; profit is revenue less prices, costs and forfeits.
    """
    with writing(as_json) as output, Place(config, home, store).books(output) as books:
        from orchestrator.api import reports

        rows = reports.leaderboard(books)
        if as_json:
            output.emit({"bidders": [row.to_dict() for row in rows]})
        elif rows:
            from orchestrator.cli.render import leaderboard_table

            output.show(leaderboard_table(rows))
        else:
            output.say("No bidder has taken part in this market yet.")


def audit(
    config: ConfigOption = None, home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Recompute all books, and check journals."""
    with writing(as_json) as output, Place(config, home, store).books(output) as books:
        from orchestrator.api.reports import audit_books

        findings = audit_books(books)
        tell_findings(findings, "The books balance: every account agrees with its transfers.", output)
    if findings:
        raise typer.Exit(PROBLEM)
