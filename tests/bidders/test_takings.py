"""Lots told apart by features: the pooled policy values them at what such lots have brought, with honest doubt."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.bayes import BayesPolicy
from bidders.policies.pooled.pool import empty_memory
from bidders.policies.pooled.takings import RunningMean
from orchestrator import Contribution, Observation, Receipt, errors
from orchestrator.testing import check_policy
from tests.bidders.lots import receipt
from tests.effort import examples

FIGURES: list[tuple[tuple[str, float], ...]] = [
    (),
    (("estimate", 0.5),),
    (("state", 1.0),),
    (("state", 2.0),),
    (("estimate", 0.2), ("state", 2.0)),
]
POLICIES = [
    BayesPolicy(by=["state"]),
    BayesPolicy(by=["state"], pool="p", forget=0.3, exploration=10, linear_to=0.0),
    BayesPolicy(by=["stage", "state"], forget=0.5, linear_to=0.8),
]
NANOS = st.integers(0, 20 * 10**9)

receipts = st.builds(
    receipt,
    request_id=st.sampled_from(["r1", "r2"]),
    bidder=st.sampled_from(["a", "b"]),
    lot=st.sampled_from(["0", "0.0", "0.1"]),
    stage=st.integers(1, 3),
    answer=st.sampled_from(["bid", "pass"]),
    role=st.sampled_from(["transformer", "presenter"]),
    bounty_nanos=NANOS,
    won=st.booleans(),
    revenue_nanos=NANOS,
    cost_nanos=NANOS,
    reward_nanos=st.integers(-20 * 10**9, 20 * 10**9),
    outcome=st.sampled_from(["released", "rejected", "failed"]),
    censored=st.booleans(),
    kept=st.booleans(),
    observed=st.sampled_from(FIGURES),
    contributions=st.sampled_from([(), (Contribution("b", ""),), (Contribution("b", "x"),)]),
    claim=st.sampled_from(["", "x"]),
)
observations = st.builds(
    Observation,
    bidder=st.sampled_from(["a", "b", "stranger"]),
    role=st.sampled_from(["transformer", "presenter"]),
    stage=st.integers(1, 3),
    stages_max=st.just(9),
    # Money has nine places: no bounty lies between nothing and a nano-dollar.
    bounty_usd=st.just(0.0) | st.floats(1e-9, 1e9),
    features=st.sampled_from([{}, {"state": 1.0}, {"state": 2.0}, {"other": 1.0}]),
)


def observe(**other: Any) -> Observation:
    plain = {"bidder": "a", "role": "transformer", "stage": 1, "stages_max": 9, "bounty_usd": 10.0}
    return Observation(**{**plain, "features": {"state": 1.0}, **other})


def bring(*shares: float, **other: Any) -> list[list[Receipt]]:
    """Receipts of lots that brought shares of their bounty, one request each."""
    plain = {"bidder": "a", "observed": (("state", 1.0),)}
    return [
        [receipt(**{**plain, "request_id": f"r{number}", "revenue_nanos": round(share * 10**10), **other})]
        for number, share in enumerate(shares)
    ]


def learned(policy: BayesPolicy, requests: Sequence[Sequence[Receipt]], memory: Any = None) -> Any:
    for each in requests:
        memory = policy.learn(memory, each)
    return memory


def share_of(policy: BayesPolicy, memory: Any, **other: Any) -> float:
    return policy.value(memory, [observe(**other)]).means[0] / 10


def doubt_of(policy: BayesPolicy, memory: Any, **other: Any) -> float:
    return policy.value(memory, [observe(**other)]).deviations[0] / 10


@pytest.mark.parametrize(
    ("by", "pool"), [(["stage"], "p"), pytest.param(["a", "novelty"], None, marks=pytest.mark.slow)]
)
def test_the_pooled_policy_keeps_the_contract_where_lots_are_told_apart(by: list[str], pool: str | None) -> None:
    assert check_policy(BayesPolicy(by=by, pool=pool, linear_to=0.8)) == []


@examples(20)
@given(seen=st.lists(observations, max_size=4), past=st.lists(receipts, max_size=12))
def test_values_lie_between_nothing_and_the_bounty_and_doubt_is_finite(
    seen: list[Observation], past: list[Receipt]
) -> None:
    for policy in POLICIES:
        valuation = policy.value(learned(policy, [past, past]), seen)
        for lot, mean, deviation in zip(seen, valuation.means, valuation.deviations, strict=True):
            assert 0 <= mean <= lot.bounty_usd
            assert 0 <= deviation <= 10 * lot.bounty_usd


@pytest.mark.slow
@examples(20)
@given(earlier=st.lists(receipts, max_size=8), past=st.lists(receipts, max_size=10), seed=st.integers(0, 99))
def test_the_order_of_receipts_makes_no_difference(earlier: list[Receipt], past: list[Receipt], seed: int) -> None:
    for policy in POLICIES:
        memory = policy.learn(None, earlier)
        assert policy.learn(memory, random.Random(seed).sample(past, len(past))) == policy.learn(memory, past)


@examples(20)
@given(past=st.lists(receipts, max_size=12), seen=st.lists(observations, min_size=1, max_size=3))
def test_memory_survives_json_and_learning_leaves_the_old_memory_alone(
    past: list[Receipt], seen: list[Observation]
) -> None:
    for policy in POLICIES:
        memory = policy.learn(None, past[:6])
        written = json.dumps(memory, allow_nan=False)
        again = policy.learn(memory, past[6:])
        assert json.dumps(memory) == written
        assert policy.learn(json.loads(written), past[6:]) == again
        assert policy.value(json.loads(json.dumps(again)), seen) == policy.value(again, seen)


@examples(40)
@given(shares=st.lists(st.floats(-1, 2), min_size=1, max_size=12), faded=st.floats(0.5, 1), centre=st.floats(0, 1))
def test_the_running_figures_are_those_of_a_normal_distribution_whose_mean_and_variance_are_unknown(
    shares: list[float], faded: float, centre: float
) -> None:
    tally = RunningMean()
    for share in shares:
        tally = tally.after(share, faded)
    count = len(shares)
    # What was believed before is a first result, and has a scatter of its own.
    rows = [(faded**count, centre), *((faded ** (count - 1 - place), share) for place, share in enumerate(shares))]
    total = sum(weight for weight, _ in rows)
    mean = sum(weight * share for weight, share in rows) / total
    scatter = faded**count * 0.25**2 + sum(weight * (share - mean) ** 2 for weight, share in rows)
    guess = tally.guess(centre)
    assert guess.mean == pytest.approx(mean, abs=1e-9)
    assert guess.deviation == pytest.approx(math.sqrt(scatter / total / total), abs=1e-6)


def test_a_lot_of_which_nothing_is_known_is_worth_the_prior_and_one_result_counts_as_much() -> None:
    policy = BayesPolicy(by=["state"], prior=0.9, forget=0)
    memory = learned(policy, bring(0.1))
    assert share_of(policy, None) == pytest.approx(0.9)
    assert share_of(policy, memory) == pytest.approx(0.5)
    assert share_of(policy, memory, features={"state": 2.0}) == pytest.approx(0.9)
    assert share_of(policy, memory, role="presenter") == pytest.approx(0.9)


def test_where_results_repeat_themselves_doubt_falls_to_nothing_and_where_they_do_not_it_stays() -> None:
    policy = BayesPolicy(by=["state"], forget=0.2)
    steady, noisy = (learned(policy, bring(*shares)) for shares in ([0.6] * 60, [0.2, 1.0] * 30))
    assert doubt_of(policy, None) == pytest.approx(0.25)
    assert doubt_of(policy, steady) < 0.001
    assert doubt_of(policy, noisy) > 0.1


def test_without_forgetting_doubt_about_noisy_lots_is_the_error_of_their_mean() -> None:
    policy = BayesPolicy(by=["state"], forget=0)
    draws = random.Random(1)
    shares = [draws.gauss(0.5, 0.1) for _ in range(400)]
    memory = learned(policy, bring(*shares))
    assert share_of(policy, memory) == pytest.approx(fmean(shares), abs=0.001)
    assert doubt_of(policy, memory) == pytest.approx(0.1 / math.sqrt(400), rel=0.15)


@pytest.mark.parametrize(("forget", "follows"), [(0.3, True), (0.0, False)])
def test_only_a_policy_that_forgets_follows_what_changes(forget: float, follows: bool) -> None:
    policy = BayesPolicy(by=["state"], forget=forget)
    memory = learned(policy, bring(*[0.8] * 40, *[0.2] * 15))
    assert (share_of(policy, memory) == pytest.approx(0.2, abs=0.01)) is follows


def test_how_much_a_bidder_draws_from_its_doubt_is_an_option() -> None:
    shy, plain = (BayesPolicy(by=["state"], exploration=exploration) for exploration in (0.1, 1.0))
    assert doubt_of(shy, None) == pytest.approx(0.1 * doubt_of(plain, None))


def test_costs_rewards_and_what_a_kept_state_brought_count() -> None:
    policy = BayesPolicy(by=["state"], prior=0.0, forget=0.5)
    bought = receipt(bidder="a", observed=(("state", 1.0),), reward_nanos=2 * 10**9, cost_nanos=10**9)
    kept = receipt(bidder="a", lot="0.0", stage=2, kept=True, revenue_nanos=4 * 10**9)
    shares = [share_of(policy, policy.learn(None, given)) for given in ([bought], [bought, kept])]
    weight = 1 / (1 + math.exp(-0.5))
    assert shares == pytest.approx([0.1 * weight, 0.5 * weight])


def test_lots_without_such_features_are_valued_as_if_nothing_were_told_apart() -> None:
    plain, told = BayesPolicy(), BayesPolicy(by=["state"])
    past = bring(*[0.9] * 3, observed=(("estimate", 0.5),))
    seen = [observe(features={"other": 1.0}, estimate=0.5), observe(features={}, role="presenter", stage=2)]
    memory = learned(plain, past)
    assert learned(told, past) == memory
    assert told.value(memory, seen) == plain.value(memory, seen)


@pytest.mark.parametrize("claims", [("x", ""), ("", "x"), ("x", "x")])
def test_a_lot_that_is_told_apart_is_not_valued_by_claims_but_its_claims_teach_the_pool(
    claims: tuple[str, str],
) -> None:
    policy = BayesPolicy(by=["state"])
    held, claim = claims
    past = bring(*[0.7] * 30, contributions=(Contribution("b", held),), claim=claim)
    memory = learned(policy, [[receipt for request in past for receipt in request]])
    seen = observe(contributions=(Contribution("b", "x"), Contribution("c", "y")))
    assert policy.value(memory, [seen]).means[0] == pytest.approx(7.0, abs=0.1)
    assert memory["requests"] == 30
    assert memory["names"] == ["b", "a"]


def test_requests_about_nothing_but_such_lots_leave_what_is_known_of_claims_alone() -> None:
    held = {"contributions": (Contribution("b", ""),)}
    lost = receipt(bidder="a", won=False, observed=(("state", 1.0),), **held)
    passed = receipt(bidder="a", won=False, answer="pass", **held)
    kept = receipt(bidder="a", lot="0.0", stage=2, kept=True, **held)
    policy = BayesPolicy(by=["state"])
    memory = learned(policy, [*bring(0.7, **held), [lost, passed], [lost, kept]])
    assert {key: memory[key] for key in empty_memory()} == empty_memory()
    beside = receipt(bidder="c", won=False, **held)
    assert policy.learn(memory, [lost, beside])["requests"] == 1
    assert BayesPolicy().learn(None, [passed])["requests"] == 1, "where nothing is told apart all requests count"


def test_bidders_of_a_pool_have_values_of_their_own_drawn_towards_the_pools_and_twins_share_theirs() -> None:
    pooled, alone = BayesPolicy(by=["state"], pool="p", prior=0.5), BayesPolicy(by=["state"], prior=0.5)
    past = [*bring(*[0.9] * 20), *bring(*[0.1] * 20, bidder="b")]
    memory = learned(pooled, past)
    rich, poor, newcomer = (share_of(pooled, memory, bidder=name) for name in ("a", "b", "c"))
    assert rich == pytest.approx(0.9, abs=0.05)
    assert poor == pytest.approx(0.1, abs=0.05)
    assert newcomer == pytest.approx(0.5, abs=0.02)
    assert doubt_of(pooled, memory, bidder="c") > doubt_of(pooled, memory, bidder="a")
    memory = learned(alone, past)
    assert share_of(alone, memory, bidder="a") == share_of(alone, memory, bidder="b") == pytest.approx(0.5, abs=0.02)


def test_values_above_the_bounty_keep_their_order_where_bids_bend_and_lose_it_where_they_are_cut() -> None:
    for linear_to, is_ordered in ((0.8, True), (1.0, False)):
        policy = BayesPolicy(by=["state"], linear_to=linear_to, forget=0.5)
        past = [*bring(*[1.5] * 40), *bring(*[1.3] * 40, observed=(("state", 2.0),))]
        memory = learned(policy, past)
        first, second = (share_of(policy, memory, features={"state": state}) for state in (1.0, 2.0))
        assert (0.8 < second < first - 0.01) is is_ordered


def test_doubt_is_carried_over_to_where_bids_bend_and_never_exceeds_the_bounty() -> None:
    straight, bending = (BayesPolicy(by=["state"], linear_to=linear_to, forget=0.3) for linear_to in (1.0, 0.8))
    wild = learned(bending, bring(1000.0, *[0.0] * 35))
    assert share_of(bending, wild) < 0.8, "where bids are values themselves"
    assert doubt_of(bending, wild) == pytest.approx(1.0)
    memory = learned(bending, bring(*[0.9, 1.1] * 20))
    share = (0.2 / (1 - share_of(bending, memory)) - 1) * 0.2 + 0.8
    doubt = doubt_of(straight, {**empty_memory(), "takings": memory["takings"]})
    assert doubt_of(bending, memory) == pytest.approx(doubt * (0.2 / (share - 0.6)) ** 2)


def test_a_memory_without_takings_is_read_and_learned_on_from() -> None:
    policy = BayesPolicy(by=["state"])
    before = learned(BayesPolicy(), bring(*[0.7] * 5))
    assert "takings" not in before
    assert share_of(policy, before) == share_of(policy, None)
    assert learned(policy, bring(0.3), before)["takings"] == learned(policy, bring(0.3))["takings"]
    assert learned(BayesPolicy(), bring(0.3), learned(policy, bring(0.3)))["takings"], "kept though no longer used"


@pytest.mark.parametrize("options", [{"by": "state"}, {"by": []}, {"by": ["estimate"]}, {"linear_to": 2}])
def test_options_that_tell_nothing_apart_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig):
        BayesPolicy(**options)
