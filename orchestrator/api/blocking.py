"""Running asynchronous work from ordinary code, in a notebook's event loop too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end.

    Where this thread already runs an event loop, as in a notebook, the work gets a thread and a
    loop of its own.

    Args:
        work: makes the coroutine.

    Returns:
        What it returns.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(work()))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="vickrey-run")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
