"""Running strangers' code: whatever it does, the market goes on (R14)."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

_REASON_CHARACTERS_MAX: Final = 300
_READ_CHARACTERS_MAX: Final = 10_000
# Set where strangers' code runs, and inherited by the tasks that it begins.
_is_stranger: ContextVar[bool] = ContextVar("is_stranger", default=False)
_abandoned: set[asyncio.Task[Any]] = set()


@dataclass(frozen=True, slots=True)
class Returned:
    """The code came back with a value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """The code raised; `SystemExit` and the like count too."""

    error: BaseException

    @property
    def reason(self) -> str:
        """What it raised, in one line, even where that cannot be shown."""
        try:
            said = shortened(str(self.error))
        except BaseException:
            said = ""
        return shortened(f"{type(self.error).__name__}: {said or 'no message'}")


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The code had not come back at its deadline; it was cancelled and is not waited for."""


Guarded = Returned | Raised | TimedOut
"""What became of a stranger's code."""


async def run_guarded(work: Callable[[], Awaitable[Any]], deadline_seconds: float | None) -> Guarded:
    """Run a bidder's code, at most until its deadline.

    It runs in a task of its own, so that code which swallows its cancellation cannot keep the
    market waiting.

    Args:
        work: makes the awaitable; it may raise already.
        deadline_seconds: how long it may take; None for any time.

    Returns:
        What became of it; never raises, but for the caller's own cancellation.
    """
    task = asyncio.ensure_future(_capture(work))
    try:
        done, _ = await asyncio.wait({task}, timeout=deadline_seconds)
    except asyncio.CancelledError:
        _abandon(task)
        raise
    if not done:
        _abandon(task)
        return TimedOut()
    return task.result()


def read_guarded(read: Callable[[], Any]) -> Returned | Raised:
    """Read what a bidder made: its attributes and representations are its code, too."""
    try:
        return Returned(read())
    except BaseException as error:
        return Raised(error)


def read_interruptible(read: Callable[[], Any]) -> Returned | Raised:
    """Read as `read_guarded` does, but let a Ctrl-C through, which is no fault of the code's.

    Python interrupts the main thread alone; in any other, what looks like a Ctrl-C is the code's own doing.

    Raises:
        KeyboardInterrupt: it came while the main thread read.
    """
    said = read_guarded(read)
    is_interrupt = isinstance(said, Raised) and isinstance(said.error, KeyboardInterrupt)
    if is_interrupt and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt
    return said


def awaitable(said: Any) -> Awaitable[Any]:
    """What a method of the contract came back with, to be awaited.

    Raises:
        TypeError: it cannot be: the method was written without `async`.
    """
    if not inspect.isawaitable(said):
        raise TypeError(f"it returned {type(said).__name__} at once; write it with `async def`")
    return said


def begin_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    """Begin a task: as the factory of a loop, it keeps the tasks of strangers' code from ending the program.

    Such a task that exits would tear down the loop that all requests share, past whoever guards what began it.
    """
    if not _is_stranger.get():
        return asyncio.Task(work, loop=loop, **options)
    task = asyncio.Task(_unexiting(work), loop=loop, **options)
    # Else Python would warn that nobody awaited the work of a task that was cancelled before it began.
    task.add_done_callback(lambda _: work.close())
    return task


async def _unexiting(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except SystemExit as error:
        raise RuntimeError(f"a task of its own called sys.exit({error.code!r})") from error


async def _capture(work: Callable[[], Awaitable[Any]]) -> Returned | Raised:
    _is_stranger.set(True)
    try:
        return Returned(await awaitable(work()))
    except BaseException as error:
        # SystemExit would otherwise tear down the event loop that all requests share.
        return Raised(error)


def _abandon(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for it no longer; it is held until it is done, as asyncio asks."""
    _abandoned.add(task)
    task.add_done_callback(_abandoned.discard)
    task.cancel()


def forget_abandoned(loop: asyncio.AbstractEventLoop) -> None:
    """Hold the tasks of a loop no longer, which is about to close: they will never be done."""
    _abandoned.difference_update([task for task in _abandoned if task.get_loop() is loop])


def shortened(text: str) -> str:
    """A reason as the record keeps it: one printable line of at most 300 characters.

    Control characters and halves of surrogate pairs are replaced: they could steer a terminal,
    and no store takes them all.
    """
    line = " ".join(text[:_READ_CHARACTERS_MAX].split())
    cut = line if len(line) <= _REASON_CHARACTERS_MAX else line[: _REASON_CHARACTERS_MAX - 1] + "…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)
