"""Isolation: a bidder in a process of its own, which can be killed (DESIGN 2b).

Code that hangs without ever awaiting, exits, crashes or eats memory harms only that process: its
lot closes without it, and at its next lot it starts anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import queue
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from orchestrator.bidding import Announcement, Charged, Observation, Valuation, WonLot
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role
from orchestrator.engine.isolation_process import GRACE_SECONDS, BidderProcess, Message, ProcessOver
from orchestrator.engine.isolation_wire import (
    decode_charged,
    decode_problem,
    decode_value,
    describe_problem,
    strings,
)
from orchestrator.errors import BrokenPlugin, InvalidAnswer, InvalidConfig

MESSAGE_BYTES_MAX: Final = 16_000_000
START_SECONDS: Final = 30.0
LEARN_SECONDS: Final = 5.0


class IsolatedBidder:
    """Keeps the bidder's contract on behalf of a bidder that runs elsewhere.

    Its methods are those of the other side. The optional ones, which a bidder in the market's own
    process answers at once, are asynchronous here; the engine waits for either.

    Args:
        name: unique in its market.
        recipe: makes the bidder, in the other process; picklable, without arguments.
        message_bytes_max: what the bidder may return at once.
        start_seconds: how long building it may take.

    Raises:
        InvalidConfig: its recipe refuses an option.
        BrokenPlugin: it cannot be built.
    """

    principal: str | None
    provider: str | None
    policy: IsolatedPolicy | None
    eligible: Callable[[Announcement], Awaitable[bool]]
    bid_cost_max: Callable[[Announcement], Awaitable[Any]]
    transform_cost_max: Callable[[Announcement], Awaitable[Any]]
    reserve: Callable[[WonLot], Awaitable[Any]]

    def __init__(
        self,
        name: str,
        recipe: Callable[[], Any],
        *,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.name = name
        self._line = _Line(_pickled(name, recipe), message_bytes_max, start_seconds)
        self._closing = weakref.finalize(self, self._line.close)
        try:
            ready = self.wait_until_ready()
        except Exception as error:
            self.close()
            raise _broken(name, error) from error
        self._take_description(ready)

    @property
    def pid(self) -> int | None:
        """Id of the process that runs now, if one does."""
        return self._line.pid

    def wait_until_ready(self) -> Message:
        """Start its process, where none runs, and wait until the bidder is built there."""
        return self._line.process().ready.result()

    async def bid(self, announcement: Announcement) -> Any:
        """Ask for a bid; what comes back has yet to be checked, as any bidder's answer."""
        return await self._line.ask("bid", announcement)

    async def transform(self, lot: WonLot) -> Any:
        """Have a lot transformed; what comes back has yet to be checked."""
        return await self._line.ask("transform", lot)

    def close(self) -> None:
        """Kill the process and wait for its end."""
        self._closing()

    def _take_description(self, ready: Message) -> None:
        missing = strings(ready.get("missing"))
        if missing:
            raise BrokenPlugin(f"bidder {self.name} has no method {' and no method '.join(f'`{m}`' for m in missing)}")
        known: tuple[Role, ...] = (TRANSFORMER, PRESENTER)
        named = strings(ready.get("roles"))
        self.roles: Sequence[Role] = tuple(role for role in known if role in named)
        self.principal = _string_or_none(ready.get("principal"))
        self.provider = _string_or_none(ready.get("provider"))
        for method in strings(ready.get("has")):
            if method in ("eligible", "bid_cost_max", "transform_cost_max", "reserve"):
                setattr(self, method, self._asking(method))
        match ready.get("policy"):
            case [str() as name, int() as version]:
                self.policy = IsolatedPolicy(name, version, self._line)
            case _:
                self.policy = None

    def _asking(self, verb: str) -> Callable[[Any], Awaitable[Any]]:
        line = self._line
        return lambda shown: line.ask(verb, shown)


class IsolatedPolicy:
    """The policy of an isolated bidder: it learns in that bidder's process.

    Args:
        name: names the format of its memory.
        version: version of that format.
        line: the way to the process.
    """

    def __init__(self, name: str, version: int, line: _Line) -> None:
        self.name = name
        self.version = version
        self._line = line

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Values are asked for by the bidder itself, in its own process, and never from here."""
        raise InvalidAnswer("an isolated bidder's policy values lots in that bidder's own process")

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Have it learn; waits at most some seconds.

        Raises:
            BidderError: its process failed or took too long.
        """
        return self._line.ask_and_wait("learn", (memory, list(receipts)), LEARN_SECONDS)


