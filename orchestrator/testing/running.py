"""Running a plugin's code so that whatever it does can be told to its author."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import TimeoutError as Unanswered
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.guarded import Raised, Returned, TimedOut, run_guarded

_GRACE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class NotAsync:
    """The method gave its answer, or an async generator, where it should have given an awaitable."""

    is_generator: bool


@dataclass(frozen=True, slots=True)
class Stuck:
    """The method never gave the event loop back; nothing can be run after it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a plugin's method.

    Attributes:
        result: what became of it.
        blocked_seconds: the longest it kept the event loop to itself.
    """

    result: Returned | Raised | TimedOut | NotAsync | Stuck
    blocked_seconds: float


class Loop:
    """A real event loop in a thread of its own: it works inside a notebook, and can be abandoned."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._is_stuck = False
        self._thread = threading.Thread(target=self._run, name="conformance kit", daemon=True)
        self._thread.start()

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).add_done_callback(
            lambda _: self._loop.call_soon_threadsafe(self._loop.stop)
        )
        if not self._is_stuck:
            self._thread.join(_GRACE_SECONDS)

    def _run(self) -> None:
        # Closed from here, because a loop that is stuck is closed when it comes free, if it ever does.
        self._loop.run_forever()
        self._loop.close()

    def attempt(self, method: Callable[[Any], Any], argument: Any, deadline_seconds: float) -> Attempt:
        """Call an async method with one argument."""
        watch = _Stopwatch()

        async def call() -> Any:
            with watch:
                awaitable = method(argument)
            if not inspect.isawaitable(awaitable):
                return NotAsync(inspect.isasyncgen(awaitable))
            return await _Stepwise(awaitable, watch)

        future = asyncio.run_coroutine_threadsafe(run_guarded(call, deadline_seconds), self._loop)
        try:
            result = future.result(deadline_seconds + _GRACE_SECONDS)
        except Unanswered:
            self._is_stuck = True
            return Attempt(Stuck(), deadline_seconds)
        if isinstance(result, Returned) and isinstance(result.value, NotAsync):
            return Attempt(result.value, 0.0)
        return Attempt(result, watch.longest_seconds)


def call_plainly(function: Callable[..., Any], *arguments: Any) -> Returned | Raised:
    """Call a function that is not async, in this thread."""
    try:
        return Returned(function(*arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Raised(error)


async def _cancel_all() -> None:
    """Cancel what was left running, and give it a moment to notice."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_GRACE_SECONDS / 2)


class _Stopwatch:
    """Keeps the longest of the times between its entries and exits."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.longest_seconds = max(self.longest_seconds, time.perf_counter() - self._started)


class _Stepwise:
    """An awaitable of which each step, from one `await` to the next, is timed."""

    def __init__(self, awaitable: Awaitable[Any], watch: _Stopwatch) -> None:
        self._awaitable = awaitable
        self._watch = watch

    def __await__(self) -> Generator[Any, Any, Any]:
        async def whole() -> Any:
            return await self._awaitable

        steps = whole().__await__()
        advance: Callable[[Any], Any] = steps.send
        given: Any = None
        while True:
            try:
                with self._watch:
                    waited_for = advance(given)
            except StopIteration as done:
                return done.value
            try:
                given, advance = (yield waited_for), steps.send
            except BaseException as error:
                # A cancellation is the bidder's to handle.
                given, advance = error, steps.throw
