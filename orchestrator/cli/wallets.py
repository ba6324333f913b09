"""`bidders list|check|topup`: who takes part, who cannot, and wallets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.failures import PROBLEM
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place

if TYPE_CHECKING:
    from orchestrator.api.roster import Roster

app = typer.Typer(help="List and check bidders; put money into a wallet.", no_args_is_help=True)


@app.command("list")
def list_bidders(
    config: ConfigOption = None, home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List bidders with status and balance.

    Broken ones, and plugins that cannot be loaded, are listed with their reason.
    """
    _show_roster(Place(config, home, store), as_json, checking=False)


@app.command("check")
def check_bidders(
    config: ConfigOption = None, home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Build each bidder; warn of what will not work well.

    Fails if one of the config's bidders is broken.
    """
    _show_roster(Place(config, home, store), as_json, checking=True)


@app.command("topup")
def topup(
    name: Annotated[str, typer.Argument(metavar="BIDDER", help="Whose wallet.")],
    amount: Annotated[str, typer.Argument(metavar="USD", help="How much, for example 5 or 2.50.")],
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put new money into a bidder's wallet.

    A bidder that was suspended may act again.
    """
    with writing(as_json) as output, Place(config, home, store).market(output) as market:
        balance = market.topup(name, amount)
        if as_json:
            output.emit({"bidder": name, "balance": str(balance)})
        else:
            output.say(f"{name} can spend {balance} USD now.")


def _show_roster(place: Place, as_json: bool, checking: bool) -> None:
    with writing(as_json) as output, place.books(output) as books:
        from orchestrator.api.roster import read_roster

        settings = place.settings()
        roster = read_roster(settings, books)
        if as_json:
            output.emit({"config": settings.source, **roster.to_dict()})
        else:
            from orchestrator.cli.render import roster_table, roster_troubles

            output.say(f"Config {settings.source}")
            output.show(roster_table(roster), *roster_troubles(roster))
            if checking:
                _say_verdict(output, roster)
    if checking and roster.broken:
        raise typer.Exit(PROBLEM)


def _say_verdict(output: Output, roster: Roster) -> None:
    bidders, broken = len(roster.configured), len(roster.broken)
    for warning in roster.warnings:
        output.say(f"Warning: {warning}")
    output.say(f"{broken} of {bidders} bidders are broken." if broken else f"All {bidders} bidders can take part.")
