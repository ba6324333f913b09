"""How many calls one provider is sent at a time, over all models that it serves."""

from __future__ import annotations

import asyncio
import threading
from typing import Final
from weakref import WeakValueDictionary

from bidders.models.per_loop import PerLoop


class Slots:
    """The slots of one provider: one for each call that may be under way in an event loop.

    Args:
        concurrency: how many there are.
    """

    def __init__(self, concurrency: int) -> None:
        # In a list of its own: what makes semaphores must not keep this object alive.
        limit = [concurrency]
        self._limit = limit
        self._semaphores = PerLoop(lambda: asyncio.Semaphore(limit[0]))

    @property
    def concurrency(self) -> int:
        """How many there are."""
        return self._limit[0]

    def narrow(self, concurrency: int) -> None:
        """Allow no more calls at a time than so many."""
        self._limit[0] = min(self._limit[0], concurrency)

    async def get(self) -> asyncio.Semaphore:
        """The slots of the running loop; entered for the time of a call."""
        return await self._semaphores.get()


_known: Final[WeakValueDictionary[str, Slots]] = WeakValueDictionary()
_lock: Final = threading.Lock()


def slots_of(provider: str, concurrency: int) -> Slots:
    """The slots of a provider, shared by its models for as long as there are any.

    Args:
        provider: who is called.
        concurrency: the most calls at a time; of several models' limits for one provider the
            smallest holds.
    """
    with _lock:
        slots = _known.setdefault(provider, Slots(concurrency))
        slots.narrow(concurrency)
        return slots
