"""A recorded run as a text that people read: every stage, bid, price, delivery, offer and dollar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.core.answer import Answer
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
    Picked,
    Requested,
    Settled,
)
from orchestrator.core.keys import bidder_account
from orchestrator.core.lot import Sale
from orchestrator.core.progress import Progress, fold
from orchestrator.core.statement import statement
from orchestrator.money import format_usd
from orchestrator.record.document import parse
from orchestrator.record.verifying import read_events


def playthrough(record: Any) -> str:
    """Write a run down for people.

    Args:
        record: what `read_record` or `export_request` returned.

    Returns:
        The text; equal runs have equal texts.

    Raises:
        InvalidRecord: the record cannot be read.
        BrokenLaw: its events do not follow from each other.
    """
    run = parse(record)
    events = read_events(run)
    present = fold(events)
    lines = [line for event in events for line in _tell(event, present)]
    lines += ["", *_statement(present), "", f"journal {run.entries[-1].digest}"]
    return "\n".join(lines) + "\n"


def _tell(event: Event, present: Progress) -> Iterator[str]:
    match event:
        case Requested():
            yield from _requested(event)
        case Announced():
            yield from ("", f"stage {event.stage}")
        case Closed():
            yield from _closed(event, present)
        case Cleared():
            for row in event.lots:
                yield from (f"  {row.lot}  {_award(award)}" for award in row.awards)
                yield from (f"  {row.lot}  {refusal.bidder} cannot win: {refusal.reason}" for refusal in row.refused)
                if not row.awards:
                    yield f"  {row.lot}  goes to nobody"
        case Delivered():
            yield from _delivered(event)
        case Faulted():
            if event.award is not None:
                fine = f" and forfeits {format_usd(event.forfeit_nanos)}" if event.forfeit_nanos else ""
                yield f"  {event.lot}  {event.bidder} failed ({event.fault}: {event.reason}){fine}"
        case Settled():
            for settled in event.lots:
                yield from (f"  {settled.lot}  {_sale(sale)}" for sale in settled.sales)
                yield from (f"  {settled.lot}  {name} delivered the same and is not sold" for name in settled.merged)
        case Offered():
            yield from _offered(present)
        case Judged():
            cost = "unknown" if event.cost_nanos is None else format_usd(event.cost_nanos)
            yield f"{event.judge} judged at a cost of {cost}{f': {event.reason}' if event.reason else ''}"
        case Picked():
            yield from ("", f"{event.judge} picks " + (f"offer {event.rank}" if event.rank else "none"))
        case Ended():
            yield from ("", f"{event.outcome}: {event.reason}")
            for spent in event.cut_off:
                yield f"  {spent.bidder} had spent {format_usd(spent.nanos)} on work that was cut off"
            for bidder in event.unknown_costs:
                yield f"  what {bidder} had spent on work that was cut off is not all known"


def _requested(event: Requested) -> Iterator[str]:
    request, rules = event.request, event.request.rules
    yield from (f"    {line}" for line in request.text.splitlines())
    yield ""
    deposit = f", deposit {format_usd(request.deposit_nanos)}" if request.deposit_nanos else ""
    yield f"bounty {format_usd(request.bounty_nanos)}, spend cap {format_usd(request.spend_cap_nanos)}{deposit}"
    copies = " ".join(map(str, rules.copies))
    yield f"rule {rules.rule}, copies {copies}, at most {rules.stages_max} stages, seed {request.seed}"
    wallets = {row.account: row.nanos for row in event.opening}
    for entry in request.roster:
        behind = f" of {entry.principal}" if entry.principal != entry.name else ""
        wallet = format_usd(wallets.get(bidder_account(entry.name), 0))
        yield f"  {entry.name}{behind} ({' and '.join(entry.roles)}) has {wallet}"


def _closed(event: Closed, present: Progress) -> Iterator[str]:
    for row in event.lots:
        auction = present.auctions[row.lot]
        reserve = f", reserve {format_usd(auction.reserve_nanos)}" if auction.reserve_nanos else ""
        yield f"  {row.lot}  owned by {auction.lot.owner}{reserve}"
        yield from (f"    {_answer(answer)}" for answer in row.answers)


def _answer(answer: Answer) -> str:
    said = {
        "bid": f"bids {format_usd(answer.amount_nanos)} as {answer.role}",
        "pass": f"passes: {answer.reason}",
        "fault": f"is at fault ({answer.fault}): {answer.reason}",
    }[answer.kind]
    return f"{answer.bidder} {said}" + _cost(answer.bid_cost_nanos)


def _cost(cost_nanos: int | None) -> str:
    if cost_nanos is None:
        return " (at an unknown cost)"
    return f" (at a cost of {format_usd(cost_nanos)})" if cost_nanos else ""


def _award(award: Award) -> str:
    if award.kept:
        return f"{award.bidder} keeps it"
    again = f" in round {award.round}" if award.round else ""
    audition = ", on audition" if award.audition else ""
    return f"{award.bidder} wins{again} at {format_usd(award.price_nanos)}{audition}"


def _delivered(event: Delivered) -> Iterator[str]:
    how = "replaces the text" if event.replaces else "delivers"
    substitute = f" as a substitute at {format_usd(event.award.price_nanos)}" if event.award.round else ""
    yield f"  {event.lot}  {event.award.bidder} {how}{substitute}{_cost(event.cost_nanos)}"
    for piece in event.segments:
        yield from (f"    | {line}".rstrip() for line in piece.text.splitlines())


def _sale(sale: Sale) -> str:
    if sale.kept:
        return f"{sale.buyer} goes on with its own state"
    return f"{sale.buyer} pays {format_usd(sale.price_nanos)} to {sale.seller}"


def _offered(present: Progress) -> Iterator[str]:
    yield from ("", "offers")
    for rank, offer in enumerate(present.offers, 1):
        chain = " -> ".join(sale.buyer for sale in offer.chain)
        yield f"  {rank}. {chain}, last bid {format_usd(offer.last_bid_nanos)}"
        yield from (f"    | {line}".rstrip() for line in offer.text.splitlines())


def _statement(present: Progress) -> Iterator[str]:
    money = statement(present)
    yield f"statement ({present.status})"
    yield f"  payout {format_usd(money.payout_nanos)}, returned {format_usd(money.returned_nanos)}"
    yield f"  refund {format_usd(money.refund_nanos)}, treasury {format_usd(money.treasury_nanos)}"
    for bidder, profit in money.profits_nanos.items():
        unknown = ", not all of it known" if bidder in money.unknown_costs else ""
        yield f"  {bidder}: profit {format_usd(profit)}, cost {format_usd(money.costs_nanos[bidder])}{unknown}"
