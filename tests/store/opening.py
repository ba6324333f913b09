"""One new store that several open at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from orchestrator.store import Store


def opened_at_once(open_one: Callable[[], Store], times: int = 4) -> list[Store]:
    """Open a store in so many threads; fails where one of them does not get it."""
    opened: list[Store] = []
    failures: list[Exception] = []

    def open_it() -> None:
        try:
            opened.append(open_one())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert len(opened) == times
    return opened
