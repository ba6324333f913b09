"""Posting a request: its row, its roster and the pledge of its bounty, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from orchestrator.api.posting import CheckedPosting, check_repeat, check_size
from orchestrator.config import Config
from orchestrator.core.request import Participant
from orchestrator.engine.recorder import Recorder, RequestLog, read_log
from orchestrator.engine.seat import Seat
from orchestrator.engine.wealth import on_audition
from orchestrator.store import BidderRow, Transaction
from orchestrator.store.rows import ACTIVE


def post_request(
    tx: Transaction, recorder: Recorder, config: Config, checked: CheckedPosting, now_seconds: float, driver: str
) -> RequestLog:
    """Write a new request, or find the one that has its idempotency key.

    Args:
        tx: the transaction.
        recorder: commits what the core decides, for the bidders that it has.
        config: the market's.
        checked: what is posted.
        now_seconds: Unix time.
        driver: the mark of whoever is to drive it.

    Returns:
        The request's log; nothing is the latest in it where it had been posted before.

    Raises:
        InvalidRequest: the idempotency key is that of another text, bounty or requester, or an amount is too large.
    """
    known = tx.find_by_idempotency_key(checked.idempotency_key) if checked.idempotency_key else None
    if known is not None:
        log = read_log(tx, known.id)
        check_repeat(checked, log.progress.request)
        return log
    check_size(checked, config.request)
    request = checked.request(tx.next_request_id(), config.rules, _roster(tx.bidders(), recorder.seats, config))
    row = checked.row(
        request.id,
        created_seconds=now_seconds,
        expires_days=config.request.expires_days,
        setting=json.dumps(config.resolved(), sort_keys=True),
        driver=driver,
    )
    return recorder.post(tx, request, row)


def _roster(rows: Mapping[str, BidderRow], seats: Mapping[str, Seat], config: Config) -> tuple[Participant, ...]:
    """Who takes part in a request that is posted now."""
    return tuple(
        replace(seat.participant, audition=on_audition(rows[name], config.wealth))
        for name, seat in sorted(seats.items())
        if rows[name].status == ACTIVE
    )
