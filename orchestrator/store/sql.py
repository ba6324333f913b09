"""The store on SQL: one writer thread, and one commit for all transactions that wait together.

A transaction's work runs under a savepoint inside the group's database transaction. So what
fails undoes itself alone, and what waits together pays for one flush to disk.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from orchestrator.errors import StoreUnavailable
from orchestrator.store.database import open_engine, translated
from orchestrator.store.sql_transaction import SqlTransaction

T = TypeVar("T")
GROUP_MAX = 64


@dataclass(slots=True)
class _Submission:
    """A transaction that waits for the writer."""

    work: Callable[[SqlTransaction], Any]
    future: Future[Any]


class SqlStore:
    """A store in an SQL database.

    Args:
        url: an SQLAlchemy URL.

    Raises:
        StoreUnavailable: it cannot be opened or written.
        StoreTooNew: a newer version of Vickrey wrote it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = open_engine(url)
        self._queue: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._closed = False
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, work: Callable[[SqlTransaction], T]) -> Future[T]:
        """Run `work` in a transaction soon; transactions waiting together share one commit."""
        self._ensure_writer()
        future: Future[T] = Future()
        self._queue.put(_Submission(work, future))
        return future

    def transact(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run `work` in a transaction and wait until it is durable."""
        return self.submit(work).result()

    def read(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run `work` on a consistent view."""
        with translated(self._url), self._engine.connect().execution_options(reading=True) as connection:
            return work(SqlTransaction(connection))

    def close(self) -> None:
        """Finish what was submitted, then close the database."""
        with self._starting:
            if self._closed:
                return
            self._closed = True
            if self._writer is not None:
                self._queue.put(None)
                self._writer.join()
        self._engine.dispose()

    def _ensure_writer(self) -> None:
        with self._starting:
            if self._closed:
                raise StoreUnavailable(f"store {self._url} is closed; open it again")
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="vickrey-store", daemon=True)
                self._writer.start()

    def _write(self) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._next_group()
            if group:
                self._commit_group(group)

    def _next_group(self) -> tuple[list[_Submission], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < GROUP_MAX:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, True
            group.append(following)
        return group, False

    def _commit_group(self, group: list[_Submission]) -> None:
        """Run a group's transactions, commit them at once, and only then tell those that wait."""
        # From here on nobody can cancel: a future that is cancelled while its work commits has no result to take.
        group = [submission for submission in group if submission.future.set_running_or_notify_cancel()]
        results: list[tuple[_Submission, Any]] = []
        try:
            with translated(self._url), self._engine.begin() as connection:
                for submission in group:
                    try:
                        results.append((submission, self._run(connection, submission, alone=len(group) == 1)))
                    except Exception as error:
                        if len(group) == 1 or _is_of_the_store(error):
                            raise
                        submission.future.set_exception(error)
        except BaseException as error:
            for submission in group:
                if not submission.future.done():
                    submission.future.set_exception(error)
            return
        for submission, result in results:
            submission.future.set_result(result)

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
