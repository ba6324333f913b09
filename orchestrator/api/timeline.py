"""The timeline of a request: what happened to each lot, stage by stage, after its bids were opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.api.changes import Change, changes_between
from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.events import Cleared, ClearedLot, Event, Faulted, Picked, Settled, SettledLot
from orchestrator.core.lot import Lot, Sale
from orchestrator.core.progress import Auction, Progress, fold
from orchestrator.core.rules import PRESENTER
from orchestrator.core.state import State
from orchestrator.engine.recorder import read_events, read_journal
from orchestrator.money import format_usd
from orchestrator.store import Store


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A state that a winner delivered.

    Attributes:
        award: the award that it was delivered for.
        cost_nanos: what its calls cost; None where that is unknown.
        characters: length of the new state's text.
        changes: what it did to the text.
    """

    award: Award
    cost_nanos: int | None
    characters: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class LotReport:
    """What happened to one lot.

    Attributes:
        lot: the lot.
        reserve_nanos: the least it was sold for.
        keeps_below_nanos: the owner's public reserve, if it announced one.
        answers: the sealed answers, in order of bidder.
        refused: bids that could not win, with the reason.
        awards: the winners of the first clearing.
        deliveries: what was delivered, substitutes' included.
        failures: faults after an award.
        sales: the copies sold.
        merged: bidders whose copy equalled another and was not sold.
    """

    lot: Lot
    reserve_nanos: int
    keeps_below_nanos: int | None
    answers: tuple[Answer, ...]
    refused: tuple[tuple[str, str], ...]
    awards: tuple[Award, ...]
    deliveries: tuple[DeliveryReport, ...]
    failures: tuple[Faulted, ...]
    sales: tuple[Sale, ...]
    merged: tuple[str, ...]

    def path_of(self, sale: Sale) -> str:
        """The path of the copy that a sale made."""
        return f"{self.lot.path}.{self.sales.index(sale)}"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data, amounts as decimal strings in USD."""
        return {
            "lot": self.lot.path,
            "owner": self.lot.owner,
            "reserve": format_usd(self.reserve_nanos),
            "keeps_below": None if self.keeps_below_nanos is None else format_usd(self.keeps_below_nanos),
            "answers": [_answer(answer) for answer in self.answers],
            "refused": [{"bidder": bidder, "reason": reason} for bidder, reason in self.refused],
            "awards": [_award(award) for award in self.awards],
            "deliveries": [_delivery(delivery) for delivery in self.deliveries],
            "failures": [_failure(fault) for fault in self.failures],
            "sales": [
                {
                    "copy": self.path_of(sale),
                    "seller": sale.seller,
                    "buyer": sale.buyer,
                    "role": sale.role,
                    "price": format_usd(sale.price_nanos),
                    "kept": sale.kept,
                    "audition": sale.audition,
                }
                for sale in self.sales
            ],
            "merged": list(self.merged),
        }


class Watcher:
    """Puts lots' reports together while a request's events come in."""

    def __init__(self) -> None:
        self._cleared: dict[str, ClearedLot] = {}
        self._settled: dict[str, SettledLot] = {}
        self.judge = ""

    def note(self, event: Event) -> None:
        """Remember what the fold of the journal does not keep."""
        match event:
            case Cleared():
                self._cleared.update((row.lot, row) for row in event.lots)
            case Settled():
                self._settled.update((row.lot, row) for row in event.lots)
            case Picked():
                self.judge = event.judge

    def lot(self, auction: Auction) -> LotReport:
        """One lot, as far as it has come."""
        cleared, settled = self._cleared.get(auction.lot.path), self._settled.get(auction.lot.path)
        return LotReport(
            lot=auction.lot,
            reserve_nanos=auction.reserve_nanos,
            keeps_below_nanos=auction.keep.reserve_nanos if auction.keep else None,
            answers=auction.answers,
            refused=tuple((row.bidder, row.reason) for row in cleared.refused) if cleared else (),
            awards=auction.awards,
            deliveries=tuple(
                DeliveryReport(
                    delivered.award,
                    delivered.cost_nanos,
                    len(state.text),
                    _changes(auction.lot.state, delivered.award, state),
                )
                for delivered, state in auction.deliveries
            ),
            failures=tuple(fault for fault in auction.faults if fault.award is not None),
            sales=settled.sales if settled else (),
            merged=settled.merged if settled else (),
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """A request from its posting to its ending.

    Attributes:
        progress: its present.
        stages: its lots by stage.
        judge: who picked; empty where nobody has.
        journal_hash: digest of the last journal entry.
    """

    progress: Progress
    stages: dict[int, tuple[LotReport, ...]]
    judge: str
    journal_hash: str

    def to_dict(self) -> dict[str, Any]:
        """The timeline as JSON-able data, amounts as decimal strings in USD."""
        progress = self.progress
        request, ending = progress.request, progress.ending
        return {
            "request_id": request.id,
            "text": request.text,
            "status": progress.status,
            "reason": ending.reason if ending else "",
            "bounty": format_usd(request.bounty_nanos),
            "seed": request.seed,
            "requester": request.requester,
            "rule": request.rules.rule,
            "stages": [
                {"stage": stage, "lots": [report.to_dict() for report in reports]}
                for stage, reports in self.stages.items()
            ],
            "offers": [
                {"rank": rank, "bidder": offer.presenter, "lot": offer.path}
                for rank, offer in enumerate(progress.offers, 1)
            ],
            "picked": progress.picked_rank,
            "judge": self.judge,
            "journal_hash": self.journal_hash,
        }


def read_timeline(store: Store, request_id: str) -> Timeline:
    """A request's timeline, from its journal.

    Raises:
        UnknownRequest: the store has no such request.
    """
    entries = store.read(lambda reader: read_journal(reader, request_id))
    events = store.read(lambda reader: read_events(reader, request_id, entries))
    watcher = Watcher()
    for event in events:
        watcher.note(event)
    progress = fold(events)
    return Timeline(progress, _by_stage(watcher, progress.auctions.values()), watcher.judge, entries[-1].digest)


def _by_stage(watcher: Watcher, auctions: Iterable[Auction]) -> dict[int, tuple[LotReport, ...]]:
    stages: dict[int, tuple[LotReport, ...]] = {}
    for auction in auctions:
        stage = auction.lot.stage
        stages[stage] = (*stages.get(stage, ()), watcher.lot(auction))
    return stages


def _changes(before: State, award: Award, after: State) -> tuple[Change, ...]:
    """What a delivery did to the text; a presenter writes an offer, which is a text of its own."""
    if award.role == PRESENTER:
        return tuple(Change("+", piece.author, piece.kind, piece.text) for piece in after.segments)
    return changes_between(before, after)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "bidder": answer.bidder,
        "kind": answer.kind,
        "bid": format_usd(answer.amount_nanos) if answer.kind == "bid" else None,
        "role": answer.role if answer.kind == "bid" else None,
        "reason": answer.reason,
        "fault": answer.fault,
        "cost": _cost(answer.bid_cost_nanos),
    }


def _award(award: Award) -> dict[str, Any]:
    return {
        "bidder": award.bidder,
        "role": award.role,
        "bid": format_usd(award.bid_nanos),
        "price": format_usd(award.price_nanos),
        "round": award.round,
        "kept": award.kept,
        "audition": award.audition,
    }


def _delivery(delivery: DeliveryReport) -> dict[str, Any]:
    return {
        **_award(delivery.award),
        "cost": _cost(delivery.cost_nanos),
        "characters": delivery.characters,
        "changes": [change.to_dict() for change in delivery.changes],
    }


def _failure(fault: Faulted) -> dict[str, Any]:
    return {
        "bidder": fault.bidder,
        "fault": fault.fault,
        "reason": fault.reason,
        "own_fault": fault.own_fault,
        "forfeit": format_usd(fault.forfeit_nanos),
        "round": fault.award.round if fault.award else 0,
        "cost": _cost(fault.cost_nanos),
    }


def _cost(cost_nanos: int | None) -> str:
    return "unknown" if cost_nanos is None else format_usd(cost_nanos)
