"""Moves: a journal cut into the steps in which it was written, each with what the world said.

What bidders, providers and the judge answered is an input; everything else in a journal was
decided by the core, and can be decided again (`orchestrator.record.redeciding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from orchestrator.core.answer import UNBACKED, Answer, Keep
from orchestrator.core.events import (
    Announced,
    AwardResult,
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
from orchestrator.errors import InvalidRecord

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Opening:
    """The request was posted."""

    events: tuple[Event, ...]
    requested: Requested


@dataclass(frozen=True, slots=True)
class Auctions:
    """A stage's lots were announced, closed and cleared."""

    events: tuple[Event, ...]
    announced: Announced
    closed: Closed
    cleared: Cleared

    @property
    def keeps(self) -> dict[str, Keep]:
        """The public reserves that owners announced, by lot."""
        return {row.lot: row.keep for row in self.announced.lots if row.keep is not None}

    @property
    def invited(self) -> dict[str, tuple[str, ...]]:
        """Who was invited, by lot."""
        return {row.lot: row.invited for row in self.announced.lots}

    @property
    def answers(self) -> dict[str, tuple[Answer, ...]]:
        """What the invited said, by lot, before it was known whether their wallets cover it."""
        return {row.lot: tuple(_as_given(answer) for answer in row.answers) for row in self.closed.lots}

    @property
    def spendable(self) -> dict[str, int]:
        """What wallets could spend before anything was held at this stage.

        The record shows a wallet at each lot that it was needed for, so at the first of them
        nothing of it is held yet.
        """
        found: dict[str, int] = {}
        for row in self.closed.lots:
            for each in row.spendable:
                found.setdefault(each.account, each.nanos)
        return found


@dataclass(frozen=True, slots=True)
class Settlement:
    """A stage's deliveries were paid for."""

    events: tuple[Event, ...]
    results: tuple[AwardResult, ...]
    settled: Settled

    @property
    def spendable(self) -> dict[str, int]:
        """What wallets could spend whose work had cost more than was promised."""
        return {row.account: row.nanos for row in self.settled.spendable}


@dataclass(frozen=True, slots=True)
class Judging:
    """A judge was asked at a cost."""

    events: tuple[Event, ...]
    judged: Judged


@dataclass(frozen=True, slots=True)
class Ending:
    """The request ended by a pick, by expiry or by its requester's wish."""

    events: tuple[Event, ...]
    picked: Picked | None
    ended: Ended

    @property
    def is_cancelled(self) -> bool:
        """Whether the requester withdrew."""
        return self.picked is None and self.ended.outcome == "rejected"

    @property
    def spendable(self) -> dict[str, int]:
        """What wallets could spend whose work that was cut off had cost more than was promised."""
        return {row.account: row.nanos for row in self.ended.spendable}


Move = Opening | Auctions | Settlement | Judging | Ending


def cut(events: Sequence[Event]) -> tuple[Opening, list[Move]]:
    """Cut a journal into its moves.

    Args:
        events: all of a journal's events, in order.

    Returns:
        The opening, and all moves after it.

    Raises:
        InvalidRecord: an event stands where none of its kind can.
    """
    reading = _Reading(events)
    requested = reading.take(Requested)
    moves: list[Move] = []
    while not reading.is_done:
        if reading.sees(Announced):
            moves.append(_read_auctions(reading))
        elif reading.sees(Delivered, Faulted, Settled):
            moves.append(_read_settlement(reading))
        elif reading.sees(Judged):
            judged = reading.take(Judged)
            moves.append(Judging((judged,), judged))
        else:
            moves.append(_read_ending(reading))
    return Opening((requested,), requested), moves


class _Reading:
    """A place in a journal."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._place = 0

    @property
    def is_done(self) -> bool:
        return self._place == len(self._events)

    def sees(self, *kinds: type) -> bool:
        return not self.is_done and isinstance(self._events[self._place], kinds)

    def take(self, kind: type[E]) -> E:
        event = None if self.is_done else self._events[self._place]
        if not isinstance(event, kind):
            found = "the journal ends" if event is None else f"stands `{event.kind}`"
            raise InvalidRecord(f"entry {self._place} should be `{kind.__name__.lower()}`, but there {found}")
        self._place += 1
        return event

    def take_all(self, *kinds: type[E]) -> tuple[E, ...]:
        found = []
        while self.sees(*kinds):
            found.append(self._events[self._place])
            self._place += 1
        return tuple(found)  # type: ignore[arg-type]

    def ended_with(self, outcome: str) -> bool:
        event = None if self.is_done else self._events[self._place]
        return isinstance(event, Ended) and event.outcome == outcome


def _read_auctions(reading: _Reading) -> Auctions:
    announced, closed = reading.take(Announced), reading.take(Closed)
    faults = reading.take_all(Faulted)
    cleared = reading.take(Cleared)
    return Auctions((announced, closed, *faults, cleared), announced, closed, cleared)


def _read_settlement(reading: _Reading) -> Settlement:
    results: tuple[AwardResult, ...] = reading.take_all(Delivered, Faulted)
    settled = reading.take(Settled)
    events: tuple[Event, ...] = (*results, settled)
    if reading.sees(Offered):
        events = (*events, reading.take(Offered))
    elif reading.ended_with("failed"):
        events = (*events, reading.take(Ended))
    return Settlement(events, results, settled)


def _read_ending(reading: _Reading) -> Ending:
    picked = reading.take(Picked) if reading.sees(Picked) else None
    ended = reading.take(Ended)
    events: tuple[Event, ...] = (ended,) if picked is None else (picked, ended)
    return Ending(events, picked, ended)


def _as_given(answer: Answer) -> Answer:
    """An answer before its wallet was looked at: only the core finds that a bid lacks its hold."""
    without_hold = answer.fault in UNBACKED
    return replace(answer, kind="bid", fault=None, reason="") if without_hold else answer


def results_by_lot(results: Sequence[AwardResult]) -> Mapping[str, list[AwardResult]]:
    """What came of awards, by lot, in order."""
    found: dict[str, list[AwardResult]] = {}
    for result in results:
        found.setdefault(result.lot, []).append(result)
    return found
