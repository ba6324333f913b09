"""The group writer: one thread, and one commit for all transactions that wait together.

A transaction's work runs under a savepoint inside the group's database transaction. So what
fails undoes itself alone, and what waits together pays for one flush to disk.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, IntegrityError

from orchestrator.errors import StoreUnavailable
from orchestrator.store.database import shown, translated
from orchestrator.store.postgresql import fate_of, transaction_id
from orchestrator.store.sql_transaction import SqlTransaction

T = TypeVar("T")
GROUP_MAX = 64


@dataclass(slots=True)
class _Submission:
    """A transaction that waits for the writer."""

    work: Callable[[SqlTransaction], Any]
    future: Future[Any]


class GroupWriter:
    """Commits transactions in groups, on a thread of its own that starts with the first.

    Args:
        engine: the database.
        url: its URL, for messages.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._stopped = False
        self._resting = False
        self._thread: threading.Thread | None = None
        # The collector may drop a store, and thereby stop its writer, in a thread that holds this.
        self._guard = threading.RLock()
        self._users = 0
        self._process = os.getpid()

    def check_process(self) -> None:
        """Refuse a process that was forked since: it has no writer thread, and shares its connections with its parent.

        Raises:
            StoreUnavailable: this is such a process.
        """
        if os.getpid() != self._process:
            raise StoreUnavailable(
                f"store {shown(self._url)} was opened before this process was forked; open the market here anew"
            )

    def submit(self, work: Callable[[SqlTransaction], T]) -> Future[T]:
        """Queue a transaction.

        Raises:
            StoreUnavailable: the writer has stopped, or is another process's.
        """
        self.check_process()
        future: Future[T] = Future()
        with self._guard:
            self._ensure_started()
            self._queue.put(_Submission(work, future))
        return future

    def rest(self) -> None:
        """From now on, keep thread and connections only while something waits to be written."""
        self.check_process()
        with self._guard:
            self._resting = True
            if self._thread is not None:
                self._queue.put(None)
            self._let_go()

    @contextmanager
    def in_use(self) -> Iterator[Engine]:
        """The database, whose connections whoever uses it last closes where the writer rests or has stopped.

        One that another thread still had would come back to a pool that nobody closes any more.
        """
        with self._guard:
            self._users += 1
        try:
            yield self._engine
        finally:
            with self._guard:
                self._users -= 1
                self._let_go()

    def _let_go(self) -> None:
        if self._users == 0 and (self._resting or self._stopped):
            self._engine.dispose()

    def stop(self) -> None:
        """Finish what was submitted, then close the database's connections; safe to call again."""
        if os.getpid() != self._process:
            # Closing them would end the parent's: they are the same.
            self._engine.dispose(close=False)
            return
        with self._guard:
            if self._stopped:
                return
            self._stopped = True
            thread = self._thread
            if thread is not None:
                self._queue.put(None)
        # The collector may drop a store in any thread, the writer's own included.
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        with self._guard:
            self._let_go()

    def _ensure_started(self) -> None:
        if self._stopped:
            raise StoreUnavailable(f"store {shown(self._url)} is closed; open it again")
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="vickrey-store", daemon=True)
            self._thread.start()

    def _write(self) -> None:
        while not self._ends():
            self._write_group()

    def _ends(self) -> bool:
        """Whether this thread is done: the writer has stopped or rests, and nothing waits."""
        with self._guard:
            if not self._queue.empty() or not (self._stopped or self._resting):
                return False
            self._thread = None
            return True

    def _write_group(self) -> None:
        """Commit what waits next.

        Nothing of it is kept while the thread waits for more: works refer to their store, which could then never be
        dropped.
        """
        group = self._next_group()
        if group:
            self._commit_group(group)

    def _next_group(self) -> list[_Submission]:
        """What waits next; nothing where the thread is only to look whether it is done."""
        group: list[_Submission] = []
        following = self._queue.get()
        while following is not None:
            group.append(following)
            if len(group) == GROUP_MAX:
                break
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
        return group

    def _commit_group(self, group: list[_Submission]) -> None:
        """Run a group's transactions, commit them at once, and only then tell those that wait."""
        # From here on nobody can cancel: a future that is cancelled while its work commits has no result to take.
        group = [submission for submission in group if submission.future.set_running_or_notify_cancel()]
        results: list[tuple[_Submission, Any]] = []
        try:
            with translated(self._url), self.in_use() as engine, engine.connect() as connection:
                commit = connection.begin()
                for submission in group:
                    try:
                        results.append((submission, self._run(connection, submission, alone=len(group) == 1)))
                    except Exception as error:
                        if len(group) == 1 or _is_of_the_store(error):
                            raise
                        submission.future.set_exception(error)
                self._commit(commit, transaction_id(connection))
        except BaseException as error:
            for submission in group:
                if not submission.future.done():
                    submission.future.set_exception(error)
            return
        for submission, result in results:
            submission.future.set_result(result)

    def _commit(self, commit: RootTransaction, transaction: int | None) -> None:
        """Commit; where the connection breaks before the server has answered, find out what became of it.

        Raises:
            StoreUnavailable: the server cannot be asked.
        """
        try:
            commit.commit()
        except DBAPIError as error:
            if transaction is None or not error.connection_invalidated:
                raise
            fate = fate_of(self._engine, transaction)
            if fate == "unknown":
                raise StoreUnavailable(
                    f"store {shown(self._url)}: the connection broke during a commit, and the server does not come "
                    "back; what was being written may stand or not: look before you do it again (`vickrey requests`, "
                    "`vickrey statement`); `vickrey resume` goes on with what was running"
                ) from error
            if fate == "aborted":
                raise

    def _run(self, connection: Connection, submission: _Submission, *, alone: bool) -> Any:
        transaction = SqlTransaction(connection)
        if alone:
            result = submission.work(transaction)
            transaction.flush()
            return result
        with connection.begin_nested():
            result = submission.work(transaction)
            transaction.flush()
        return result


def _is_of_the_store(error: Exception) -> bool:
    """Whether the database itself failed, a full disk for example, which undoes the whole group."""
    return isinstance(error, StoreUnavailable) or (
        isinstance(error, DBAPIError) and not isinstance(error, IntegrityError)
    )
