"""What a crowded market remembers of its bidders' answers, by which it invites (R3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from orchestrator.core.invitation import BidRecord, invite
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.engine.memory_keys import INVITATIONS
from orchestrator.store import MemoryRow, Reader, Transaction

_VERSION: Final = 1


def read_promises(reader: Reader) -> dict[str, float]:
    """What each known bidder may bid, as a share of the bounty."""
    return {name: record.promise for name, record in _read(reader).items()}


def invited(request: Request, lot: Lot, promises: Mapping[str, float]) -> set[str]:
    """Who of a request's roster is asked to bid for a lot."""
    chosen: set[str] = set()
    for role in request.rules.roles_at(lot.stage):
        names = sorted(entry.name for entry in request.roster if role in entry.roles)
        chosen.update(invite(names, promises, request.rules.invited_max, derive_seed(request.seed, lot.path, role)))
    return chosen


def remember_answers(tx: Transaction, progress: Progress) -> None:
    """Take a request's answers into the records, in the commit that ends it; where all are asked, none are kept."""
    if not progress.request.rules.invited_max:
        return
    records = _read(tx)
    bounty_nanos = progress.request.bounty_nanos
    for auction in progress.auctions.values():
        for answer in auction.answers:
            # What no wallet covers binds nobody, so it promises nothing.
            is_backed = bounty_nanos and answer.fault != "unfunded"
            share = answer.amount_nanos / bounty_nanos if is_backed else 0.0
            records[answer.bidder] = records.get(answer.bidder, BidRecord()).after(share)
    body = json.dumps({name: list(record) for name, record in sorted(records.items())})
    tx.put_memory(MemoryRow(INVITATIONS, "invitations", _VERSION, body))


def _read(reader: Reader) -> dict[str, BidRecord]:
    row = reader.memory(INVITATIONS)
    found = json.loads(row.body) if row is not None else {}
    return {name: BidRecord(*record) for name, record in found.items()}
