"""Bidders for processes of their own; a config names them, and the tests never import them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from orchestrator import Beliefs, Bid, Charged, Money, Pass, Replacement, Segment, errors


def brood_file(market_pid: int) -> Path:
    """Where a bidder of this market's process says which child it has left behind."""
    return Path(tempfile.gettempdir()) / f"vickrey-brood-{market_pid}"


class Steady:
    """Bids the same at the first stages, and adds a line."""

    roles = ("transformer",)

    def __init__(self, name: str, usd: str = "2", stages: int = 2) -> None:
        self.name = name
        self.usd = usd
        self.stages = stages

    async def bid(self, announcement: Any) -> Any:
        return Money.usd(self.usd) if announcement.stage <= self.stages else Pass("enough")

    async def transform(self, lot: Any) -> Any:
        return [Segment(f"{self.name} on {lot.lot}")]


class Impostor(Steady):
    """Says that it stands behind a rival, whose lower bid would then be dropped."""

    principal = "steady"


class SteadyPresenter(Steady):
    roles = ("presenter",)


class Misnamed(Steady):
    """Has a role that there is not."""

    roles = ("transfomer",)


class AtOnce(Steady):
    """Bids without `async`."""

    def bid(self, announcement: Any) -> Any:
        return Money.usd(self.usd)


class Misbehaving(Steady):
    """Does what the request says, where that begins with its name: `odd bid exit`."""

    def __init__(self, name: str, usd: str = "5") -> None:
        super().__init__(name, usd)

    async def bid(self, announcement: Any) -> Any:
        act = self._act(announcement, "bid")
        if self._act(announcement, "transform"):
            return Money.usd("7") if announcement.stage == 1 else Pass("enough")
        return await (act() if act else super().bid(announcement))

    async def transform(self, lot: Any) -> Any:
        act = self._act(lot, "transform")
        return await (act() if act else super().transform(lot))

    def transform_cost_max(self, announcement: Any) -> Money:
        return Money(0)

    def _act(self, shown: Any, verb: str) -> Any:
        self.shown = shown
        name, when, act = shown.request.split()
        return getattr(self, f"_{act}") if (name, when) == (self.name, verb) else None

    async def _hang(self) -> None:
        while True:
            pass

    async def _sleep(self) -> None:
        time.sleep(3600)

    async def _wait(self) -> None:
        await asyncio.Event().wait()

    async def _stubborn(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    async def _exit(self) -> None:
        os._exit(3)

    async def _orphan(self) -> None:
        """Leave a child behind that holds this process's end of the pipe, where no signal to its group reaches it."""
        if os.fork() == 0:
            os.setsid()
            signal.alarm(30)
            signal.pause()
        os._exit(3)

    async def _brood(self) -> None:
        """Leave a child behind in this process's group, and say in a file which it is."""
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            signal.pause()
        brood_file(os.getppid()).write_text(str(child))
        os._exit(3)

    async def _system_exit(self) -> None:
        raise SystemExit(4)

    async def _segfault(self) -> None:
        ctypes.string_at(0)

    async def _abort(self) -> None:
        os.kill(os.getpid(), signal.SIGABRT)

    async def _raise(self) -> None:
        raise ValueError("no idea")

    async def _provider(self) -> None:
        await self.shown.meter.call(self._failing)

    async def _failing(self) -> Charged:
        raise errors.ProviderError("the model is down")

    async def _unpicklable(self) -> Any:
        return lambda: None

    async def _huge(self) -> Any:
        return [Segment("x" * 20_000_000)]

    async def _surrogate(self) -> Any:
        return [Segment("\ud800")]

    async def _float(self) -> float:
        return 1.5

    async def _forged(self) -> Any:
        money = Money(1)
        object.__setattr__(money, "nanos", -5)
        return money

    async def _pickle(self) -> None:
        """Write a pickle that would run code where it is read, as a whole frame."""
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, (20).to_bytes(8) + b"cos\nabort\n(tR.......")
            except OSError:
                continue
        await asyncio.Event().wait()

    async def _noise(self) -> Money:
        print("noise " * 10_000, flush=True)  # noqa: T201
        os.write(1, b"more noise")
        return Money.usd(self.usd)


