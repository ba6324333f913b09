"""Reports on a market, computed from its store alone: no bidder needs to be there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.api.result import Offer, offers_of
from orchestrator.core.codec import UNKNOWN_COST, decode, text_digests
from orchestrator.core.codes import WORK
from orchestrator.core.events import OUTCOMES, Closed, Delivered, Ended, Event, Faulted, Requested
from orchestrator.core.keys import bidder_account, own_accounts, read_key
from orchestrator.engine.marks import is_alive, may_take_over
from orchestrator.engine.recorder import read_log
from orchestrator.errors import InvalidRequest
from orchestrator.journal import broken_links
from orchestrator.ledger import Finding, audit
from orchestrator.money import format_usd
from orchestrator.store import Reader, RequestRow, Store
from orchestrator.store.rows import BidderStatus

_DAMAGED_TEXT: Final = "[its journal is damaged; see `vickrey audit`]"
STATUSES: Final = ("running", "open", *OUTCOMES)


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """How one bidder has done over all requests.

    Attributes:
        bidder: its name.
        principal: who stands behind it.
        status: `active`, `suspended` or `retired`.
        wins: lots won and delivered.
        profit_nanos: revenue less prices, costs and forfeits, as in statements: what a deposit paid back is not in it;
            nor, unlike there, is what the issuer bore of its costs.
        cost_nanos: what it has paid for its calls.
        cost_known: whether that is all of it.
        faults: breaches.
        refills: how often its wallet was refilled.
        balance_nanos: what its wallet holds, bids' holds included.
    """

    bidder: str
    principal: str
    status: BidderStatus
    wins: int
    profit_nanos: int
    cost_nanos: int
    cost_known: bool
    faults: int
    refills: int
    balance_nanos: int

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able data, amounts as decimal strings in USD."""
        return {
            "bidder": self.bidder,
            "principal": self.principal,
            "status": self.status,
            "wins": self.wins,
            "profit": format_usd(self.profit_nanos),
            "cost": format_usd(self.cost_nanos),
            "cost_known": self.cost_known,
            "faults": self.faults,
            "refills": self.refills,
            "balance": format_usd(self.balance_nanos),
        }


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """A request as a list shows it.

    Attributes:
        row: what the store keeps for finding it.
        text: what was wanted; where its journal cannot tell, that this is so.
        is_interrupted: whether it is running and its driver is gone.
    """

    row: RequestRow
    text: str
    is_interrupted: bool

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON-able data."""
        return {
            "request_id": self.row.id,
            "status": self.row.status,
            "interrupted": self.is_interrupted,
            "bounty": format_usd(self.row.bounty_nanos),
            "requester": self.row.requester,
            "text": self.text,
            "labels": json.loads(self.row.labels),
            "created_seconds": self.row.created_seconds,
            "expires_seconds": self.row.expires_seconds,
            "ended_seconds": self.row.ended_seconds,
        }


@dataclass(frozen=True, slots=True)
class OffersReport:
    """What there is to choose from.

    Attributes:
        request_id: the request.
        status: how it stands.
        reason: why it ended as it did; empty while it has not.
        offers: best first.
        picked: rank of the offer that was taken; 0 for none of them, None before a pick.
    """

    request_id: str
    status: str
    reason: str
    offers: tuple[Offer, ...]
    picked: int | None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data, amounts as decimal strings in USD."""
        return {
            "request_id": self.request_id,
            "status": self.status,
            "reason": self.reason,
            "offers": [offer.to_dict() for offer in self.offers],
            "picked": self.picked,
        }


def read_offers(store: Store, request_id: str) -> OffersReport:
    """A request's offers.

    Raises:
        UnknownRequest: there is no such request.
    """
    progress = store.read(lambda reader: read_log(reader, request_id)).progress
    reason = progress.ending.reason if progress.ending else ""
    return OffersReport(request_id, progress.status, reason, offers_of(progress), progress.picked_rank)


def leaderboard(store: Store) -> list[LeaderboardRow]:
    """Every bidder that the market ever had, the most profitable first."""

    def work(reader: Reader) -> list[LeaderboardRow]:
        bidders = reader.bidders().values()
        wallets = [bidder_account(row.name) for row in bidders]
        balances = {account.id: balance for account, balance in reader.balances(wallets).items()}
        profits: dict[str, int] = {}
        costs: dict[str, int] = {}
        for moved in reader.turnover(wallets):
            if moved.code in WORK:
                profits[moved.account] = profits.get(moved.account, 0) + moved.in_nanos - moved.out_nanos
            if moved.code == "cost":
                costs[moved.account] = moved.out_nanos
        unknown = _bidders_of_unknown_cost(reader)
        return [
            LeaderboardRow(
                bidder=row.name,
                principal=row.principal,
                status=row.status,
                wins=row.wins,
                profit_nanos=profits.get(bidder_account(row.name), 0),
                cost_nanos=costs.get(bidder_account(row.name), 0),
                cost_known=row.name not in unknown,
                faults=row.faults,
                refills=row.refills,
                balance_nanos=balances[bidder_account(row.name)].posted_nanos,
            )
            for row in bidders
        ]

    return sorted(store.read(work), key=lambda row: (-row.profit_nanos, row.bidder))


