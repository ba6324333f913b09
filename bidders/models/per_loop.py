"""Values that belong to one event loop each: connections and semaphores cannot be shared between loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a value for each event loop that asks for one, and closes it with its loop.

    A market runs each blocking request in a loop of its own, so a client cannot live as long as its
    model. asyncio ends a loop by closing the asynchronous generators that run in it; the value is
    kept in one, and so is closed in time.

    Args:
        make: makes a value.
        close: closes one; None where there is nothing to close.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]] | None = None) -> None:
        self._make = make
        self._close_value = close
        self._kept: dict[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None, None]]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    async def get(self) -> T:
        """The value of the running loop."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(loop)
        if kept is not None:
            return kept[0]
        value = self._make()
        keeper = self._keep(loop, value)
        with self._lock:
            for ended in [each for each in self._kept if each.is_closed()]:
                del self._kept[ended]
            self._kept[loop] = (value, keeper)
        await anext(keeper)
        return value

    def close(self) -> None:
        """Close the values of all loops that run; those of others went with their loops."""
        with self._lock:
            kept = list(self._kept.items())
        for loop, (_, keeper) in kept:
            if loop.is_running():
                loop.call_soon_threadsafe(self._end, loop, keeper)

    async def _keep(self, loop: asyncio.AbstractEventLoop, value: T) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with self._lock:
                self._kept.pop(loop, None)
            if self._close_value is not None:
                await self._close_value(value)

    def _end(self, loop: asyncio.AbstractEventLoop, keeper: AsyncGenerator[None, None]) -> None:
        closing = loop.create_task(_ended(keeper))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _ended(keeper: AsyncGenerator[None, None]) -> None:
    """End a keeper; a loop that ends before this has begun cancels this, and closes the keeper itself."""
    await keeper.aclose()
