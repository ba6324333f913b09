"""A store that has others to serve first, for tests of what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from orchestrator.store import MemoryStore


class BusyStore(MemoryStore):
    """Takes the next writing in hand only when it is let go on, as behind a queue of others."""

    def __init__(self) -> None:
        super().__init__()
        self.is_busy = False
        self.waiting: list[tuple[Callable[[Any], Any], Future[Any]]] = []

    def submit(self, work: Callable[[Any], Any]) -> Future[Any]:
        if self.is_busy:
            self.is_busy = False
            future: Future[Any] = Future()
            self.waiting.append((work, future))
            return future
        self.go_on()
        return super().submit(work)

    def go_on(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work, future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(self.transact(work))
