"""Running asynchronous work from ordinary code, in a notebook's event loop too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
_GRACE_SECONDS: Final = 0.2


def run_blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end.

    Where this thread already runs an event loop, as in a notebook, the work gets a thread and a
    loop of its own.

    Args:
        work: makes the coroutine.

    Returns:
        What it returns.
    """
    if not _is_in_a_loop():
        return _run(work)
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(_run(work))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="vickrey-run")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """As `asyncio.run`, but at the end no bidder's task that will not stop is waited for."""
    # Whoever looks up the handler of Ctrl-C, as the runner does, has Python write out the task, its result included;
    # a request's result would be read from the store for that. So the task has none.
    outcome: list[T] = []

    async def run() -> None:
        outcome.append(await work())

    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    try:
        runner.run(run())
    finally:
        _close(runner.get_loop())
    return outcome[0]


def _close(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_GRACE_SECONDS))
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.run_until_complete(asyncio.wait_for(loop.shutdown_asyncgens(), _GRACE_SECONDS))
    loop.close()
