"""`bidders memory`: what a bidder has learned, shown, exported, imported, reset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.confirming import confirm
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place
from orchestrator.errors import InvalidRequest

if TYPE_CHECKING:
    from orchestrator.api import Market
    from orchestrator.api.memories import BidderMemory

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]


def memory(
    name: Annotated[str, typer.Argument(metavar="BIDDER", help="Whose memory.")],
    export: Annotated[str | None, typer.Option("--export", metavar="FILE", help="Write it to a file.")] = None,
    source: Annotated[
        str | None, typer.Option("--import", metavar="FILE", help="Replace it by one that was exported.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget everything, and begin anew.")] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a bidder's policy has learned, or move it.

    A memory that was exported here and imported elsewhere makes the same policy bid the same there. Twins, and
    bidders of one pool, share one memory: what is imported or reset for one of them is so for all.
    """
    if sum((export is not None, source is not None, reset)) > 1:
        raise InvalidRequest("give one of --export, --import and --reset")
    with writing(as_json) as output, Place(config, home, store).market(output) as market:
        from orchestrator.api import memories

        found = memories.read_memory(market, name)
        if source is not None:
            document = memories.read_file(Path(source))
            memories.check_memory(market, name, document)
            _confirm_loss(found, yes, as_json)
            found = memories.import_memory(market, name, document)
        elif reset:
            _confirm_loss(found, yes, as_json)
            memories.reset_memory(market, name)
            found = memories.read_memory(market, name)
        elif export is not None:
            memories.write_file(found, Path(export))
        if as_json:
            failure = {"learning_failure": found.failure._asdict()} if found.failure else {}
            path = {"path": str(Path(export).absolute())} if export else {}
            output.emit({**found.to_dict(), **failure, **path})
        else:
            _say(output, market, found, export, source, reset)


def _confirm_loss(found: BidderMemory, yes: bool, as_json: bool) -> None:
    """Nothing learned is nothing lost, and then nobody is asked."""
    if found.memory is not None:
        whose = ", ".join((found.bidder, *found.shared_with))
        confirm(f"What {whose} learned will be lost. Go on?", yes=yes, as_json=as_json)


def _say(
    output: Output, market: Market, found: BidderMemory, export: str | None, source: str | None, reset: bool
) -> None:
    if export is not None:
        output.say(f"Wrote what {found.bidder} has learned to {export}.")
    elif source is not None:
        output.say(f"{found.bidder} has learned what {source} holds (digest {found.digest[:12]}).")
    elif reset:
        output.say(f"{found.bidder} begins anew.")
    else:
        from orchestrator.cli.memory_views import memory_views

        output.show(*memory_views(found, market.balance(found.bidder)))
