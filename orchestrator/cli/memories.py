"""`bidders memory`: what a bidder has learned, shown, exported, imported, reset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli.confirming import confirm
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place
from orchestrator.errors import InvalidMemory, InvalidRequest

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
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which policy's, where it had another one before.")
    ] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="Show every figure that it keeps, too, and not only what it believes.")
    ] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a bidder's policy has learned, or move it.

    What is shown is what the policy says that it believes; of one that cannot say, the figures that it keeps.

    A memory that was exported here and imported elsewhere makes the same policy bid the same there. Twins, and
    bidders of one pool, share one memory: what is imported or reset for one of them is so for all. Of a bidder that
    is broken or no longer in the config, what the store holds can be shown, exported and reset, too.
    """
    if sum((export is not None, source is not None, reset)) > 1:
        raise InvalidRequest("give one of --export, --import and --reset")
    if policy is not None and source is not None:
        raise InvalidRequest("--policy says which memory is shown, exported or reset; an imported one says it itself")
    if parts and (export is not None or source is not None or reset):
        raise InvalidRequest("--parts says how a memory is shown; with --export, --import and --reset none is")
    place = Place(config, home, store)
    if source is None:
        place.check_store()
    with writing(as_json) as output, place.market(output) as market:
        from orchestrator.api import memories

        if source is not None:
            _import(market, name, Path(source), yes, output)
            return
        is_seated = name in market.seats and policy in (None, memories.read_memory(market, name).policy)
        found = (memories.read_memory(market, name),) if is_seated else _stored(market, name, policy)
        if export is not None:
            _export(found, name, Path(export), yes, output)
        elif not found and not as_json:
            by = f" with policy {policy}" if policy else ""
            output.say(f"The store holds nothing that {name} has learned{by}.")
        elif reset:
            _reset(market, found, name, is_seated, yes, output)
        elif as_json:
            output.emit({**_document(found, name), **_beliefs(market, found)})
        else:
            _show(market, found, name, is_seated, parts, output)


def _stored(market: Market, name: str, policy: str | None) -> tuple[BidderMemory, ...]:
    from orchestrator.api.stored_memories import stored_memories

    return stored_memories(market.store, name, policy)


def _import(market: Market, name: str, source: Path, yes: bool, output: Output) -> None:
    from orchestrator.api import memories

    document = memories.read_file(source)
    memories.check_memory(market, name, document)
    _confirm_loss([memories.read_memory(market, name)], yes, output)
    found = memories.import_memory(market, name, document)
    other = memories.named_other(document, found)
    if other is not None:
        output.notice(
            f"{source} tells of {other} by its name: what it says of {other} is not taken for {name}'s, which begins "
            f"as one of the others; call the bidder {other} to keep that"
        )
    if output.as_json:
        output.emit(_document([found], name))
    else:
        output.say(f"{name} has learned what {source} holds (digest {found.digest[:12]}).")


def _export(found: Sequence[BidderMemory], name: str, path: Path, yes: bool, output: Output) -> None:
    """Write the one memory that is meant to a file; one that is there already is not replaced without asking."""
    from orchestrator.api.memories import write_file

    if len(found) != 1:
        policies = ", ".join(each.policy for each in found)
        which = f"has memories of several policies, so say which with --policy: {policies}"
        raise InvalidMemory(f"bidder {name} {which if found else 'has nothing in this store that could be exported'}")
    if path.exists() and found[0].memory is not None:
        confirm(f"{path} is there already and will be replaced. Go on?", yes=yes, as_json=output.as_json)
    write_file(found[0], path)
    if output.as_json:
        output.emit({**_document(found, name), "path": str(path.absolute())})
    else:
        output.say(f"Wrote what {name} has learned to {path}.")


def _reset(
    market: Market, found: Sequence[BidderMemory], name: str, is_seated: bool, yes: bool, output: Output
) -> None:
    from orchestrator.api.memories import read_memory, reset_memory
    from orchestrator.api.stored_memories import reset_stored

    _confirm_loss(found, yes, output)
    if is_seated:
        reset_memory(market, name)
    else:
        reset_stored(market.store, found)
    if output.as_json:
        output.emit(_document([read_memory(market, name)] if is_seated else [], name))
    else:
        output.say(f"{name} begins anew.")


def _confirm_loss(found: Sequence[BidderMemory], yes: bool, output: Output) -> None:
    """Nothing learned is nothing lost, and then nobody is asked."""
    lost = [each for each in found if each.memory is not None]
    if lost:
        whose = ", ".join((lost[0].bidder, *lost[0].shared_with))
        confirm(f"What {whose} learned will be lost. Go on?", yes=yes, as_json=output.as_json)


def _document(found: Sequence[BidderMemory], name: str) -> dict[str, Any]:
    """The memory as JSON-able data; all of them, where there is not just one."""
    if len(found) != 1:
        return {"bidder": name, "memories": [each.to_dict() for each in found]}
    (one,) = found
    return {**one.to_dict(), **({"learning_failure": one.failure._asdict()} if one.failure else {})}


def _beliefs(market: Market, found: Sequence[BidderMemory]) -> dict[str, Any]:
    """What the policy believes, as JSON-able data beside its memory; null where it does not say."""
    from orchestrator.api.memories import describe_memory

    if len(found) != 1:
        return {}
    described = describe_memory(market, found[0])
    if described is None or described.failure:
        return {"beliefs": None, **({"beliefs_failure": described.failure} if described else {})}
    return {"beliefs": [each._asdict() for each in described.tables]}


def _show(
    market: Market, found: Sequence[BidderMemory], name: str, is_seated: bool, parts: bool, output: Output
) -> None:
    from orchestrator.api.memories import describe_memory
    from orchestrator.cli.memory_views import memory_views

    for each in found:
        output.show(*memory_views(each, market.balance(name), describe_memory(market, each), parts=parts))
    if not is_seated:
        output.say(f"That is what the store holds; {name} learns nothing more while it takes no part with that policy.")
