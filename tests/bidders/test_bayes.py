"""The pooled policy: it keeps the contract, and it learns what it claims to learn."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled import planning
from bidders.policies.pooled.lookahead import Values
from bidders.policies.pooled.world import WORKS_MAX
from orchestrator import Contribution, Lesson, Observation, Receipt, Verdict, Work, errors
from orchestrator.testing import check_policy
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, Player, Quiz, observe, share, utility_usd
from tests.effort import examples

NAMES = ["a", "b", "c"]
TRIO = {"weak": Player(-1.0), "fair": Player(0.8), "strong": Player(2.5)}

contributions = st.lists(
    st.builds(Contribution, st.sampled_from(NAMES), st.sampled_from(["", "x", "y", "z"])), max_size=4
).map(tuple)
receipts = st.builds(
    receipt,
    request_id=st.sampled_from(["r1", "r2"]),
    bidder=st.sampled_from(NAMES),
    stage=st.integers(1, 4),
    role=st.sampled_from(["transformer", "presenter"]),
    won=st.booleans(),
    cost_nanos=st.integers(0, 10**9),
    revenue_nanos=st.integers(0, 10**10),
    reward_nanos=st.integers(-(10**10), 10**10),
    kept=st.booleans(),
    outcome=st.sampled_from(["released", "rejected", "expired"]),
    contributions=contributions,
    claim=st.sampled_from(["", "x", "y"]),
    request=st.sampled_from(["", "how many apples are left"]),
    observed=st.sampled_from([(), (("estimate", 0.5),)]),
    verdict=st.builds(Verdict, st.sampled_from(["", "x", "q"]), st.sampled_from([(), ("y",)])),
    lot_price_nanos=st.none() | st.integers(0, 10**10),
)
observations = st.builds(
    Observation,
    bidder=st.sampled_from([*NAMES, "stranger"]),
    role=st.sampled_from(["transformer", "presenter"]),
    stage=st.integers(1, 9),
    stages_max=st.just(9),
    # Money has nine places: no bounty lies between nothing and a nano-dollar.
    bounty_usd=st.just(0.0) | st.floats(1e-9, 1e9),
    estimate=st.none() | st.floats(0, 1),
    cost_max_usd=st.floats(0, 1e6),
    last_price_usd=st.floats(0, 1e9),
    cost_usd=st.none() | st.floats(0, 10),
    copies=st.integers(1, 3),
    request=st.sampled_from(["", "how many apples are left"]),
    contributions=contributions,
    features=st.sampled_from([{}, {"option": 1.0}]),
)


@examples(40)
@given(seen=st.lists(observations, max_size=4), learned=st.lists(receipts, max_size=8))
def test_values_lie_between_nothing_and_the_bounty_whatever_was_learned(
    seen: list[Observation], learned: list[Receipt]
) -> None:
    policy = BayesPolicy()
    valuation = policy.value(policy.learn(None, learned), seen)
    assert len(valuation.means) == len(valuation.deviations) == len(seen)
    for lot, mean, deviation in zip(seen, valuation.means, valuation.deviations, strict=True):
        assert 0 <= mean <= lot.bounty_usd
        assert math.isfinite(deviation)
        assert deviation >= 0


@examples(30)
@given(earlier=st.lists(receipts, max_size=5), learned=st.lists(receipts, max_size=6), seed=st.integers(0, 99))
def test_the_order_of_receipts_makes_no_difference(earlier: list[Receipt], learned: list[Receipt], seed: int) -> None:
    policy = BayesPolicy()
    memory = policy.learn(None, earlier)
    shuffled = random.Random(seed).sample(learned, len(learned))
    assert policy.learn(memory, learned) == policy.learn(memory, shuffled)


@examples(30)
@given(learned=st.lists(receipts, max_size=8), seen=st.lists(observations, min_size=1, max_size=3))
def test_another_process_that_reads_the_memory_from_json_values_lots_the_same(
    learned: list[Receipt], seen: list[Observation]
) -> None:
    memory = BayesPolicy().learn(None, learned)
    stored = json.loads(json.dumps(memory, allow_nan=False))
    assert stored == memory
    assert BayesPolicy().value(stored, seen) == BayesPolicy().value(memory, seen)


@pytest.mark.parametrize("memory", [{"version": 0}, {"version": 1}, {"version": 3}, {}, [], "x"])
def test_a_memory_of_another_version_is_refused(memory: Any) -> None:
    with pytest.raises(errors.InvalidMemory, match="version"):
        BayesPolicy().value(memory, [observe("a", "transformer", ())])


def of_version_1(memory: dict[str, Any]) -> dict[str, Any]:
    """A memory as the first version wrote it."""
    later = {"accepted", "upsets", "failed", "proven"}
    parts = {part: {key: memory[part][key] for key in memory[part] if key not in later} for part in ("faded", "fit")}
    return {**memory, **parts, "version": 1}


@pytest.mark.slow
def test_it_keeps_the_contract_of_policies_and_carries_a_memory_of_the_first_version_over() -> None:
    quiz = Quiz(TRIO)
    quiz.memory = quiz.policy.practise(None, quiz.lessons(100))
    quiz.ask(5)
    old = of_version_1(quiz.memory)
    assert check_policy(BayesPolicy(), old_memories={1: old}) == []
    carried = quiz.policy.migrate(old, 1)
    seen = [observe("presenter", "presenter", (Contribution(name, "x"),)) for name in TRIO]
    now, then = (quiz.policy.value(memory, seen).means for memory in (quiz.memory, carried))
    assert then == pytest.approx(now, rel=0.1)


@pytest.mark.parametrize(("memory", "version"), [(None, 1), ({}, 1), ({"version": 2}, 1), ({"version": 1}, 0)])
def test_what_the_first_version_did_not_write_is_not_carried_over(memory: Any, version: int) -> None:
    with pytest.raises(errors.InvalidMemory, match="version"):
        BayesPolicy().migrate(memory, version)


@pytest.mark.parametrize(
    "options",
    [{"forget": 0.6}, {"prior": -1}, {"exploration": "much"}, {"window": 1}, {"embedding": "no.such:thing"}],
)
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig):
        BayesPolicy(**options)


def test_two_pools_with_equal_figures_and_other_names_are_not_taken_for_each_other() -> None:
    policy = BayesPolicy()
    for strong, weak in (("a", "b"), ("b", "a")):
        quiz = Quiz({strong: Player(3.0), weak: Player(-3.0)}, seed=1)
        memory = policy.practise(None, quiz.lessons(30))
        seen = [observe(strong, "transformer", ()), observe(weak, "transformer", ())]
        means = policy.value(memory, seen).means
        assert means[0] > means[1]


@pytest.mark.slow
def test_a_bidder_doubts_at_the_first_stage_alone_and_the_less_the_more_it_has_worked() -> None:
    quiz = Quiz(TRIO)
    lessons = quiz.lessons(150)
    memory = quiz.policy.practise(None, lessons)
    less = quiz.policy.practise(None, lessons[:30])
    for name in TRIO:
        opening = [observe(name, "transformer", ())]
        unsure, sure = (quiz.policy.value(each, opening).deviations[0] for each in (less, memory))
        assert 0 < sure < unsure
    both = [observe(name, "transformer", ()) for name in ("stranger", "strong")]
    newcomer, known = quiz.policy.value(memory, both).deviations
    assert newcomer > 3 * known
    assert quiz.policy.value(memory, [observe("presenter", "presenter", ())]).deviations == [0.0]
    later = observe("strong", "transformer", (Contribution("weak", "x"),))
    assert quiz.policy.value(memory, [later]).deviations == [0.0]


def test_practice_makes_values_come_near_to_what_the_players_are_worth() -> None:
    quiz = Quiz(TRIO)
    quiz.memory = quiz.policy.practise(None, quiz.lessons(300))
    draws = np.random.default_rng(5)
    true = np.mean([[answer == "right" for answer in quiz.answers(draws).values()] for _ in range(4000)], axis=0)
    for name, chance in zip(TRIO, true, strict=True):
        presented = observe("presenter", "presenter", (Contribution(name, "x"),))
        assert quiz.policy.value(quiz.memory, [presented]).means[0] == pytest.approx(BOUNTY_USD * chance, abs=0.01)


@pytest.mark.slow
def test_learning_from_verdicts_alone_finds_the_strong_and_beats_a_random_choice() -> None:
    quiz = Quiz(TRIO)
    quiz.ask(150)
    later = quiz.ask(200, learning=False)
    assert share(later, "strong") > 0.9
    draws = np.random.default_rng(6)
    random_choice = np.mean([answer == "right" for _ in range(2000) for answer in quiz.answers(draws).values()])
    assert utility_usd(later) > BOUNTY_USD * random_choice + 0.01


@pytest.mark.slow
def test_what_presenters_bid_is_nearly_as_good_a_forecast_as_the_truth_allows() -> None:
    """The best forecast knows the abilities and the claims; its Brier score comes from practice at length."""
    seeds = range(3)
    learned, oracle = ([Quiz(TRIO, seed=seed) for seed in seeds] for _ in range(2))
    for quiz in learned:
        quiz.ask(200)
    for quiz in oracle:
        quiz.memory = quiz.policy.practise(None, quiz.lessons(1500))

    def brier(quizzes: list[Quiz]) -> float:
        asked = [each for quiz in quizzes for each in quiz.ask(300, learning=False)]
        return float(np.mean([(each.chance - each.accepted) ** 2 for each in asked]))

    assert brier(learned) < brier(oracle) + 0.02


def test_a_state_that_all_have_worked_on_is_presented_though_a_stranger_could_improve_it() -> None:
    quiz = Quiz(TRIO)
    quiz.memory = quiz.policy.practise(None, quiz.lessons(100))
    held = tuple(Contribution(name, name) for name in TRIO)
    assert quiz.policy.value(quiz.memory, [observe("p", "presenter", held)]).means[0] > 0.01 * BOUNTY_USD


@pytest.mark.slow
def test_a_newcomer_that_is_better_than_all_is_used_within_fifty_requests() -> None:
    quiz = Quiz({"weak": Player(-1.0), "fair": Player(0.0)})
    quiz.ask(120)
    quiz.players["star"] = Player(4.0)
    quiz.ask(50)
    assert share(quiz.ask(40), "star") > 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("forget", "follows"), [(0.04, True), (0.0, False)])
def test_a_drop_of_ability_is_followed_only_by_a_pool_that_forgets(forget: float, follows: bool) -> None:
    players = {"fallen": Player(3.0, 0.0004), "steady": Player(1.0, 0.0006)}
    quiz = Quiz(players, BayesPolicy(forget=forget))
    quiz.memory = quiz.policy.practise(None, quiz.lessons(600))
    alone = [observe("presenter", "presenter", (Contribution("fallen", "x"),))]
    before = quiz.policy.value(quiz.memory, alone).means[0]
    players["fallen"] = replace(players["fallen"], ability=-3.0)
    quiz.ask(100)
    assert (quiz.policy.value(quiz.memory, alone).means[0] < 0.6 * before) is follows


def test_agreement_raises_a_presenters_bid_and_disagreement_lowers_it() -> None:
    quiz = Quiz(TRIO)
    quiz.memory = quiz.policy.practise(None, quiz.lessons(200))
    alone = (Contribution("fair", "x"),)
    agreed = (*alone, Contribution("weak", "x"))
    denied = (*alone, Contribution("weak", "y"))
    seen = [observe("presenter", "presenter", held) for held in (denied, alone, agreed)]
    means = quiz.policy.value(quiz.memory, seen).means
    assert means[0] < means[1] < means[2]


def test_a_delivery_of_very_many_claims_is_valued_and_learned_from_by_the_first_of_them() -> None:
    policy, lessons = BayesPolicy(pool="p"), Quiz(TRIO).lessons(30)
    memory = policy.practise(None, lessons)
    flood = tuple(Contribution("weak", f"claim {number}") for number in range(1000))
    for role in ("transformer", "presenter"):
        few, many = (observe("fair", role, flood[:count]) for count in (WORKS_MAX, 1000))
        assert policy.value(memory, [many]) == policy.value(memory, [few])
    assert len(policy.best_claims(memory, observe("p", "presenter", flood))) == WORKS_MAX
    taken = receipt(bidder="weak", claim="claim 0", contributions=flood[1:], request="q", bounty_nanos=10**9)
    for chosen in ("claim 0", "claim 999"):
        learned = policy.learn(memory, [taken._replace(verdict=Verdict(chosen))])
        assert learned["requests"] == memory["requests"] + 1


@pytest.mark.slow
def test_a_presenter_that_shows_several_answers_bids_for_the_chance_that_one_of_them_is_right() -> None:
    lessons = Quiz(TRIO).lessons(30)
    held = (Contribution("weak", "x"), Contribution("fair", "y"), Contribution("strong", "z"))
    worths = []
    for answers in (1, 2, 3):
        policy = BayesPolicy(answers=answers)
        memory = policy.practise(None, lessons)
        chances = [chance for _, chance in policy.best_claims(memory, observe("p", "presenter", held))]
        worths.append(policy.value(memory, [observe("p", "presenter", held)]).means[0])
        assert worths[-1] == pytest.approx(BOUNTY_USD * sum(chances[:answers]))
        rest = policy.value(memory, [observe("p", "presenter", held, features={"option": 1.0})]).means[0]
        assert rest == pytest.approx(BOUNTY_USD * sum(chances[1 : 1 + answers]))
    assert worths == sorted(worths)
    assert worths[0] < worths[2]


def test_of_several_answers_that_were_taken_together_each_may_be_the_right_one_and_all_others_are_wrong() -> None:
    """Who gave none of them has failed; who gave one of them has not, and is believed the more, the fewer they were."""

    def chance_of(verdict: Verdict) -> float:
        policy, works = BayesPolicy(), []
        for number in range(40):
            held = (Contribution("a", f"{number} a"), Contribution("b", f"{number} b"))
            told = Verdict(
                f"{number} {verdict.taken}" if verdict.taken else "",
                tuple(f"{number} {claim}" for claim in verdict.refused),
                tuple(f"{number} {claim}" for claim in verdict.among),
            )
            works.append(
                receipt(request_id=f"r{number}", bidder="c", contributions=held, claim=f"{number} c", verdict=told)
            )
        memory = policy.learn(None, works)
        alone = [observe("p", "presenter", (Contribution(name, "x"),)) for name in ("a", "c")]
        chance, chance_of_who_gave_none = policy.value(memory, alone).means
        assert chance >= chance_of_who_gave_none
        return chance

    both = chance_of(Verdict("", (), ("a", "b")))
    assert chance_of(Verdict("a", ("b",))) > both > 2 * chance_of(Verdict("b", ("a",)))


def test_right_answers_that_read_differently_are_both_right_in_practice() -> None:
    """One rounds, the other does not: whoever is named first must not make the other's answers wrong."""
    lessons = [
        Lesson(
            f"question {number}",
            BOUNTY_USD,
            (
                Work("rounds", f"{number}.3", 1.0, 0.0),
                Work("exact", f"{number}.33", 1.0, 0.0),
                Work("bad", "7", 0.0, 0.0),
            ),
        )
        for number in range(60)
    ]
    policy = BayesPolicy()
    memory = policy.practise(None, lessons)
    alone = [observe("p", "presenter", (Contribution(name, "x"),)) for name in ("rounds", "exact", "bad")]
    rounds, exact, bad = (worth / BOUNTY_USD for worth in policy.value(memory, alone).means)
    assert rounds == pytest.approx(exact)
    assert rounds > 0.6
    assert bad < 0.1


