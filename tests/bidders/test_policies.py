"""The bid policies: pure, finite, and learning what they claim to learn."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.answers import AnswerPresenter
from bidders.policies.bayes import BayesPolicy
from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.contexts import results_of_won_lots
from bidders.policies.estimate import EstimatePolicy
from bidders.policies.fixed import FixedPolicy
from bidders.policies.fraction import FractionPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Observation, Policy, Receipt, errors
from tests.bidders.lots import receipt
from tests.effort import examples

POLICIES: list[Policy] = [
    FixedPolicy(amount="1.50"),
    FixedPolicy(share="0.25"),
    FractionPolicy(),
    FractionPolicy(factor=0.5),
    TrackerPolicy(),
    TrackerPolicy(by=["state", "stage"], linear_to=0.8, shrink=0),
    EstimatePolicy(),
    CalibratedPolicy(),
]
NANOS = st.integers(0, 20 * 10**9)

receipts = st.builds(
    receipt,
    lot=st.sampled_from(["0", "0.0", "0.1"]),
    bidder=st.sampled_from(["a", "b"]),
    stage=st.integers(1, 9),
    role=st.sampled_from(["transformer", "presenter"]),
    bounty_nanos=NANOS,
    won=st.booleans(),
    revenue_nanos=NANOS,
    cost_nanos=NANOS,
    outcome=st.sampled_from(["released", "rejected", "failed"]),
    censored=st.booleans(),
    reward_nanos=st.integers(-10 * 10**9, 10 * 10**9),
    kept=st.booleans(),
    observed=st.sampled_from([(), (("state", 1.0),), (("state", 2.0),), (("estimate", 0.7),)]),
)
observations = st.builds(
    Observation,
    bidder=st.just("a"),
    role=st.sampled_from(["transformer", "presenter"]),
    stage=st.integers(1, 9),
    stages_max=st.just(9),
    # Money has nine places: no bounty lies between nothing and a nano-dollar.
    bounty_usd=st.just(0.0) | st.floats(1e-9, 1e9),
    estimate=st.none() | st.floats(0, 1),
    cost_max_usd=st.floats(0, 1e6),
    last_price_usd=st.floats(0, 1e9),
    copies=st.integers(1, 3),
    cost_usd=st.none() | st.floats(0, 1e6),
    seed=st.integers(0, 2**32),
    features=st.sampled_from([{}, {"state": 1.0}, {"state": 2.0}]),
)


def observe(**other: Any) -> Observation:
    plain = {"bidder": "a", "role": "transformer", "stage": 1, "stages_max": 9, "bounty_usd": 10.0}
    return Observation(**{**plain, **other})


def share_of(policy: Policy, memory: Any, **other: Any) -> float:
    return policy.value(memory, [observe(**other)]).means[0] / 10


@examples(40)
@given(seen=st.lists(observations, max_size=4), learned=st.lists(receipts, max_size=12))
def test_values_are_finite_and_never_negative_whatever_was_learned(
    seen: list[Observation], learned: list[Receipt]
) -> None:
    for policy in POLICIES:
        valuation = policy.value(policy.learn(None, learned), seen)
        assert len(valuation.means) == len(valuation.deviations) == len(seen), policy
        numbers = (*valuation.means, *valuation.deviations)
        assert all(math.isfinite(number) and number >= 0 for number in numbers), policy


@examples(40)
@given(seen=observations, learned=st.lists(receipts, max_size=12), linear_to=st.sampled_from([0.0, 0.8, 1.0]))
def test_a_tracker_never_values_a_lot_above_its_bounty(
    seen: Observation, learned: list[Receipt], linear_to: float
) -> None:
    policy = TrackerPolicy(linear_to=linear_to)
    assert policy.value(policy.learn(None, learned), [seen]).means[0] <= seen.bounty_usd


@examples(40)
@given(earlier=st.lists(receipts, max_size=10), learned=st.lists(receipts, max_size=10), seed=st.integers(0, 99))
def test_the_order_of_receipts_within_a_request_makes_no_difference(
    earlier: list[Receipt], learned: list[Receipt], seed: int
) -> None:
    policy = TrackerPolicy(by=["stage", "state"])
    memory = policy.learn(None, earlier)
    shuffled = random.Random(seed).sample(learned, len(learned))
    assert policy.learn(memory, learned) == policy.learn(memory, shuffled)


@examples(40)
@given(learned=st.lists(receipts, max_size=20), seen=observations)
def test_memory_survives_json_and_learning_leaves_the_old_memory_alone(
    learned: list[Receipt], seen: Observation
) -> None:
    policy = TrackerPolicy()
    memory = policy.learn(None, learned[:10])
    written = json.dumps(memory)
    again = policy.learn(memory, learned[10:])
    assert json.dumps(memory) == written
    assert policy.learn(json.loads(written), learned[10:]) == again
    assert policy.value(json.loads(json.dumps(again)), [seen]) == policy.value(again, [seen])


def test_a_tracker_starts_from_its_prior_and_moves_to_what_its_lots_bring() -> None:
    policy = TrackerPolicy()
    poor = [receipt(request_id=f"r{n}", revenue_nanos=2 * 10**9) for n in range(30)]
    assert share_of(policy, None) == pytest.approx(0.5)
    assert share_of(policy, policy.learn(None, poor)) == pytest.approx(0.2, abs=0.02)


def test_a_tracker_learns_from_rejections() -> None:
    policy = TrackerPolicy()
    rejected = policy.learn(None, [receipt(outcome="rejected", revenue_nanos=0)])
    assert share_of(policy, rejected) < share_of(policy, None)


@pytest.mark.parametrize("silent", [{"won": False}, {"censored": True, "outcome": "expired"}])
def test_lots_of_others_and_requests_unseen_teach_nothing(silent: dict[str, Any]) -> None:
    policy = TrackerPolicy()
    assert policy.learn(None, [receipt(revenue_nanos=9 * 10**9, **silent)]) == {}
    assert policy.learn(None, [receipt(revenue_nanos=9 * 10**9)]) != {}


def test_what_a_lot_brought_is_measured_by_its_own_bounty() -> None:
    policy = TrackerPolicy()
    small = policy.learn(None, [receipt(revenue_nanos=9 * 10**8, bounty_nanos=10**9)])
    large = policy.learn(None, [receipt(revenue_nanos=9 * 10**9, bounty_nanos=10 * 10**9)])
    assert share_of(policy, small) == share_of(policy, large)


def test_costs_count_against_revenue() -> None:
    policy = TrackerPolicy()
    free = policy.learn(None, [receipt(revenue_nanos=6 * 10**9)])
    dear = policy.learn(None, [receipt(revenue_nanos=6 * 10**9, cost_nanos=3 * 10**9)])
    assert share_of(policy, dear) < share_of(policy, free)


def test_a_stage_never_seen_borrows_from_the_others_and_roles_are_kept_apart() -> None:
    policy = TrackerPolicy()
    memory = policy.learn(None, [receipt(stage=2, revenue_nanos=9 * 10**9) for _ in range(5)])
    assert share_of(policy, memory, stage=7) > share_of(policy, None, stage=7)
    assert share_of(policy, memory, stage=2) > share_of(policy, memory, stage=7)
    assert share_of(policy, memory, stage=2, role="presenter") == pytest.approx(0.5)


def test_contexts_can_be_told_apart_by_a_feature_instead_of_the_stage() -> None:
    policy = TrackerPolicy(by=["state"], shrink=0)
    memory = policy.learn(None, [receipt(observed=(("state", 1.0),), revenue_nanos=2 * 10**9)])
    assert share_of(policy, memory, features={"state": 1.0}, stage=9) == pytest.approx(0.2)
    assert share_of(policy, memory, features={"state": 2.0}) == share_of(policy, memory) == pytest.approx(0.5)


def test_without_shrinking_an_unknown_context_is_worth_the_prior() -> None:
    learned = [receipt(stage=2, revenue_nanos=10**9)]
    alone, pooled = TrackerPolicy(shrink=0), TrackerPolicy()
    assert share_of(alone, alone.learn(None, learned), stage=7) == pytest.approx(0.5)
    assert share_of(pooled, pooled.learn(None, learned), stage=7) < 0.5


def test_the_memory_of_plain_stages_is_what_it_was_before_contexts_had_names() -> None:
    assert TrackerPolicy().learn(None, [receipt(stage=2, revenue_nanos=10**9)]) == {
        "transformer": {"2": [0.1, 1], "overall": [pytest.approx(0.3), 2]}
    }


def test_rewards_and_penalties_count_beside_revenue() -> None:
    policy = TrackerPolicy(shrink=0)
    for reward, share in ((10**9, 0.3), (-(10**9), 0.1)):
        memory = policy.learn(None, [receipt(revenue_nanos=2 * 10**9, reward_nanos=reward)])
        assert share_of(policy, memory) == pytest.approx(share)


def test_what_a_kept_state_brings_counts_for_the_work_that_led_there() -> None:
    policy = TrackerPolicy(shrink=0)
    bought = receipt(lot="0", stage=1)
    kept = receipt(lot="0.0", stage=2, kept=True)
    again = receipt(lot="0.0.0", stage=3, kept=True, revenue_nanos=6 * 10**9, cost_nanos=10**9)
    memory = policy.learn(None, [bought, kept, again])
    assert [share_of(policy, memory, stage=stage) for stage in (1, 2, 3)] == pytest.approx([0.5, 0.5, 0.5])
    sold = policy.learn(None, [bought, kept, again._replace(bidder="another")])
    assert share_of(policy, sold, stage=1) == pytest.approx(0.0), "what others did with a state is not its own"


def test_values_above_the_bounty_keep_their_order_where_bids_bend_and_lose_it_where_they_are_cut() -> None:
    rich = [receipt(stage=stage, revenue_nanos=nanos * 10**9) for stage, nanos in ((1, 15), (2, 13))]
    bent, cut = TrackerPolicy(shrink=0, linear_to=0.8), TrackerPolicy(shrink=0)
    first, second = (share_of(bent, bent.learn(None, rich), stage=stage) for stage in (1, 2))
    assert 0.8 < second < first < 1.0
    assert [share_of(cut, cut.learn(None, rich), stage=stage) for stage in (1, 2)] == [1.0, 1.0]


def test_doubt_is_carried_over_to_where_bids_bend() -> None:
    policy = TrackerPolicy(shrink=0, linear_to=0.8)
    known = policy.learn(None, [receipt(revenue_nanos=5 * 10**9), receipt(stage=2, revenue_nanos=15 * 10**9)])
    straight, bent = (policy.value(known, [observe(stage=stage)]).deviations[0] for stage in (1, 2))
    assert bent == pytest.approx(straight * (0.2 / 0.9) ** 2)


def test_doubt_shrinks_with_what_was_seen() -> None:
    policy = TrackerPolicy()
    memory = policy.learn(None, [receipt() for _ in range(3)])
    assert policy.value(None, [observe()]).deviations[0] == pytest.approx(0.8)
    assert policy.value(memory, [observe()]).deviations[0] == pytest.approx(0.4)


def test_a_fraction_of_the_estimate_is_bid_less_the_cost() -> None:
    seen = observe(estimate=0.6, cost_max_usd=0.5)
    assert FractionPolicy(factor="0.5").value(None, [seen]).means == [2.5]
    assert FractionPolicy().value(None, [observe()]).means == [0.0]


def test_a_fixed_policy_bids_an_amount_or_a_share() -> None:
    assert FixedPolicy(amount="1.50").value(None, [observe()]).means == [1.5]
    assert FixedPolicy(share="0.25").value(None, [observe()]).means == [2.5]


@pytest.mark.parametrize(
    "options", [{}, {"amount": "1", "share": 0.5}, {"share": 2}, {"share": "half"}, {"share": True}]
)
def test_a_fixed_policy_refuses_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig):
        FixedPolicy(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"prior": -1},
        {"step_min": 0},
        {"shrink": "nan"},
        {"by": "state"},
        {"by": []},
        {"by": ["a", "a"]},
        {"by": [1]},
        {"by": ["estimate"]},
        {"linear_to": 2},
    ],
)
def test_a_tracker_refuses_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig):
        TrackerPolicy(**options)


@pytest.mark.parametrize("options", [{"answers": 1.5}, {"answers": "2.5"}, {"window": 10.7}])
def test_a_count_that_is_no_whole_number_is_refused_and_not_rounded(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig, match=f"{next(iter(options))} is a whole number from 1"):
        BayesPolicy(**options)
    assert BayesPolicy(answers="3", window="20").version


@pytest.mark.parametrize("options", [{"rank": 1.5}, {"answers": 2.5}])
def test_a_presenter_of_answers_refuses_a_count_that_is_no_whole_number(options: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidConfig, match="is a whole number from 1 to 10"):
        AnswerPresenter("p", **options)


def test_a_lot_that_lost_many_bounties_says_no_more_than_that_it_lost_one() -> None:
    """A penalty of ten bounties: else one such lot would outweigh what a hundred others brought."""
    lost = receipt(cost_nanos=0, reward_nanos=-100 * 10**9)
    ((_, share),) = results_of_won_lots([lost], linear_to=0.8)
    assert share == -1.0
    ((_, share),) = results_of_won_lots([lost._replace(reward_nanos=-4 * 10**9)], linear_to=0.8)
    assert share == pytest.approx(-0.4), "the control"
