"""Reading a report from a store: each journal once, one after the other, and no texts."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from orchestrator.core.codec import decode
from orchestrator.core.events import OUTCOMES, Requested
from orchestrator.core.keys import bidder_account
from orchestrator.core.progress import fold
from orchestrator.errors import InvalidRecord, InvalidRequest, UnknownBidder
from orchestrator.journal import Entry, check_chain
from orchestrator.progress.attribution import Recorded
from orchestrator.progress.report import ProgressReport, make_report
from orchestrator.progress.rivalry import REQUESTS_MAX, lot_bids
from orchestrator.progress.traces import RequestTrace, trace
from orchestrator.store import Reader, Store

REPLAYS: Final = 20


def read_progress(
    store: Store, *, last: int | None = None, bidder: str | None = None, replays: int = REPLAYS
) -> ProgressReport:
    """Report on how a market has done, over the requests that have ended.

    Args:
        store: where it is recorded.
        last: how many of the latest requests to cover; None for all.
        bidder: the one bidder to report on; None for all.
        replays: how many of the latest requests are replayed without each bidder.

    Returns:
        The report; an empty one where no request has ended.

    Raises:
        UnknownBidder: the market never had this bidder.
        InvalidRequest: a number is out of range.
        InvalidRecord: a journal cannot be read.
    """
    if (last is not None and last < 1) or replays < 0:
        raise InvalidRequest("report on at least 1 request, and replay 0 or more")
    return store.read(lambda reader: _read(reader, last, bidder, replays))


def _read(reader: Reader, last: int | None, bidder: str | None, replays: int) -> ProgressReport:
    known = reader.bidders()
    if bidder is not None and bidder not in known:
        raise UnknownBidder(f"this market has no bidder {bidder[:64]!r}; it has: {', '.join(sorted(known)) or 'none'}")
    traces: list[RequestTrace] = []
    latest: deque[Recorded] = deque(maxlen=replays)
    bids: list[dict[str, int]] = []
    ids = reader.request_ids(OUTCOMES, last)
    of_late = set(ids[-REQUESTS_MAX:])
    for request_id, entries in reader.journals(ids):
        check_chain(request_id, entries)
        recorded = _recorded(request_id, entries)
        latest.append(recorded)
        if request_id in of_late:
            bids += lot_bids(recorded.progress)
        opening = recorded.events[0]
        if not isinstance(opening, Requested):
            raise InvalidRecord(f"the journal of {request_id} does not open with a request; see `vickrey verify`")
        traces.append(trace(recorded.progress, opening))
    wallets = {name: bidder_account(name) for name in known}
    spendable = reader.spendable(wallets.values())
    present = {name: spendable[account] for name, account in wallets.items()}
    practice_nanos = sum(row.amount_nanos for row in reader.recent("practice"))
    rents = _rents_nanos(reader, traces)
    return make_report(traces, latest, present, rents, practice_nanos, bidder, bids)


def _rents_nanos(reader: Reader, traces: Sequence[RequestTrace]) -> dict[str, int]:
    """What each bidder paid in rent when these requests ended: no event of theirs, so only the book knows."""
    covered = {each.request_id for each in traces}
    names = {bidder_account(name): name for name in reader.bidders()}
    paid = dict.fromkeys(names.values(), 0)
    for row in reader.recent("rent"):
        if row.request in covered and row.debit in names:
            paid[names[row.debit]] += row.amount_nanos
    return paid


def _recorded(request_id: str, entries: Sequence[Entry]) -> Recorded:
    events = [decode(entry, {}, request_id) for entry in entries]
    return Recorded(fold(events), events)
