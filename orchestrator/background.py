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
        Exception: whatever it raised; an attempt to exit becomes RuntimeError.
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
        except Exception as error:
            raised = error
        # After the deadline the loop may be gone, and then nobody wants the answer.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