def test_answers_that_cannot_be_compared_are_valued_by_their_authors_record() -> None:
    policy, seen = BayesPolicy(), []
    for number in range(60):
        for name, right in (("good", number % 10 > 0), ("bad", number % 10 == 0)):
            told = {"request_id": f"{name}{number}", "outcome": "released" if right else "rejected"}
            held = (Contribution(name, ""),)
            seen.append(receipt(bidder=name, in_picked_chain=right, **told))
            seen.append(receipt(bidder="presenter", role="presenter", stage=2, contributions=held, **told))
    memory = policy.learn(None, seen)
    good, bad = policy.value(
        memory, [observe("p", "presenter", (Contribution(name, ""),)) for name in ("good", "bad")]
    ).means
    assert good > 0.8 * BOUNTY_USD
    assert bad < 0.2 * BOUNTY_USD


def test_open_ended_work_is_worth_what_such_lots_have_brought() -> None:
    policy, sold = BayesPolicy(), []
    for number in range(60):
        for name, share_of_bounty in (("rich", 8), ("poor", 1)):
            revenue = share_of_bounty * 10**9
            sold.append(
                receipt(request_id=f"{name}{number}", bidder=name, revenue_nanos=revenue, observed=(("estimate", 0.5),))
            )
    memory = policy.learn(None, sold)
    rich, poor, stranger = policy.value(
        memory, [Observation(name, "transformer", 1, 8, 10.0, estimate=0.5) for name in ("rich", "poor", "stranger")]
    ).means
    assert rich == pytest.approx(8, abs=1.0)
    assert poor == pytest.approx(1, abs=1.0)
    assert poor < stranger < rich