class Paying(Steady):
    """Makes metered calls, and writes each real one to a file."""

    provider = "acme"

    def __init__(self, name: str, log: str, usd: str = "2", calls: int = 2, fail: bool = False) -> None:
        super().__init__(name, usd)
        self.log = Path(log)
        self.calls = calls
        self.fail = fail

    def bid_cost_max(self, announcement: Any) -> Money:
        return Money.usd("0.01")

    def transform_cost_max(self, announcement: Any) -> Money:
        return Money.usd("0.10")

    def eligible(self, announcement: Any) -> bool:
        return bool(announcement.stage <= self.stages)

    async def bid(self, announcement: Any) -> Any:
        await announcement.meter.call(lambda: self._perform("bid"), purpose="value")
        return Bid(Money.usd(self.usd), "transformer")

    async def transform(self, lot: Any) -> Any:
        calls = (lot.meter.call(lambda: self._perform("transform")) for _ in range(self.calls))
        said = await asyncio.gather(*calls)
        return Replacement([*lot.state.segments, Segment(f"{self.name} heard {said}")])

    async def _perform(self, what: str) -> Charged:
        with self.log.open("a") as file:
            file.write(f"{what}\n")
        if self.fail:
            raise errors.ProviderError("the model is down")
        return Charged({"heard": what}, Money.usd("0.002"), {"tokens": 5})


class Learner:
    """Counts the receipts that it is given."""

    name = "learner"
    version = 3

    def value(self, memory: Any, observations: Any) -> Any:
        raise NotImplementedError

    def learn(self, memory: Any, receipts: Any) -> Any:
        return {"receipts": (memory or {"receipts": 0})["receipts"] + len(receipts), "pid": os.getpid()}


class Learning(Steady):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.policy = Learner()


class Overdue(Learning):
    """Hangs at its work without awaiting, once it has said so in a file."""

    def __init__(self, name: str, begun: str) -> None:
        super().__init__(name)
        self.begun = Path(begun)

    async def transform(self, lot: Any) -> Any:
        self.begun.touch()
        time.sleep(3600)


class Unawaited(Steady):
    """Has a policy that nobody would await."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.policy = SlowLearner()


class SlowLearner(Learner):
    async def value(self, memory: Any, observations: Any) -> Any:
        raise NotImplementedError


class Describer(Learner):
    """Says what it believes, and in whose process; or something else."""

    def __init__(self, says: str) -> None:
        self.says = says

    def describe(self, memory: Any) -> Any:
        if self.says == "hang":
            while True:
                pass
        if self.says == "exit":
            os._exit(3)
        if self.says == "raise":
            raise ValueError("no idea")
        known = [Beliefs("What was seen", ("receipts", "pid"), ((memory["receipts"], os.getpid()),))]
        return {"tables": known, "number": 3, "pairs": [[1, 2]], "set": {1}}.get(self.says)


class Describing(Steady):
    def __init__(self, name: str, says: str) -> None:
        super().__init__(name)
        self.policy = Describer(says)


class Undecided(Steady):
    """Hangs in each of the methods that a bidder in the market's own process answers at once."""

    def __init__(self, name: str, method: str) -> None:
        super().__init__(name)
        setattr(self, method, self._hang)

    def _hang(self, announcement: Any) -> Any:
        time.sleep(3600)


class Practising(Steady):
    """Works in practice on tasks that name it."""

    async def practises(self, announcement: Any) -> bool:
        return self.name in announcement.request


class Unbuildable:
    def __init__(self, name: str) -> None:
        raise RuntimeError("out of tune")


class Exiting:
    def __init__(self, name: str) -> None:
        os._exit(7)


class Blocking(Steady):
    """Blocks for a while without awaiting, once."""

    async def bid(self, announcement: Any) -> Any:
        if announcement.stage == 1:
            time.sleep(1.5)
        return Pass("too slow")
