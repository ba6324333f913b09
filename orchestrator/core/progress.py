"""A request's present, as the fold of its events.

`fold` is the only way to a present, whether a run is under way, resumed after a crash, shown
years later or replayed; so these can never differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from orchestrator.core.answer import Answer, Keep
from orchestrator.core.clearing import Award
from orchestrator.core.events import (
    Announced,
    Cleared,
    Closed,
    Delivered,
    Ended,
    Event,
    Faulted,
    Judged,
    Offered,
    Outcome,
    Picked,
    Requested,
    Settled,
)
from orchestrator.core.lot import Lot, Offer, Sale
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER
from orchestrator.core.state import REQUESTER, Segment, State, first_state, next_state
from orchestrator.errors import BrokenLaw

Status = Literal["running", "open", Outcome]
Phase = Literal["bidding", "transforming", "waiting", "ended"]


class Auction(NamedTuple):
    """One lot's auction as far as it has come.

    Attributes:
        lot: what is sold.
        keep: the owner's public reserve, if it announced one.
        answers: the sealed answers, in order of bidder; empty until it closes.
        awards: the first round's winners.
        standing: the bids that could win, highest first.
        reserve_nanos: the least the lot is sold for.
        deliveries: what arrived, with the states it led to.
        faults: breaches, at bidding and after the award.
    """

    lot: Lot
    keep: Keep | None = None
    answers: tuple[Answer, ...] = ()
    awards: tuple[Award, ...] = ()
    standing: tuple[Answer, ...] = ()
    reserve_nanos: int = 0
    deliveries: tuple[tuple[Delivered, State], ...] = ()
    faults: tuple[Faulted, ...] = ()

    def promised_nanos(self) -> dict[str, int]:
        """The worst case of its transform's cost that each bidder, or the owner that keeps, has promised (R4)."""
        promised = {answer.bidder: answer.cost_max_nanos for answer in self.answers}
        if self.keep is not None and any(award.kept for award in self.awards):
            promised[self.lot.owner] = self.keep.cost_max_nanos
        return promised

    def worked_nanos(self) -> dict[str, int]:
        """What each bidder's work on the lot is known to have cost, in all rounds together."""
        worked: dict[str, int] = {}
        for delivered, _ in self.deliveries:
            worked[delivered.award.bidder] = delivered.charged_nanos
        for fault in self.faults:
            worked[fault.bidder] = worked.get(fault.bidder, 0) + fault.charged_nanos
        return worked


class Progress(NamedTuple):
    """Where a request stands.

    Attributes:
        request: the job itself.
        status: `running`, `open` (offers wait for a pick), or how it ended.
        phase: what is due: bids, transforms, a pick, or nothing.
        stage: the present stage (1 is the first).
        auctions: every lot's auction by path, in the order of announcement.
        on_sale: paths of the lots of the present stage.
        sales: every sale settled so far, in order.
        offers: all offers delivered; once `ranked`, in the order shown to the user.
        ranked: whether the offers are final.
        picked_rank: rank of the picked offer, 0 for none, None before a pick.
        ending: how it ended.
        judged: the judges that were asked at a cost, in order.
    """

    request: Request
    status: Status = "running"
    phase: Phase = "bidding"
    stage: int = 1
    auctions: Mapping[str, Auction] = MappingProxyType({})
    on_sale: tuple[str, ...] = ("0",)
    sales: tuple[Sale, ...] = ()
    offers: tuple[Offer, ...] = ()
    ranked: bool = False
    picked_rank: int | None = None
    ending: Ended | None = None
    judged: tuple[Judged, ...] = ()

    def lots(self) -> tuple[Lot, ...]:
        """The lots of the present stage."""
        return tuple([self.auctions[path].lot for path in self.on_sale])

    @property
    def first_sales(self) -> tuple[Sale, ...]:
        """The sales of the request's own text, whose prices wait in escrow (R2)."""
        return tuple(sale for sale in self.sales if sale.lot == "0")

    def promised_costs(self) -> dict[str, int]:
        """What each bidder's calls are known to have cost so far, as far as it was promised, in nano-dollars (R7).

        What a task costs beyond its promised worst case is nobody's but its bidder's to bear.
        """
        costs: dict[str, int] = {}
        for auction in self.auctions.values():
            promised = auction.promised_nanos()
            for answer in auction.answers:
                _add_cost(costs, answer.bidder, answer.bid_charged_nanos, answer.bid_cost_max_nanos)
            for bidder, nanos in auction.worked_nanos().items():
                _add_cost(costs, bidder, nanos, promised.get(bidder, 0))
        for spent in self.ending.cut_off if self.ending else ():
            costs[spent.bidder] = costs.get(spent.bidder, 0) + spent.nanos - spent.beyond_nanos
        return costs

    @property
    def picked(self) -> Offer | None:
        """The offer that the user picked."""
        return self.offers[self.picked_rank - 1] if self.picked_rank else None


