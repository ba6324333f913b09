"""`python -m benchmarks [NAME ...] [--json] [--write]`: run benchmarks, all of them if none is named."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module

from benchmarks.tables import Report, write_into_docs

NAMES = ("stage", "auctions", "refund", "crowd", "overhead", "writing")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks that are named, in turn, and print each table as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", action="store_true", help="one JSON document a benchmark")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
    given = parser.parse_args(arguments)
    # Not by `choices`, which would name an empty list among them.
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    for name in given.names or NAMES:
        measure: Callable[[], Report] = import_module(f"benchmarks.{name}").measure
        report = measure()
        print(report.to_json() if given.json else report.to_markdown() + "\n", flush=True)
        if given.write:
            write_into_docs(report)


if __name__ == "__main__":
    main()
