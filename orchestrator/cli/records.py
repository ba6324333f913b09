"""`export`, `verify` and `replay`: runs as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.failures import PROBLEM
from orchestrator.cli.findings import tell_findings
from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, RequestArgument, StoreOption
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place
from orchestrator.errors import InvalidRecord, InvalidRequest

RecordArgument = Annotated[str, typer.Argument(metavar="FILE", help="A run that `vickrey export` wrote.")]


def export(
    request: RequestArgument,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Where to write it; by default REQUEST.json, here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is no exported run.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a run to one self-contained JSON file.

    It can be verified and replayed anywhere, without the store.
    """
    with writing(as_json) as output, Place(config, home, store).books(output) as books:
        from orchestrator.record import export_request, write_record

        path = file or f"{request}.json"
        record = export_request(books, request)
        if not force:
            _spare_what_is_no_run(Path(path))
        write_record(record, Path(path))
        if as_json:
            output.emit({"request_id": request, "path": str(Path(path).absolute())})
        else:
            output.say(f"Wrote {path}. `vickrey verify {path}` checks it, `vickrey replay {path}` runs it again.")


def verify(file: RecordArgument, as_json: JsonOption = False) -> None:
    """Check a run's file: hashes, clearings, books, every byte."""
    with writing(as_json) as output:
        from orchestrator import record

        findings = record.verify_file(Path(file))
        tell_findings(findings, "Verified: hashes, clearings and books agree.", output)
    if findings:
        raise typer.Exit(PROBLEM)


def replay(
    file: RecordArgument,
    rule: Annotated[
        str | None,
        typer.Option(metavar="RULE", help="Settle the recorded bids under vickrey, first_price or subsidised."),
    ] = None,
    without: Annotated[
        str | None, typer.Option(metavar="BIDDER", help="Leave a bidder out: what was its presence worth?")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a recorded run again, with no call to anyone.

    Under another rule, or without a bidder, recorded and replayed course stand side by side, as far
    as the record reaches.
    """
    with writing(as_json) as output:
        from orchestrator import record

        document = record.read_record(Path(file))
        replayed = record.replay(document, rule, without)
        altered = record.is_altered(document)
        if altered:
            output.notice(f"{file} was altered since it was exported; `vickrey verify {file}` says where")
        if as_json:
            output.emit(replayed.to_dict())
        else:
            from orchestrator.cli.replays import replay_views

            output.show(*replay_views(replayed))
    if altered or (not replayed.identical and rule is None and without is None):
        raise typer.Exit(PROBLEM)


def _spare_what_is_no_run(path: Path) -> None:
    """Refuse to replace a file that holds something else than an exported run."""
    from orchestrator.record import read_record

    try:
        if path.is_file() and path.stat().st_size:
            read_record(path)
    except InvalidRecord:
        raise InvalidRequest(f"{path} is there already, and no exported run; --force overwrites it") from None
    except (OSError, ValueError):
        return  # writing says why
