"""`practise`: labelled tasks on which every bidder works, so that a market starts warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orchestrator.cli.confirming import confirm
from orchestrator.cli.failures import PROBLEM, interruptible
from orchestrator.cli.memories import YesOption
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, QuietOption, StoreOption
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place
from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.store.rows import ACTIVE

if TYPE_CHECKING:
    from orchestrator.api import Market
    from orchestrator.engine.seat import Seat
    from orchestrator.practice import PracticeReport

_RESUMED: Final = "interrupted; the same command goes on, and what was answered is not asked again"
_LOST: Final = "interrupted; the store is in memory, so nothing of this is kept, and what was spent is spent"
VerifierOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Who says how right a text is: exact, contains or number (they compare with a task's `answer`), or "
        "package.module:function of a task's record and a text, which returns 0 to 1. By default exact.",
    ),
]
CapOption = Annotated[
    str | None,
    typer.Option("--cap", metavar="USD", help="The most that it may cost; by default its worst case, which is shown."),
]
BidderOption = Annotated[
    list[str] | None, typer.Option("--bidder", metavar="BIDDER", help="Only these work and learn; repeatable.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="BIDDER=MODEL", help="With --recorded: whose works are a bidder's; repeatable."),
]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the command's options say beside the files."""

    verifier: str
    cap: str | None
    limit: int | None
    again: bool
    take_over: bool
    yes: bool
    quiet: bool


