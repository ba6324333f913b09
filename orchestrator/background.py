"""Running a plain function beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T], name: str) -> T:
    """Run a function that may block, in a thread of its own.

    The thread is a daemon, and not of the loop's pool: a function that never returns is abandoned
    when its deadline cancels the wait, and the interpreter can still exit.

    Args:
        work: what to run.
        name: name of the thread.

    Returns:
        What it returned.

    Raises:
        Exception: whatever it raised; an attempt to exit, or what else no task can raise, becomes RuntimeError.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(result)  # type: ignore[arg-type]
        else:
            outcome.set_exception(error)

    def run() -> None:
        result: T | None = None
        raised: BaseException | None = None
        try:
            result = work()
        except SystemExit as error:
            raised = RuntimeError(f"called sys.exit({error.code!r})")
        except BaseException as error:
            # A future takes no StopIteration; whoever waits for what it refuses would wait until the deadline.
            is_plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
            raised = error if is_plain else RuntimeError(f"raised {type(error).__name__}")
        # After the deadline the loop may be gone, and then nobody wants the answer.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
