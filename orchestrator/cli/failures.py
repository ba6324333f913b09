"""Exit codes, and how a failure becomes one line and one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import typer

from orchestrator.cli.inert import inert
from orchestrator.errors import CallerError, OperatorError, ProviderError, StaleDriver, VickreyError

OK: Final = 0
PROBLEM: Final = 1
USAGE: Final = 2
OPERATOR: Final = 3
INTERNAL: Final = 4
INTERRUPTED: Final = 130
PIPE: Final = 141

MEANINGS: Final = {
    OK: "done",
    PROBLEM: "the market found a problem: no offers, an unbalanced statement, findings, a broken bidder",
    USAGE: "the command cannot be carried out as given",
    OPERATOR: "config, store, plugin or provider: whoever runs the market must act",
    INTERNAL: "a defect of Vickrey; nothing was written",
    INTERRUPTED: "interrupted (Ctrl-C); `vickrey resume` goes on",
    PIPE: "whoever read the output stopped reading",
}

_REPORT: Final = "this is a defect of Vickrey; please report it with what VICKREY_DEBUG=1 shows"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a line that tells how to go on."""


@contextmanager
def interruptible(hint: str) -> Iterator[None]:
    """Give a Ctrl-C within the block a line of its own."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(hint) from None


def guarded(work: Callable[[], Any]) -> Any:
    """Run a verb; whatever it raises becomes one line on stderr and an exit code.

    Args:
        work: the verb.

    Returns:
        What it returns.

    Raises:
        typer.Exit: with the exit code; the errors of typer's own, for it to show, pass through.
    """
    try:
        result = work()
        sys.stdout.flush()
    except BrokenPipeError as error:
        _abandon_output()
        raise typer.Exit(PIPE) from error
    except KeyboardInterrupt as error:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal has just shown ^C in this line
        complain(str(error) or "interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
            raise
        if os.environ.get("VICKREY_DEBUG"):
            _show_traceback()
        complain(_line(error))
        raise typer.Exit(exit_code(error)) from error
    return result


def exit_code(error: BaseException) -> int:
    """The exit code that stands for an error."""
    if isinstance(error, CallerError):
        return USAGE
    if isinstance(error, OperatorError | ProviderError | StaleDriver | OSError):
        return OPERATOR
    return INTERNAL


def complain(line: str) -> None:
    """Write one line to stderr, inert."""
    with suppress(OSError):
        print(f"vickrey: {inert(line)}", file=sys.stderr, flush=True)


def _line(error: Exception) -> str:
    if isinstance(error, StaleDriver):
        return f"{error}; another process works on this request: see `vickrey show`"
    if exit_code(error) == INTERNAL:
        words = " ".join(str(error).split())
        return f"{type(error).__name__}: {words}; {_REPORT}"
    if isinstance(error, VickreyError):
        return str(error)
    return f"{getattr(error, 'filename', None) or 'the system'}: {getattr(error, 'strerror', None) or error}"


def _show_traceback() -> None:
    import traceback

    for line in traceback.format_exc().splitlines():
        print(inert(line), file=sys.stderr)


def _abandon_output() -> None:
    """Point stdout at nothing, or Python complains when it flushes what nobody reads."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
