"""Driving: the requests that a market drives at present, each until it is open or has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from orchestrator.engine.driver import Driver, Listener
from orchestrator.engine.marks import who_left
from orchestrator.engine.recorder import Recorder, read_log
from orchestrator.engine.streaming import TextListener
from orchestrator.errors import StaleDriver, StoreUnavailable
from orchestrator.store import RequestRow, Store

LOOK_SECONDS: Final = 1.0
"""How often a driver looks whether its request is still its own: until it knows better, bidders spend on."""


class Driving:
    """What a market drives at present.

    Args:
        store: where the requests are.
        recorder: commits what the core decides.
        clock: Unix time in seconds.
    """

    def __init__(self, store: Store, recorder: Recorder, clock: Callable[[], float]) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._under_way: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = {}

    async def drive(self, request_id: str, mark: str, on_event: Listener | None, on_text: TextListener | None) -> None:
        """Drive a request until it is open or has ended, be it that it is cancelled meanwhile.

        Args:
            request_id: the request, which is this driver's.
            mark: of the work of driving it.
            on_event: told of every event as it happens.
            on_text: told of what presenters write while they write.

        Raises:
            StaleDriver: another driver has taken it over or moved it on, and it has not ended.
        """
        driver = Driver(self._store, self._recorder, request_id, self._clock, on_event, on_text)
        task = asyncio.ensure_future(driver.run())
        watch = asyncio.ensure_future(self._stop_once_lost(request_id, mark, task))
        self._under_way[request_id] = (asyncio.get_running_loop(), task)
        try:
            await task
        except (StaleDriver, asyncio.CancelledError):
            # Of a request that was cancelled there is nothing left to drive, and nothing went wrong.
            progress = self._store.read(lambda reader: read_log(reader, request_id)).progress
            if _is_caller_cancelled():
                raise
            if progress.ending is None:
                self._raise_if_taken_over(request_id, mark)
                raise
            if on_event is not None:
                on_event(progress.ending, progress)
        finally:
            watch.cancel()
            self._under_way.pop(request_id, None)

    def stop(self, request_id: str) -> None:
        """Stop what bidders still do for a request that has ended, where it is driven from here."""
        # Looked up once: whoever drives it, in another thread perhaps, may be done with it at any moment.
        found = self._under_way.get(request_id)
        if found is not None:
            loop, task = found
            with contextlib.suppress(RuntimeError):  # its loop may be closed by now
                loop.call_soon_threadsafe(task.cancel)

    async def _stop_once_lost(self, request_id: str, mark: str, task: asyncio.Task[Any]) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with contextlib.suppress(StoreUnavailable):  # what it comes to is the driver's to find out
                row = self._store.read(lambda reader: reader.find_request(request_id))
                # What a driver runs is rejected by nobody but its requester; how else it ends, the driver says itself.
                if row is not None and (row.status == "rejected" or _is_taken_over(row, mark)):
                    task.cancel()
                    return

    def _raise_if_taken_over(self, request_id: str, mark: str) -> None:
        row = self._store.read(lambda reader: reader.find_request(request_id))
        if row is not None and _is_taken_over(row, mark):
            raise StaleDriver(f"request {request_id} was taken over by {who_left(row.driver)}; this driver stops")


def _is_taken_over(row: RequestRow, mark: str) -> bool:
    return row.status == "running" and row.driver != mark


def _is_caller_cancelled() -> bool:
    """Whether the task that waits was cancelled itself, and not only what it waits for."""
    waiting = asyncio.current_task()
    return waiting is not None and waiting.cancelling() > 0
