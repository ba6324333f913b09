"""How well works on a request do, whoever does them, is foretold from its text by all bidders' results together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled import ease, regressions, texts
from bidders.policies.pooled.ease import STEPS, Ease, after_tasks
from bidders.policies.pooled.embedding import shape_and_words
from orchestrator import Lesson, Observation
from orchestrator.bidding.policy import Work

STRONG, WEAK = "strong", "weak"
# Words that say nothing of a subject: only how much there is of them tells the three apart.
EASY, BETWEEN, HARD = "do it ", "do it all of you ", "do it all of you and each of them but one or two "
RIGHT = {EASY: (0.95, 0.95), BETWEEN: (0.95, 0.05), HARD: (0.05, 0.05)}
"""How often the strong and the weak writer are right."""


def text(kind: str, number: int) -> str:
    return kind * (1 + number % 3) + str(number % 10)


def tasks(count: int) -> list[Lesson]:
    draws = np.random.default_rng(7)
    lessons = []
    for number in range(count):
        kind = list(RIGHT)[number % 3]
        works = [
            Work(name, "", float(draws.random() < chance), 0.0)
            for name, chance in zip((STRONG, WEAK), RIGHT[kind], strict=True)
        ]
        lessons.append(Lesson(text(kind, number), 1.0, tuple(works)))
    return lessons


def values(memory: Any, request: str) -> list[float]:
    seen = [Observation(name, "transformer", 1, 9, 1.0, request=request) for name in (STRONG, WEAK)]
    return list(BayesPolicy().value(memory, seen).means)


def lead(memory: Any, kind: str) -> float:
    """By how much more the strong writer is bid for."""
    found = [values(memory, text(kind, number)) for number in range(12)]
    return float(np.mean([strong - weak for strong, weak in found]))


def extra_lead_in_between(memory: Any) -> float:
    return lead(memory, BETWEEN) - max(lead(memory, EASY), lead(memory, HARD))


@pytest.fixture
def _no_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics can tell the three kinds apart, too."""
    monkeypatch.setattr(texts, "topics_in", lambda *_args: None)


@pytest.mark.usefixtures("_no_topics")
def test_where_all_do_well_or_nobody_it_matters_less_whom_one_asks_than_in_between() -> None:
    assert extra_lead_in_between(BayesPolicy().practise(None, tasks(600))) > 0.15


@pytest.mark.slow
@pytest.mark.usefixtures("_no_topics")
def test_a_straight_line_over_texts_cannot_tell_what_lies_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ease, "steps", lambda _ease, _look: np.zeros(STEPS))
    assert extra_lead_in_between(BayesPolicy().practise(None, tasks(600))) < 0.1


def learned_from(lessons: Sequence[Lesson], stored: Any = None, look: Any = shape_and_words) -> Any:
    looks = np.array([look(lesson.request) for lesson in lessons])
    return after_tasks(
        stored or {}, looks, np.array([np.mean([work.score for work in each.works]) for each in lessons])
    )


def test_the_ease_of_a_task_is_foretold_from_the_others() -> None:
    lessons = tasks(40)
    changed = list(lessons)
    changed[6] = lessons[6]._replace(works=tuple(work._replace(score=1.0 - work.score) for work in lessons[6].works))
    before, after = (learned_from(each)[1] for each in (lessons, changed))
    assert before[6].weights.tolist() == after[6].weights.tolist()
    assert before[7].weights.tolist() != after[7].weights.tolist()


def test_practice_goes_on_from_earlier_practice() -> None:
    lessons = tasks(40)
    at_once, _ = learned_from(lessons)
    first, _ = learned_from(lessons[:20])
    both, _ = learned_from(lessons[20:], first)
    assert both["weights"] == pytest.approx(at_once["weights"], abs=1e-4)
    assert first["weights"] != pytest.approx(at_once["weights"], abs=1e-4)


@pytest.mark.parametrize(("foretold", "first"), [(-0.5, 0), (0.0, 0), (0.25, 2), (0.3, 3), (1.0, 10), (1.5, 10)])
def test_a_text_stands_between_two_steps(foretold: float, first: int) -> None:
    steps = Ease(np.array([foretold, *np.zeros(64)])).steps(np.ones(64))
    assert steps.sum() == pytest.approx(1.0)
    assert np.flatnonzero(steps > 1e-9)[0] == first
    assert steps @ np.arange(STEPS) * ease._STEP == pytest.approx(min(1.0, max(0.0, foretold)))


def test_another_embedding_finds_no_step() -> None:
    learned, _ = learned_from(tasks(40))
    assert Ease.of(learned).steps(np.array(shape_and_words("any"))).sum() == pytest.approx(1.0)
    assert not Ease.of(learned).steps(np.array([0.5, 0.5])).any()
    assert not Ease.of({}).steps(np.zeros(64)).any()


def test_practice_goes_on_after_the_embedding_was_changed() -> None:
    learned, _ = learned_from(tasks(40))
    changed, _ = learned_from(tasks(40), learned, lambda _text: [0.5, 0.5])
    assert len(changed["weights"]) == 3


@pytest.mark.slow
def test_of_a_memory_that_knows_texts_by_other_numbers_what_is_known_of_bidders_is_learned_on_from() -> None:
    memory = BayesPolicy().practise(None, tasks(600))
    old = {key: part for key, part in memory.items() if key != "ease"}
    old["worth"] = {key: without_steps(sums) for key, sums in memory["worth"].items()}
    strong, weak = values(old, "prove")
    assert strong > weak + 0.15, "nothing is forgotten"
    again = BayesPolicy().practise(old, tasks(60))
    size = len(memory["worth"][f"transformer/{STRONG}"]["products"])
    assert len(again["worth"][f"transformer/{STRONG}"]["products"]) == size
    assert again["worth"][f"transformer/{STRONG}"]["weight"] == 660
    assert len(again["ease"]["weights"]) == 65


def without_steps(sums: dict[str, Any]) -> dict[str, Any]:
    size = len(sums["products"])
    squares, products, weight = regressions._read(sums, size)
    left = size - STEPS
    return {
        "squares": squares[:left, :left][np.triu_indices(left)].tolist(),
        "products": products[:left].tolist(),
        "weight": weight,
    }
