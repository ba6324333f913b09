"""The way to a bidder's process: tasks go there, metered calls and answers come back."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from orchestrator.bidding import Charged, WonLot
from orchestrator.engine.isolation.process import GRACE_SECONDS, BidderProcess, Message, ProcessOver
from orchestrator.engine.isolation.wire import decode_charged, decode_error, decode_value, describe_error

_LOOK_SECONDS: Final = GRACE_SECONDS / 10


class Connection:
    """The way to a bidder's process, which is started again when it has ended."""

    def __init__(self, recipe: bytes, start_seconds: float) -> None:
        self._recipe = recipe
        self._start_seconds = start_seconds
        self._process: BidderProcess | None = None
        self._closed = False
        self._starting = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Id of the process that runs now, if one does."""
        return None if self._process is None else self._process.pid

    def process(self) -> BidderProcess:
        """The process; a new one where the last has ended."""
        with self._starting:
            if self._closed:
                raise ProcessOver("its process was closed")
            if self._process is None or self._process.is_over:
                self._process = BidderProcess(self._recipe, self._start_seconds)
            return self._process

    def close(self) -> None:
        """Kill the process, and start no other."""
        with self._starting:
            self._closed = True
        if self._process is not None:
            self._process.kill("was closed")
            self._process.wait()

    def rest(self) -> None:
        """End the process; the next task starts it again."""
        with self._starting:
            process, self._process = self._process, None
        if process is not None:
            process.kill("rests")
            process.wait()

    async def ask(self, verb: str, shown: Any) -> Any:
        """Give the process a task and serve its metered calls until it answers.

        One in which a task may not stop at its deadline may be killed at any moment: that is waited for, as in
        `ask_and_wait`.
        """
        while (process := self.process()).is_stopping():
            await asyncio.sleep(_LOOK_SECONDS)
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def receive(message: Message) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(inbox.put_nowait, message)

        task = process.begin(verb, (_sendable(shown),), receive)
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
        while (process := self.process()).is_stopping():
            time.sleep(_LOOK_SECONDS)
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
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
                self._settle(call, lambda: _raise(decode_error(problem)))

    def stop(self) -> None:
        """Stop serving: the task is over."""
        for serving in self._serving:
            serving.cancel()

    async def _serve(self, call: int, purpose: str) -> None:
        try:
            body = await self._meter.call(lambda: self._perform(call), purpose=purpose)
        except Exception as error:
            problem = describe_error(error)
            self._process.send(("refuse", self._task, call, (problem.family, problem.name, problem.text)))
        else:
            self._process.send(("answer", self._task, call, body))

    async def _perform(self, call: int) -> Charged:
        performed: asyncio.Future[Charged] = asyncio.get_running_loop().create_future()
        self._performed[call] = performed
        self._process.send(("perform", self._task, call))
        return await performed

    def _settle(self, call: int, result: Callable[[], Charged]) -> None:
        performed = self._performed.pop(call, None)
        if performed is None or performed.done():
            return
        try:
            performed.set_result(result())
        except Exception as error:
            performed.set_exception(error)


def _sendable(shown: Any) -> Any:
    """What a bidder is shown without what lives in this process: its meter, and who watches it write."""
    return replace(shown, meter=None, **({"on_text": None} if isinstance(shown, WonLot) else {}))


def _answer(message: Message) -> Any:
    match message:
        case {"kind": "value", "value": body}:
            return decode_value(body)
        case {"kind": "over", "reason": str() as reason}:
            raise ProcessOver(reason)
    raise decode_error(message.get("problem"))


def _raise(error: Exception) -> Charged:
    raise error
