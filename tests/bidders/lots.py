"""Lots, announcements, receipts and documents as the tests want them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bidders.capable import CapableBidder
from bidders.scripted import ScriptedBidder
from orchestrator import (
    Acceptance,
    Announcement,
    Bid,
    Charged,
    Contribution,
    Money,
    Pass,
    Receipt,
    Replacement,
    Sale,
    Segment,
    State,
    WonLot,
)

REQUEST = "Plan a two-day visit to Arden"
TEN = Money.usd(10)

GARDENS = """# Gardens

Gardens of Arden and Belfort.

## Moss garden

The moss garden of Arden is visited by few; a slow gardener teaches raking on the second day.

## Rose walk

The rose walk in Arden is two hundred paces long, and its visit costs 4 euros in May.

## Belfort maze

A maze at Belfort, clipped from hornbeam, with a visit by lantern after dark.
"""


class RecordingMeter:
    """A meter that makes every call and remembers what it was charged."""

    def __init__(self) -> None:
        self.charged: list[Charged] = []

    async def call(self, perform: Callable[[], Awaitable[Charged]], *, purpose: str = "call") -> Any:
        self.charged.append(await perform())
        return self.charged[-1].body


def state_of(*later: Segment, request: str = REQUEST) -> State:
    return State((Segment(request, kind="request", author="requester"), *later))


def announce(
    state: State | None = None, *, request: str = REQUEST, price: str | None = None, **other: Any
) -> Announcement:
    """An announcement of a $10 request's lot, sold last for `price` where one is given."""
    chain = () if price is None else (Sale("0", 1, "requester", "someone", "transformer", 0, Money.usd(price).nanos),)
    plain = Announcement(
        request_id="r1",
        request=request,
        bounty=TEN,
        lot="0",
        stage=1,
        stages_max=8,
        state=state or state_of(request=request),
        owner="requester",
        chain=chain,
        reserve=Money(0),
        roles=("transformer", "presenter"),
        copies=1,
        lots=1,
        deadline_seconds=20.0,
        balance=Money.usd(50),
        prices=(),
        acceptance=Acceptance(),
        seed=1,
        memory=None,
        meter=RecordingMeter(),
    )
    return replace(plain, **other)


def win(announcement: Announcement, **other: Any) -> WonLot:
    plain = WonLot(
        request_id=announcement.request_id,
        request=announcement.request,
        bounty=announcement.bounty,
        lot=announcement.lot,
        stage=announcement.stage,
        stages_max=announcement.stages_max,
        state=announcement.state,
        role="transformer",
        bid=TEN,
        price=Money(0),
        deadline_seconds=60.0,
        seed=announcement.seed,
        memory=None,
        meter=announcement.meter,
    )
    return replace(plain, **other)


def bid_usd(bidder: CapableBidder | ScriptedBidder, announcement: Announcement) -> float:
    """What a bidder bids, in dollars; a pass is 0."""
    answer = asyncio.run(bidder.bid(announcement))
    if isinstance(answer, Pass):
        return 0.0
    return (answer.amount if isinstance(answer, Bid) else answer).to_float()


def pass_reason(bidder: CapableBidder, announcement: Announcement) -> str:
    answer = asyncio.run(bidder.bid(announcement))
    assert isinstance(answer, Pass)
    return answer.reason


def delivered(bidder: CapableBidder | ScriptedBidder, lot: WonLot) -> str:
    """The texts that a bidder delivers."""
    answer = asyncio.run(bidder.transform(lot))
    assert not isinstance(answer, Replacement)
    return "\n\n".join(segment.text for segment in answer)


def receipt(**other: Any) -> Receipt:
    plain: dict[str, Any] = {
        "request_id": "r1",
        "bidder": "b",
        "lot": "0",
        "stage": 1,
        "answer": "bid",
        "role": "transformer",
        "bounty_nanos": TEN.nanos,
        "bid_nanos": 0,
        "won": True,
        "price_nanos": 0,
        "revenue_nanos": 0,
        "cost_nanos": 0,
        "cost_known": True,
        "forfeit_nanos": 0,
        "outcome": "released",
        "in_picked_chain": True,
        "censored": False,
    }
    return Receipt(**{**plain, **other})


def offer(number: int = 0, *authors: str, taken: bool = True, **other: Any) -> Receipt:
    """The receipt of a presenter whose offer the user has seen."""
    plain: dict[str, Any] = {
        "request_id": f"r{number}",
        "role": "presenter",
        "bidder": "p",
        "request": f"Plan tour {number}",
        "contributions": tuple(Contribution(author, "") for author in authors or ("a",)),
        "in_picked_chain": taken,
    }
    return receipt(**{**plain, **other})


def write_documents(folder: Path, markdown: str = GARDENS) -> Path:
    path = folder / "documents.md"
    path.write_text(markdown, encoding="utf-8")
    return path
