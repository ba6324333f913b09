"""What a pool keeps of offers whose works claim nothing: those that the user has seen, in one order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bidders.policies.pooled.embedding import condensed, embedded, shape_and_words
from bidders.policies.pooled.forgetting import Forgetting
from bidders.policies.pooled.offers import (
    Offers,
    after_offers,
    after_scored,
    no_offers,
    recent_authors,
    uptake_of,
)
from bidders.policies.pooled.settings import LearningSettings
from bidders.policies.pooled.world import Floats
from orchestrator import Contribution, Lesson, Receipt
from orchestrator.bidding.policy import Work
from tests.bidders.lots import offer

WINDOW = 100


def kept(*receipts: Receipt, offers: Offers | None = None, window: int = WINDOW) -> Offers:
    return after_offers(offers or no_offers(), receipts, settings(window=window))


def settings(answers: int = 1, window: int = WINDOW) -> LearningSettings:
    return LearningSettings(shape_and_words, Forgetting(0.01, window), answers, 0.5)


def told(text: str) -> Floats:
    return condensed(embedded(shape_and_words, text))


def test_an_offer_is_kept_with_whose_work_it_holds_who_made_it_and_whether_it_was_taken() -> None:
    found = kept(offer(1, "a", "b"), offer(2, "b", taken=False, outcome="rejected"))
    assert found["names"] == ["transformer/a", "transformer/b", "presenter/p"]
    assert [(row["authors"], row["presenter"], row["taken"]) for row in found["stored"]] == [
        ([0, 1], 2, 1.0),
        ([1], 2, 0.0),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"role": "transformer"},
        {"won": False},
        {"outcome": "expired"},
        {"outcome": "failed"},
        {"contributions": ()},
        {"contributions": (Contribution("a", ""), Contribution("b", "claim"))},
    ],
    ids=["a work", "not won", "not seen", "failed", "empty", "comparable"],
)
def test_nothing_is_kept_of_what_says_nothing_about_offers(other: dict[str, Any]) -> None:
    assert kept(offer(1, **other)) == no_offers()
    assert kept(offer(1)) != no_offers()


def test_where_an_offer_repeats_some_works_only_these_are_kept_and_the_others_counted() -> None:
    found = kept(offer(1, "a", "b", "c", repeats=("c", "a")), offer(2, "a", "b"), offer(3, "a", repeats=("a",)))
    authors = [[found["names"][one] for one in row["authors"]] for row in found["stored"]]
    assert authors == [["transformer/a", "transformer/c"], ["transformer/a", "transformer/b"], ["transformer/a"]]
    assert [row.get("hidden", 0) for row in found["stored"]] == [1, 0, 0]
    assert uptake_of(found, shape_and_words, 0.5, Forgetting(0.01, WINDOW)).visible == 2


def test_who_has_worked_twice_counts_where_it_worked_last() -> None:
    (row,) = kept(offer(1, "a", "b", "a"))["stored"]
    assert row["authors"] == [1, 0]


def test_the_order_of_receipts_makes_no_difference() -> None:
    receipts = [offer(number, *"ab"[: 1 + number % 2], taken=number % 3 == 0) for number in range(6)]
    assert kept(*receipts) == kept(*receipts[::-1])


def test_what_is_believed_is_worked_out_anew_when_a_twentieth_has_come() -> None:
    offers = kept(*(offer(number) for number in range(40)))
    assert offers["fitted"] == 40
    more = kept(offer(41), offer(42), offers=offers)
    assert (more["fitted"], more["id"], len(more["stored"])) == (40, offers["id"], 42)
    enough = kept(offer(43), offers=more)
    assert enough["fitted"] == len(enough["stored"]) == 43
    assert enough["id"] != offers["id"]


def test_the_latest_are_kept_and_never_part_of_those_that_a_belief_rests_on() -> None:
    offers = no_offers()
    for number in range(60):
        before = offers
        offers = kept(offer(number, taken=number % 2 == 0), offers=offers, window=20)
        assert len(offers["stored"]) <= 21
        if offers["id"] == before["id"]:
            assert offers["stored"][: offers["fitted"]] == before["stored"][: before["fitted"]]
    assert offers["stored"][-1] == kept(offer(59, taken=False))["stored"][-1]


def test_what_is_kept_survives_storage_to_the_digit() -> None:
    offers = kept(*(offer(number, *"abc"[: 1 + number % 3], taken=number % 2 == 0) for number in range(12)))
    offers = after_scored(offers, [_lesson(0.8, 0.1)], settings())
    back: Offers = json.loads(json.dumps(offers))
    first, second = (uptake_of(each, shape_and_words, 0.5, Forgetting(0.01, WINDOW)) for each in (offers, back))
    assert first.weights.tolist() == second.weights.tolist()


def test_older_offers_count_less() -> None:
    seen = kept(*(offer(number, taken=number < 50) for number in range(100)))
    fading, lasting = (uptake_of(seen, shape_and_words, 0.5, Forgetting(rate, WINDOW)) for rate in (0.1, 0.0))
    numbers = told("Plan tour 1")
    assert fading.helps(numbers).log_odds([0]) < lasting.helps(numbers).log_odds([0]) - 1.0


def test_works_that_were_scored_alone_say_who_is_better() -> None:
    offers = after_scored(no_offers(), [_lesson(0.9, 0.1)] * 20, settings())
    uptake = uptake_of(offers, shape_and_words, 0.5, Forgetting(0.0, WINDOW))
    helps = uptake.helps(told("Plan a tour"))
    assert helps.added[uptake.row(0)] > helps.added[uptake.row(1)] + 1.0


@pytest.mark.parametrize(("answers", "adds"), [(1, False), (2, True)])
def test_where_several_works_are_shown_one_good_one_is_enough(answers: int, adds: bool) -> None:
    """Of two bidders each is right where the other is wrong: together they always are."""
    lessons = [
        _lesson(float(number % 2), float(1 - number % 2))._replace(request=f"Tour {number}") for number in range(60)
    ]
    offers = after_scored(no_offers(), lessons, settings(answers))
    helps = uptake_of(offers, shape_and_words, 0.5, Forgetting(0.0, WINDOW)).helps(told("Tour 7"))
    assert (helps.log_odds([0, 1]) > helps.log_odds([0]) + 1.0) == adds


def test_who_has_practised_is_a_colleague_until_offers_are_seen() -> None:
    offers = after_scored(no_offers(), [_lesson(0.9, 0.1)], settings())
    assert recent_authors(offers) == ["a", "b"]
    assert recent_authors(kept(offer(1, "b"), offers=offers)) == ["b"]


def test_until_one_is_seen_to_leave_any_out_offers_show_as_many_works_as_was_thought() -> None:
    thought = [
        uptake_of(each, shape_and_words, 0.5, Forgetting(0.01, WINDOW), 3).visible
        for each in (no_offers(), kept(offer(1, "a")), kept(offer(1, "a", "b", repeats=("b",))))
    ]
    assert thought == [3, 3, 1]


def test_colleagues_are_those_whose_work_was_offered_of_late() -> None:
    offers = kept(offer(0, "gone"), *(offer(number, "a", "b") for number in range(1, 101)), window=500)
    assert recent_authors(offers) == ["a", "b"]


def _lesson(*scores: float) -> Lesson:
    works = tuple(Work(name, "", score, 0.0) for name, score in zip("ab", scores, strict=True))
    return Lesson("Plan a tour", 1.0, works)
