"""A bidder's own process, as the market holds it: started, spoken to, killed."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, BinaryIO, Final

from orchestrator.engine.isolation.wire import BrokenWire, decode_error, read_frame, read_message, write_frame
from orchestrator.errors import BidderError, BrokenPlugin

Message = dict[str, Any]
Receiver = Callable[[Message], None]

GRACE_SECONDS: Final = 0.1
"""How long a task that was cancelled has to stop before its process is killed."""

MESSAGE_BYTES_MAX: Final = 16_000_000
"""The most that a bidder may send at once."""

_FINAL: Final = ("value", "raised", "over")
_COMMAND: Final = "from orchestrator.engine.isolation.child import main; main()"


class ProcessOver(BidderError):
    """The bidder's process ended, by itself or by the market's hand."""


class BidderProcess:
    """One process. Two threads speak with it, so that neither event loop nor caller ever waits.

    Args:
        recipe: pickled callable without arguments that makes the bidder; called in the process.
        start_seconds: how long it may take to build its bidder.
    """

    def __init__(self, recipe: bytes, start_seconds: float) -> None:
        self.ready: Future[Message] = Future()
        self._outbox: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._withdrawn: set[int] = set()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._receivers: dict[int, Receiver] = {}
        self._stopping: dict[int, threading.Timer] = {}
        self._tasks = 0
        self._end_reason = ""
        self.is_over = False
        self._patience = _timer(start_seconds, lambda: self.kill(f"had not started after {start_seconds:g} s"))
        self._patience.start()
        threading.Thread(target=self._run, args=(recipe,), name="vickrey-bidder", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """The process's id, once it runs."""
        return None if self._process is None else self._process.pid

    def begin(self, verb: str, arguments: tuple[Any, ...], receive: Receiver) -> int:
        """Give it a task.

        Args:
            verb: a method of the bidder.
            arguments: pickled for it.
            receive: called from another thread with what it says to this task.

        Returns:
            The task's number.

        Raises:
            ProcessOver: the process has ended.
        """
        with self._lock:
            if self.is_over:
                raise ProcessOver(self._end_reason)
            self._tasks += 1
            self._receivers[self._tasks] = receive
            number = self._tasks
        self.send(("do", number, verb, arguments))
        return number

    def send(self, message: tuple[Any, ...]) -> None:
        """Send it a message, whose second part is the task that it is about; never waits."""
        self._outbox.put((message[1], pickle.dumps(message)))

    def cancel(self, task: int) -> None:
        """Have it stop a task; one that does not stop in time costs the process its life.

        A process that is not ready yet never hears of the task.
        """
        with self._lock:
            if self._receivers.pop(task, None) is None or self.is_over:
                return
            if not self.ready.done():
                self._withdrawn.add(task)
                return
            self.send(("cancel", task))
            self._stopping[task] = _timer(GRACE_SECONDS, lambda: self.kill("did not stop at its deadline"))
            self._stopping[task].start()

    def is_stopping(self) -> bool:
        """Whether a cancelled task may still run; then the process may be killed at any moment."""
        return bool(self._stopping)

    def kill(self, reason: str) -> None:
        """Kill it, and whatever it has started."""
        with self._lock:
            self._end_reason = self._end_reason or f"its process {reason} and was killed"
            process = self._process
        if process is not None:
            _kill(process)

    def wait(self) -> None:
        """Wait until the process is gone."""
        self._outbox.put(None)
        if self._process is not None:
            self._process.wait()

    def _run(self, recipe: bytes) -> None:
        """Start the process, and carry messages to it once it has built its bidder."""
        try:
            process = _start()
        except OSError as error:
            self._finish(f"its process could not be started: {error}")
            return
        with self._lock:
            self._process = process
            is_killed = bool(self._end_reason)
        if is_killed:
            _kill(process)
        for target in (self._read, self._watch):
            threading.Thread(target=target, args=(process,), name="vickrey-bidder", daemon=True).start()
        assert process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            write_frame(_binary(process.stdin), recipe)
            wait([self.ready])
            while (message := self._outbox.get()) is not None:
                task, frame = message
                if not self._is_withdrawn(task):
                    write_frame(_binary(process.stdin), frame)

    def _is_withdrawn(self, task: int) -> bool:
        with self._lock:
            return task in self._withdrawn

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Carry what the process says to whom it concerns, until it ends."""
        assert process.stdout is not None
        try:
            while (frame := read_frame(_binary(process.stdout), MESSAGE_BYTES_MAX)) is not None:
                self._take(read_message(frame))
        except BrokenWire as broken:
            with self._lock:
                self._end_reason = self._end_reason or str(broken)
        except (OSError, ValueError):
            pass
        _kill(process)
        self._over_with(process)
        for pipe in (process.stdout, process.stdin):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Notice the process's end where a child that it has left behind still holds its end of the pipe."""
        _wait_unreaped(process)
        time.sleep(GRACE_SECONDS)  # for what it has said last
        # While nobody has waited for it, its number is its own, and so is its group's.
        _kill(process)
        self._over_with(process)

    def _over_with(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        self._finish(self._end_reason or _described(code))

    def _take(self, message: Message) -> None:
        kind, task = message["kind"], message.get("task")
        if kind in ("ready", "broken") and not self.ready.done():
            self._patience.cancel()
            if kind == "ready":
                self.ready.set_result(message)
                return
            broken = decode_error(message.get("problem"))
            self._end_reason = f"its process could not build it: {type(broken).__name__}: {broken}"
            self.ready.set_exception(broken)
            return
        with self._lock:
            receive = self._receivers.get(task) if isinstance(task, int) else None
            if kind in _FINAL and isinstance(task, int):
                self._receivers.pop(task, None)
                self._stopped(task)
        if receive is not None:
            receive(message)

    def _stopped(self, task: int) -> None:
        timer = self._stopping.pop(task, None)
        if timer is not None:
            timer.cancel()

    def _finish(self, reason: str) -> None:
        with self._lock:
            if self.is_over:
                return
            self.is_over, self._end_reason = True, reason
            receivers, self._receivers = self._receivers, {}
            for task in list(self._stopping):
                self._stopped(task)
        self._patience.cancel()
        self._outbox.put(None)
        if not self.ready.done():
            self.ready.set_exception(BrokenPlugin(reason))
        for receive in receivers.values():
            receive({"kind": "over", "reason": reason})


def _start() -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that has not been waited for yet, and its own children with it."""
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _wait_unreaped(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has ended, and leave it to be waited for; where the system cannot, wait for it."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _described(code: int) -> str:
    if code < 0:
        try:
            return f"its process was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"its process was killed by signal {-code}"
    return f"its process ended with exit code {code}"


def _timer(seconds: float, action: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    return timer


def _binary(pipe: Any) -> BinaryIO:
    stream: BinaryIO = pipe
    return stream
