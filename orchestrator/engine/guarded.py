"""Running strangers' code: whatever it does, the market goes on (R14)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

_REASON_CHARACTERS_MAX = 300


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
        """What it raised, in one line."""
        said = " ".join(str(self.error).split()) or "no message"
        return shortened(f"{type(self.error).__name__}: {said}")


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The code had not come back at its deadline; it was cancelled and is not waited for."""


async def run_guarded(work: Callable[[], Awaitable[Any]], deadline_seconds: float) -> Returned | Raised | TimedOut:
    """Run a bidder's code, at most until its deadline.

    It runs in a task of its own, so that code which swallows its cancellation cannot keep the
    market waiting.

    Args:
        work: makes the awaitable; it may raise already.
        deadline_seconds: how long it may take.

    Returns:
        What became of it; never raises, but for the caller's own cancellation.
    """
    task = asyncio.ensure_future(_capture(work))
    try:
        done, _ = await asyncio.wait({task}, timeout=deadline_seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        return TimedOut()
    return task.result()


async def _capture(work: Callable[[], Awaitable[Any]]) -> Returned | Raised:
    try:
        return Returned(await work())
    except BaseException as error:
        # SystemExit would otherwise tear down the event loop that all requests share.
        return Raised(error)


def shortened(text: str) -> str:
    """A reason as the record keeps it: one line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= _REASON_CHARACTERS_MAX else line[: _REASON_CHARACTERS_MAX - 1] + "…"
