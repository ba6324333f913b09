"""What a request's text says of how hard it is: learned where it says something, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import DIMENSIONS_MAX, shape_and_words
from bidders.policies.pooled.kinds import UNKNOWN_KIND, Forecast, Sums, forecast_from
from orchestrator import Contribution, Lesson, Observation, Work

EASY = "How many apples are left of {} apples?"
HARD = "Let $f_{{{}}}$ be a polynomial whose roots lie on $|z|=1$; find $f(2)$."
PLAYERS = {"cheap": 0.001, "dear": 0.03}
BOUNTY_USD = 0.1


def lessons(*, told_apart: bool, count: int = 200) -> list[Lesson]:
    """Half of the questions are easy for both players, the others only for the dear one."""
    draws = np.random.default_rng(3)
    made = []
    for number in range(count):
        is_hard = bool(draws.random() < 0.5)
        looks_hard = is_hard if told_apart else bool(draws.random() < 0.5)
        text = (HARD if looks_hard else EASY).format(number)
        rights = {"cheap": draws.random() < (0.05 if is_hard else 0.97), "dear": draws.random() < 0.95}
        works = tuple(
            Work(name, "right" if right else f"wrong {draws.integers(99)}", float(right), PLAYERS[name])
            for name, right in rights.items()
        )
        made.append(Lesson(text, BOUNTY_USD, works))
    return made


def bids(policy: BayesPolicy, memory: object, text: str) -> dict[str, float]:
    lots = [Observation(name, "transformer", 1, 9, BOUNTY_USD, request=text.format(7)) for name in PLAYERS]
    return dict(zip(PLAYERS, policy.value(memory, lots).means, strict=True))


def test_a_text_that_tells_hard_from_easy_decides_who_works_first() -> None:
    policy = BayesPolicy()
    memory = policy.practise(None, lessons(told_apart=True))
    easy, hard = bids(policy, memory, EASY), bids(policy, memory, HARD)
    assert easy["cheap"] > easy["dear"]
    assert hard["dear"] > hard["cheap"]
    assert json.loads(json.dumps(memory)) == memory


def test_a_text_that_tells_nothing_changes_nothing() -> None:
    policy = BayesPolicy()
    memory = policy.practise(None, lessons(told_apart=False))
    easy, hard = bids(policy, memory, EASY), bids(policy, memory, HARD)
    for name in PLAYERS:
        assert easy[name] == pytest.approx(hard[name], abs=0.12 * BOUNTY_USD)
    assert max(easy, key=lambda name: easy[name]) == max(hard, key=lambda name: hard[name])


def test_requests_of_one_text_are_of_one_kind_in_each_part_however_their_levels_differ() -> None:
    """Leaving out single requests would tell them apart by their own levels, the wrong way round."""
    draws = np.random.default_rng(0)
    targets = np.stack([draws.normal(0.5, 3.0, 200), np.zeros(200), np.ones(200)], axis=1)
    forecast, foretold = forecast_from(Sums.none(3), np.full((200, 3), 0.4), targets, np.ones(200))
    for part in range(5):
        assert len(set(foretold.kinds[part::5].tolist())) == 1
    assert len(set(forecast.foretell(np.full((9, 3), 0.4)).kinds.tolist())) == 1


def test_before_anything_is_known_a_text_is_of_unknown_kind() -> None:
    nothing = Forecast(np.zeros((4, 3)))
    assert nothing.foretell(np.ones((2, 3))).kinds.tolist() == [UNKNOWN_KIND] * 2


def test_another_embedding_than_the_one_learned_from_says_nothing() -> None:
    learned, _ = forecast_from(Sums.none(3), np.eye(3), np.ones((3, 3)), np.ones(3))
    assert learned.foretell(np.ones((1, 5))).kinds.tolist() == [UNKNOWN_KIND]
    assert Sums.of(np.eye(3), np.ones((3, 3)), np.ones(3)).fitting(5).squares.shape == (6, 6)


@pytest.mark.parametrize("text", ["", "plain words", "\x00\ud800", "9" * 50_000, EASY, HARD], ids=range(6))
def test_a_text_is_at_most_64_numbers_between_minus_1_and_1(text: str) -> None:
    numbers = shape_and_words(text)
    assert len(numbers) == DIMENSIONS_MAX
    assert all(-1.0 <= number <= 1.0 for number in numbers)


def mixed(count: int = 100) -> list[Lesson]:
    """Sums, whose answers can be compared, and letters, which claim nothing."""
    sums = lessons(told_apart=True, count=count)
    letters = [
        Lesson(
            f"Write a warm letter to aunt {number}.",
            BOUNTY_USD,
            tuple(Work(name, "", 0.9, cost_usd) for name, cost_usd in PLAYERS.items()),
        )
        for number in range(count)
    ]
    return [each for pair in zip(sums, letters, strict=True) for each in pair]


def presented(policy: BayesPolicy, memory: object, text: str) -> float:
    """What a presenter bids for a state on which one player worked and claimed nothing, as a share of the bounty."""
    lot = Observation(
        "presenter", "presenter", 2, 9, BOUNTY_USD, request=text, contributions=(Contribution("dear", ""),)
    )
    return policy.value(memory, [lot]).means[0] / BOUNTY_USD


@pytest.fixture(scope="module")
def practised_on_both() -> Any:
    """A memory of letters and sums; nobody changes it."""
    return BayesPolicy().practise(None, mixed())


def test_where_answers_are_never_claims_a_work_without_one_has_not_failed(practised_on_both: Any) -> None:
    policy = BayesPolicy()
    assert presented(policy, practised_on_both, "Write a warm letter to aunt Maud.") > 0.7
    assert presented(policy, practised_on_both, EASY.format(7)) < 0.3


def test_letters_teach_nothing_about_who_is_right_in_sums(practised_on_both: Any) -> None:
    policy = BayesPolicy()
    alone = bids(policy, policy.practise(None, lessons(told_apart=True, count=100)), EASY)
    beside = bids(policy, practised_on_both, EASY)
    assert beside == pytest.approx(alone, abs=0.1 * BOUNTY_USD)
