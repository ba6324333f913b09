"""Bidders with manners of their own, for the command's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from orchestrator import Announcement, Money, Pass, Role, Segment, WonLot


class Chatty:
    """Prints while it works, which must not get into the way of a JSON document."""

    roles: Sequence[Role] = ("presenter",)

    def __init__(self, name: str) -> None:
        self.name = name

    async def bid(self, announcement: Announcement) -> Money | Pass:
        print("thinking about", announcement.lot)  # noqa: T201
        return Money.usd(1)

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        print("working on", lot.lot)  # noqa: T201
        return [Segment("said")]


class Unloadable:
    """Cannot be built."""

    def __init__(self) -> None:
        raise RuntimeError("its files are \x1b[31mgone")


class Hostile:
    """Passes, with a reason of somebody's choice."""

    roles: Sequence[Role] = ("transformer",)

    def __init__(self, name: str, words: str) -> None:
        self.name = name
        self._words = words

    async def bid(self, announcement: Announcement) -> Money | Pass:
        return Pass(f"no {self._words}")

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return []


class Patient:
    """Does not answer as long as a file is there."""

    roles: Sequence[Role] = ("presenter",)

    def __init__(self, name: str, gate: str) -> None:
        self.name = name
        self._gate = Path(gate)

    async def bid(self, announcement: Announcement) -> Money | Pass:
        if self._gate.exists():
            await asyncio.Event().wait()
        return Money.usd(1)

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return [Segment("at last: Belém →")]
