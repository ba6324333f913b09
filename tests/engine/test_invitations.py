"""Invitations in a market on a store: whom a crowded market asks, and what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import Market
from orchestrator.core.events import Announced
from orchestrator.engine.invitations import read_promises
from tests.engine.world import Scripted, events, make_market, presenter

LIMIT = 4
PRESENTERS = [f"p{number}" for number in range(3)]
SKILLS = [f"s{number:02}" for number in range(12)]


def open_market(folder: Path, bidders: list[Scripted], limit: int = LIMIT) -> Market:
    return make_market(*bidders, store=f"sqlite:///{folder / 'market.db'}", rules={"invited_max": limit})


def crowd() -> list[Scripted]:
    """Twelve skills, of which the last bids most, and three presenters."""
    skills = [Scripted(name, {1: str(number / 2)} if number else {}) for number, name in enumerate(SKILLS)]
    return [*skills, *(presenter(name, {2: "4"}) for name in PRESENTERS)]


def test_the_market_asks_no_more_than_its_limit_of_each_role(tmp_path: Path) -> None:
    bidders = crowd()
    with open_market(tmp_path, bidders) as market:
        result = market.run("a request", budget=10)
        announced = [event for event in events(market, result.request_id) if isinstance(event, Announced)]
    lots = [lot for event in announced for lot in event.lots]
    assert len(lots) > 1
    for lot in lots:
        assert len([name for name in lot.invited if name in SKILLS]) <= LIMIT
        assert len([name for name in lot.invited if name in PRESENTERS]) <= len(PRESENTERS)
    assert len([name for name in lots[0].invited if name in SKILLS]) == LIMIT
    assert {bidder.name for bidder in bidders if bidder.asked} == {name for lot in lots for name in lot.invited}


@pytest.mark.slow
def test_it_learns_from_bids_and_passes_whom_to_ask_across_markets(tmp_path: Path) -> None:
    asked: list[list[str]] = []
    for number in range(8):
        bidders = crowd()
        with open_market(tmp_path, bidders) as market:
            market.run("a request", budget=10, seed=number).pick(1)
        asked.append([bidder.name for bidder in bidders if bidder.asked and bidder.name in SKILLS])
    assert {name for names in asked for name in names} == set(SKILLS), "every newcomer is tried"
    later = [name for names in asked[4:] for name in names]
    assert later.count(SKILLS[-1]) >= 3
    assert later.count(SKILLS[0]) <= 1, "who always passes makes room"


def test_a_market_that_asks_everybody_keeps_no_records(tmp_path: Path) -> None:
    with open_market(tmp_path, crowd(), limit=0) as market:
        market.run("a request", budget=10).pick(1)
        assert market.store.read(read_promises) == {}
    with open_market(tmp_path, crowd()) as market:
        market.run("a request", budget=10).pick(1)
        assert market.store.read(read_promises) != {}


def test_bids_that_no_wallet_covers_take_nobodys_place() -> None:
    boasters = [Scripted(f"b{number}", {1: "1000000"}) for number in range(LIMIT)]
    workers = [Scripted(f"w{number}", {1: "3"}) for number in range(LIMIT)]
    market = make_market(*boasters, *workers, presenter("p", {2: "4"}), rules={"invited_max": LIMIT})
    for number in range(12):
        result = market.run("a request", budget=10, seed=number)
        if result.status == "open":
            result.pick(1)
    asked = [len(bidder.asked) for bidder in workers]
    assert all(times >= 6 for times in asked), asked
