"""The store on SQL: reads on connections of their own, writes through one group writer."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from orchestrator.store.database import open_engine, translated
from orchestrator.store.group_writer import GroupWriter
from orchestrator.store.sql_transaction import SqlTransaction

T = TypeVar("T")
_WRITTEN: Final = "interrupted, but what was being written stands: look before you do it again"


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
        self._writer = GroupWriter(self._engine, url)
        # A store that nobody closes, as after `run_request`, closes with its last user or the program.
        self._closing = weakref.finalize(self, self._writer.stop)

    def submit(self, work: Callable[[SqlTransaction], T]) -> Future[T]:
        """Run `work` in a transaction soon; transactions waiting together share one commit."""
        return self._writer.submit(work)

    def transact(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run `work` in a transaction and wait until it is durable.

        Raises:
            KeyboardInterrupt: while it waited; if with words, what was being written stands, else nothing was.
        """
        future = self.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            # What has begun commits, whoever waits; so whoever was interrupted must be told which it was.
            if future.cancel() or future.exception() is not None:
                raise
            raise KeyboardInterrupt(_WRITTEN) from None

    def read(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run `work` on a consistent view, after closing too: a result is read when its market is done."""
        self._writer.check_process()
        with (
            translated(self._url),
            self._writer.in_use() as engine,
            engine.connect().execution_options(reading=True) as connection,
        ):
            return work(SqlTransaction(connection))

    def rest(self) -> None:
        """From now on, keep thread and connections only while they are in use."""
        self._writer.rest()

    def close(self) -> None:
        """Finish what was submitted, then close the database."""
        self._closing()
