"""A store whose process dies at a durable write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from orchestrator.store import Store


class Crash(BaseException):
    """The process is gone: whatever was not durable by now never happened."""


class CrashingStore:
    """A store whose process dies at a given durable write, before or after it."""

    def __init__(self, store: Store, at: int | None, *, after: bool = False) -> None:
        self._store = store
        self._at = at
        self._after = after
        self.writes = 0

    def submit(self, work: Callable[[Any], Any]) -> Future[Any]:
        self.writes += 1
        if self._at is None or self.writes < self._at:
            return self._store.submit(work)
        if self._after and self.writes == self._at:
            self._store.transact(work)
        raise Crash

    def transact(self, work: Callable[[Any], Any]) -> Any:
        return self.submit(work).result()

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self._store.read(work)

    def rest(self) -> None:
        self._store.rest()

    def close(self) -> None:
        """The store outlives its driver."""