def _add_cost(costs: dict[str, int], bidder: str, cost_nanos: int, promised_nanos: int) -> None:
    costs[bidder] = costs.get(bidder, 0) + min(cost_nanos, promised_nanos)


def fold(events: Iterable[Event]) -> Progress:
    """Fold a journal into the request's present.

    Args:
        events: in order of sequence number, the first of them `Requested`.

    Returns:
        The present.

    Raises:
        BrokenLaw: there are no events, or they do not follow from each other.
    """
    in_order = iter(events)
    first = next(in_order, None)
    if first is None:
        raise BrokenLaw("a journal without events has no present")
    return advance(begin(first), in_order)


def begin(event: Event) -> Progress:
    """The present after a journal's first event."""
    if not isinstance(event, Requested):
        raise BrokenLaw(f"a journal opens with `requested`, not with `{event.kind}`")
    lot = Lot("0", 1, first_state(event.request.text, event.request.text_digest), REQUESTER)
    return Progress(event.request, auctions={"0": Auction(lot)})


def advance(progress: Progress, events: Iterable[Event]) -> Progress:
    """The present after some more events.

    Raises:
        BrokenLaw: an event cannot follow.
    """
    draft = _Draft(progress)
    for event in events:
        _AFTER[type(event)](draft, event)
    return draft.seal()


def delivered_state(lot: Lot, award: Award, segments: Sequence[Segment], *, replaces: bool) -> State:
    """The state that a delivery leads to; a presenter's is the offer's text and nothing else."""
    return next_state(lot.state, segments, replaces=replaces or award.role == PRESENTER, author=award.bidder)


def delivered_content(lot: Lot, award: Award, segments: Sequence[Segment], *, replaces: bool) -> tuple[str, ...]:
    """The content of the state that a delivery leads to, by which equal states are found (R8)."""
    added = tuple([piece.digest for piece in segments])
    return added if replaces or award.role == PRESENTER else lot.state.content + added


_auction_values = attrgetter(*Auction._fields)
_progress_values = attrgetter(*Progress._fields)


class _AuctionDraft:
    """An auction to which the events of one step are being added."""

    __slots__ = Auction._fields

    def __init__(self, auction: Auction) -> None:
        (
            self.lot,
            self.keep,
            self.answers,
            self.awards,
            self.standing,
            self.reserve_nanos,
            self.deliveries,
            self.faults,
        ) = auction

    def seal(self) -> Auction:
        """The auction that the events have led to."""
        return Auction._make(_auction_values(self))


