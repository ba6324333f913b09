"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

# For verbs that take a number: a negative one is no unknown option, and is refused in the words of its verb.
NEGATIVES: Final[dict[str, Any]] = {"ignore_unknown_options": True}

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The market's config; by default $VICKREY_CONFIG, ./vickrey.yaml, vickrey.yaml in the home, or the demo.",
    ),
]
HomeOption = Annotated[
    str | None,
    typer.Option("--home", metavar="DIR", help="Folder of the store; by default $VICKREY_HOME or ~/.vickrey."),
]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="The store: `memory`, a path or an SQLAlchemy URL, over the config's."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document to stdout, amounts as decimal strings in USD.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
JudgeOption = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="NAME",
        help="Who picks: terminal (asks you), top (takes the first), none (leaves it open) or another that is "
        "installed; by default the config's.",
    ),
]
BudgetOption = Annotated[str, typer.Option("--budget", "-b", metavar="USD", help="The bounty, for example 10 or 2.50.")]
TextArgument = Annotated[
    str | None, typer.Argument(metavar="TEXT", help="What you want; - reads it from the standard input.")
]
FileOption = Annotated[str | None, typer.Option("--file", "-f", metavar="FILE", help="Read the text from a file.")]
SeedOption = Annotated[int | None, typer.Option(help="Root of every draw; the same seed repeats the run.")]
RequestArgument = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id, for example r1.")]
