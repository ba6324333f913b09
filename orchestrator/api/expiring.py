"""Expiring: requests that nobody picked from in time end, each in a commit of its own."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from orchestrator.engine.recorder import Recorder
from orchestrator.errors import StoreUnavailable, VickreyError
from orchestrator.store import Store


class Expiry(NamedTuple):
    """What became of the requests that were due.

    Attributes:
        expired: the ids of those that have ended.
        failures: why others could not.
    """

    expired: tuple[str, ...]
    failures: tuple[VickreyError, ...]


def expire_due(store: Store, recorder: Recorder, now_seconds: float) -> Expiry:
    """Return the bounties of open requests that are overdue; one that cannot end keeps no other from it.

    Args:
        store: where they are recorded.
        recorder: commits their ends.
        now_seconds: the time, in Unix time.

    Raises:
        StoreUnavailable: none of them can be ended now.
    """
    expired: list[str] = []
    failures: list[VickreyError] = []
    for request_id in store.read(lambda reader: reader.due(now_seconds)):
        try:
            if store.transact(partial(recorder.expire, request_id=request_id, now_seconds=now_seconds)):
                expired.append(request_id)
        except StoreUnavailable:
            raise
        except VickreyError as failure:
            failures.append(failure)
    return Expiry(tuple(expired), tuple(failures))
