"""`progress`: is the market getting better?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import ConfigOption, HomeOption, JsonOption, StoreOption
from orchestrator.cli.output import writing
from orchestrator.cli.places import Place


def progress(
    bidder: Annotated[str | None, typer.Option(metavar="BIDDER", help="Report on this bidder alone.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Cover only so many of the latest requests.")] = None,
    replays: Annotated[
        int, typer.Option(min=0, help="Replay so many of the latest requests without each bidder.")
    ] = 20,
    png: Annotated[
        str | None, typer.Option("--png", metavar="FILE", help="Draw it into a file, too (extra `plots`).")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the market is getting better.

    From what it has recorded: bounties released less cost over time; who earned it, and what each one's presence was
    worth; how wealth, success and beliefs of bidders change; prices of skills, thin auctions, and what it costs an
    expert to have no rival.
    """
    place = Place(config, home, store)
    with writing(as_json) as output, place.books(output) as books:
        from orchestrator.progress import read_progress

        report = read_progress(books, last=last, bidder=bidder, replays=replays)
        drawn = png if report.last else None
        if drawn is not None:
            from orchestrator.progress.drawing import draw_png

            draw_png(report, Path(drawn))
        if as_json:
            output.emit({**report.to_dict(), **({"png": str(Path(drawn).absolute())} if drawn else {})})
            return
        if not report.last:
            output.say("No request has ended in this market yet, so there is nothing to compare.")
            output.say(
                f"{place.command('run TEXT --budget 10')} posts one; {place.command('pick REQUEST RANK')} ends it."
            )
        else:
            from orchestrator.cli.progress_views import progress_views

            output.show(*progress_views(report))
        if drawn is not None:
            output.say(f"Drawn into {drawn}.")
        elif png is not None:
            output.say(f"There is nothing to draw yet, so {png} was not written.")
