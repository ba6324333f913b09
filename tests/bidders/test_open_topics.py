"""Open topics: whom requests suit is found where works claim nothing, from scores or from which offers were taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.embedding import condensed, shape_and_words
from bidders.policies.pooled.open_topics import surprises_of_offers
from bidders.policies.pooled.texts import Texts
from bidders.policies.pooled.topics import Topics
from bidders.policies.pooled.uptake import SeenOffer
from orchestrator import Contribution, Lesson
from tests.bidders.lots import offer
from tests.bidders.quiz import BOUNTY_USD, observe
from tests.bidders.specialists import EQUALS, OTHER_WORDS, SPECIALISTS, TOPICS, WORDS, answers, lessons, text

Chances = Mapping[str, Mapping[str, float]]
ASKED = {topic: " ".join(words[:8]) for topic, words in WORDS.items()}
POOL, ALONE = "market", None


def practised(policy: BayesPolicy, chances: Chances, count: int = 240, memory: Any = None, seed: int = 0) -> Any:
    """What is known after so many tasks on which nobody claims anything."""
    return json.loads(json.dumps(policy.practise(memory, lessons(count, chances, silent=1.0, seed=seed))))


def offered(policy: BayesPolicy, chances: Chances, count: int, memory: Any = None, together: int = 1) -> Any:
    """What is known after so many offers, each of some bidders' works, drawn at random, and taken if one is right."""
    draws = np.random.default_rng(0)
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        authors = draws.permutation(list(chances))[:together].tolist()
        said = answers(topic, chances, draws)
        taken = any(said[author] == "right" for author in authors)
        receipt = offer(number, *authors, taken=taken, request=text(topic, draws))
        memory = policy.learn(memory, [receipt._replace(outcome="released" if taken else "rejected")])
    return json.loads(json.dumps(memory))


def topics_of(memory: Any) -> int:
    return len(memory["offers"]["topics"]["weights"][0]) if "topics" in memory["offers"] else 0


def first_asked(policy: BayesPolicy, memory: Any, topic: str) -> str:
    seen = [observe(name, "transformer", (), request=ASKED[topic]) for name in SPECIALISTS]
    return list(SPECIALISTS)[int(np.argmax(policy.value(memory, seen).means))]


@pytest.mark.parametrize("pool", [POOL, ALONE])
def test_who_is_good_at_a_topic_is_asked_first_there(pool: str | None) -> None:
    policy = BayesPolicy(pool=pool)
    memory = practised(policy, SPECIALISTS)
    assert topics_of(memory) > 1
    assert [first_asked(policy, memory, topic) for topic in TOPICS] == ["coder", "lawyer"]


def test_where_two_works_are_shown_together_who_is_bad_at_a_topic_is_worth_nothing_there() -> None:
    """The other two are shown together, whichever of them works first."""
    policy = BayesPolicy(pool=POOL, answers=2)
    memory = practised(policy, SPECIALISTS)
    for topic, stranger in zip(TOPICS, ("lawyer", "coder"), strict=True):
        seen = [observe(name, "transformer", (), request=ASKED[topic]) for name in SPECIALISTS]
        worth = dict(zip(SPECIALISTS, policy.value(memory, seen).means, strict=True))
        assert worth.pop(stranger) < 0.4 * min(worth.values())


@pytest.mark.parametrize("pool", [POOL, ALONE])
def test_of_equals_no_topics_are_told_apart_and_nothing_is_kept_of_them(pool: str | None) -> None:
    memory = practised(BayesPolicy(pool=pool), EQUALS)
    assert topics_of(memory) == 0
    assert len(memory["worth"]["transformer/"]["products"]) == 6 + 19 + 11


def test_a_specialist_is_sure_of_its_topic_and_presents_what_it_wrote_there() -> None:
    policy = BayesPolicy(pool=POOL)
    memory = practised(policy, SPECIALISTS)
    for topic, known in zip(TOPICS, ("coder", "lawyer"), strict=True):
        worth = {
            name: policy.value(
                memory, [observe("p", "presenter", (Contribution(name, ""),), request=ASKED[topic])]
            ).means[0]
            for name in SPECIALISTS
        }
        assert max(worth, key=worth.__getitem__) == known
        assert worth[known] > 0.75 * BOUNTY_USD


@pytest.mark.slow
@pytest.mark.parametrize("together", [1, 2])
def test_topics_are_found_from_which_offers_were_taken(together: int) -> None:
    policy = BayesPolicy(pool=POOL)
    memory = offered(policy, SPECIALISTS, 400, together=together)
    assert topics_of(memory) > 1
    assert [first_asked(policy, memory, topic) for topic in TOPICS] == ["coder", "lawyer"]


@pytest.mark.slow
def test_offers_of_equals_tell_of_no_topics() -> None:
    assert topics_of(offered(BayesPolicy(pool=POOL), EQUALS, 400)) == 0


@pytest.mark.parametrize(("count", "is_undone"), [(160, False), (300, True)])
def test_a_small_practice_on_other_topics_does_not_undo_those_of_a_large_one(count: int, is_undone: bool) -> None:
    policy = BayesPolicy(pool=POOL)
    memory = practised(policy, SPECIALISTS)
    later = policy.practise(memory, lessons(count, SPECIALISTS, silent=1.0, words=OTHER_WORDS, seed=3))
    assert (later["offers"]["topics"] != memory["offers"]["topics"]) == is_undone
    if not is_undone:
        assert [first_asked(policy, later, topic) for topic in TOPICS] == ["coder", "lawyer"]


