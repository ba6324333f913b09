"""What `python -m benchmarks.X` commands share: run, print, draw, and put the tables into the docs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.tables import Report, write_into_docs


def run_command(
    program: str,
    about: str | None,
    measures: Sequence[Callable[[], Report]],
    draw: Callable[[Path], Path] | None = None,
    arguments: Sequence[str] | None = None,
) -> None:
    """Run some measurements in turn and print each as it is done.

    Args:
        program: the module's name, as it is run.
        about: what the command does.
        measures: each makes one report.
        draw: draws a plot into a file, where `--plot FILE` asks for that instead.
        arguments: the command line; that of this process unless given.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    parser.add_argument("--json", action="store_true", help="one JSON document a table")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    parser.add_argument("--only", default="", help="only the table of this module, such as `regret`")
    if draw is not None:
        parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into a file, and do nothing else")
    given = parser.parse_args(arguments)
    if draw is not None and given.plot is not None:
        print(draw(given.plot))
        return
    for measure in measures:
        if given.only and given.only != measure.__module__.rpartition(".")[2]:
            continue
        report = measure()
        print(report.to_json() if given.json else report.to_markdown() + "\n", flush=True)
        if given.write:
            write_into_docs(report)
