"""Who is believed too much: those who agree on what is wrong, and whoever of many happens to fit noise."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bidders.policies import bayes
from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled import abilities, regressions
from orchestrator import Contribution, Lesson, Observation, Work
from tests.bidders.quiz import BOUNTY_USD, QUESTION

ABILITIES = (0.5, 0.5, 2.0, 2.2, 2.5, 1.0, 0.3, 2.6)
WEAK, STRONG = 0, 7
SPREAD = 3.0
WRITERS, LEVEL = 20, 0.7
PIECES = ["plain words", "SHOUTED", "2024 and 365", "$#%&!", "\n\n", "extraordinarily", "a b c d e"]


def multiple_choice(seed: int, questions: int) -> list[Lesson]:
    """Questions with four answers; half of those who fail take the same wrong one, which looks like the right one."""
    draws = np.random.default_rng(seed)
    made = []
    for _ in range(questions):
        level, works = SPREAD * draws.standard_normal(), []
        for player, ability in enumerate(ABILITIES):
            is_right = draws.random() < 1.0 / (1.0 + np.exp(level - ability))
            answer = "A" if is_right else str(draws.choice(["B", "C", "D"], p=[0.5, 0.3, 0.2]))
            works.append(Work(f"player {player}", answer, float(is_right), 0.0001))
        made.append(Lesson(QUESTION, BOUNTY_USD, tuple(works)))
    return made


def bid_and_right() -> tuple[float, float]:
    """What is bid for the strong player's answer where the weak one has another, and how often it is right."""
    policy = BayesPolicy()
    memory = policy.practise(None, multiple_choice(1, 300))
    differing = [each for each in multiple_choice(2, 500) if each.works[WEAK].claim != each.works[STRONG].claim]

    @cache
    def bid(weak: str, strong: str) -> float:
        works = (Contribution(f"player {WEAK}", weak), Contribution(f"player {STRONG}", strong))
        seen = Observation("presenter", "presenter", 3, 9, BOUNTY_USD, request=QUESTION, contributions=works)
        return dict(policy.best_claims(memory, seen))[strong]

    bids = [bid(each.works[WEAK].claim, each.works[STRONG].claim) for each in differing]
    return float(np.mean(bids)), float(np.mean([each.works[STRONG].score for each in differing]))


def test_where_those_who_fail_agree_the_stronger_of_two_is_believed_as_often_as_it_is_right() -> None:
    bid, right = bid_and_right()
    assert bid == pytest.approx(right, abs=0.06)


@pytest.mark.slow
def test_without_a_bound_on_decoys_what_most_agree_on_who_fail_is_thought_evident(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(abilities, "_DECOY_MAX", 1.0)
    # A rehearsal finds it out, and gives the claims up.
    monkeypatch.setattr(bayes, "is_misled", lambda lessons, value, show: False)
    bid, right = bid_and_right()
    assert bid < right - 0.15


def best_promise() -> float:
    """The most that any of many equal writers bids for texts that it has not seen, as a share of the bounty."""
    draws = np.random.default_rng(4)
    texts = [" ".join(draws.choice(PIECES, draws.integers(2, 12))) + f" {number}" for number in range(160)]
    lessons = [
        Lesson(
            text,
            BOUNTY_USD,
            tuple(Work(f"writer {number}", "", float(draws.random() < LEVEL), 0.0) for number in range(WRITERS)),
        )
        for text in texts[:100]
    ]
    policy = BayesPolicy()
    memory = policy.practise(None, lessons)
    bids = [
        max(
            policy.value(
                memory,
                [
                    Observation(f"writer {number}", "transformer", 1, 9, BOUNTY_USD, request=text)
                    for number in range(WRITERS)
                ],
            ).means
        )
        for text in texts[100:]
    ]
    return float(np.mean(bids)) / BOUNTY_USD


@pytest.mark.slow
def test_the_best_bid_of_many_equal_writers_is_about_what_each_is_worth() -> None:
    assert best_promise() == pytest.approx(LEVEL, abs=0.08)


@pytest.mark.slow
def test_writers_free_to_differ_in_every_number_of_a_text_promise_what_fits_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regressions, "_OWN_PRECISION", 4.0)
    assert best_promise() > LEVEL + 0.1
