"""One deadline for all that a bidder is asked about a lot (R3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from orchestrator.engine.guarded import Guarded, run_guarded


class Deadline:
    """A bidder's time for a lot: all that it is asked about it must be answered within one deadline.

    What the market does between its answers, as taking holds, takes none of it.

    Args:
        seconds: all of it.
        left_seconds: what is left; all of it where left out.

    Attributes:
        seconds: all of it.
        left_seconds: what is left.
    """

    def __init__(self, seconds: float, left_seconds: float | None = None) -> None:
        self.seconds = seconds
        self.left_seconds = seconds if left_seconds is None else left_seconds

    async def run(self, work: Callable[[], Awaitable[Any]]) -> Guarded:
        """Run the bidder's code in what is left of its time."""
        start = _now_seconds()
        result = await run_guarded(work, self.left_seconds)
        self.left_seconds = max(0.0, self.left_seconds - (_now_seconds() - start))
        return result


def _now_seconds() -> float:
    """The time of the event loop, by which deadlines end."""
    return asyncio.get_running_loop().time()