def test_practice_that_finds_topics_goes_on_from_practice_that_found_none() -> None:
    policy = BayesPolicy(pool=POOL)
    before = practised(policy, EQUALS, 60)
    memory = practised(policy, SPECIALISTS, memory=before)
    assert topics_of(memory) > 1
    assert memory["worth"]["transformer/coder"]["weight"] == 300
    assert [first_asked(policy, memory, topic) for topic in TOPICS] == ["coder", "lawyer"]
    assert practised(policy, SPECIALISTS, 20, memory)["worth"]["transformer/coder"]["weight"] == 320


def test_topics_say_nothing_of_texts_that_another_embedding_reads() -> None:
    memory = practised(BayesPolicy(pool=POOL), SPECIALISTS)
    other = BayesPolicy(pool=POOL, embedding="tests.bidders.test_open_topics:two_numbers")
    seen = [observe("either", "transformer", (), request=ASKED[topic]) for topic in TOPICS]
    first, second = other.value(memory, seen).means
    assert first == pytest.approx(second)


def two_numbers(_text: str) -> list[float]:
    return [0.5, 0.5]


def test_an_offer_tells_as_much_of_all_whose_works_it_holds_together_as_of_one_alone() -> None:
    look = np.zeros(2)
    seen = [SeenOffer((0,), look, 1.0), SeenOffer((0, 1), look, 1.0, weight=0.5), SeenOffer((1,), look, 0.0)]
    right, told = surprises_of_offers(seen, np.array([0.6, 0.6, 0.6]))
    assert right.tolist() == pytest.approx(np.array([[0.4, 0.0], [0.1, 0.1], [0.0, -0.6]]))
    assert told.sum(axis=1) == pytest.approx([0.24, 0.12, 0.24])


def test_a_memory_of_before_there_were_topics_is_read() -> None:
    policy = BayesPolicy(pool=POOL)
    memory = practised(policy, EQUALS, 60)
    assert "topics" not in memory["offers"]
    assert topics_of(practised(policy, SPECIALISTS, 240, memory)) > 1


def test_tasks_whose_works_claim_answers_say_nothing_of_open_topics() -> None:
    memory = BayesPolicy(pool=POOL).practise(None, lessons(240, SPECIALISTS))
    assert topics_of(memory) == 0
    assert isinstance(memory["fit"]["strengths"], dict), "they are strengths there"


@pytest.mark.parametrize("graded", [False, True])
def test_scores_may_be_graded(graded: bool) -> None:
    draws = np.random.default_rng(5)
    tasks = [
        task._replace(
            works=tuple(
                work._replace(score=0.5 * work.score + 0.5 * float(draws.random()) if graded else work.score)
                for work in task.works
            )
        )
        for task in lessons(240, SPECIALISTS, silent=1.0)
    ]
    assert topics_of(BayesPolicy(pool=POOL).practise(None, tasks)) > 1


def test_one_task_is_a_practice() -> None:
    task = Lesson("Plan a tour", BOUNTY_USD, lessons(1, SPECIALISTS, silent=1.0)[0].works[:1])
    assert topics_of(BayesPolicy(pool=POOL).practise(None, [task])) == 0


# --- what it tells ---


def told(policy: BayesPolicy, memory: Any) -> dict[tuple[str, str], tuple[float, float]]:
    """By topic and bidder, what an even chance becomes with its work there, and on average."""
    title = "Whose work helps more or less on a topic of requests"
    tables = [each for each in policy.describe(memory) if each.title == title]
    return {(str(row[0]), str(row[1])): (float(row[2]), float(row[3])) for table in tables for row in table.rows}


def test_whose_work_clearly_helps_more_or_less_somewhere_is_told() -> None:
    policy = BayesPolicy(pool=POOL)
    found = told(policy, practised(policy, SPECIALISTS))
    for specialist in ("coder", "lawyer"):
        chances = [chance for (_, name), chance in found.items() if name == specialist]
        assert any(there > 0.75 > average for there, average in chances)
        assert any(there < 0.3 < average for there, average in chances)
    assert all(name != "either" for _, name in found), "it is as good on one topic as on another"
    assert not told(policy, practised(policy, EQUALS))


def test_topics_that_another_embedding_told_apart_make_room_for_others() -> None:
    memory = practised(BayesPolicy(pool=POOL), SPECIALISTS)
    other = BayesPolicy(pool=POOL, embedding="tests.bidders.test_open_topics:by_first_word")
    later = practised(other, SPECIALISTS, 120, memory)
    assert len(later["offers"]["topics"]["weights"]) == 1 + 2
    assert [first_asked(other, later, topic) for topic in TOPICS] == ["coder", "lawyer"]


def by_first_word(asked: str) -> list[float]:
    return [0.0, 0.0] if asked.split()[0] in WORDS["code"] else [0.0, 1.0]


def test_a_text_whose_numbers_are_all_nothing_is_of_a_topic() -> None:
    policy = BayesPolicy(pool=POOL, embedding="tests.bidders.test_open_topics:by_first_word")
    found = told(policy, practised(policy, SPECIALISTS))
    assert {name for _, name in found} == {"coder", "lawyer"}


def test_offers_whose_texts_were_kept_condensed_still_tell_of_them() -> None:
    texts = Texts(shape_and_words, Topics(np.eye(65, 2)))
    look = texts.look("return the string index of each list")
    kept = texts.numbers(condensed(look))
    assert kept[:19].tolist() == condensed(look).tolist()
    assert not kept[19:].any()
    assert texts.numbers(look)[19:].any()
    assert not texts.numbers(look[:7]).any()


def test_a_task_may_hold_what_no_encoding_writes() -> None:
    task = lessons(1, SPECIALISTS, silent=1.0)[0]._replace(request="a \ud800 b")
    assert BayesPolicy(pool=POOL, answers=2).practise(None, [task])
