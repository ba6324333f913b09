"""Sorts: who is good at requests of nearly one text is asked for the next of them, if that explains enough."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.abilities import Counts, abilities_from
from bidders.policies.pooled.embedding import shape_and_words
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.sorts import NO_SORTS, UNKNOWN_SORT, Sorts, sorts_in
from bidders.policies.pooled.topics import Surprises
from bidders.policies.pooled.world import Flags, Floats
from orchestrator import Lesson, Work
from tests.bidders.quiz import BOUNTY_USD, observe

NAMES = ("first", "second", "third")
FORMS, TIMES = 40, 12
CHANCE_IF_GOOD, CHANCE_IF_NOT = 0.95, 0.15
COST_USD = 0.4 * BOUNTY_USD
STRANGE = "\n".join(f"{{[({number})]}}" for number in range(60))


def form(number: int, filled_in: int) -> str:
    """A form, filled in."""
    draws = np.random.default_rng(number)
    words = ["".join(draws.choice(list("abcdefghijklmnoprstu"), 6)) for _ in range(12)]
    return f"{' '.join(words)}: {filled_in}?"


def who_is_good() -> Flags:
    """By form and bidder: whether it is good at it. About half of them are at each, whichever form it is."""
    return np.random.default_rng(5).random((FORMS, len(NAMES))) < 0.5


def lessons(good: Flags, seed: int = 0) -> list[Lesson]:
    """Practised tasks: each form filled in time and again."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(FORMS * TIMES):
        chances = np.where(good[number % FORMS], CHANCE_IF_GOOD, CHANCE_IF_NOT)
        is_right = draws.random(len(NAMES)) < chances
        works = tuple(
            Work(name, "right" if right else f"wrong {draws.integers(30)}", float(right), COST_USD)
            for name, right in zip(NAMES, is_right, strict=True)
        )
        found.append(Lesson(form(number % FORMS, 100 + number), BOUNTY_USD, works))
    return found


def looks() -> Floats:
    return np.array([shape_and_words(form(number % FORMS, 100 + number)) for number in range(FORMS * TIMES)])


def surprising(chances: Floats, seed: int = 0) -> Surprises:
    """Surprises of bidders that are right with these chances, where every second time was to be expected."""
    right = np.random.default_rng(seed).random(chances.shape) < chances
    return Surprises(right.astype(float) - 0.5, np.full(chances.shape, 0.25, dtype=float))


@pytest.fixture(scope="module")
def good() -> Flags:
    return who_is_good()


@pytest.fixture(scope="module")
def memory(good: Flags) -> Any:
    return json.loads(json.dumps(BayesPolicy(pool="all").practise(None, lessons(good))))


def test_who_is_good_at_requests_of_a_sort_is_asked_first_for_the_next_of_them(memory: Any, good: Flags) -> None:
    policy = BayesPolicy(pool="all", exploration=0.0)
    hits = []
    for number in np.flatnonzero(good.any(axis=1)).tolist():
        lot = [observe(name, "transformer", (), request=form(number, 7), cost_usd=COST_USD) for name in NAMES]
        hits.append(good[number, np.argmax(policy.value(memory, lot).means)])
    assert np.mean(hits) > 0.9


def test_no_sorts_are_told_apart_where_who_is_right_does_not_go_by_the_text(good: Flags) -> None:
    practised, draws = lessons(good), np.random.default_rng(2)
    texts = draws.permutation([lesson.request for lesson in practised]).tolist()
    mixed = [lesson._replace(request=text) for lesson, text in zip(practised, texts, strict=True)]
    learned = BayesPolicy(pool="all").practise(None, mixed)
    assert "sorts" not in learned["fit"]


@pytest.mark.parametrize("seed", range(6))
def test_no_sorts_are_told_apart_by_chance(seed: int) -> None:
    assert not len(sorts_in(looks(), surprising(np.full((FORMS * TIMES, 3), 0.5), seed)))


