"""Rehearsal: beliefs that bring less on practised tasks than the best bidder alone are given up."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.rehearsal import TASKS_MIN, is_misled
from bidders.policies.pooled.wordings import Wordings, after_tasks, mean_pairs, misled, weights_of
from orchestrator import Contribution, Lesson, Observation, Work
from tests.bidders.quiz import BOUNTY_USD, Player, Quiz

ABILITIES = {f"bidder {number}": -0.8 + 0.3 * number for number in range(9)}
COSTS_USD = {name: 0.0003 * 1.7**number for number, name in enumerate(ABILITIES)}


def many_wordings(count: int, seed: int = 0) -> list[Lesson]:
    """Right answers are written the usual way in half of all cases; wrong ones agree now and then."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(count):
        level = draws.standard_normal()
        works = []
        for name, ability in ABILITIES.items():
            is_right = bool(draws.random() < 1 / (1 + np.exp(1.5 * (level - ability))))
            worded = "" if draws.random() < 0.5 else f" in words {draws.integers(9)}"
            wrong = "near" if draws.random() < 0.35 else f"wrong {draws.integers(999)}"
            works.append(Work(name, ("right" if is_right else wrong) + worded, float(is_right), COSTS_USD[name]))
        found.append(Lesson(f"question {number}", BOUNTY_USD / 3, tuple(works)))
    return found


def brought(policy: BayesPolicy, lessons: list[Lesson], tasks: list[Lesson]) -> tuple[float, float]:
    """What a practised pool brings on tasks, and what the bidder does that was best alone."""
    memory = policy.practise(None, lessons)
    gained = 0.0
    for task in tasks:
        held: tuple[Contribution, ...] = ()
        works = {work.bidder: work for work in task.works}
        while True:
            left = [name for name in works if name not in {each.author for each in held}]
            lot = [
                Observation(name, "transformer", 1, 12, task.bounty_usd, request=task.request, contributions=held)
                for name in left
            ]
            lot.append(Observation("p", "presenter", 1, 12, task.bounty_usd, request=task.request, contributions=held))
            means = policy.value(memory, lot).means
            place = int(np.argmax(means))
            if place == len(left):
                shown = policy.best_claims(memory, lot[-1])[0][0]
                gained += task.bounty_usd * max(work.score for work in task.works if work.claim == shown)
                break
            gained -= works[left[place]].cost_usd
            held = (*held, Contribution(left[place], works[left[place]].claim))
    alone = {
        name: sum(
            work.score * each.bounty_usd - work.cost_usd
            for each in lessons
            for work in each.works
            if work.bidder == name
        )
        for name in ABILITIES
    }
    best = max(alone, key=lambda name: alone[name])
    return gained, sum(
        work.score * each.bounty_usd - work.cost_usd for each in tasks for work in each.works if work.bidder == best
    )


def test_where_right_answers_read_differently_a_practised_pool_is_not_below_its_best_bidder() -> None:
    """It paid for more and more works, each to settle what the others had only worded differently."""
    gained, alone = brought(BayesPolicy(pool="all", exploration=0.0), many_wordings(400), many_wordings(150, seed=1))
    assert gained > 0.97 * alone


def test_a_pool_whose_claims_settle_who_is_right_goes_on_comparing_them() -> None:
    players = {name: Player(ability, COSTS_USD[name]) for name, ability in ABILITIES.items()}
    policy = BayesPolicy(pool="all")
    memory = policy.practise(None, Quiz(players, policy).lessons(300))
    assert "sums" not in memory["wordings"]


def greedy(seen: Sequence[Observation]) -> list[float]:
    """Asks everybody before it shows anything."""
    return [1.0 if each.role == "transformer" else 0.5 for each in seen]


def modest(seen: Sequence[Observation]) -> list[float]:
    """Shows what the first one says."""
    return [2.0 if each.role == "presenter" else float(each.bidder == "good") for each in seen]


def tasks(count: int) -> list[Lesson]:
    works = (Work("good", "x", 1.0, 0.01), Work("bad", "y", 0.0, 0.05))
    return [Lesson(f"question {number}", BOUNTY_USD, works) for number in range(count)]


@pytest.mark.parametrize(
    ("value", "count", "misled"), [(greedy, 60, True), (modest, 60, False), (greedy, TASKS_MIN - 1, False)]
)
def test_who_pays_for_more_than_it_brings_is_misled(value: object, count: int, misled: bool) -> None:
    assert is_misled(tasks(count), value, lambda seen: ["x"]) is misled  # type: ignore[arg-type]


def test_tasks_without_works_or_bounties_say_nothing() -> None:
    empty = [Lesson(f"question {number}", BOUNTY_USD, ()) for number in range(100)]
    free = [each._replace(bounty_usd=0.0) for each in tasks(100)]
    assert not is_misled([*empty, *free], greedy, lambda seen: ["x"])


def test_a_pool_that_tells_lots_apart_is_rehearsed_by_what_it_believes_of_claims() -> None:
    """What lots of a stage have brought is nothing that practice teaches."""
    lessons = Quiz({"weak": Player(-1.0), "fair": Player(0.8), "strong": Player(2.5)}).lessons(120)
    for by in (None, ["stage"]):
        memory = BayesPolicy(pool="p", by=by).practise(None, lessons)
        assert "settled" in memory["wordings"], by


def test_tasks_of_two_sorts_that_come_by_turns_are_rehearsed_whichever_comes_first() -> None:
    works = (Work("a", "x", 1.0, 0.0), Work("b", "y", 0.0, 0.0))
    sorts = [Lesson(f"{sort} {number}", 1.0, works) for number in range(400) for sort in ("one", "other")]
    for tasks in (sorts, [*sorts[1:], sorts[0]]):
        played: list[str] = []

        def value(lot: Sequence[Observation], played: list[str] = played) -> list[float]:
            played.append(lot[0].request.split()[0])
            return [0.0] * len(lot)

        is_misled(tasks, value, lambda _seen: [])
        assert 120 < played.count("one") < 280


def test_that_claims_are_given_up_is_told_with_what_agreement_was_seen_to_tell() -> None:
    policy, lessons = BayesPolicy(pool="p"), many_wordings(400)
    memory = json.loads(json.dumps(policy.practise(None, lessons)))
    (told,) = [each for each in policy.describe(memory) if each.title.startswith("What agreement tells")]
    assert told.title.endswith("; claims are given up, for they misled")
    ((lost, gained),) = told.rows
    by_themselves, _ = after_tasks({}, lessons, shape_and_words)
    seen = mean_pairs(by_themselves)
    assert seen is not None
    assert (lost, gained) == pytest.approx((seen.lost_by_differing, seen.gained_by_agreeing), abs=1e-3)
    assert float(lost) > 0.1 < float(gained), "by that alone they would not have been given up"


def test_claims_that_were_given_up_stay_so() -> None:
    policy = BayesPolicy(pool="p")
    memory = policy.practise(None, many_wordings(400))
    later = policy.practise(memory, many_wordings(40, seed=1))
    assert misled(later["wordings"])
    assert Wordings(weights_of(later["wordings"]), shape_and_words).tell_nothing("question 7")
    assert not any(later["fit"]["seen"]), "nothing is learned of claims"


def test_an_embedding_need_not_read_an_empty_text() -> None:
    policy = BayesPolicy(pool="p", embedding="tests.bidders.test_rehearsal:no_empty_text")
    assert misled(policy.practise(None, many_wordings(400))["wordings"])


def no_empty_text(text: str) -> list[float]:
    if not text:
        raise ValueError("an empty text")
    return [len(text) / 100.0, 0.5]
