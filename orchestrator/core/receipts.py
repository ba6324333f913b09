"""Receipts: what each answer to a lot came to, for its bidder to learn from (R10).

They are read from the fold of the journal, and keep no figures of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from orchestrator.core.answer import Answer, AnswerKind
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Auction, Progress, Status
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, Role
from orchestrator.core.state import REQUESTER, Contribution, Segment, State

_NO_SALE: Final = (0, None)
_NO_DELIVERY: Final = (None, None)


class Verdict(NamedTuple):
    """What the user's choice says about claims; it says nothing where nobody chose.

    Attributes:
        taken: claim of the offer that was picked; empty where none was, or where it makes not just one.
        refused: the other claims that were shown, in order of rank.
        among: claims of an offer that was picked and makes several: one of them at least was right.
    """

    taken: str = ""
    refused: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


class Receipt(NamedTuple):
    """What one answer to one lot came to, for its bidder to learn from.

    Attributes:
        request_id: the request.
        bidder: whose receipt it is.
        lot: the lot that it answered.
        stage: the lot's stage.
        answer: `bid`, `pass` or `fault`.
        role: as transformer or presenter.
        bounty_nanos: the request's bounty, by which figures of different requests compare.
        bid_nanos: what it bid.
        won: whether it owned a copy in the end.
        price_nanos: what it paid; 0 on audition, where the treasury paid.
        revenue_nanos: what its copy sold for, subsidies included; for a picked offer the bounty.
        cost_nanos: what its calls for this lot are known to have cost.
        cost_known: whether that is all of it.
        forfeit_nanos: what it lost by failing (R6).
        outcome: how the request ended.
        in_picked_chain: whether the picked offer was built on its work.
        censored: whether what the lot would have brought was cut off, which says nothing about its
            worth: the request expired unseen or was cancelled, or the last stage left no stage to sell the copy at.
        last_price_nanos: the last price paid on the chain before this lot.
        observed: the figures that its bid rested on, by name.
        reward_nanos: what its delivery earned at once, negative where it cost; 0 but for research.
        request: the request's text.
        contributions: what the lot's state held: whose work, and what each claimed.
        claim: what it delivered itself, where that claims to be an answer.
        verdict: what the user's choice says about claims.
        lot_price_nanos: the posted price of the lot, whoever bought it; None where nobody did: also where its owner
            kept it, which was worth more to it than anybody bid.
        lot_buyers: who bought a copy; not an owner that kept it.
        kept: whether this is an owner that kept its state: what it then brought also belongs to the
            work that had led there (R5).
        cost_max_nanos: the worst case of its work's cost, as it declared with its bid (R4).
        workers: whose work had led to the lot, in order; also those whose work was replaced since.
        repeats: whose work a presenter delivered word for word; nobody's where any of its words are its own.
    """

    request_id: str
    bidder: str
    lot: str
    stage: int
    answer: AnswerKind
    role: Role
    bounty_nanos: int
    bid_nanos: int
    won: bool
    price_nanos: int
    revenue_nanos: int
    cost_nanos: int
    cost_known: bool
    forfeit_nanos: int
    outcome: Status
    in_picked_chain: bool
    censored: bool
    last_price_nanos: int = 0
    observed: tuple[tuple[str, float], ...] = ()
    reward_nanos: int = 0
    request: str = ""
    contributions: tuple[Contribution, ...] = ()
    claim: str = ""
    verdict: Verdict = Verdict()
    lot_price_nanos: int | None = None
    lot_buyers: tuple[str, ...] = ()
    kept: bool = False
    cost_max_nanos: int = 0
    workers: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()

    @property
    def profit_nanos(self) -> int:
        """Revenue and reward, less price, cost and forfeit."""
        return self.revenue_nanos + self.reward_nanos - self.price_nanos - self.cost_nanos - self.forfeit_nanos


def receipts(progress: Progress) -> tuple[Receipt, ...]:
    """One receipt for each answer and each kept state, in order of stage, lot and bidder."""
    sales = _sales_by_lot(progress)
    picked = progress.picked if progress.status == "released" else None
    picked_sales = {sale.lot: sale.buyer for sale in picked.chain} if picked else {}
    verdict = _verdict(progress)
    written: list[Receipt] = []
    for auction in progress.auctions.values():
        written += _receipts_of(progress, auction, sales, picked_sales, verdict)
    return tuple(written)


def _verdict(progress: Progress) -> Verdict:
    """Claims are judged only where the user chose: a request that was cancelled or expired unseen judges none."""
    if progress.picked_rank is None:
        return Verdict()
    picked = progress.picked
    taken = _claims_of(picked.state.segments) if picked else ()
    shown = dict.fromkeys(claim for offer in progress.offers for claim in _claims_of(offer.state.segments))
    refused = tuple(claim for claim in shown if claim not in taken)
    return Verdict(taken[0], refused) if len(taken) == 1 else Verdict("", refused, taken)


def _claims_of(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The claims of an offer, in reading order."""
    return tuple(dict.fromkeys(piece.claim for piece in segments if piece.claim))


def _claim_of(segments: Sequence[Segment]) -> str:
    """The claim of a piece of work: of its last segment that makes one."""
    for piece in reversed(segments):
        if piece.claim:
            return piece.claim
    return ""


def _repeated(offer: State, presenter: str) -> tuple[str, ...]:
    """Whose work an offer is, where none of it is its presenter's own; what is repeated keeps its author."""
    authors = dict.fromkeys([piece.author for piece in offer.segments])
    return () if presenter in authors or REQUESTER in authors else tuple(authors)


