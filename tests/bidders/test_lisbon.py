"""The bundled market: who bids most for what, and that it comes out the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Segment, State, load_config
from orchestrator.config.building import build_bidders, warnings
from tests.bidders.lots import announce, bid_usd, delivered, state_of, win

CONFIG = Path(__file__).parents[2] / "configs" / "lisbon.yaml"
TOUR = "Plan a three-day tour of Lisbon"

RUN = """
import sys
from orchestrator import Market
with Market(sys.argv[1], store="sqlite:///" + sys.argv[2]) as market:
    result = market.run(sys.argv[3], 10, seed=1)
    print(result.journal_hash, *(offer.text[:40] for offer in result.offers))
"""


@pytest.fixture(scope="module")
def bidders() -> dict[str, Any]:
    built, broken = build_bidders(load_config(CONFIG))
    assert not broken
    return {each.name: each.bidder for each in built}


def bids(bidders: dict[str, Any], request: str, state: State | None = None, **other: Any) -> dict[str, float]:
    """The bids above nothing, highest first."""
    announcement = announce(state, request=request, **other)
    found = {name: bid_usd(bidder, announcement) for name, bidder in bidders.items()}
    return {name: found[name] for name in sorted(found, key=lambda name: -found[name]) if found[name]}


def carried_on(bidders: dict[str, Any], request: str, *names: str) -> State:
    """The state after these bidders have worked on a request one after another."""
    state = state_of(request=request)
    for name in names:
        bidder = bidders[name]
        text = delivered(bidder, win(announce(state, request=request)))
        state = State((*state.segments, Segment(text, kind=bidder._kind, author=name)))
    return state


def test_the_market_is_complete() -> None:
    assert warnings(load_config(CONFIG)) == []


def test_who_knows_the_user_bids_most_for_a_bare_tour_and_nobody_presents_it(bidders: dict[str, Any]) -> None:
    found = bids(bidders, TOUR)
    assert next(iter(found)) == "diary"
    assert set(found) == {"diary", "guide", "local", "transport", "hotels"}


def test_once_the_preferences_are_known_the_guide_passes_and_the_locals_lead(bidders: dict[str, Any]) -> None:
    found = bids(bidders, TOUR, carried_on(bidders, TOUR, "diary"), price="3")
    assert next(iter(found)) == "local"
    assert "guide" not in found


def test_a_finished_state_is_worth_most_to_a_presenter(bidders: dict[str, Any]) -> None:
    finished = carried_on(bidders, TOUR, "diary", "local", "transport", "hotels")
    assert next(iter(bids(bidders, TOUR, finished, price="6.50"))) == "planner"
    half = carried_on(bidders, TOUR, "diary", "local")
    assert next(iter(bids(bidders, TOUR, half, price="5.50"))) in {"transport", "hotels"}


@pytest.mark.parametrize(
    ("request_text", "first"),
    [
        ("a quiet weekend in Porto for someone who hates water", "local"),
        ("How do I get from the airport to my hotel in Lisbon by public transport?", "transport"),
        ("Recommend a cheap guesthouse in Porto near a station", "hotels"),
    ],
)
def test_another_request_goes_to_whoever_finds_most_for_it(
    bidders: dict[str, Any], request_text: str, first: str
) -> None:
    assert next(iter(bids(bidders, request_text))) == first


@pytest.mark.parametrize("request_text", ["write a haiku about winter", "Fix this bug in my Python code"])
def test_what_nobody_knows_anything_about_nobody_bids_for(bidders: dict[str, Any], request_text: str) -> None:
    assert bids(bidders, request_text) == {}


def test_what_is_private_in_the_notebook_is_not_sold(bidders: dict[str, Any]) -> None:
    sold = carried_on(bidders, TOUR, "diary").text
    assert "surfing is my favourite" in sold
    assert not [word for word in ("dentist", "tap", "Caroline", "audit", "blood") if word in sold]


@pytest.mark.slow
def test_the_whole_market_comes_out_the_same_in_every_process(tmp_path: Path) -> None:
    outcomes = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", RUN, str(CONFIG), str(tmp_path / f"{seed}.db"), TOUR]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outcomes.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(outcomes) == 1