class _Line:
    """The way to a bidder's process, which is started again when it has ended."""

    def __init__(self, recipe: bytes, message_bytes_max: int, start_seconds: float) -> None:
        self._recipe = recipe
        self._message_bytes_max = message_bytes_max
        self._start_seconds = start_seconds
        self._process: BidderProcess | None = None
        self._closed = False
        self._starting = threading.Lock()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def process(self) -> BidderProcess:
        """The process; a new one where the last has ended."""
        with self._starting:
            if self._closed:
                raise ProcessOver("its process was closed")
            if self._process is None or self._process.is_over:
                self._process = BidderProcess(self._recipe, self._message_bytes_max, self._start_seconds)
            return self._process

    def close(self) -> None:
        with self._starting:
            self._closed = True
        if self._process is not None:
            self._process.kill("was closed")
            self._process.wait()

    async def ask(self, verb: str, shown: Any) -> Any:
        """Give the process a task and serve its metered calls until it answers."""
        while (process := self.process()).is_stopping():
            await asyncio.sleep(GRACE_SECONDS / 10)
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def receive(message: Message) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(inbox.put_nowait, message)

        task = process.begin(verb, (replace(shown, meter=None),), receive)
        calls = _Calls(process, task, shown.meter)
        try:
            while True:
                message = await inbox.get()
                if message["kind"] in ("value", "raised", "over"):
                    return _answer(message)
                calls.take(message)
        except asyncio.CancelledError:
            process.cancel(task)
            raise
        finally:
            calls.stop()

    def ask_and_wait(self, verb: str, arguments: tuple[Any, ...], seconds: float) -> Any:
        """Give the process a task without calls, and wait for its answer in this thread."""
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        process = self.process()
        task = process.begin(verb, arguments, inbox.put)
        try:
            message = inbox.get(timeout=seconds)
        except queue.Empty:
            process.cancel(task)
            raise ProcessOver(f"had not answered after {seconds:g} s") from None
        return message.get("value") if message["kind"] == "value" else _answer(message)


class _Calls:
    """The metered calls of one task: the market's meter decides, the process makes them."""

    def __init__(self, process: BidderProcess, task: int, meter: Any) -> None:
        self._process = process
        self._task = task
        self._meter = meter
        self._serving: set[asyncio.Task[None]] = set()
        self._performed: dict[int, asyncio.Future[Charged]] = {}

    def take(self, message: Message) -> None:
        """Take a message that is about a call."""
        match message:
            case {"kind": "call", "call": int() as call, "purpose": str() as purpose}:
                serving = asyncio.ensure_future(self._serve(call, purpose))
                self._serving.add(serving)
                serving.add_done_callback(self._serving.discard)
            case {"kind": "performed", "call": int() as call, "charged": charged}:
                self._settle(call, lambda: decode_charged(charged))
            case {"kind": "failed", "call": int() as call, "problem": problem}:
                self._settle(call, lambda: _raise(decode_problem(problem)))

    def stop(self) -> None:
        """Stop serving: the task is over."""
        for serving in self._serving:
            serving.cancel()

    async def _serve(self, call: int, purpose: str) -> None:
        try:
            body = await self._meter.call(lambda: self._perform(call), purpose=purpose)
        except Exception as error:
            problem = describe_problem(error)
            self._process.send(("refuse", self._task, call, (problem.family, problem.name, problem.text)))
        else:
            self._process.send(("answer", self._task, call, body))

    async def _perform(self, call: int) -> Charged:
        performed: asyncio.Future[Charged] = asyncio.get_running_loop().create_future()
        self._performed[call] = performed
        self._process.send(("perform", self._task, call))
        return await performed

    def _settle(self, call: int, outcome: Callable[[], Charged]) -> None:
        performed = self._performed.pop(call, None)
        if performed is None or performed.done():
            return
        try:
            performed.set_result(outcome())
        except Exception as error:
            performed.set_exception(error)


def _answer(message: Message) -> Any:
    match message:
        case {"kind": "value", "value": body}:
            return decode_value(body)
        case {"kind": "over", "reason": str() as reason}:
            raise ProcessOver(reason)
    raise decode_problem(message.get("problem"))


def _raise(error: Exception) -> Charged:
    raise error


def _pickled(name: str, recipe: Callable[[], Any]) -> bytes:
    try:
        return pickle.dumps(recipe)
    except Exception as error:
        raise BrokenPlugin(f"bidder {name} cannot run in a process of its own: {error}") from error


def _broken(name: str, error: Exception) -> InvalidConfig | BrokenPlugin:
    """Why a bidder cannot take part, as it would be said of one in the market's own process."""
    kind = type(error).__name__
    if kind == InvalidConfig.__name__:
        return InvalidConfig(str(error))
    said = str(error) if kind == BrokenPlugin.__name__ else f"{kind}: {error}"
    return BrokenPlugin(f"bidder {name}: {said}")


def _string_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
