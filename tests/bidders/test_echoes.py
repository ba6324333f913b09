"""Echoes: works that say what another has said are found out, count once, and are not asked one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.belief import EchoChances, after_claim, best_first
from bidders.policies.pooled.echoes import SAME_MIN, SHARE_MAX, SHARE_MIN, EchoCounts, Echoes, pair_of
from bidders.policies.pooled.foresight import Foresight
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.planning import Planner
from bidders.policies.pooled.pool import Fit
from bidders.policies.pooled.world import CLASSES
from orchestrator import Contribution, Lesson, Receipt, Verdict, Work
from tests.bidders.beliefs import believed, world
from tests.bidders.lots import receipt
from tests.bidders.quiz import BOUNTY_USD, QUESTION, observe

PLAYERS = ("ann", "bob", "cid", "dan", "eve")
ABILITIES = dict(zip(PLAYERS, (1.0, 0.8, 0.8, 0.7, 0.7), strict=True))
NANOS = 10**9

skills = st.floats(0.05, 0.95)
shares = st.floats(0.0, 1.0)


def answered(draws: np.random.Generator, repeats: float, errors: int = 40) -> dict[str, str]:
    """What all say to one question; bob says what ann says as often as `repeats` tells, eve what dan says."""
    level = 1.5 * draws.standard_normal()
    said = {
        name: "right" if draws.random() < 1 / (1 + np.exp(level - ability)) else f"wrong {draws.integers(errors)}"
        for name, ability in ABILITIES.items()
    }
    for echo, source in (("bob", "ann"), ("eve", "dan")):
        if draws.random() < repeats:
            said[echo] = said[source]
    return said


def lessons(questions: int, repeats: float, errors: int = 40) -> list[Lesson]:
    draws = np.random.default_rng(3)
    return [
        Lesson(
            QUESTION,
            BOUNTY_USD,
            tuple(Work(name, said, float(said == "right"), 0.0005) for name, said in everybody.items()),
        )
        for everybody in (answered(draws, repeats, errors) for _ in range(questions))
    ]


def receipts(questions: int, repeats: float) -> list[list[Receipt]]:
    """Of three whom somebody chose by lot, and of whom the user took the first who was right."""
    draws = np.random.default_rng(4)
    found = []
    for number in range(questions):
        said = answered(draws, repeats)
        chosen = draws.permutation(PLAYERS)[:3].tolist()
        claims = tuple(said[name] for name in chosen)
        verdict = Verdict("right") if "right" in claims else Verdict("", claims)
        held: tuple[Contribution, ...] = ()
        of_question = []
        for name in chosen:
            of_question.append(
                receipt(
                    request_id=f"q{number}",
                    bidder=name,
                    stage=len(held) + 1,
                    bounty_nanos=round(BOUNTY_USD * NANOS),
                    contributions=held,
                    claim=said[name],
                    request=QUESTION,
                    verdict=verdict,
                )
            )
            held = (*held, Contribution(name, said[name]))
        found.append(of_question)
    return found


def echoes_in(memory: Any) -> dict[frozenset[str], float]:
    """Who echoes whom, by name."""
    fit = Fit.from_json(memory["fit"])
    return {frozenset((fit.names[one], fit.names[other])): share for one, other, share in fit.echoes.pairs()}


PAIRS = {frozenset(("ann", "bob")), frozenset(("dan", "eve"))}


@pytest.fixture(scope="module")
def practised() -> Any:
    """A memory in which bob mostly says what ann says, and eve what dan says; nobody changes it."""
    return BayesPolicy().practise(None, lessons(120, 0.9))


@pytest.mark.parametrize(
    ("errors", "questions"), [*(pytest.param(each, 250, marks=pytest.mark.slow) for each in (1, 3)), (40, 120)]
)
def test_practice_finds_out_who_echoes_whom_and_takes_nobody_else_for_an_echo(errors: int, questions: int) -> None:
    found = echoes_in(BayesPolicy().practise(None, lessons(questions, 0.8, errors)))
    # With one wrong answer to give, whoever is wrong says the same: only the ablest are right together too often.
    assert found.keys() <= PAIRS if errors == 1 else found.keys() == PAIRS
    assert all(0.4 < share < 0.95 for share in found.values())
    assert not echoes_in(BayesPolicy().practise(None, lessons(questions, 0.0, errors)))


@pytest.mark.slow
def test_bounties_alone_find_out_who_echoes_whom() -> None:
    policy = BayesPolicy()

    def learned(repeats: float) -> Any:
        memory = None
        for of_question in receipts(400, repeats):
            memory = policy.learn(memory, of_question)
        return memory

    assert echoes_in(learned(0.9)).keys() == PAIRS
    assert not echoes_in(learned(0.0))


def test_that_an_echo_agrees_says_less_than_that_another_does(practised: Any) -> None:
    policy = BayesPolicy()

    def presented(*authors: str) -> float:
        held = tuple(Contribution(author, "x") for author in authors)
        return policy.value(practised, [observe("presenter", "presenter", held)]).means[0]

    alone, with_echo, with_other = presented("ann"), presented("ann", "bob"), presented("ann", "cid")
    assert alone <= with_echo < alone + 0.3 * (with_other - alone)


def test_what_an_echo_could_add_is_worth_less_than_if_it_were_not_known_for_one(practised: Any) -> None:
    policy = BayesPolicy()
    deaf = {**practised, "fit": {name: kept for name, kept in practised["fit"].items() if name not in ("echoes", "id")}}
    deaf["fit"]["id"] = "the same without echoes"
    seen = [observe(name, "transformer", (Contribution("ann", "x"),)) for name in ("bob", "cid")]
    stop_usd = policy.best_claims(practised, seen[0])[0][1] * BOUNTY_USD
    knowing, unknowing = (np.array(policy.value(each, seen).means) - stop_usd for each in (practised, deaf))
    assert 0.0 < knowing[0] < 0.8 * unknowing[0]
    assert knowing[1] > 0.0


def test_a_plan_holds_no_two_who_echo_each_other(practised: Any) -> None:
    fit = Fit.from_json(practised["fit"])
    assert max(len(plan) for plan in fit.plans) > 1
    for plan in fit.plans:
        assert not any(pair <= {fit.names[bidder] for bidder in plan} for pair in PAIRS)


def test_a_plan_made_before_echoes_were_known_is_made_again_without_them() -> None:
    right = np.tile(np.linspace(0.95, 0.3, CLASSES), (4, 1))
    assumed, terms = world(0.0, 0.0), Terms(1.0)
    planner = Planner(right, np.full(4, 0.001), assumed)
    assert {0, 1} < set(planner.improved((), terms))
    heeding = replace(planner, echoes=echoed((0, 1, 0.9)))
    assert len({0, 1} & set(heeding.improved((1, 0), terms))) == 1


@pytest.mark.slow
def test_a_memory_that_knows_of_no_echoes_is_learned_on_from() -> None:
    policy = BayesPolicy()
    memory = policy.practise(None, lessons(40, 0.9))
    old = {name: kept for name, kept in memory.items() if name != "heard"}
    old["fit"] = {name: kept for name, kept in memory["fit"].items() if name != "echoes"}
    seen = [observe(name, "transformer", (Contribution("ann", "x"),)) for name in PLAYERS[1:]]
    assert len(policy.value(old, seen).means) == 4
    assert echoes_in(policy.practise(old, lessons(120, 0.9))).keys() == PAIRS


def echoed(*pairs: tuple[int, int, float]) -> Echoes:
    first, second, each = zip(*pairs, strict=True)
    return Echoes(np.array(first), np.array(second), np.array(each))


@given(repeats=shares, is_own=shares, claims=st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_what_certainly_is_an_echo_changes_no_belief_and_what_certainly_is_none_changes_it_as_any_work(
    repeats: float, is_own: float, claims: Sequence[int]
) -> None:
    belief, right = believed(world(0.1, 0.2), claims).given, np.linspace(0.9, 0.1, CLASSES)
    assert np.allclose(after_claim(belief, right, 0, EchoChances(1.0, 0.0)).given.weights, belief.weights)
    assert after_claim(belief, right, 0, EchoChances(1.0, 0.0)).sizes == belief.sizes
    plain = after_claim(belief, right, 0)
    certain = after_claim(belief, right, 0, EchoChances(0.0, 1.0))
    assert np.allclose(certain.weights, plain.weights)
    assert certain.sizes == plain.sizes
    mixed = after_claim(belief, right, 0, EchoChances(repeats, is_own)).weights
    assert np.allclose(mixed, repeats * belief.weights + is_own * plain.weights)


@given(
    claims=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    right=arrays(float, (4, CLASSES), elements=skills),
    heard=st.lists(shares, min_size=4, max_size=4),
    answers=st.integers(1, 3),
)
def test_asking_who_may_be_an_echo_is_worth_no_more_than_if_one_knew_whether_it_is(
    claims: Sequence[int], right: Any, heard: Sequence[float], answers: int
) -> None:
    assumed, terms, plan = world(0.1, 0.2), Terms(2.0, answers), (1, 2)
    belief = believed(assumed, claims).given
    order = best_first(belief.chances(assumed))
    foresight = Foresight(right, np.full(4, 0.01), assumed)

    def found(shares_heard: Any) -> Any:
        repeated = np.zeros((belief.claims, 4), dtype=np.float32)
        repeated[order[0]] = shares_heard
        return np.array(foresight.shares(belief, order, plan, terms, repeated))

    none, all_heard = found(np.zeros(4)), found(np.ones(4))
    assert np.allclose(none, foresight.shares(belief, order, plan, terms), atol=1e-5)
    known = (1.0 - np.array(heard)) * none + np.array(heard) * all_heard
    assert (found(heard) <= known + 1e-5).all()


@given(
    claims=st.lists(st.integers(0, 2), min_size=1, max_size=3),
    right=arrays(float, (3, CLASSES), elements=skills),
    heard=st.floats(0.0, SHARE_MAX),
    answers=st.integers(1, 2),
)
def test_foresight_promises_no_more_of_an_echo_than_looking_ahead_in_full(
    claims: Sequence[int], right: Any, heard: float, answers: int
) -> None:
    assumed, terms, costs = world(0.1, 0.2), Terms(2.0, answers), np.full(3, 0.01)
    belief = believed(assumed, claims).given
    order = best_first(belief.chances(assumed))
    repeated = np.zeros((belief.claims, 3), dtype=np.float32)
    repeated[0, 0] = heard
    in_full = Planner(right, costs, assumed).shares(belief.weights[None], belief.sizes, [0, 1], (1,), terms, repeated)
    promised = Foresight(right, costs, assumed).shares(belief, order, (1,), terms, repeated)
    assert promised[0] <= in_full[0, 0] + 1e-5


def test_who_echoes_another_only_now_and_then_may_still_be_asked_after_it() -> None:
    weak, strong = (SHARE_MIN + SAME_MIN) / 2, SAME_MIN
    echoes = Echoes(np.array([1, 2]), np.array([0, 0]), np.array([weak, strong]))

    assert echoes.of_bidder(0)[0].tolist() == [1, 2]
    assert echoes.same_as(0) == {2}
    assert (echoes.among([0, 1]), echoes.among([0, 2])) == (False, True)


def test_after_a_bidder_none_is_thought_of_who_echoes_it() -> None:
    right = np.tile(np.linspace(0.9, 0.2, CLASSES), (4, 1))
    assumed, terms, costs = world(0.0, 0.0), Terms(1.0), np.full(4, 0.001)
    belief = believed(assumed, [0, 1]).given
    order, plan = best_first(belief.chances(assumed)), (1,)
    free = np.array(Foresight(right, costs, assumed).shares(belief, order, plan, terms))
    heeding = np.array(Foresight(right, costs, assumed, echoed((0, 1, 0.9))).shares(belief, order, plan, terms))
    alone = np.array(Foresight(right, costs, assumed).shares(belief, order, (), terms))
    assert heeding[0] == pytest.approx(alone[0], abs=1e-6)
    assert free[0] > alone[0] + 1e-4
    assert heeding[2] == free[2]


@given(seen=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: pair[0] != pair[1])))
def test_each_pair_of_bidders_has_a_number_of_its_own_that_does_not_depend_on_who_comes_later(
    seen: list[tuple[int, int]],
) -> None:
    one, other = (np.array(each, dtype=np.int64) for each in (zip(*seen, strict=True) if seen else ((), ())))
    numbers = pair_of(one, other)
    assert (numbers == pair_of(other, one)).all()
    assert len(set(numbers.tolist())) == len({frozenset(pair) for pair in seen})
    found = Echoes.of(counts_of(dict.fromkeys(numbers.tolist(), (100.0, 90.0))))
    assert {frozenset(pair[:2]) for pair in found.pairs()} == {frozenset(pair) for pair in seen}
    assert all(number < 31 * 30 // 2 for number in numbers)


def counts_of(pairs_seen: dict[int, tuple[float, float]]) -> EchoCounts:
    pairs = sorted(pairs_seen)
    met, echoed = ([pairs_seen[pair][place] for pair in pairs] for place in (0, 1))
    return EchoCounts(np.array(pairs, dtype=np.int64), np.array(met, dtype=float), np.array(echoed, dtype=float))


counted = st.dictionaries(st.integers(0, 50), st.tuples(st.floats(1.0, 99.0), st.floats(0.0, 1.0))).map(counts_of)


@given(one=counted, other=counted)
def test_counts_add_up_whatever_pairs_they_are_of_and_go_through_storage(one: EchoCounts, other: EchoCounts) -> None:
    both, reverse = one + other, other + one
    assert both.pairs.tolist() == sorted({*one.pairs.tolist(), *other.pairs.tolist()})
    assert both.met.sum() == pytest.approx(one.met.sum() + other.met.sum())
    assert np.allclose(both.of_pairs(one.pairs).met, one.met + other.of_pairs(one.pairs).met)
    assert np.allclose(both.echoed, reverse.echoed)
    stored = EchoCounts.from_json(both.to_json())
    assert stored.pairs.tolist() == both.pairs.tolist()
    assert np.allclose(stored.met, both.met, atol=1e-3)
    assert len((one + other).times(0.001).pairs) == 0


def test_one_meeting_makes_nobody_an_echo_and_many_nobody_a_certain_one() -> None:
    assert not Echoes.of(counts_of({0: (1.0, 1.0)}))
    assert Echoes.of(counts_of({0: (1e6, 1e6)})).shares[0] == SHARE_MAX
    assert SHARE_MIN <= Echoes.of(counts_of({0: (60.0, 40.0)})).shares[0] < 40 / 60
    assert Echoes.of(counts_of({0: (60.0, 40.0)})).same_as(0) == {1}
    assert SAME_MIN > SHARE_MIN
