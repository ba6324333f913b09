"""`run` and `resume`: from a text to offers, and to a pick."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orchestrator.cli.failures import OK, PROBLEM, exit_code, interruptible
from orchestrator.cli.options import (
    BudgetOption,
    ConfigOption,
    FileOption,
    HomeOption,
    JsonOption,
    JudgeOption,
    QuietOption,
    SeedOption,
    StoreOption,
    TextArgument,
)
from orchestrator.cli.output import Output, writing
from orchestrator.cli.places import Place
from orchestrator.cli.request_text import read_labels, read_request_text
from orchestrator.errors import InvalidConfig, InvalidRequest, VickreyError

if TYPE_CHECKING:
    from orchestrator.api import Market, Posting, Result
    from orchestrator.bidding import Judge, MeteredJudge

_UNENDED: Final = ("running", "open")

# What only `run` takes.
SpendCapOption = Annotated[
    str | None,
    typer.Option(metavar="USD", help="The most real money that the run may cost; by default the budget."),
]
DepositOption = Annotated[
    str | None, typer.Option(metavar="USD", help="What pays recorded costs if you take none of the offers.")
]
LabelOption = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A note of yours; repeatable.")]
RequesterOption = Annotated[str, typer.Option(metavar="NAME", help="Who posts the request.")]
IdempotencyOption = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Posting the same again under the same key finds the same request."),
]
DryOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Only show who could take part and the most it can cost; calls and writes nothing."),
]


def run(
    budget: BudgetOption,
    text: TextArgument = None,
    file: FileOption = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    judge: JudgeOption = None,
    seed: SeedOption = None,
    spend_cap: SpendCapOption = None,
    deposit: DepositOption = None,
    label: LabelOption = None,
    requester: RequesterOption = "user",
    idempotency_key: IdempotencyOption = None,
    dry: DryOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Post a request; bidders compete, and you pick an offer.

    Progress shows amounts to four decimal places; `show`, `statement` and --json show them exactly.
    """
    place = Place(config, home, store)

    def posting(bytes_max: int) -> Posting:
        from orchestrator.api import Posting

        return Posting(
            text=read_request_text(text, file, bytes_max),
            budget=budget,
            seed=seed,
            spend_cap=spend_cap,
            deposit=deposit,
            requester=requester,
            idempotency_key=idempotency_key,
            labels=read_labels(label or []),
        )

    if dry:
        from orchestrator.cli.dry_runs import show_dry_run

        show_dry_run(place, judge, posting, as_json)
    else:
        _post_and_judge(place, judge, posting, as_json, quiet)


def _post_and_judge(
    place: Place, judge: str | None, posting: Callable[[int], Posting], as_json: bool, quiet: bool
) -> None:
    """Post a request, run it to its offers, and have the judge pick."""
    with writing(as_json) as output, place.market(output, judge=judge) as market:
        chosen = find_judge(market, judge)
        posted = posting(market.config.request.text_bytes_max)
        if market.config.is_fallback:
            output.notice("no config found, so this is the demo market; `vickrey init` writes one of your own")
        request_id = market.post(posted)
        result = drive(market, request_id, place, output, quiet)
        result = judge_offers(market, result, chosen, place, output)
        tell_result(market, result, place, output)
    if result.status == "failed":
        raise typer.Exit(PROBLEM)


