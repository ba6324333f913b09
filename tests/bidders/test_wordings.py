"""Wordings: claims that tell nothing of who is right are taken for none, and others for what they are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.wordings import Pairs, Wordings, after_tasks, mean_pairs, weights_of
from orchestrator import Contribution, Lesson, Verdict, Work
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, observe

NAMES = ("cheap", "fair", "dear")
COSTS_USD = {"cheap": 0.001, "fair": 0.004, "dear": 0.02}
CODE, CHOICE = "Fix the parser of module {} so that its tests pass.", "Which of A, B, C or D is right in case {}?"


def task(number: int, text: str, *, alike: bool, draws: np.random.Generator) -> Lesson:
    """A task that each solves with the same chance; right answers read alike, or each in its own way."""
    works = []
    for name in NAMES:
        is_right = bool(draws.random() < 0.6)
        right = "right" if alike else f"{name}'s own"
        claim = right if is_right else f"{name}'s wrong {draws.integers(1000)}"
        works.append(Work(name, claim, float(is_right), COSTS_USD[name]))
    return Lesson(text.format(number), BOUNTY_USD, tuple(works))


def tasks(count: int, text: str = CODE, *, alike: bool = False, seed: int = 0) -> list[Lesson]:
    draws = np.random.default_rng(seed)
    return [task(number, text, alike=alike, draws=draws) for number in range(count)]


def known(*groups: list[Lesson]) -> Wordings:
    """What is known after groups of tasks, one after another."""
    stored: dict[str, Any] = {}
    for group in groups:
        stored = json.loads(json.dumps(after_tasks(stored, group, shape_and_words)[0]))
    return Wordings(weights_of(stored), shape_and_words)


# --- what pairs of works say ---


@pytest.mark.parametrize(
    ("pairs", "tell_nothing"),
    [
        (Pairs(both_right=0.36, both_right_alike=0.36, alike=0.4, right=0.6, right_alike=0.36), False),
        (Pairs(both_right=0.36, both_right_alike=0.0, alike=0.0, right=0.6, right_alike=0.0), True),
        (Pairs(both_right=0.36, both_right_alike=0.36, alike=0.6, right=0.6, right_alike=0.36), True),
        (Pairs(both_right=0.36, both_right_alike=0.18, alike=0.2, right=0.6, right_alike=0.18), False),
    ],
    ids=["right answers read alike", "each in its own way", "wrong ones agree as often", "half of them"],
)
def test_claims_tell_where_right_works_agree_more_often_than_others(pairs: Pairs, tell_nothing: bool) -> None:
    assert pairs.tell_nothing is tell_nothing


def test_tasks_that_claims_settle_keep_no_texts_and_leave_all_claims() -> None:
    lessons = tasks(50, alike=True)
    stored, told = after_tasks({}, lessons, shape_and_words)
    assert told == lessons
    assert list(stored) == ["settled"]
    assert not known(lessons)
    assert mean_pairs(stored) is None


def test_settled_tasks_on_which_those_who_agree_are_wrong_as_often_tell_nothing() -> None:
    """Hardly anybody is right, and one error suggests itself: what most agree on was shown, and refused."""
    draws = np.random.default_rng(4)
    lessons = []
    for number in range(200):
        claims = [
            "right" if draws.random() < 0.05 else "popular" if draws.random() < 0.5 else f"wrong {draws.integers(9)}"
            for _ in range(6)
        ]
        works = tuple(
            Work(f"bidder {place}", claim, float(claim == "right"), 0.001) for place, claim in enumerate(claims)
        )
        lessons.append(Lesson(f"question {number}", BOUNTY_USD, works))
    stored, told = after_tasks({}, lessons, shape_and_words)
    assert "sums" in stored
    assert all(not work.claim for lesson in told for work in lesson.works)


def test_claims_of_tasks_whose_right_answers_all_differ_are_left_out() -> None:
    stored, told = after_tasks({}, tasks(50), shape_and_words)
    assert all(not work.claim for lesson in told for work in lesson.works)
    pairs = mean_pairs(stored)
    assert pairs is not None
    assert pairs.lost_by_differing < 0.15
    assert known(tasks(50)).tell_nothing(CODE.format(99))


def test_texts_tell_on_which_requests_claims_tell() -> None:
    both = [*tasks(300), *tasks(300, CHOICE, alike=True)]
    wordings = known(both)
    assert wordings.tell_nothing(CODE.format(999))
    assert not wordings.tell_nothing(CHOICE.format(999))


def test_a_few_odd_tasks_after_many_that_claims_have_settled_change_nothing() -> None:
    settled, odd = tasks(300, alike=True), tasks(10, seed=1)
    assert not known(settled, odd).tell_nothing(CODE.format(999))
    assert known(odd).tell_nothing(CODE.format(999)), "the control: by these alone it would"


def test_it_is_the_same_whether_tasks_come_at_once_or_one_after_another() -> None:
    odd, more = tasks(40), tasks(40, CHOICE, alike=True, seed=1)
    assert known(odd, more).weights == pytest.approx(known([*odd, *more]).weights, abs=1e-5)


def test_of_texts_with_other_numbers_nothing_is_known() -> None:
    weights = known(tasks(50)).weights
    assert not Wordings(weights, lambda text: [float(len(text))]).tell_nothing(CODE)


# --- what a pool makes of that ---


def means(
    policy: BayesPolicy, memory: Any, held: tuple[Contribution, ...], *, role: str = "transformer"
) -> list[float]:
    names = [name for name in NAMES if name not in {each.author for each in held}] if role == "transformer" else ["p"]
    return list(policy.value(memory, [observe(name, role, held, request=CODE.format(999)) for name in names]).means)


def test_all_bidders_are_worth_what_they_are_and_the_dear_one_is_not_asked_for_more() -> None:
    """The pool took the one whose claims it had begun to believe for the only one that is ever right."""
    policy = BayesPolicy(pool="all", exploration=0.0)
    memory = policy.practise(None, tasks(1000))
    first = means(policy, memory, ())
    assert first == pytest.approx([0.6 * BOUNTY_USD - COSTS_USD[name] for name in NAMES], abs=0.06 * BOUNTY_USD)
    assert first[2] == min(first)
    held = (Contribution("cheap", "x"),)
    assert means(policy, memory, held, role="presenter")[0] > means(policy, memory, held)[1], "what the dear one adds"
    assert means(policy, memory, held, role="presenter")[0] == pytest.approx(0.6 * BOUNTY_USD, rel=0.1)


def test_agreement_is_no_evidence_where_it_tells_nothing() -> None:
    policy = BayesPolicy(pool="all")
    differ, agree = (tuple(Contribution(name, claim) for name, claim in zip(NAMES, claims, strict=True))
                     for claims in ("xyz", "xxx"))  # fmt: skip
    without, with_ = policy.practise(None, tasks(200)), policy.practise(None, tasks(200, alike=True))
    assert means(policy, without, agree, role="presenter") == means(policy, without, differ, role="presenter")
    assert means(policy, with_, agree, role="presenter") > means(policy, with_, differ, role="presenter")


def test_of_claims_that_tell_nothing_the_latest_is_shown_first() -> None:
    policy = BayesPolicy(pool="all")
    held = tuple(Contribution(name, claim) for name, claim in zip(NAMES, "xyx", strict=True))
    seen = observe("p", "presenter", held, request=CODE.format(999))
    ranked = policy.best_claims(policy.practise(None, tasks(200)), seen)
    assert [claim for claim, _ in ranked] == ["x", "y"]
    assert len({chance for _, chance in ranked}) == 1


def test_what_users_took_there_teaches_what_works_that_claim_nothing_teach() -> None:
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, tasks(200))
    offer = receipt(bidder="p", role="presenter", request=CODE.format(7), contributions=(Contribution("fair", "x"),),
                    verdict=Verdict("x"))  # fmt: skip
    assert policy.learn(memory, [offer])["offers"]["stored"]
    settled = policy.practise(None, tasks(200, alike=True))
    assert not policy.learn(settled, [offer])["offers"]["stored"], "the control: there its claim is compared"


def test_it_is_shown_what_agreement_tells() -> None:
    policy = BayesPolicy(pool="all")
    titles = [table.title for table in policy.describe(policy.practise(None, tasks(50)))]
    assert "What agreement tells on practised tasks, on average" in titles
    assert not any("agreement" in each.title for each in policy.describe(policy.practise(None, tasks(50, alike=True))))


def test_a_bidder_without_a_pool_learns_there_from_what_was_refused() -> None:
    policy = BayesPolicy()
    memory = policy.practise(None, tasks(200))
    refused = [
        receipt(
            request_id=f"r{number}",
            bidder="fair",
            request=CODE.format(number),
            claim=f"patch {number}",
            outcome="rejected",
            in_picked_chain=False,
            observed=(("estimate", 0.5),),
        )
        for number in range(60)
    ]
    learned = policy.learn(memory, refused)
    seen = [observe("fair", "transformer", (), request=CODE.format(999), estimate=0.5)]
    assert policy.value(learned, seen).means[0] < 0.5 * policy.value(memory, seen).means[0]


def test_no_lesson_changes_nothing() -> None:
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, tasks(50))
    assert policy.practise(memory, []) == memory


def test_under_another_embedding_one_begins_with_what_is_expected_of_any_task() -> None:
    stored, _ = after_tasks({}, [*tasks(100, alike=True), *tasks(1)], shape_and_words)
    _, told = after_tasks(stored, tasks(1, seed=1), lambda text: [float(len(text))])
    assert told == tasks(1, seed=1), "one odd task alone decides nothing"
