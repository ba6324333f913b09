"""Presenters: what they bid, and that their offers say what the state says and nothing else."""

from __future__ import annotations

from functools import reduce

import pytest

from bidders.policies.tracker import TrackerPolicy
from bidders.presenters import TASTES, PresenterBidder
from orchestrator import Segment, errors
from tests.bidders.lots import announce, bid_usd, delivered, pass_reason, receipt, state_of, win

STYLES = list(TASTES)
DIARY = Segment("I prefer gardens, bread and benches. Never casinos.", kind="preference", author="diary")
WALKS = Segment(
    "Moss garden: A garden in Arden opens at 8:00.\n\nBench: A bench with bread, at 14:00.\n\n"
    "Royal casino: The casino, casinos all night, in Arden.",
    kind="activity",
    author="walks",
)
BEDS = Segment("Inn: A bed beside the gardens, bread included.", kind="lodging", author="beds")
STATES = [state_of(), state_of(DIARY, WALKS), state_of(DIARY, WALKS, BEDS)]


@pytest.mark.parametrize("style", STYLES)
def test_a_bare_request_is_not_presented(style: str) -> None:
    assert pass_reason(PresenterBidder("p", style), announce()) == "nothing to present yet"


@pytest.mark.parametrize("style", STYLES)
def test_a_fuller_state_is_bid_for_higher(style: str) -> None:
    bids = [bid_usd(PresenterBidder("p", style), announce(state)) for state in STATES]
    assert bids == sorted(bids)
    assert len(set(bids)) == len(bids)


@pytest.mark.parametrize("style", STYLES)
def test_no_chance_of_acceptance_exceeds_certainty(style: str) -> None:
    taste = TASTES[style]
    added = taste.variety + taste.volume + taste.preferences + taste.coverage + max(taste.dated, taste.undated)
    assert 0 < taste.base + added <= 1


def test_styles_want_different_states() -> None:
    little = announce(state_of(BEDS, request="Where to stay in Arden"), request="Where to stay in Arden")
    assert bid_usd(PresenterBidder("l", "list"), little) > bid_usd(PresenterBidder("p", "plan"), little)
    anonymous, known = state_of(WALKS), state_of(DIARY, WALKS)
    gains = {
        style: bid_usd(PresenterBidder("p", style), announce(known))
        - bid_usd(PresenterBidder("p", style), announce(anonymous))
        for style in STYLES
    }
    assert max(gains, key=lambda style: gains[style]) == "letter"


def test_without_a_policy_of_its_own_a_presenter_bids_the_chance_that_it_guesses() -> None:
    announcement = announce(STATES[2])
    plain = PresenterBidder("p", "plan")
    assert bid_usd(plain, announcement) == pytest.approx(plain.appraise(announcement).estimate * 10)


@pytest.mark.parametrize("brought", [10, 0])
def test_a_presenter_that_learns_comes_to_bid_what_its_offers_have_brought_whatever_it_guesses(brought: int) -> None:
    policy = TrackerPolicy()
    sold = [receipt(role="presenter", revenue_nanos=brought * 10**9)]
    memory = reduce(lambda learned, _: policy.learn(learned, sold), range(30), None)
    learned, announcement = PresenterBidder("p", "plan", policy), announce(STATES[2], memory=memory)
    assert learned.appraise(announcement).estimate == pytest.approx(0.49, abs=0.01)
    assert bid_usd(learned, announcement) == pytest.approx(brought, abs=0.5)


@pytest.mark.parametrize("style", STYLES)
def test_an_offer_heeds_what_the_user_avoids_and_repeats_nothing(style: str) -> None:
    twice = state_of(DIARY, WALKS, BEDS, WALKS)
    text = delivered(PresenterBidder("p", style), win(announce(twice)))
    assert "Never casinos." in text
    assert "Royal casino" not in text
    assert text.count("A garden in Arden opens") == 1
    assert "A bed beside the gardens" in text


def test_what_nobody_said_to_avoid_is_shown() -> None:
    assert "Royal casino" in delivered(PresenterBidder("p", "list"), win(announce(state_of(WALKS))))


def test_a_plan_has_a_part_for_each_day_and_lists_the_rest_below() -> None:
    planner = PresenterBidder("p", "plan", day_kinds=["activity"])
    lines = delivered(planner, win(announce(STATES[2]))).splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## Day 1", "## Day 2", "## Lodging"]
    assert any(line.startswith("- **Morning**: Moss garden. A garden in Arden") for line in lines)
    assert any(line.startswith("- **Afternoon**: Bench.") for line in lines)


def test_a_request_without_days_gets_a_list() -> None:
    request = "Where to go in Arden"
    text = delivered(PresenterBidder("p", "plan"), win(announce(state_of(WALKS, request=request), request=request)))
    assert "Day 1" not in text
    assert "## Activity" in text


@pytest.mark.parametrize("style", STYLES)
def test_every_sentence_of_an_offer_but_its_frame_is_in_the_state(style: str) -> None:
    text = delivered(PresenterBidder("p", style), win(announce(STATES[2])))
    frame = {"You asked", "I kept to what you say of yourself", "It heeds what you say of yourself", "Left free"}
    labels = {"Day 1", "Day 2", "Activity", "Lodging", "Morning", "Afternoon", "Evening"}
    for mark in "#*“”-\n:":
        text = text.replace(mark, ".")
    said = STATES[2].text.replace(":", ".").replace("-", ".")
    for sentence in filter(None, (piece.strip() for piece in text.split("."))):
        assert sentence in said or sentence in frame | labels


@pytest.mark.parametrize("style", STYLES)
def test_a_colon_inside_a_sentence_stays_one(style: str) -> None:
    text = "Our refund policy: customers get money back.\n\nMoss garden: A garden in Arden."
    offer = delivered(PresenterBidder("p", style), win(announce(state_of(Segment(text, kind="rule", author="notes")))))
    assert "Our refund policy: customers get money back." in offer
    assert "Moss garden. A garden in Arden." in offer


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(errors.InvalidConfig, match="plan, list, letter"):
        PresenterBidder("p", "song")