def test_rewards_and_what_a_kept_state_brought_count_in_what_open_ended_work_is_worth() -> None:
    def worth_usd(*more: Receipt, **work: int) -> float:
        policy = BayesPolicy()
        first = receipt(bidder="a", observed=(("estimate", 0.5),), **work)
        past = [each._replace(request_id=f"r{number}") for number in range(20) for each in (first, *more)]
        memory = policy.learn(None, past)
        return policy.value(memory, [Observation("a", "transformer", 1, 8, 10.0, estimate=0.5)]).means[0]

    sold = worth_usd(revenue_nanos=6 * 10**9)
    assert sold == pytest.approx(6, abs=0.5)
    assert worth_usd(revenue_nanos=10**9, reward_nanos=5 * 10**9) == pytest.approx(sold)
    assert worth_usd(revenue_nanos=9 * 10**9, reward_nanos=-3 * 10**9) == pytest.approx(sold)
    kept = receipt(bidder="a", lot="0.0", stage=2, kept=True, revenue_nanos=6 * 10**9)
    assert worth_usd(kept) == pytest.approx(sold)
    assert worth_usd(kept._replace(bidder="b")) == pytest.approx(0, abs=0.5), "what others kept is not its own"
    assert worth_usd(revenue_nanos=6 * 10**9, cost_nanos=2 * 10**9) == pytest.approx(sold - 2, abs=0.05)


