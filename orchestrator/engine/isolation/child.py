"""The process in which an isolated bidder runs.

It reads tasks from its standard input and writes answers to its standard output, both of which
it first takes away from the bidder: what the bidder prints goes nowhere. When the market goes
away, its input ends, and so does it.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, BinaryIO

from orchestrator import errors
from orchestrator.bidding import Charged
from orchestrator.engine.guarded import awaitable
from orchestrator.engine.isolation.wire import (
    OPTIONAL_METHODS,
    OPTIONAL_POLICY_METHODS,
    encode_charged,
    encode_problem,
    encode_value,
    read_frame,
    write_frame,
)
from orchestrator.engine.seat import check_policy_methods


def main() -> None:
    """Build the bidder that the market describes, and serve it until the market goes away."""
    source, sink = _take_pipes()
    recipe = read_frame(source)
    if recipe is None:
        return
    try:
        bidder = pickle.loads(recipe)()
        ready = _described(bidder)
    except BaseException as error:
        _send(sink, {"kind": "broken", "problem": encode_problem(error)})
        return
    _send(sink, {"kind": "ready", **ready})
    asyncio.run(_Worker(bidder, source, sink).run())


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return source, sink


def _described(bidder: Any) -> dict[str, Any]:
    policy = getattr(bidder, "policy", None)
    check_policy_methods(policy, "its policy")
    return {
        "roles": list(getattr(bidder, "roles", ())),
        "provider": getattr(bidder, "provider", None),
        "missing": [name for name in ("bid", "transform") if not callable(getattr(bidder, name, None))],
        "has": [name for name in OPTIONAL_METHODS if callable(getattr(bidder, name, None))],
        "policy": None if policy is None else [str(policy.name), int(policy.version)],
        "policy_has": [name for name in OPTIONAL_POLICY_METHODS if callable(getattr(policy, name, None))],
    }


def _send(sink: BinaryIO, message: dict[str, Any]) -> None:
    write_frame(sink, json.dumps(message).encode())


class _RemoteMeter:
    """A task's meter, as the bidder sees it: the market's own is asked before any call is made."""

    def __init__(self, worker: _Worker, task: int) -> None:
        self._worker = worker
        self._task = task

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        """Make a call, or take its answer from the record; see `orchestrator.bidding.Meter`."""
        return await self._worker.call(self._task, perform, purpose)


class _Worker:
    """Runs a bidder's tasks, several at once where the market wants that."""

    def __init__(self, bidder: Any, source: BinaryIO, sink: BinaryIO) -> None:
        self._bidder = bidder
        self._source = source
        self._sink = sink
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._calls: dict[tuple[int, int], tuple[Callable[[], Awaitable[Charged]], asyncio.Future[Any]]] = {}
        self._made: dict[int, int] = {}
        self._performing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until the market goes away."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        await loop.create_future()

    async def call(self, task: int, perform: Callable[[], Awaitable[Charged]], purpose: str) -> Any:
        """Have the market's meter decide on a call, and wait for what it says."""
        number = self._made.get(task, 0)
        self._made[task] = number + 1
        said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[task, number] = (perform, said)
        try:
            _send(self._sink, {"kind": "call", "task": task, "call": number, "purpose": str(purpose)})
            return await said
        finally:
            del self._calls[task, number]

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while (frame := read_frame(self._source)) is not None:
            loop.call_soon_threadsafe(self._take, pickle.loads(frame))
        os._exit(0)

    def _take(self, message: tuple[Any, ...]) -> None:
        match message:
            case ("do", task, verb, arguments):
                running = asyncio.ensure_future(self._do(task, verb, arguments))
                self._tasks[task] = running
                running.add_done_callback(lambda done: self._finish(task, done))
            case ("cancel", task):
                if task in self._tasks:
                    self._tasks[task].cancel()
            case ("perform", task, call) if (task, call) in self._calls:
                performing = asyncio.ensure_future(self._perform(task, call, self._calls[task, call][0]))
                self._performing.add(performing)
                performing.add_done_callback(self._performing.discard)
            case ("answer", task, call, body) if (task, call) in self._calls:
                self._settle(task, call, body, None)
            case ("refuse", task, call, (family, name, text)) if (task, call) in self._calls:
                self._settle(task, call, None, _refusal(family, name, text))

    def _settle(self, task: int, call: int, body: Any, error: Exception | None) -> None:
        said = self._calls[task, call][1]
        if not said.done():
            said.set_exception(error) if error is not None else said.set_result(body)

    def _finish(self, task: int, done: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        self._made.pop(task, None)
        if done.cancelled():
            problem = encode_problem(asyncio.CancelledError())
            _send(self._sink, {"kind": "raised", "task": task, "problem": problem})

    async def _do(self, task: int, verb: str, arguments: tuple[Any, ...]) -> None:
        try:
            value = await self._run(task, verb, arguments)
            _send(self._sink, {"kind": "value", "task": task, "value": value})
        except BaseException as error:
            _send(self._sink, {"kind": "raised", "task": task, "problem": encode_problem(error)})

    async def _run(self, task: int, verb: str, arguments: tuple[Any, ...]) -> Any:
        if verb in ("learn", *OPTIONAL_POLICY_METHODS):
            return json.loads(json.dumps(getattr(self._bidder.policy, verb)(*arguments)))
        (shown,) = arguments
        returned = getattr(self._bidder, verb)(replace(shown, meter=_RemoteMeter(self, task)))
        if verb in ("bid", "transform", "reserve", "practises"):
            returned = await awaitable(returned)
        return encode_value(bool(returned) if verb in ("eligible", "practises") else returned)

    async def _perform(self, task: int, call: int, perform: Callable[[], Awaitable[Charged]]) -> None:
        head = {"task": task, "call": call}
        try:
            charged = encode_charged(await perform())
            _send(self._sink, {"kind": "performed", **head, "charged": charged})
        except BaseException as error:
            if (task, call) in self._calls and isinstance(error, Exception):
                self._settle(task, call, None, error)
            _send(self._sink, {"kind": "failed", **head, "problem": encode_problem(error)})


def _refusal(family: str, name: str, text: str) -> Exception:
    known = {"cap": errors.SpendCapReached, "provider": errors.ProviderError}
    kind = known.get(family) or getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, errors.VickreyError):
        return kind(text)
    return errors.BidderError(text)
