"""Bidders with manners of their own, for the command's tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator import (
    Announcement,
    Beliefs,
    Money,
    Observation,
    Pass,
    Prompt,
    Receipt,
    Role,
    Segment,
    Valuation,
    WonLot,
)


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


class Passing:
    """Never bids."""

    roles: Sequence[Role] = ("transformer",)

    def __init__(self, name: str) -> None:
        self.name = name

    async def bid(self, announcement: Announcement) -> Money | Pass:
        return Pass("nothing to add")

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return []


class Threaded(Passing):
    """Leaves a thread behind that never returns, as blocking work may that was cut off at its deadline."""

    async def bid(self, announcement: Announcement) -> Money | Pass:
        await asyncio.to_thread(threading.Event().wait)
        return await super().bid(announcement)


class Saving(Passing):
    """Saves something in a thread when its market closes."""

    def __init__(self, name: str, output_path: str) -> None:
        super().__init__(name)
        self._path = Path(output_path)

    def close(self) -> None:
        def save() -> None:
            threading.Event().wait(0.3)
            self._path.write_text("saved")

        threading.Thread(target=save).start()


class Unloadable:
    """Cannot be built."""

    def __init__(self) -> None:
        raise RuntimeError("its files are \x1b[31mgone")


class Hostile(Passing):
    """Passes, with a reason of somebody's choice."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(name)
        self._words = words

    async def bid(self, announcement: Announcement) -> Money | Pass:
        return Pass(f"no {self._words}")


_LOOK_AGAIN_SECONDS = 0.01


class Patient:
    """Does not answer as long as a file is there."""

    roles: Sequence[Role] = ("presenter",)

    def __init__(self, name: str, gate: str) -> None:
        self.name = name
        self._gate = Path(gate)

    async def bid(self, announcement: Announcement) -> Money | Pass:
        # Whoever opens the gate may do so before this looks or after.
        while self._gate.exists():
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        return Money.usd(1)

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return [Segment("at last: Belém →")]


class Keyless(Hostile):
    """Lacks a key."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "key")

    def obstacle(self) -> str | None:
        return "SOME_KEY is not set"


class Choosy(Hostile):
    """Wants no request at all."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "interest")

    def eligible(self, announcement: Announcement) -> bool:
        return False


class Vague(Hostile):
    """Cannot say what its work may cost."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "idea")

    def transform_cost_max(self, announcement: Announcement) -> Money:
        raise RuntimeError("no idea")


class Dear(Hostile):
    """Bids at a cost that hardly any wallet covers."""

    provider = "oracle"

    def __init__(self, name: str) -> None:
        super().__init__(name, "money")

    def bid_cost_max(self, announcement: Announcement) -> Money:
        return Money.usd(60)


async def never(prompt: Prompt) -> str:
    """A model's function that does not answer."""
    await asyncio.Event().wait()
    return ""


class Forgetful:
    """A policy that cannot learn."""

    name = "forgetful"
    version = 1

    def value(self, _memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([1.0] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        raise KeyError("red\x1b[31m")


class Interrupted(Forgetful):
    """A policy at which somebody presses Ctrl-C while it learns."""

    name = "interrupted"

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        raise KeyboardInterrupt


class Interrupting(Chatty):
    """Does a work from which its policy learns until somebody presses Ctrl-C."""

    roles: Sequence[Role] = ("transformer",)
    policy = Interrupted()


class Counting(Forgetful):
    """A policy that counts its receipts."""

    name = "counting"

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return (memory or 0) + len(receipts)


class Recounting(Counting):
    """The next version of a policy, which cannot read what the first had learned."""

    version = 2

    def migrate(self, memory: Any) -> Any:
        return memory


class Believing(Counting):
    """A policy that says what it believes, or misbehaves when it is asked to."""

    name = "believing"

    def __init__(self, says: str = "tables") -> None:
        self._says = says

    def describe(self, memory: Any) -> Sequence[Beliefs]:
        if self._says == "raise":
            raise RuntimeError("lost its \x1b[31mtongue\nhere")
        if self._says == "nothing":
            return []
        if self._says == "hostile":
            return [Beliefs("red \x1b[31m", ("\u202ecolumn", "n"), (("one\ntwo \x1b]0;x\x07 [bold]", 1),))]
        rows = (("receipts", memory, 0.5, 0.0001), ("more", 12345, 1e13, 0.0))
        return [Beliefs("What was seen", ("what", "how many", "share", "cost USD"), rows)]