def _bidders_of_unknown_cost(reader: Reader) -> set[str]:
    """Whose calls have cost what nobody knows, by the record; and of stages that are not in it yet, by the answers."""
    told = (decode(entry, {}, request_id) for request_id, entry in reader.entries_with(UNKNOWN_COST))
    answered = {read_key(task).bidder for task in reader.tasks_of_unknown_cost()}
    return answered.union(*map(_unknown_in, told))


def _unknown_in(event: Event) -> set[str]:
    """Whose costs an event says not to be known."""
    match event:
        case Closed():
            answers = (answer for row in event.lots for answer in row.answers)
            return {answer.bidder for answer in answers if answer.bid_cost_nanos is None}
        case Delivered(cost_nanos=None):
            return {event.award.bidder}
        case Faulted(cost_nanos=None):
            return {event.bidder}
        case Ended():
            return set(event.unknown_costs)
    return set()


def check_statuses(statuses: Sequence[str]) -> None:
    """See that requests can have these statuses.

    Raises:
        InvalidRequest: there is no such status, or one is given where several are asked for.
    """
    if isinstance(statuses, str):
        raise InvalidRequest(f"statuses are a list: write [{statuses[:40]!r}]")
    for status in statuses:
        if status not in STATUSES:
            raise InvalidRequest(f"there is no status {str(status)[:40]!r}; choose one of {', '.join(STATUSES)}")


def list_requests(store: Store, statuses: Sequence[str] = (), limit: int | None = None) -> list[RequestSummary]:
    """Requests in order of posting; with a limit, the latest.

    Raises:
        InvalidRequest: there is no such status.
    """
    check_statuses(statuses)

    def work(reader: Reader) -> list[RequestSummary]:
        rows = reader.requests(statuses, limit)
        found = reader.openings(row.id for row in rows)
        whole = {id: entry for id, entry in found.items() if next(broken_links([entry]), None) is None}
        texts = reader.texts(text_digests(whole.values()))
        return [_summary(row, decode(whole[row.id], texts, row.id) if row.id in whole else None) for row in rows]

    return store.read(work)


def interrupted(store: Store, *, take_over: bool = False) -> list[RequestRow]:
    """Running requests whose driver is gone.

    Args:
        store: where they are.
        take_over: whether processes on other hosts are gone, which cannot be seen from here.
    """
    rows = store.read(lambda reader: reader.requests(["running"]))
    return [row for row in rows if may_take_over(row.driver, take_over=take_over)]


def audit_books(store: Store) -> list[Finding]:
    """Recompute all books from their transfers alone (DESIGN section 6), and see whether journals are as written."""

    def work(reader: Reader) -> list[Finding]:
        ended = {request_id: own_accounts(request_id) for request_id in reader.request_ids(OUTCOMES)}
        found = audit(reader.balances(), reader.each_transfer(), ended)
        return [*found, *_damaged(reader, set(ended)), *_unlisted(reader)]

    return store.read(work)


def _damaged(reader: Reader, ended: Collection[str]) -> Iterator[Finding]:
    """Journals that are not what was written, or tell another end of their request than its row does."""
    for request_id, entries in reader.journals(reader.request_ids()):
        broken = next(broken_links(entries), None)
        if not entries:
            yield Finding(request_id, "its journal is gone")
        elif broken is not None:
            yield Finding(request_id, f"entry {broken} of its journal is not what was written")
        elif any(entry.kind == Ended.kind for entry in entries) != (request_id in ended):
            yield Finding(request_id, "its journal and its row do not agree on whether it has ended")


def _unlisted(reader: Reader) -> Iterator[Finding]:
    """Journals of requests that no list shows and nobody ends, for their rows are gone."""
    listed = set(reader.request_ids())
    for request_id in reader.journal_ids():
        if request_id not in listed:
            yield Finding(request_id, "it has a journal, but its row among the requests is gone")


def _summary(row: RequestRow, opening: Event | None) -> RequestSummary:
    """A request as a list shows it; one whose journal a disk has damaged must not hide the others."""
    text = opening.request.text if isinstance(opening, Requested) else _DAMAGED_TEXT
    return RequestSummary(row, text, row.status == "running" and not is_alive(row.driver))
