"""What `python -m benchmarks.X` commands share: run, print, draw, and put the tables into the docs."""

from __future__ import annotations

import argparse
import sys
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
    names = [_name(measure) for measure in measures]
    if len(names) > 1:
        parser.add_argument("--only", choices=names, help="only this table")
    if draw is not None:
        parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into a file, and do nothing else")
    given = parser.parse_args(arguments)
    if draw is not None and given.plot is not None:
        print(draw(given.plot))
        return
    only = getattr(given, "only", None)
    for name, measure in zip(names, measures, strict=True):
        if only not in (None, name):
            continue
        report = measure()
        print(report.to_json() if given.json else report.to_markdown() + "\n", flush=True)
        if given.write:
            write_into_docs(report)


def tell(what: str) -> None:
    """Say what takes time now, if somebody watches: where errors go to a terminal."""
    if sys.stderr.isatty():
        print(what, file=sys.stderr, flush=True)


def _name(measure: Callable[[], Report]) -> str:
    """What a measurement is called on the command line: as its module."""
    return measure.__module__.rpartition(".")[2]
