"""Replay: a recorded run again with no call to anyone, as it was or with something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, get_args

from orchestrator.core.clearing import Award
from orchestrator.core.codec import encode
from orchestrator.core.events import Event
from orchestrator.core.keys import bidder_account
from orchestrator.core.lot import Sale
from orchestrator.core.progress import Progress, fold
from orchestrator.core.rules import Rule
from orchestrator.errors import InvalidRecord, InvalidRequest, UnknownBidder, VickreyError
from orchestrator.journal import GENESIS
from orchestrator.money import format_usd
from orchestrator.record.course import Alteration, Course
from orchestrator.record.document import RunRecord, parse
from orchestrator.record.tally import Tally, tally
from orchestrator.record.verifying import read_events

RULES: Final[tuple[str, ...]] = get_args(Rule)


@dataclass(frozen=True, slots=True)
class Purchase:
    """Who bought a copy of a lot, or was awarded it.

    Attributes:
        winner: the buyer.
        bid_nanos: what it bid.
        price_nanos: what it paid, or would pay on delivery.
    """

    winner: str
    bid_nanos: int
    price_nanos: int

    def to_dict(self) -> dict[str, str]:
        """The purchase as JSON-able data."""
        return {"winner": self.winner, "bid": format_usd(self.bid_nanos), "price": format_usd(self.price_nanos)}


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """One copy of one lot, as recorded and as replayed.

    Attributes:
        stage: the lot's stage.
        lot: its path in the record.
        copy: number of the copy, from 0.
        then: the recorded purchase; None where this copy was not sold.
        now: the purchase on the replayed course; None likewise.
        is_known: False where the lot was awarded to somebody whose delivery was never recorded:
            `now` then says who would have been awarded it, and what follows is unknown.
    """

    stage: int
    lot: str
    copy: int
    then: Purchase | None
    now: Purchase | None
    is_known: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON-able data, amounts as decimal strings in USD."""
        return {
            "stage": self.stage,
            "lot": self.lot,
            "copy": self.copy,
            "then": self.then.to_dict() if self.then else None,
            "now": self.now.to_dict() if self.now else None,
            "known": self.is_known,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded run, and the same run replayed.

    Attributes:
        request_id: the request.
        rule_then: the rule that it ran under.
        rule: the rule that it was replayed under.
        without: the bidder that was taken out, if any.
        recorded_hash: digest of the record's last journal entry.
        journal_hash: digest of the last entry of the replayed journal.
        rows: every lot that the record knows of, side by side.
        unknown_beyond: where the replayed course left the record: lots by recorded path, or
            `the pick`; nothing was recorded of what would have come after.
        then: where money went then, at the lots that both courses know.
        now: where it goes on the replayed course.
        status: how the replayed course stands; `unknown` where it left the record.
        calls: how many calls it took: none.
    """

    request_id: str
    rule_then: str
    rule: str
    without: str | None
    recorded_hash: str
    journal_hash: str
    rows: tuple[ReplayRow, ...]
    unknown_beyond: tuple[str, ...]
    then: Tally
    now: Tally
    status: str
    calls: int = 0

    @property
    def identical(self) -> bool:
        """Whether the replay led to the recorded journal."""
        return self.journal_hash == self.recorded_hash

    @property
    def presence_nanos(self) -> dict[str, int]:
        """What the presence of the bidder that was taken out was worth to the others.

        That is to `treasury`, to each bidder as `bidder:NAME`, and, where the ending is known,
        to the requester as `refund`; counted at the lots that both courses know. Empty where no
        bidder was taken out.
        """
        return {} if self.without is None else _presence_nanos(self.then, self.now, self.without)

    def to_dict(self) -> dict[str, Any]:
        """The replay as JSON-able data, amounts as decimal strings in USD."""
        return {
            "request_id": self.request_id,
            "rule_then": self.rule_then,
            "rule": self.rule,
            "without": self.without,
            "identical": self.identical,
            "recorded_hash": self.recorded_hash,
            "journal_hash": self.journal_hash,
            "calls": self.calls,
            "rows": [row.to_dict() for row in self.rows],
            "unknown_beyond": list(self.unknown_beyond),
            "status": self.status,
            "then": self.then.to_dict(),
            "now": self.now.to_dict(),
            "presence": {party: format_usd(nanos) for party, nanos in self.presence_nanos.items()},
        }


@dataclass(frozen=True, slots=True)
class Absence:
    """What a run's record tells of the same run without one of its bidders.

    Attributes:
        unknown_beyond: where that course leaves the record, as of a `Replay`.
        worth_nanos: what the bidder's presence was worth to the others, as of a `Replay`; None where no lot is known.
    """

    unknown_beyond: tuple[str, ...]
    worth_nanos: Mapping[str, int] | None


def replay(record: Any, rule: str | None = None, without: str | None = None) -> Replay:
    """Replay an exported run from its file alone.

    Recorded bids and deliveries are fed to the core; no bidder and no provider is asked. Under
    another rule, or without a bidder, everybody else bids as recorded: what they would have bid
    had they seen other prices is not known, and not guessed.

    Args:
        record: what `read_record` or `export_request` returned.
        rule: the pricing rule to settle under; left out, the recorded one.
        without: a bidder whose bids are taken out.

    Returns:
        The record and the replay, side by side.

    Raises:
        InvalidRecord: the record cannot be replayed; `verify` says what is wrong with it.
        InvalidRequest: there is no such rule.
        UnknownBidder: the request had no such bidder.
    """
    run = parse(record)
    if rule is not None and rule not in RULES:
        raise InvalidRequest(f"there is no rule {rule[:40]!r}; choose one of {', '.join(RULES)}")
    try:
        return _replay(run, rule, without)
    except UnknownBidder:
        raise
    except VickreyError as error:
        raise InvalidRecord(f"the run cannot be replayed; see what `verify` finds: {error}") from error
    except Exception as error:
        # The core presumes what the engine guarantees; an altered record guarantees nothing.
        raise InvalidRecord(
            f"the run cannot be replayed; see what `verify` finds: {type(error).__name__}: {str(error)[:200]}"
        ) from error


def without_bidder(events: Sequence[Event], then: Progress, bidder: str) -> Absence:
    """Replay a request without one of its bidders, for what that one's presence was worth alone.

    Args:
        events: its journal's; their texts need not be there.
        then: their fold.
        bidder: whose bids are taken out.

    Returns:
        What the record tells of the request without it.

    Raises:
        UnknownBidder: the request had no such bidder.
    """
    course = _run(events, then, Alteration(without=bidder))
    worth = _presence_nanos(*_tallies(course), bidder)
    is_any_known = any(row.is_known for path in then.auctions for row in _rows(course, path))
    return Absence(course.unknown_beyond, worth if is_any_known else None)


def _replay(run: RunRecord, rule: Any, without: str | None) -> Replay:
    events = read_events(run)
    course = _run(events, fold(events), Alteration(rule, without))
    then, now = _tallies(course)
    return Replay(
        request_id=run.request_id,
        rule_then=course.then.request.rules.rule,
        rule=course.now.request.rules.rule,
        without=without,
        recorded_hash=run.entries[-1].digest,
        journal_hash=encode(course.events, 0, GENESIS)[-1].digest,
        rows=tuple(row for path in course.then.auctions for row in _rows(course, path)),
        unknown_beyond=course.unknown_beyond,
        then=then,
        now=now,
        status="unknown" if course.unknown_beyond else course.now.status,
    )


def _run(events: Sequence[Event], then: Progress, change: Alteration) -> Course:
    """Take a run through the core once more.

    Raises:
        UnknownBidder: whoever is to be left out took no part in it.
    """
    names = [entry.name for entry in then.request.roster]
    if change.without is not None and change.without not in names:
        raise UnknownBidder(
            f"request {then.request.id} had no bidder {change.without!r}; it had: {', '.join(names) or 'none'}"
        )
    course = Course(events, then, change)
    course.run()
    return course


def _tallies(course: Course) -> tuple[Tally, Tally]:
    """Where money went then and goes now, at the lots that both courses know."""
    is_ending_known = not course.unknown_beyond
    return (
        tally(course.then, course.known_then(), ending=is_ending_known),
        tally(course.now, course.known_now(), ending=is_ending_known),
    )


def _presence_nanos(then: Tally, now: Tally, bidder: str) -> dict[str, int]:
    """What each party gained by a bidder's presence: what it had then less what it has without that one."""
    worth = {"treasury": then.treasury_nanos - now.treasury_nanos}
    if then.refund_nanos is not None and now.refund_nanos is not None:
        worth["refund"] = then.refund_nanos - now.refund_nanos
    for name in sorted((then.profits_nanos.keys() | now.profits_nanos.keys()) - {bidder}):
        worth[bidder_account(name)] = then.profits_nanos.get(name, 0) - now.profits_nanos.get(name, 0)
    return worth


def _rows(course: Course, path: str) -> list[ReplayRow]:
    """The copies of one recorded lot; none where it comes after one at which the record was left."""
    if course.is_lost(path) and path not in course.left:
        return []
    stage = course.then.auctions[path].lot.stage
    then = [_purchase(sale) for sale in course.then.sales if sale.lot == path]
    if path in course.left:
        now = [_purchase(award) for award in course.left[path]]
    else:
        here = {origin: own for own, origin in course.origins.items()}.get(path)
        now = [_purchase(sale) for sale in course.now.sales if sale.lot == here]
    return [
        ReplayRow(stage, path, copy, *pair, is_known=path not in course.left)
        for copy, pair in enumerate(zip_longest(then, now))
    ]


def _purchase(won: Sale | Award) -> Purchase:
    winner = won.buyer if isinstance(won, Sale) else won.bidder
    return Purchase(winner, won.bid_nanos, won.price_nanos)