def practise(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help='Tasks, one JSON object a line: {"request": ..., "answer": ..., "bounty": ...}.'
        ),
    ] = None,
    verifier: VerifierOption = None,
    recorded: Annotated[
        str | None,
        typer.Option(metavar="FILE.parquet", help="Learn from recorded outcomes instead: no calls, no cost."),
    ] = None,
    mapping: MapOption = None,
    cap: CapOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many of the tasks.")] = None,
    bidder: BidderOption = None,
    again: Annotated[bool, typer.Option("--again", help="Learn once more from tasks that were learned from.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on in place of a process on another host, which is gone.")
    ] = False,
    yes: YesOption = False,
    quiet: QuietOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have every bidder learn from labelled tasks.

    All work on all of them, and each policy learns from what all have done. What it can cost is shown first, and it
    asks before it spends; the operator pays, through the treasury. When it is run again, a call that was answered is
    not made again, and one that a provider failed is. Work without a call, as of a tool that costs nothing, is done
    again.
    """
    if (file is None) == (recorded is None):
        raise InvalidRequest("give a FILE of tasks, or --recorded FILE.parquet; one of the two")
    if mapping and recorded is None:
        raise InvalidRequest("--map belongs to --recorded")
    if recorded is not None:
        _check_unused({"--verifier": verifier, "--cap": cap, "--take-over": take_over or None})
    wishes = _Wishes("exact" if verifier is None else verifier, cap, limit, again, take_over, yes, quiet)
    place = Place(config, home, store)
    with writing(as_json) as output, place.market(output) as market:
        seats = _seats(market, bidder, place)
        if not place.is_lasting(market.config):
            output.notice("the store is in memory: what is learned here is gone when this command ends")
        plan: dict[str, Any] = {}
        if recorded is not None:
            from orchestrator.cli.recorded_practice import learn_recorded

            report = learn_recorded(market, seats, Path(recorded), mapping or [], output, limit, again)
        else:
            plan, report = _work(market, seats, Path(file or ""), wishes, output, place)
        if as_json:
            output.emit({**plan, **report.to_dict()})
        else:
            from orchestrator.cli.practice_views import report_views

            output.show(*report_views(report))
        _exit_on_failure(report, output)


def _check_unused(options: Mapping[str, object]) -> None:
    """Refuse what has no meaning for recorded outcomes, so that nobody believes it was heeded."""
    for name, given in options.items():
        if given is not None:
            raise InvalidRequest(
                f"{name} does not go with --recorded, where works have their scores and nothing is spent; leave it out"
            )


def _exit_on_failure(report: PracticeReport, output: Output) -> None:
    """End with 1 where every work failed, or a policy could not learn."""
    failed = report.first_failure
    if failed is not None:
        output.notice(
            f"every work failed, of {failed.bidder} first by {failed.failure}; mend that and run the same command "
            "again: what a provider failed is then asked anew"
        )
    if failed is not None or any(each.how == "failed" for each in report.taught):
        raise typer.Exit(PROBLEM)


def _seats(market: Market, names: list[str] | None, place: Place) -> dict[str, Seat]:
    """The bidders that take part: those that are active, or those of them that are named."""
    statuses: dict[str, str] = {name: row.status for name, row in market.bidder_rows().items() if name in market.seats}
    statuses.update((each.name, "broken") for each in market.broken)
    active = {name: seat for name, seat in market.seats.items() if statuses[name] == ACTIVE}
    if not active:
        raise InvalidRequest(f"nobody here can practise: {_standing(market, statuses, place)}")
    for name in names or ():
        if name not in active:
            said = f"it is {statuses[name]}" if name in statuses else "the config has no such bidder"
            raise InvalidRequest(
                f"there is no active bidder {name[:64]!r}: {said}; those that are active: {', '.join(active)}"
            )
    return {name: seat for name, seat in active.items() if not names or name in names}


def _standing(market: Market, statuses: Mapping[str, str], place: Place) -> str:
    """Why a market has no active bidder, and what to do."""
    if not statuses:
        return f"{market.config.source} has no bidders; add some under `bidders:`"
    each = ", ".join(f"{name} is {status}" for name, status in statuses.items())
    return f"no bidder is active ({each}); {place.command('bidders list')} says why, and what lets them take part again"


def _work(
    market: Market, seats: dict[str, Seat], file: Path, wishes: _Wishes, output: Output, place: Place
) -> tuple[dict[str, Any], PracticeReport]:
    """The plan, as it stands in the document, and what the practice came to."""
    from orchestrator.api.blocking import run_blocking
    from orchestrator.config import named_file
    from orchestrator.money import Money
    from orchestrator.plugins.recipe import make_importable
    from orchestrator.practice import load_verifier, prepare, read_tasks
    from orchestrator.practice import practise as run

    make_importable(str(market.config.folder))
    try:
        verifier = load_verifier(wishes.verifier)
    except InvalidConfig as refusal:
        raise InvalidRequest(f"--verifier {wishes.verifier}: {refusal}") from refusal
    tasks = read_tasks(named_file(file), market.config.bounty_typical_nanos)
    session = run_blocking(
        lambda: prepare(
            market.store, seats, market.config.rules, tasks, verifier, wishes.limit, take_over=wishes.take_over
        )
    )
    worst_nanos = session.plan.cost_max_nanos
    most = Money(worst_nanos if wishes.cap is None else min(worst_nanos, Money.usd(wishes.cap).nanos))
    plan = {"plan": session.plan.to_dict(most.nanos)}
    if not output.as_json:
        from orchestrator.cli.practice_views import plan_views

        output.show(*plan_views(session.plan, most))
    elif most.nanos and not wishes.yes:
        # Whoever reads the document decides by it, and says --yes the next time.
        output.emit(plan)
    if most.nanos:
        confirm(f"This may cost up to {most} USD. Go on?", yes=wishes.yes, as_json=output.as_json)
    hint = _RESUMED if place.is_lasting(market.config) else _LOST
    with interruptible(hint), _watching(output, wishes.quiet) as watcher:
        report = run_blocking(lambda: run(session, most.nanos, again=wishes.again, watcher=watcher))
    return plan, report


@contextmanager
def _watching(output: Output, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Say how far it is, at a terminal."""
    if quiet or not output.progress.is_terminal:
        yield None
        return
    with output.progress.status("practising") as status:
        yield lambda done, tasks: status.update(f"practising: {done} of {tasks} tasks")
