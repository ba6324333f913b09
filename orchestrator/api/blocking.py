"""Running asynchronous work from ordinary code, in a notebook's event loop too."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Final, TypeVar

from orchestrator.engine.guarded import begin_task, forget_abandoned
from orchestrator.errors import BidderError

T = TypeVar("T")
_GRACE_SECONDS: Final = 0.2
_BEGINNING_SECONDS: Final = 5.0
_MEDDLED: Final = (
    "the market's own task was cancelled, or its event loop stopped, by code that a bidder or judge runs in it: run "
    "that in a process of its own (isolation: process), then `vickrey resume` goes on"
)


def run_blocking(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end.

    Where this thread already runs an event loop, as in a notebook, the work gets a thread and a
    loop of its own. An interrupt stops the work there too.

    Args:
        work: makes the coroutine.

    Returns:
        What it returns.
    """
    return _run_beside(work) if _is_in_a_loop() else _run(work)


def _run_beside(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a thread and a loop of its own, and wait for it."""
    begun: Future[Callable[[], object]] = Future()
    outcome: Future[T] = Future()

    async def begin() -> T:
        begun.set_result(_stopper())
        return await work()

    def run() -> None:
        try:
            outcome.set_result(_run(begin))
        except BaseException as error:
            outcome.set_exception(error)
            if not begun.done():
                begun.set_result(lambda: None)

    thread = threading.Thread(target=run, name="vickrey-run")
    try:
        thread.start()
        wait([outcome])
    except BaseException:
        # Interrupted: whoever waits for the work no longer would not know of what it goes on to spend. Its outcome is
        # waited for, since Python 3.11 counts a thread as over whose `join` was interrupted.
        with contextlib.suppress(TimeoutError):  # where not even the thread had begun
            begun.result(_BEGINNING_SECONDS)()
            wait([outcome])
        raise
    thread.join()
    return outcome.result()


def _stopper() -> Callable[[], object]:
    """What cancels the task that calls this, from another thread."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        # The loop may be gone by now, and its work with it.
        if task is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    return stop


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

    executor = ThreadPoolExecutor(thread_name_prefix="vickrey-loop")
    runner = asyncio.Runner(loop_factory=partial(_new_loop, executor))
    try:
        runner.run(run())
    except asyncio.CancelledError as error:
        raise BidderError(_MEDDLED) from error
    except RuntimeError as error:
        if outcome or not str(error).startswith("Event loop stopped"):
            raise
        raise BidderError(_MEDDLED) from error
    finally:
        _close(runner.get_loop())
        # Threads that have nothing to do end; those of work that does not return are waited for by nobody.
        executor.shutdown(wait=False, cancel_futures=True)
    return outcome[0]


def _new_loop(executor: ThreadPoolExecutor) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_task_factory(begin_task)
    loop.set_default_executor(executor)
    return loop


def _close(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_GRACE_SECONDS))
    loop.set_exception_handler(lambda _loop, _context: None)
    # What a bidder has left half read, as a stream, may take its time to end: that must not cost the caller its result.
    ending = loop.create_task(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.wait({ending}, timeout=_GRACE_SECONDS))
    forget_abandoned(loop)
    loop.close()