def test_two_results_that_differ_in_their_reward_alone_teach_the_same_in_any_order() -> None:
    policy = BayesPolicy(forget=0.5)
    one = receipt(bidder="a", observed=(("estimate", 0.5),))
    other = one._replace(reward_nanos=10**9)
    assert policy.learn(None, [one, other]) == policy.learn(None, [other, one])


class LookedAheadError(Exception):
    pass


def test_whom_to_ask_first_is_worked_out_when_something_was_learned_and_not_when_a_lot_is_on_sale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiz, first = Quiz(TRIO), [observe(name, "transformer", ()) for name in [*TRIO, "stranger"]]
    for _ in range(3):
        quiz.ask(4)
        assert BayesPolicy().value(json.loads(json.dumps(quiz.memory)), first) == quiz.policy.value(quiz.memory, first)

    def never(*_: object) -> Values:
        raise LookedAheadError

    monkeypatch.setattr(planning, "look_ahead", never)
    assert max(quiz.policy.value(quiz.memory, first).means) > 0.0
    with pytest.raises(LookedAheadError):
        BayesPolicy().value(quiz.memory, first)


def test_after_the_one_that_promises_most_the_next_is_looked_ahead_for_and_after_others_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiz = Quiz(TRIO)
    quiz.ask(12)
    firsts = quiz.policy.value(quiz.memory, [observe(name, "transformer", ()) for name in TRIO]).means
    by_promise = sorted(TRIO, key=dict(zip(TRIO, firsts, strict=True)).__getitem__)

    def never(*_: object) -> Values:
        raise LookedAheadError

    monkeypatch.setattr(planning, "look_ahead", never)
    for name, claim in ((by_promise[0], "x"), (by_promise[1], "x"), (by_promise[-1], "")):
        quiz.policy.value(quiz.memory, [observe("stranger", "transformer", (Contribution(name, claim),))])
    with pytest.raises(LookedAheadError):
        quiz.policy.value(quiz.memory, [observe("stranger", "transformer", (Contribution(by_promise[-1], "x"),))])


def test_a_lot_is_worth_the_same_whatever_others_it_is_valued_with() -> None:
    quiz = Quiz(TRIO)
    quiz.ask(12)
    states = [(), (Contribution("weak", "x"),), (Contribution("weak", "x"), Contribution("strong", "y"))]
    lots = [observe(name, "transformer", held) for name in ["fair", "stranger"] for held in states]
    lots += [observe("presenter", "presenter", held, bounty_usd=usd) for held in states[1:] for usd in (0.1, 0.4)]
    together = quiz.policy.value(quiz.memory, lots)
    alone = [BayesPolicy().value(quiz.memory, [lot]) for lot in lots]
    assert together.means == [each.means[0] for each in alone]
    assert together.deviations == [each.deviations[0] for each in alone]
    assert len(set(together.means)) > len(lots) / 2