def resume(
    request: Annotated[
        str | None, typer.Argument(metavar="REQUEST", help="The request; by default all that were interrupted.")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    judge: JudgeOption = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Finish also what processes on other hosts drove, which are gone.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Finish requests that were interrupted.

    Each goes on under the config and the judge that it was posted with, unless others are named. Of
    several, one that cannot go on keeps no other from it.
    """
    place = Place(config, home, store)
    codes = [OK]
    with writing(as_json) as output:
        documents: list[dict[str, Any]] = []
        ids = [request] if request is not None else interrupted_ids(place, output, take_over)
        for request_id in ids:
            try:
                result = _resume_one(place, request_id, judge, output, quiet, take_over, tell=request is not None)
            except VickreyError as error:
                if len(ids) == 1:
                    raise
                output.notice(f"{request_id} is as it was: {error}")
                codes.append(exit_code(error))
            else:
                codes.append(PROBLEM if result.status == "failed" else OK)
                documents.append(result.to_dict())
        if as_json:
            output.emit({"results": documents})
        elif not ids:
            output.say("Nothing was interrupted.")
    if any(codes):
        raise typer.Exit(max(codes))


def _resume_one(
    place: Place, request_id: str, judge: str | None, output: Output, quiet: bool, take_over: bool, *, tell: bool
) -> Result:
    """Finish an interrupted request under the config that it was posted with."""
    with place.market(output, request_id, judge, tell=tell) as market:
        result = market.result(request_id)
        if result.status not in _UNENDED:
            output.notice(f"{request_id} has ended already, so there is nothing to resume")
        else:
            result = drive(market, request_id, place, output, quiet, take_over)
            result = judge_offers(market, result, find_judge(market, judge), place, output, take_over)
        _tell_failures(market, result, output)
        if not output.as_json:
            conclude(market, result, place, output)
        return result


def find_judge(market: Market, named: str | None) -> Judge | MeteredJudge:
    """Build the judge of a market's config, which is the one that was named if one was.

    Raises:
        InvalidRequest: the named judge is not installed, or cannot be used without options.
        OperatorError: the config's cannot be built.
    """
    from orchestrator.api.judge_choice import built_judge

    try:
        return built_judge(market.config)
    except InvalidConfig as error:
        if named is None:
            raise
        raise InvalidRequest(f"--judge {named}: {str(error).partition(': ')[2]}") from error


def interrupted_ids(place: Place, output: Output, take_over: bool = False) -> list[str]:
    """The interrupted requests of a place."""
    from orchestrator.api.reports import interrupted

    with place.books(output, tell=False) as books:
        return [row.id for row in interrupted(books, take_over=take_over)]


def finish_if_interrupted(place: Place, request_id: str, output: Output) -> None:
    """Finish a request first that a crash or a Ctrl-C left running."""
    if request_id in interrupted_ids(place, output):
        output.notice(f"{request_id} was interrupted; finishing it first")
        with place.market(output, request_id, tell=False) as market:
            drive(market, request_id, place, output, quiet=True)


def drive(
    market: Market, request_id: str, place: Place, output: Output, quiet: bool, take_over: bool = False
) -> Result:
    """Run a request until its offers are ready, showing how it goes."""
    from orchestrator.cli.live import LiveProgress

    hint = f"is interrupted, nothing is lost: {place.command(f'resume {request_id}')} goes on"
    live = None if quiet else LiveProgress(output.progress)
    with _interruptible(market, request_id, place, hint), live or nullcontext():
        if live is not None:
            live.introduce(market.read_log(request_id).progress)
        on_text = live.on_text if live is not None else None
        (result,) = market.resume(request_id, live, on_text, take_over=take_over)
    return result


def judge_offers(
    market: Market, result: Result, judge: Judge | MeteredJudge, place: Place, output: Output, take_over: bool = False
) -> Result:
    """Show the offers, and let the judge pick; with --json nobody is asked."""
    if result.status != "open":
        return result
    if not output.as_json:
        from orchestrator.cli.render import offer_views

        output.say()
        output.show(*offer_views(result.offers))
    elif judge.name == "terminal":
        return result
    hint = f"stays open: {place.command(f'pick {result.request_id} RANK')} takes an offer"
    with _interruptible(market, result.request_id, place, hint):
        return market.judge(result.request_id, judge, take_over=take_over)


def _interruptible(market: Market, request_id: str, place: Place, hint: str) -> AbstractContextManager[None]:
    """Give a Ctrl-C within the block a line that tells how to go on; from a store in memory nobody can."""
    if not place.is_lasting(market.config):
        hint = "is interrupted and ends with its store, which is in memory: nothing of it is kept"
    return interruptible(f"{request_id} {hint}")


def tell_result(market: Market, result: Result, place: Place, output: Output) -> None:
    """Show what a verb has made of a request."""
    _tell_failures(market, result, output)
    if output.as_json:
        output.emit(result.to_dict())
    else:
        conclude(market, result, place, output)


def _tell_failures(market: Market, result: Result, output: Output) -> None:
    """Tell of policies that learned nothing from a request: the record of the request itself says nothing of it."""
    from orchestrator.cli.render import failure_words
    from orchestrator.engine.learning import learning_failures

    failures = market.store.read(lambda reader: learning_failures(reader, market.seats.values()))
    for name, failure in failures.items():
        if failure.request == result.request_id:
            output.notice(f"the policy of bidder {name} {failure_words(failure)}")


def conclude(market: Market, result: Result, place: Place, output: Output) -> None:
    """Say how a request stands, what to do next, and where the money went."""
    from orchestrator.api.statements import request_statement
    from orchestrator.cli.accounts import money_table, verdict

    request_id = result.request_id
    is_lasting = place.is_lasting(market.config)
    if result.status == "open":
        for judged in market.read_log(request_id).progress.judged[-1:]:
            output.say(f"The judge {judged.judge} decided nothing: {judged.reason or 'it gave no reason'}.")
        if not is_lasting:
            output.say(
                f"{request_id} ends unpicked with its store, which is in memory; --judge top would take an offer."
            )
            return
        take, reject = place.command(f"pick {request_id} 1"), place.command(f"pick {request_id} --none")
        output.say(f"{request_id} is open and its bounty waits. {take} takes the first offer, {reject} none.")
        return
    output.say(f"{request_id} is {result.status}: {result.reason}.")
    if result.status == "failed":
        output.say(f"{place.command('bidders check')} says who could take part, and tries the models.")
    statement = request_statement(market.store, request_id)
    output.show(money_table(statement), verdict(statement))
    if is_lasting:
        output.say(f"{place.command(f'show {request_id}')} tells the whole story.")
