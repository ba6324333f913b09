"""`offers`, `pick` and `cancel`: what there is to choose from, and the choice."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.failures import PROBLEM, interruptible
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, RequestArgument, StoreOption
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place
from orchestrator.cli.running import finish_if_interrupted, tell_result
from orchestrator.errors import InvalidRequest

_JUDGE = "user"


def offers(
    request: RequestArgument,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a request's offers, best first."""
    place = Place(config, home, store)
    with writing(as_json) as output:
        finish_if_interrupted(place, request, output)
        with place.books(output) as books:
            from orchestrator.api.reports import read_offers

            found = read_offers(books, request)
        if as_json:
            output.emit(found.to_dict())
        elif found.offers:
            from orchestrator.cli.render import offer_views

            output.show(*offer_views(found.offers))
            taken = f", and offer {found.picked} was taken" if found.picked else ""
            output.say(f"{request} is {found.status}{taken}.")
        else:
            output.say(f"{request} is {found.status} and has no offers{f': {found.reason}' if found.reason else ''}.")
    if not found.offers:
        raise typer.Exit(PROBLEM)


def pick(
    request: RequestArgument,
    rank: Annotated[str | None, typer.Argument(metavar="RANK", help="The rank of the offer that you take.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Take none of the offers; the bounty returns.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take one of a request's offers, or none of them.

    Taking an offer releases the bounty to its presenter; taking none returns it.
    """
    if (rank is None) != none:
        raise InvalidRequest("give the RANK of the offer that you take, or --none; one of the two")
    chosen = 0 if rank is None else _read_rank(rank)
    place = Place(config, home, store)
    with writing(as_json) as output:
        finish_if_interrupted(place, request, output)
        with place.market(output, request) as market:
            market.pick(request, chosen, _JUDGE)
            with interruptible(f"interrupted, but the choice stands: {place.command(f'show {request}')} tells of it"):
                tell_result(market, market.result(request), place, output)


def cancel(
    request: RequestArgument,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a request, whatever it is doing; the bounty returns."""
    place = Place(config, home, store)
    with writing(as_json) as output, place.market(output, request) as market:
        market.cancel(request)
        with interruptible(f"interrupted, but {request} is cancelled: {place.command(f'show {request}')} tells of it"):
            tell_result(market, market.result(request), place, output)


def _read_rank(rank: str) -> int:
    if not rank.removeprefix("-").isdecimal():
        raise InvalidRequest(f"a rank is a whole number, for example 1, not {rank[:40]!r}")
    if len(rank) > 9 or int(rank) < 1:
        raise InvalidRequest(f"ranks begin at 1, so there is no offer {rank[:40]}; --none takes none")
    return int(rank)
