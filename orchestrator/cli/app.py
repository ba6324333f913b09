"""The command's verbs, put together; nothing heavy is imported before one of them runs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from orchestrator.cli import (
    compare,
    memories,
    picking,
    practising,
    progress,
    records,
    reports,
    retiring,
    running,
    setup,
    wallets,
)
from orchestrator.cli.failures import MEANINGS, guarded
from orchestrator.cli.options import NEGATIVES

_CODES = "\n\n".join(f"{code}  {meaning}" for code, meaning in MEANINGS.items())
EPILOG = f"""Exit codes:

{_CODES}

VICKREY_DEBUG=1 shows the traceback of a failure. NO_COLOR=1 turns colours off."""


class Verbs(TyperGroup):
    """The group of all verbs: what any of them raises becomes one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was asked for."""
        return guarded(lambda: super(Verbs, self).invoke(ctx))


class TextVerb(TyperCommand):
    """A verb that takes a text: what is left over of a command line are its other words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a command line; say how to write a text of several words where one was written without quotes."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if "unexpected extra argument" in getattr(error, "message", ""):
                ctx.fail(f"{error.message}; write a text of several words in quotes")  # type: ignore[attr-defined]
            raise


app = typer.Typer(
    name="vickrey",
    cls=Verbs,
    help="A market in which models and tools compete to improve a text, until your bounty buys the result.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vickrey {version('vickrey')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before the verb."""


app.command("run", cls=TextVerb)(running.run)
app.command("compare", cls=TextVerb)(compare.compare)
app.command("offers")(picking.offers)
app.command("pick", context_settings=NEGATIVES)(picking.pick)
app.command("cancel")(picking.cancel)
app.command("resume")(running.resume)
app.command("show")(reports.show)
app.command("statement")(reports.statement)
app.command("requests")(reports.requests)
app.command("leaderboard")(reports.leaderboard)
app.command("progress")(progress.progress)
wallets.app.command("memory")(memories.memory)
wallets.app.command("retire")(retiring.retire)
wallets.app.command("reinstate")(retiring.reinstate)
app.add_typer(wallets.app, name="bidders")
app.command("practise")(practising.practise)
app.command("export")(records.export)

app.command("replay")(records.replay)
app.command("verify")(records.verify)
app.command("audit")(reports.audit)
app.command("init")(setup.init)
