"""Seating: from a config and a caller's own objects to the bidders of a market."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.config import BrokenBidder, BuiltBidder, Config, build_bidders
from orchestrator.engine.guarded import read_guarded
from orchestrator.engine.isolation.bidder import IsolatedBidder
from orchestrator.engine.seat import Seat, take_seat
from orchestrator.errors import BrokenPlugin, InvalidConfig


@dataclass(frozen=True, slots=True)
class Seating:
    """Who takes part.

    Attributes:
        seats: by name.
        built: the config's bidders that could be built.
        broken: bidders of the config that cannot take part, with the reason (R14).
        endowments_nanos: what each is endowed with when it first enters.
    """

    seats: dict[str, Seat]
    built: tuple[BuiltBidder, ...]
    broken: tuple[BrokenBidder, ...]
    endowments_nanos: dict[str, int]

    def let_go(self) -> None:
        """Close what was built here, where no market comes of it; a caller's own objects are its own to close."""
        for each in self.built:
            if each.name in self.seats:
                read_guarded(self.seats[each.name].close)


def seat_all(config: Config, objects: Iterable[Any]) -> Seating:
    """Seat a config's bidders and a caller's own.

    Raises:
        BrokenPlugin: one of the caller's own objects is no bidder.
        InvalidConfig: two bidders have one name.
    """
    seating = _seat_built(config)
    seats, endowments = dict(seating.seats), dict(seating.endowments_nanos)
    try:
        for own in objects:
            seat = take_seat(own)
            if seat.name in seats:
                raise InvalidConfig(f"two bidders are called {seat.name!r}; give each a name of its own")
            seats[seat.name] = seat
            endowments[seat.name] = config.wealth.endowment_nanos
    except BaseException:
        seating.let_go()
        raise
    return replace(seating, seats=seats, endowments_nanos=endowments)


def _seat_built(config: Config) -> Seating:
    built, broken = build_bidders(config, IsolatedBidder)
    seats: dict[str, Seat] = {}
    endowments: dict[str, int] = {}
    failed: list[BrokenBidder] = list(broken)
    for each in built:
        try:
            seat = take_seat(
                each.bidder,
                name=each.name,
                principal=each.principal,
                memory_id=each.memory_id,
                policy=each.policy,
                recipe=each.recipe,
                bid_deadline_seconds=each.spec.bid_deadline_seconds,
                transform_deadline_seconds=each.spec.transform_deadline_seconds,
            )
        except BrokenPlugin as error:
            failed.append(BrokenBidder(each.spec, each.name, error))
            read_guarded(getattr(each.bidder, "close", lambda: None))
            continue
        seats[seat.name] = seat
        endowments[seat.name] = each.spec.endowment_nanos
    return Seating(seats, tuple(built), tuple(failed), endowments)