class _Draft:
    """A present into which the events of one step are being folded; nobody sees it before it is sealed."""

    __slots__ = (*Progress._fields, "_changed")

    def __init__(self, progress: Progress) -> None:
        (
            self.request,
            self.status,
            self.phase,
            self.stage,
            self.auctions,
            self.on_sale,
            self.sales,
            self.offers,
            self.ranked,
            self.picked_rank,
            self.ending,
            self.judged,
        ) = progress
        self._changed: dict[str, _AuctionDraft] = {}

    def auction(self, path: str) -> _AuctionDraft:
        """A lot's auction, to be changed."""
        found = self._changed.get(path)
        if found is None:
            found = self._changed[path] = _AuctionDraft(self.auctions[path])
        return found

    def put_up(self, lots: Iterable[Lot]) -> None:
        """Begin an auction of each lot; they alone are on sale."""
        auctions = dict(self.auctions)
        on_sale = []
        for lot in lots:
            auctions[lot.path] = Auction(lot)
            on_sale.append(lot.path)
        self.auctions = auctions
        self.on_sale = tuple(on_sale)

    def seal(self) -> Progress:
        """The present that the events have led to."""
        if self._changed:
            auctions = dict(self.auctions)
            for path, changed in self._changed.items():
                auctions[path] = changed.seal()
            self.auctions = auctions
        return Progress._make(_progress_values(self))


def _after_second_opening(_draft: _Draft, _event: Requested) -> None:
    raise BrokenLaw("a journal holds `requested` once")


def _after_announcement(draft: _Draft, event: Announced) -> None:
    for row in event.lots:
        auction = draft.auction(row.lot)
        auction.keep = row.keep
        auction.reserve_nanos = row.reserve_nanos


def _after_closing(draft: _Draft, event: Closed) -> None:
    for row in event.lots:
        draft.auction(row.lot).answers = row.answers


def _after_clearing(draft: _Draft, event: Cleared) -> None:
    for row in event.lots:
        auction = draft.auction(row.lot)
        auction.awards = row.awards
        auction.standing = row.standing
    draft.phase = "transforming"


def _after_delivery(draft: _Draft, event: Delivered) -> None:
    auction = draft.auction(event.lot)
    lot = auction.lot
    state = event.reached or delivered_state(lot, event.award, event.segments, replaces=event.replaces)
    if state.digest != event.state:
        raise BrokenLaw(f"delivery to lot {lot.path} leads to state {state.digest}, not to {event.state}")
    auction.deliveries = (*auction.deliveries, (event, state))


def _after_fault(draft: _Draft, event: Faulted) -> None:
    auction = draft.auction(event.lot)
    auction.faults = (*auction.faults, event)


def _after_ranking(draft: _Draft, event: Offered) -> None:
    by_path = {offer.path: offer for offer in draft.offers}
    draft.offers = tuple(by_path[path] for path in event.offers)
    draft.ranked = True
    draft.status = "open"
    draft.phase = "waiting"


def _after_judging(draft: _Draft, event: Judged) -> None:
    draft.judged = (*draft.judged, event)


def _after_pick(draft: _Draft, event: Picked) -> None:
    draft.picked_rank = event.rank


def _after_ending(draft: _Draft, event: Ended) -> None:
    draft.ending = event
    draft.status = event.outcome
    draft.phase = "ended"


def _after_settlement(draft: _Draft, event: Settled) -> None:
    """Sold copies become the next stage's lots, or offers where a presenter bought them."""
    stage = event.stage + 1
    lots: list[Lot] = []
    offers: list[Offer] = []
    for row in event.lots:
        auction = draft.auction(row.lot)
        states = {delivery.award.bidder: state for delivery, state in auction.deliveries}
        for copy, sale in enumerate(row.sales):
            path = f"{row.lot}.{copy}"
            chain = (*auction.lot.chain, sale)
            if sale.role == PRESENTER:
                offers.append(Offer(path, sale.buyer, states[sale.buyer], chain))
            elif stage <= draft.request.rules.stages_max:
                lots.append(Lot(path, stage, states[sale.buyer], sale.buyer, chain))
    draft.put_up(lots)
    draft.sales += event.sales()
    draft.offers += tuple(offers)
    draft.stage = stage
    draft.phase = "bidding"


_AFTER: Mapping[type, Callable[[_Draft, Any], None]] = {
    Requested: _after_second_opening,
    Announced: _after_announcement,
    Closed: _after_closing,
    Cleared: _after_clearing,
    Delivered: _after_delivery,
    Faulted: _after_fault,
    Settled: _after_settlement,
    Offered: _after_ranking,
    Judged: _after_judging,
    Picked: _after_pick,
    Ended: _after_ending,
}
