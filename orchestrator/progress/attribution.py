"""Attribution: who earned what, by bidder and by skill, and what each one's presence was worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.core.events import Event
from orchestrator.core.progress import Progress
from orchestrator.money import format_usd
from orchestrator.progress.traces import RequestTrace, WorkTrace
from orchestrator.record import without_bidder


@dataclass(frozen=True, slots=True)
class Share:
    """What one bidder, or one skill, has earned.

    Attributes:
        name: the bidder or the skill.
        wins: lots bought, or kept.
        added_nanos: value added: what its copies brought less what was paid for the lots, by whomever.
        cost_nanos: what its calls are known to have cost.
        cost_known: whether that is all of it.
        profit_nanos: what that left it: value added, less costs and forfeits, and what the treasury paid for lots that
            were newcomers' trials; of a skill, value added less the costs of its works alone.
        rent_nanos: the rent that it paid; no part of its profit. 0 of a skill.
    """

    name: str
    wins: int
    added_nanos: int
    cost_nanos: int
    profit_nanos: int
    rent_nanos: int = 0
    cost_known: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The share as JSON-able data, amounts as decimal strings in USD."""
        return {
            "name": self.name,
            "wins": self.wins,
            "value_added": format_usd(self.added_nanos),
            "cost": format_usd(self.cost_nanos),
            "cost_known": self.cost_known,
            "profit": format_usd(self.profit_nanos),
            "rent": format_usd(self.rent_nanos),
        }


@dataclass(frozen=True, slots=True)
class Presence:
    """What a bidder's presence was worth to all others, by replays of recent requests without it.

    Attributes:
        bidder: the bidder.
        known: requests of which all is known without it.
        unknown: requests that leave the record without it; what others would have done instead is unknown.
        worth_nanos: what each party gained by its presence, at the lots that are known: the others as
            `bidder:NAME`, the treasury, and as `refund` the requester; None where no lot is.
        unknown_beyond: for the last request that left the record, where it did.
    """

    bidder: str
    known: int
    unknown: int
    worth_nanos: Mapping[str, int] | None
    unknown_beyond: str

    @property
    def total_nanos(self) -> int | None:
        """What all others together gained; 0 where it only moved money between them.

        None, unknown, where no request is known to its end without it.
        """
        return sum(self.worth_nanos.values()) if self.known and self.worth_nanos is not None else None

    def to_dict(self) -> dict[str, Any]:
        """The presence as JSON-able data, amounts as decimal strings in USD."""
        return {
            "bidder": self.bidder,
            "known": self.known,
            "unknown": self.unknown,
            "worth_to_others": "unknown" if self.total_nanos is None else format_usd(self.total_nanos),
            "worth": {party: format_usd(nanos) for party, nanos in (self.worth_nanos or {}).items()},
            "unknown_beyond": self.unknown_beyond,
        }


class Recorded(NamedTuple):
    """A request that can be replayed."""

    progress: Progress
    events: Sequence[Event]


def bidder_shares(traces: Sequence[RequestTrace], rents_nanos: Mapping[str, int]) -> tuple[Share, ...]:
    """What each bidder has earned, the most profitable first.

    Args:
        traces: the requests.
        rents_nanos: the rent that each paid when they ended.
    """
    works = [work for each in traces for work in each.works]
    names = {name for each in traces for name in each.wealth_nanos} | {work.bidder for work in works}
    profits = _totals(each.profits_nanos for each in traces)
    costs = _totals(each.costs_nanos for each in traces)
    added, wins = _added(works, lambda work: work.bidder)
    unknown = {name for each in traces for name in each.unknown_costs}
    shares = (
        Share(
            name,
            wins.get(name, 0),
            added.get(name, 0),
            costs.get(name, 0),
            profits.get(name, 0),
            rents_nanos.get(name, 0),
            name not in unknown,
        )
        for name in names
    )
    return tuple(sorted(shares, key=lambda share: (-share.profit_nanos, share.name)))


def skill_shares(traces: Sequence[RequestTrace], bidder: str | None = None) -> tuple[Share, ...]:
    """What each skill has earned, or each of one bidder's, the most profitable first."""
    works = [work for each in traces for work in each.works if bidder in (None, work.bidder)]
    added, wins = _added(works, lambda work: work.skill)
    costs: dict[str, int] = {}
    for work in works:
        costs[work.skill] = costs.get(work.skill, 0) + work.cost_nanos
    unknown = {work.skill for work in works if not work.cost_known}
    shares = (
        Share(name, wins[name], added[name], costs[name], added[name] - costs[name], cost_known=name not in unknown)
        for name in added
    )
    return tuple(sorted(shares, key=lambda share: (-share.profit_nanos, share.name)))


def presences(recorded: Sequence[Recorded], bidders: Sequence[str]) -> tuple[Presence, ...]:
    """Replay requests without each bidder that bid in them.

    Recorded bids and deliveries of the others are fed to the core again; nobody is asked. Without
    a winner the record mostly ends at its lot: what a substitute would have delivered is unknown.
    """
    return tuple(_presence(recorded, name) for name in bidders)


def _presence(recorded: Sequence[Recorded], name: str) -> Presence:
    known = unknown = 0
    worth: dict[str, int] = {}
    is_any_known = False
    beyond = ""
    for progress, events in recorded:
        if not any(_bid(auction.answers, name) for auction in progress.auctions.values()):
            continue
        absence = without_bidder(events, progress, name)
        if absence.unknown_beyond:
            unknown += 1
            beyond = f"{progress.request.id}: {', '.join(absence.unknown_beyond)}"
        else:
            known += 1
        if absence.worth_nanos is not None:
            is_any_known = True
            for party, nanos in absence.worth_nanos.items():
                worth[party] = worth.get(party, 0) + nanos
    return Presence(name, known, unknown, worth if is_any_known else None, beyond)


def _bid(answers: Iterable[Any], name: str) -> bool:
    return any(answer.bidder == name and answer.kind == "bid" for answer in answers)


def _added(works: Iterable[WorkTrace], named: Callable[[WorkTrace], str]) -> tuple[dict[str, int], dict[str, int]]:
    added: dict[str, int] = {}
    wins: dict[str, int] = {}
    for work in works:
        name = named(work)
        added[name] = added.get(name, 0) + work.added_nanos
        wins[name] = wins.get(name, 0) + 1
    return added, wins


def _totals(rows: Iterable[Any]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        for name, nanos in row.items():
            totals[name] = totals.get(name, 0) + nanos
    return totals
