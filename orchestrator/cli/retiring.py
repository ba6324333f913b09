"""`bidders retire|reinstate`: leaving the market, and coming back."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.cli.confirming import confirm
from orchestrator.cli.memories import YesOption
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place
from orchestrator.store.rows import ACTIVE, RETIRED

BidderArgument = Annotated[str, typer.Argument(metavar="BIDDER", help="Who.")]


def retire(
    name: BidderArgument,
    yes: YesOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a bidder take part in no further request.

    Its wallet goes to the treasury; what it has learned stays. Requests that wait for a pick go on with it, and what
    they bring it goes to the treasury, too.
    """
    place = Place(config, home, store)
    with writing(as_json) as output, place.market(output) as market:
        balance = market.balance(name)
        confirm(f"{name} will retire and leave {balance} USD to the treasury. Go on?", yes=yes, as_json=as_json)
        left = market.retire(name)
        if as_json:
            output.emit({"bidder": name, "status": RETIRED, "left": str(left)})
        else:
            back = place.command(f"bidders reinstate {name}")
            output.say(f"{name} has retired; {left} USD went to the treasury. {back} lets it take part again.")


def reinstate(
    name: BidderArgument,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a bidder that retired, or was suspended, take part again.

    The treasury gives back what it left there, as far as it can.
    """
    place = Place(config, home, store)
    with writing(as_json) as output, place.market(output) as market:
        returned = market.reinstate(name)
        balance = market.balance(name)
        if as_json:
            output.emit({"bidder": name, "status": ACTIVE, "returned": str(returned), "balance": str(balance)})
        else:
            output.say(f"{name} takes part again; it got {returned} USD back and can spend {balance} USD.")
            if balance.nanos == 0:
                output.say(f"{place.command(f'bidders topup {name} USD')} gives it something to bid with.")