def _sales_by_lot(progress: Progress) -> dict[str, list[Sale]]:
    """Each lot's sales, in the order of its copies."""
    sales: dict[str, list[Sale]] = {}
    for sale in progress.sales:
        sales.setdefault(sale.lot, []).append(sale)
    return sales


def _receipts_of(
    progress: Progress,
    auction: Auction,
    sales: Mapping[str, Sequence[Sale]],
    picked_sales: Mapping[str, str],
    verdict: Verdict,
) -> list[Receipt]:
    request, status, lot = progress.request, progress.status, auction.lot
    request_id, bounty_nanos, text, path = request.id, request.bounty_nanos, request.text, lot.path
    mine = {sale.buyer: (copy, sale) for copy, sale in enumerate(sales.get(path, ()))}
    last_price = _last_price_nanos(lot)
    costs = _costs(auction)
    contributions, workers = lot.state.contributions(), lot.workers
    delivered = {event.award.bidder: (event, state) for event, state in auction.deliveries}
    bought = [sale for sale in sales.get(path, ()) if not sale.kept]
    buyers, lot_price = tuple([sale.buyer for sale in bought]), _posted_price_nanos(bought)
    was_cut_off = status == "expired" or _is_cancelled(progress)
    forfeits = _forfeits(auction) if auction.faults else {}
    written = []
    for answer in _answers(auction):
        bidder = answer.bidder
        copy, sale = mine.get(bidder, _NO_SALE)
        delivery, reached = delivered.get(bidder, _NO_DELIVERY)
        spent = costs.get(bidder, ())
        # By position: a keyword for each field would double what a receipt costs a simulation.
        written.append(
            Receipt(
                request_id,
                bidder,
                path,
                lot.stage,
                answer.kind,
                answer.role,
                bounty_nanos,
                answer.amount_nanos,
                sale is not None,
                sale.paid_nanos if sale else 0,
                _revenue_nanos(progress, sales, f"{path}.{copy}") if sale else 0,
                sum([cost or 0 for cost in spent]) if spent else 0,
                None not in spent,
                forfeits.get(bidder, 0),
                status,
                sale is not None and picked_sales.get(path) == bidder,
                was_cut_off or (sale is not None and _is_cut_off(request, sale)),
                last_price,
                answer.observed,
                delivery.reward_nanos if delivery and sale else 0,
                text,
                contributions,
                _claim_of(delivery.segments) if delivery else "",
                verdict,
                lot_price,
                buyers,
                sale is not None and sale.kept,
                answer.cost_max_nanos,
                workers,
                _repeated(reached, bidder) if reached and answer.role == PRESENTER else (),
            )
        )
    return written


def _last_price_nanos(lot: Lot) -> int:
    """The last price paid on the way to a lot; 0 at the first stage."""
    for sale in reversed(lot.chain):
        if not sale.kept:
            return sale.price_nanos
    return 0


def _is_cancelled(progress: Progress) -> bool:
    """Whether a request was ended before anybody chose: nobody has refused what was offered, or still on sale."""
    return progress.status == "rejected" and progress.picked_rank is None


def _is_cut_off(request: Request, sale: Sale) -> bool:
    """Whether a copy came too late to be sold: bought to be transformed at the last stage (`last_stage: any`)."""
    return sale.role != PRESENTER and sale.stage >= request.rules.stages_max


def _posted_price_nanos(sales: Sequence[Sale]) -> int | None:
    """What a lot was sold for, whoever bought it; of several copies the most that one was."""
    if len(sales) == 1:
        return sales[0].price_nanos
    return max([sale.price_nanos for sale in sales], default=None)


def _answers(auction: Auction) -> Sequence[Answer]:
    """All answers to a lot; an owner that kept its state made no bid, but has a receipt for what it did (R5)."""
    if auction.keep is None:
        return auction.answers
    return (*auction.answers, *[Answer(each.bidder, "bid", role=each.role) for each in auction.awards if each.kept])


def _forfeits(auction: Auction) -> dict[str, int]:
    return {fault.bidder: fault.forfeit_nanos for fault in auction.faults if fault.forfeit_nanos}


def _costs(auction: Auction) -> dict[str, list[int | None]]:
    """What each bidder's tasks for one lot cost: bidding, then transforming."""
    costs: dict[str, list[int | None]] = {}
    for answer in auction.answers:
        if answer.bid_cost_nanos != 0:
            costs[answer.bidder] = _known_and_not(answer.bid_cost_nanos, answer.bid_known_nanos)
    for delivered, _ in auction.deliveries:
        of_bidder = costs.setdefault(delivered.award.bidder, [])
        of_bidder += _known_and_not(delivered.cost_nanos, delivered.known_nanos)
    for fault in auction.faults:
        if fault.award is not None:
            costs.setdefault(fault.bidder, []).extend(_known_and_not(fault.cost_nanos, fault.known_nanos))
    return costs


def _known_and_not(cost_nanos: int | None, known_nanos: int) -> list[int | None]:
    """A task's cost; where not all of it is known, what is, and that the rest is not."""
    return [known_nanos, None] if cost_nanos is None else [cost_nanos]


def _revenue_nanos(progress: Progress, sales: Mapping[str, Sequence[Sale]], path: str) -> int:
    """What a copy was sold for in turn; for the picked offer, the bounty."""
    rules = progress.request.rules
    revenue = 0
    for sale in sales.get(path, ()):
        if not sale.kept:
            revenue += rules.discounted_nanos(sale.received_nanos(rules.rule))
    picked = progress.picked if progress.status == "released" else None
    if picked is not None and picked.path == path and progress.ending is not None:
        revenue += progress.ending.payout_nanos
    return revenue
