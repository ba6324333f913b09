"""Where a verb writes: results to stdout, notices to stderr; with --json only one document to stdout."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TextIO

from orchestrator.cli.failures import complain
from orchestrator.cli.inert import inert

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_WIDEST: Final = 10_000
# A longer word, as an address or a text in Japanese, may be broken where a column wraps.
_WHOLE_WORD: Final = 16


class Output:
    """One verb's output.

    Args:
        as_json: whether the result is a JSON document.
        stdout: where results go.
    """

    def __init__(self, as_json: bool, stdout: TextIO) -> None:
        self.as_json = as_json
        self._stdout = stdout

    @cached_property
    def results(self) -> Console:
        """Where results are shown to a reader."""
        return console(self._stdout)

    @cached_property
    def progress(self) -> Console:
        """Where progress is shown: before the results, or out of their way."""
        return console(sys.stderr) if self.as_json else self.results

    def show(self, *renderables: RenderableType) -> None:
        """Show something to a reader; where that is no terminal, lines of text stay whole.

        A table that a terminal is too narrow for is as wide as it has to be: the terminal breaks its lines, and no
        amount is cut.
        """
        from rich.table import Table
        from rich.text import Text

        for renderable in renderables:
            if isinstance(renderable, Table):
                least = self._least_width(renderable)
                renderable.width = least if least > self.results.width else None
                self.results.print(renderable, crop=False)
                continue
            is_whole = isinstance(renderable, Text) and not self.results.is_terminal
            self.results.print(renderable, soft_wrap=is_whole)

    def _least_width(self, table: Table) -> int:
        """How wide a table has to be; rich would cut a column that must not wrap at the longest word of its heading."""
        from rich.measure import Measurement

        wide = self.results.options.update(width=_WIDEST)
        broken = 0
        for column in table.columns:
            sizes = [Measurement.get(self.results, wide, each) for each in (column.header, *column.cells)]
            if column.no_wrap:
                column.min_width = max(size.maximum for size in sizes)
            else:
                broken += max(0, max(size.minimum for size in sizes) - _WHOLE_WORD)
        return Measurement.get(self.results, wide, table).minimum - broken

    def say(self, line: str = "") -> None:
        """Show a line of text, inert and as long as it is."""
        from rich.text import Text

        self.results.print(Text(inert(line)), soft_wrap=True)

    def notice(self, line: str) -> None:
        """Tell something beside the result."""
        complain(line)

    def emit(self, document: Any) -> None:
        """Write the verb's one JSON document."""
        self._stdout.write(json.dumps(document, indent=2) + "\n")
        self._stdout.flush()


def console(file: TextIO) -> Console:
    """A console on which data is data: no markup, no highlighting, no emoji codes."""
    from rich.console import Console

    class Pipe(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the verb's guard, which knows the exit code."""
            raise BrokenPipeError

    return Pipe(file=file, markup=False, highlight=False, emoji=False)


@contextmanager
def writing(as_json: bool) -> Iterator[Output]:
    """Open a verb's output.

    With `as_json`, what bidders print while they work goes to stderr: stdout is the document's.
    """
    output = Output(as_json, sys.stdout)
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        yield output
