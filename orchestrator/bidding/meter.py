"""Metered calls: everything that costs real money goes through a meter (R7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.money import Money


@dataclass(frozen=True, slots=True)
class Charged:
    """A provider's answer and what it cost.

    Attributes:
        body: the answer; anything that JSON can hold.
        cost: what it cost; None where that is unknown, which is not 0.
        usage: token counts and the like.
    """

    body: Any
    cost: Money | None
    usage: Mapping[str, int] = field(default_factory=dict)


class Meter(Protocol):
    """Makes a task's calls: charged to its bidder, under its hold and the request's spend cap."""

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        """Make a call, or take its answer from the record if it was answered before a crash.

        Args:
            perform: makes the real call.
            purpose: what it is for; part of its key in the record.

        Returns:
            The body of the answer.

        Raises:
            BidderError: the bidder declared no worst case, or has used it up.
        """
