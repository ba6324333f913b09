"""`init`: a config to start from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from orchestrator.cli.options import JsonOption
from orchestrator.cli.output import writing
from orchestrator.errors import InvalidRequest

_FOUND: Final = "vickrey.yaml"


def init(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")] = _FOUND,
    like: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Copy a shipped config instead: openai, anthropic, litellm or another."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a config with every setting explained."""
    with writing(as_json) as output:
        from orchestrator.config import copy_of, template
        from orchestrator.record.whole_files import write_whole

        content = template() if like is None else copy_of(like)
        try:
            if not force and os.path.lexists(file):
                raise InvalidRequest(f"{file} is there already; --force overwrites it")
            write_whole(Path(file), content)
        except (OSError, ValueError) as error:
            raise InvalidRequest(f"{file!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None
        if as_json:
            output.emit({"path": str(Path(file).absolute())})
        else:
            named = f"--config {shlex.quote(file)}"
            # Only a file of this name, here, is found without being named, and only where no other one is.
            is_found = Path(file) == Path(_FOUND) and not os.environ.get("VICKREY_CONFIG")
            run = f"`vickrey run TEXT --budget 10{'' if is_found else f' {named}'}`"
            output.say(f"Wrote {file}. `vickrey bidders check {named}` tries it, then {run} uses it.")