def test_no_sorts_are_told_apart_for_differences_that_hardly_matter(good: Flags) -> None:
    little = np.where(np.tile(good, (TIMES, 1)), 0.56, 0.44)
    assert not len(sorts_in(looks(), surprising(little)))


def test_few_tasks_tell_of_no_sorts() -> None:
    assert not len(sorts_in(looks()[:50], surprising(np.full((50, 3), 0.9))))
    assert not len(sorts_in(looks()[:0], surprising(np.zeros((0, 3)))))


def test_a_request_like_none_that_was_practised_is_of_no_sort(memory: Any) -> None:
    sorts = Fit.from_json(memory["fit"]).sorts
    strange, known = (np.array([shape_and_words(text)]) for text in (STRANGE, form(3, 7)))
    assert sorts.of(strange)[0] == UNKNOWN_SORT != sorts.of(known)[0]
    assert sorts.of(strange[:, :5])[0] == UNKNOWN_SORT, "of another embedding"
    assert NO_SORTS.of(known)[0] == UNKNOWN_SORT


def test_sorts_add_no_doubt_and_tell_nothing_of_a_newcomer(memory: Any) -> None:
    fit = Fit.from_json(memory["fit"])
    abilities = fit.sorts.on(0, fit.abilities)
    assert (abilities.spreads == fit.abilities.spreads).all()
    assert abilities.right[-1] == pytest.approx(fit.abilities.right[-1])
    assert (abilities.right[:-1] != fit.abilities.right[:-1]).any()
    assert fit.sorts.on(UNKNOWN_SORT, fit.abilities) is fit.abilities


def test_what_sorts_tell_fades_and_leaves_room_for_more_bidders(memory: Any) -> None:
    sorts = Fit.from_json(memory["fit"]).sorts
    abilities = abilities_from(Counts.none(4))
    faded, fresh = (each.widened(4).on(0, abilities).right for each in (sorts.times(0.01), sorts))
    assert np.abs(faded - abilities.right).max() < np.abs(fresh - abilities.right).max()
    assert fresh[3] == pytest.approx(abilities.right[3])
    assert not len(NO_SORTS.widened(3))


def test_known_sorts_learn_from_further_practice_and_stay_where_that_is_small(memory: Any, good: Flags) -> None:
    known = Fit.from_json(memory["fit"]).sorts
    more = json.loads(json.dumps(BayesPolicy(pool="all").practise(memory, lessons(~good, seed=3)[:60])))
    sorts = Fit.from_json(more["fit"]).sorts
    assert (sorts.centres == known.centres).all()
    assert sorts.surprises.told.sum() > known.surprises.told.sum()


def test_other_sorts_take_their_place_where_a_larger_practice_tells_of_them(memory: Any) -> None:
    sorts = Fit.from_json(memory["fit"]).sorts
    tasks = np.repeat(looks(), 4, axis=0)
    chances = np.where(np.arange(len(tasks))[:, None] // 4 % FORMS % 2 == [0, 1, 1], 0.95, 0.05)
    assert sorts.after(tasks, surprising(chances)).surprises.told.sum() == pytest.approx(chances.size * 0.25)


def test_sorts_found_in_numbers_of_another_embedding_give_way_also_to_fewer_tasks(memory: Any, good: Flags) -> None:
    sorts = Fit.from_json(memory["fit"]).sorts
    fewer = looks()[: FORMS * (TIMES - 1), ::2]
    chances = np.where(good[np.arange(len(fewer)) % FORMS], CHANCE_IF_GOOD, CHANCE_IF_NOT)
    found = sorts.after(fewer, surprising(chances))
    assert len(found)
    assert found.centres.shape[1] == fewer.shape[1]


def test_sorts_are_read_back_as_they_were_kept(memory: Any) -> None:
    sorts = Fit.from_json(memory["fit"]).sorts
    again = Sorts.from_json(json.loads(json.dumps(sorts.to_json())))
    assert again.to_json() == sorts.to_json()
