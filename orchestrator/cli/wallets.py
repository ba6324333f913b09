"""`bidders list|check|topup`: who takes part, who cannot, and wallets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.failures import PROBLEM
from orchestrator.cli.options import NEGATIVES, ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place

if TYPE_CHECKING:
    from orchestrator.api.roster import Roster
    from orchestrator.config import Config
    from orchestrator.store import Store

app = typer.Typer(help="Bidders: their wallets, their memories, and whether they work.", no_args_is_help=True)


@app.command("list")
def list_bidders(
    config: ConfigOption = None, home: HomeOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List bidders with status and balance.

    Broken ones, and plugins that cannot be loaded, are listed with their reason. Below stand the types that are
    installed, which a config may name.
    """
    place = Place(config, home, store)
    with writing(as_json) as output, place.books(output, is_past_needed=False) as books:
        settings = place.settings()
        roster = _read(place, settings, books)
        if as_json:
            output.emit({"config": settings.source, **roster.to_dict()})
        else:
            from orchestrator.cli.render import types_table

            _show_roster(output, settings.source, roster)
            output.say()
            output.show(types_table(roster))


@app.command("check")
def check_bidders(
    calls: Annotated[
        bool, typer.Option("--calls/--no-calls", help="Whether to try the models with a tiny call.")
    ] = True,
    deadline: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long such a call may take.")] = 20.0,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build bidders and judge, and try their models.

    All models are called at once, each once, however many bidders share it, and a judge's too; what that costs
    is shown. With --no-calls it only says which cannot be called, for example because a key is not set. Warns of
    what will not work well. Fails if one of the config's bidders is broken, a model does not work, or nobody can
    take part.
    """
    place = Place(config, home, store)
    with writing(as_json) as output, place.books(output, is_past_needed=False) as books:
        from orchestrator.api.checking import check_models, find_mute_models
        from orchestrator.cli.checks import is_anybody_able, say_verdict, show_checks

        settings = place.settings()
        roster = _read(place, settings, books)
        checks = check_models(settings, deadline) if calls else find_mute_models(settings)
        if as_json:
            models = [check.to_dict() for check in checks]
            output.emit({"config": settings.source, **roster.to_dict(), "models": models})
        else:
            _show_roster(output, settings.source, roster)
            show_checks(output, checks, is_called=calls)
            say_verdict(output, roster, checks)
    if roster.broken or not all(check.works for check in checks) or not is_anybody_able(roster, checks):
        raise typer.Exit(PROBLEM)


@app.command("topup", context_settings=NEGATIVES)
def topup(
    name: Annotated[str, typer.Argument(metavar="BIDDER", help="Whose wallet.")],
    amount: Annotated[str, typer.Argument(metavar="USD", help="How much, for example 5 or 2.50.")],
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put new money into a bidder's wallet.

    A bidder that was suspended may act again. If its wallet is still so low that it is suspended after the next
    request, that is said.
    """
    with writing(as_json) as output, Place(config, home, store).market(output) as market:
        from orchestrator.api.standing import threat_to

        balance = market.topup(name, amount)
        threat = market.store.read(lambda reader: threat_to(reader, name, market.config.wealth))
        if as_json:
            output.emit({"bidder": name, "balance": str(balance), **({"warning": threat} if threat else {})})
        else:
            output.say(f"{name} can spend {balance} USD now.")
            if threat:
                output.say(f"Warning: {threat}")


def _read(place: Place, settings: Config, books: Store) -> Roster:
    """Read who takes part; hints at what would change that lead to this market."""
    from orchestrator.api.roster import read_roster

    roster = read_roster(settings, books)
    return replace(roster, rows=tuple(replace(row, reason=place.pointed(row.reason)) for row in roster.rows))


def _show_roster(output: Output, source: str, roster: Roster) -> None:
    from orchestrator.cli.render import roster_table, roster_troubles

    output.say(f"Config {source}")
    output.show(roster_table(roster), *roster_troubles(roster))
