"""Strengths: whoever is good at one topic is asked there, whatever it is worth on the whole."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.abilities import Abilities, Counts, abilities_from
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.strengths import TopicCounts, strengths_from
from bidders.policies.pooled.topics import UNKNOWN_TOPIC, Topics
from bidders.policies.pooled.world import LEVELS
from orchestrator import Contribution, Verdict
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, observe
from tests.bidders.specialists import (
    COST_USD,
    EQUALS,
    OTHER_WORDS,
    SPECIALISTS,
    TOPICS,
    WORDS,
    answers,
    lessons,
    text,
)

NANOS = 10**9
TWO = Topics(np.eye(3, 2))
ASKED = {topic: " ".join(words[:8]) for topic, words in WORDS.items()}


def on_topics(works: float) -> TopicCounts:
    """Two bidders, the first always right on the first topic and wrong on the second, the other as often as not."""
    nothing = TopicCounts.none(2, 2)
    nothing.right[:, :, 4] = np.array([[works, works / 2], [0.0, works / 2]])
    nothing.wrong[:, :, 4] = np.array([[0.0, works / 2], [works, works / 2]])
    return nothing


def overall(counts: TopicCounts) -> Abilities:
    plain = Counts.none(2)
    plain.right[:], plain.wrong[:] = counts.right.sum(axis=0), counts.wrong.sum(axis=0)
    return abilities_from(plain)


def test_a_strength_is_what_a_bidder_shows_on_a_topic_beside_its_ability() -> None:
    counts = on_topics(100.0)
    abilities = overall(counts)
    strengths = strengths_from(counts, TWO, abilities)
    chances = [strengths.on(topic, abilities).right[:, 4] for topic in (0, 1)]
    assert chances[0][0] > 0.85 > 0.15 > chances[1][0]
    assert chances[0][1] == pytest.approx(chances[1][1], abs=0.05)
    assert chances[0][2] == chances[1][2] == abilities.right[2, 4], "nobody knows what a newcomer is good at"


def test_a_strength_is_drawn_towards_none_and_doubted_as_long_as_little_was_seen() -> None:
    few, many = (strengths_from(on_topics(works), TWO, overall(on_topics(100.0))) for works in (1.0, 100.0))
    assert abs(few.shifts[0, 0]) < 0.5 * abs(many.shifts[0, 0])
    for strengths in (few, many):
        assert strengths.spreads[0, 2] > strengths.spreads[0, 0], "nothing was seen of a newcomer"


def test_doubt_of_a_strength_is_doubt_of_a_work_on_that_topic() -> None:
    abilities = overall(on_topics(100.0))
    sure, unsure = (abilities.shifted(np.zeros(3), np.full(3, spread)) for spread in (0.0, 0.5))
    assert (unsure.doubts() > sure.doubts()).all()
    assert sure.doubts() == pytest.approx(abilities.doubts())


def test_on_an_unknown_topic_a_bidder_is_what_it_is_on_the_whole() -> None:
    abilities = overall(on_topics(10.0))
    assert strengths_from(on_topics(10.0), TWO, abilities).on(UNKNOWN_TOPIC, abilities) is abilities
    counts = Counts.none(2)
    assert TopicCounts.none(2, 2).with_more(UNKNOWN_TOPIC, counts).right.sum() == 0


def test_counts_are_read_back_with_room_for_newcomers_and_are_nothing_without_topics() -> None:
    counts = on_topics(3.0)
    back = TopicCounts.from_json(json.loads(json.dumps(counts.to_json())), 3)
    assert back.right.shape == (2, 3, len(LEVELS))
    assert np.array_equal(back.right[:, :2], counts.right)
    assert not back.right[:, 2].any()
    assert TopicCounts.none(0, 2).to_json() == {}
    assert TopicCounts.from_json({}, 2).right.shape == (0, 2, len(LEVELS))


# --- a pool of specialists ---


def practised(chances: Any, **settings: Any) -> tuple[BayesPolicy, Any]:
    policy = BayesPolicy(pool="market")
    return policy, json.loads(json.dumps(policy.practise(None, lessons(240, chances, **settings))))


def first_asked(policy: BayesPolicy, memory: Any, topic: str) -> str:
    seen = [observe(name, "transformer", (), request=ASKED[topic]) for name in SPECIALISTS]
    return list(SPECIALISTS)[int(np.argmax(policy.value(memory, seen).means))]


@pytest.mark.parametrize("silent", [0.0, 0.5])
def test_who_is_good_at_a_topic_is_asked_first_there(silent: float) -> None:
    policy, memory = practised(SPECIALISTS, silent=silent)
    assert [first_asked(policy, memory, topic) for topic in TOPICS] == ["coder", "lawyer"]


def test_what_a_specialist_claims_is_believed_on_its_own_topic() -> None:
    policy, memory = practised(SPECIALISTS)
    claims = tuple(Contribution(name, f"{name}'s") for name in ("coder", "lawyer"))
    for topic, name in zip(TOPICS, ("coder", "lawyer"), strict=True):
        best, _ = policy.best_claims(memory, observe("p", "presenter", claims, request=ASKED[topic]))[0]
        assert best == f"{name}'s"


def test_a_pool_of_equals_tells_no_topics_apart_and_keeps_nothing_of_them() -> None:
    _, memory = practised(EQUALS)
    assert "strengths" not in memory["fit"]
    assert memory["on_topics"] == {}


def test_strengths_are_read_back_with_the_fit_and_without_them_the_fit_is_that_of_before() -> None:
    _, memory = practised(SPECIALISTS)
    fit = Fit.from_json(memory["fit"])
    assert fit.to_json() == memory["fit"]
    assert len(fit.topic_plans) == len(fit.strengths.topics) > 1
    plain = {name: part for name, part in memory["fit"].items() if name != "strengths"}
    assert len(Fit.from_json(plain).strengths.topics) == 0
    assert Fit.from_json(plain).on(UNKNOWN_TOPIC).plans == fit.plans


def test_a_memory_of_before_there_were_topics_is_read() -> None:
    policy, memory = practised(EQUALS)
    without = {name: part for name, part in memory.items() if name != "on_topics"}
    assert policy.practise(without, lessons(240, SPECIALISTS, seed=1))["on_topics"]


def test_a_newcomer_joins_a_pool_that_tells_topics_apart() -> None:
    policy, memory = practised(SPECIALISTS)
    joined = policy.practise(memory, lessons(40, {**SPECIALISTS, "new": {"code": 0.9, "law": 0.9}}, seed=2))
    fit = Fit.from_json(joined["fit"])
    assert fit.strengths.shifts.shape[1] == len(fit.names) + 1 == 5


def test_opposite_specialists_are_found_though_levels_could_mean_their_topics() -> None:
    two = {name: SPECIALISTS[name] for name in ("coder", "lawyer")}
    found = [practised(two, seed=seed)[1]["on_topics"] for seed in range(3)]
    assert all(found)


@pytest.mark.parametrize(("count", "is_undone"), [(160, False), (400, True)])
def test_a_small_practice_on_other_topics_does_not_undo_those_of_a_large_one(count: int, is_undone: bool) -> None:
    policy, memory = practised(SPECIALISTS)
    later = policy.practise(memory, lessons(count, SPECIALISTS, words=OTHER_WORDS, seed=3))
    assert (later["fit"]["strengths"]["topics"] != memory["fit"]["strengths"]["topics"]) == is_undone
    assert np.sum(later["on_topics"]["right"]) > np.sum(memory["on_topics"]["right"])


def test_each_topic_has_a_plan_of_its_own_for_whom_to_ask() -> None:
    """At a price at which one work is all that pays, and the plan is whoever is good at the topic."""
    _, memory = practised(SPECIALISTS)
    fit = Fit.from_json(memory["fit"])
    firsts = {fit.names[fit.on(topic).plans[-1][0]] for topic in fit.strengths.topics.all_of_them}
    assert firsts == {"coder", "lawyer"}


def test_topics_that_practice_finds_after_bounties_are_planned_for_at_once() -> None:
    policy = BayesPolicy(pool="market")
    memory = asked(policy, None, 60, EQUALS)
    assert memory["on_topics"] == {}
    fit = Fit.from_json(policy.practise(memory, lessons(240, SPECIALISTS))["fit"])
    assert len(fit.topic_plans) == len(fit.strengths.topics) > 1


def test_what_is_known_of_topics_fades_as_all_else_does() -> None:
    policy = BayesPolicy(pool="market", forget=0.02)
    memory = policy.practise(None, lessons(240, SPECIALISTS))
    later = asked(policy, memory, 30, SPECIALISTS)
    for part in ("right", "wrong"):
        shares = [np.sum(later[where][part]) / np.sum(memory[where][part]) for where in ("faded", "on_topics")]
        assert shares[0] == pytest.approx(shares[1], rel=1e-3)
        assert shares[0] < 0.7


def test_many_tasks_of_a_topic_are_all_counted() -> None:
    _, memory = practised(SPECIALISTS)
    assert np.sum(memory["on_topics"]["right"]) == pytest.approx(np.sum(memory["faded"]["right"]), rel=1e-3)


def asked(policy: BayesPolicy, memory: Any, requests: int, chances: Any) -> Any:
    """What a pool knows after so many requests, each of which one bidder has worked on."""
    draws = np.random.default_rng(0)
    for number in range(requests):
        topic = TOPICS[number % len(TOPICS)]
        request, said = text(topic, draws), answers(topic, chances, draws)
        seen = [observe(name, "transformer", (), request=request) for name in SPECIALISTS]
        valuation = policy.value(memory, seen)
        drawn = np.array(valuation.means) + np.array(valuation.deviations) * draws.standard_normal(len(seen))
        worker = list(SPECIALISTS)[int(np.argmax(drawn))]
        verdict = Verdict("right") if said[worker] == "right" else Verdict("", (said[worker],))
        came = receipt(
            request_id=f"q{number}",
            bidder=worker,
            bounty_nanos=round(BOUNTY_USD * NANOS),
            cost_nanos=round(COST_USD * NANOS),
            claim=said[worker],
            request=request,
        )
        memory = policy.learn(memory, [came._replace(verdict=verdict)])
    return memory


@pytest.mark.slow
def test_specialists_are_found_from_bounties_alone() -> None:
    policy = BayesPolicy(pool="market")
    memory = asked(policy, None, 400, SPECIALISTS)
    assert [first_asked(policy, memory, topic) for topic in TOPICS] == ["coder", "lawyer"]


# --- what it tells ---


def test_who_is_clearly_better_or_worse_somewhere_is_told() -> None:
    policy, memory = practised(SPECIALISTS)
    (table,) = [each for each in policy.describe(memory) if each.title.startswith("Who is better or worse")]
    by_topic: dict[str, dict[str, tuple[float, float]]] = {}
    for topic, bidder, there, whole in table.rows:
        by_topic.setdefault(str(topic), {})[str(bidder)] = (float(there), float(whole))
    assert any(rows["coder"][0] > 0.7 > rows["coder"][1] for rows in by_topic.values() if "coder" in rows)
    assert any(rows["lawyer"][0] < 0.3 < rows["lawyer"][1] for rows in by_topic.values() if "lawyer" in rows)
    policy, memory = practised(EQUALS)
    assert not [each for each in policy.describe(memory) if each.title.startswith("Who is better or worse")]
