"""Estimates are corrected by what came of them, from a sober start, and never reordered."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.calibration import Prior, add, chance_of, fit, log_odds
from bidders.policies.estimate import EstimatePolicy
from orchestrator import Observation, Receipt
from orchestrator.errors import InvalidConfig
from orchestrator.testing import assert_policy
from tests.bidders.lots import TEN, receipt

CLAIMED, TRUE = 0.77, 0.22
CHANCES = st.floats(0.0, 1.0)
OUTCOMES = st.lists(st.tuples(CHANCES, CHANCES), max_size=40)
PRIOR = Prior(CLAIMED, TRUE, 0.5, 5.0)


def came(claim: float, share: float, number: int = 0, **other: Any) -> Receipt:
    """The receipt of a won lot that claimed so much and brought so much of its bounty."""
    plain: dict[str, Any] = {
        "request_id": f"r{number}",
        "role": "presenter",
        "revenue_nanos": round(share * TEN.nanos),
        "observed": (("estimate", claim),),
    }
    return receipt(**{**plain, **other})


def seen(estimate: float | None, **other: Any) -> Observation:
    return Observation("pia", "presenter", 1, 8, 10.0, estimate=estimate, **other)


def learned(policy: CalibratedPolicy, given: Sequence[Receipt], memory: Any = None) -> Any:
    return policy.learn(memory, given)


# --- the start ---


def test_a_typical_claim_starts_where_such_claims_are_known_to_end() -> None:
    policy = CalibratedPolicy()
    assert policy.corrected(None, "presenter", CLAIMED) == pytest.approx(TRUE)
    assert policy.value(None, [seen(CLAIMED)]).means[0] == pytest.approx(2.2)
    assert EstimatePolicy().value(None, [seen(CLAIMED)]).means[0] == pytest.approx(7.7)


def test_both_policies_keep_the_contract() -> None:
    assert_policy(CalibratedPolicy())
    assert_policy(CalibratedPolicy(exploration=0, forget=0, prior_slope=0))
    assert_policy(EstimatePolicy(deviation=0.1))


@pytest.mark.parametrize("wrong", [{"prior_claim": 1}, {"prior_success": 0}, {"forget": 0.6}, {"exploration": "much"}])
def test_an_option_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match=next(iter(wrong))):
        CalibratedPolicy(**wrong)


def test_cost_is_what_is_expected_and_else_the_worst_case() -> None:
    for policy in (EstimatePolicy(), CalibratedPolicy(prior_claim=0.5, prior_success=0.5)):
        dear, expected = seen(0.5, cost_max_usd=2.0), seen(0.5, cost_max_usd=2.0, cost_usd=0.5)
        means = policy.value(None, [seen(0.5), expected, dear]).means
        assert means == pytest.approx([5.0, 4.5, 3.0])


def test_without_an_estimate_a_lot_is_worth_nothing() -> None:
    for policy in (EstimatePolicy(), CalibratedPolicy()):
        assert list(policy.value(None, [seen(None)]).means) == [0.0]


# --- laws ---


@given(OUTCOMES, CHANCES)
def test_a_correction_is_a_chance_and_its_doubt_is_finite(outcomes: list[tuple[float, float]], claim: float) -> None:
    curve = fit(add({}, outcomes, 1.0), PRIOR)
    assert 0.0 <= curve.chance(claim, PRIOR) <= 1.0
    assert math.isfinite(curve.deviation(claim, PRIOR))
    assert curve.deviation(claim, PRIOR) >= 0.0


@given(OUTCOMES, CHANCES, CHANCES)
def test_a_correction_never_reorders_claims(outcomes: list[tuple[float, float]], one: float, other: float) -> None:
    curve = fit(add({}, outcomes, 1.0), PRIOR)
    low, high = sorted((one, other))
    assert curve.slope >= 0.0
    assert curve.chance(low, PRIOR) <= curve.chance(high, PRIOR) + 1e-12


@given(OUTCOMES)
def test_the_fit_is_the_most_probable_curve(outcomes: list[tuple[float, float]]) -> None:
    """No curve near it explains the outcomes better, given the prior."""
    bins = add({}, outcomes, 1.0)
    curve = fit(bins, PRIOR)
    best = _merit(bins, curve.level, curve.slope)
    for level, slope in ((0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)):
        if curve.slope + slope >= 0:
            assert _merit(bins, curve.level + level, curve.slope + slope) <= best + 1e-9


@given(OUTCOMES, st.randoms(use_true_random=False))
def test_the_order_of_receipts_makes_no_difference(outcomes: list[tuple[float, float]], draw: random.Random) -> None:
    policy = CalibratedPolicy()
    given_ = [came(claim, share, number) for number, (claim, share) in enumerate(outcomes)]
    shuffled = draw.sample(given_, len(given_))
    assert learned(policy, given_) == learned(policy, shuffled)


@given(st.lists(OUTCOMES, max_size=4))
def test_memory_comes_back_from_json_as_it_was(requests: list[list[tuple[float, float]]]) -> None:
    policy, memory = CalibratedPolicy(), None
    for outcomes in requests:
        memory = learned(policy, [came(claim, share, number) for number, (claim, share) in enumerate(outcomes)], memory)
        assert json.loads(json.dumps(memory, allow_nan=False)) == memory


@pytest.mark.parametrize(
    "untold",
    [
        came(0.9, 0.0, censored=True),
        came(0.9, 0.0, won=False),
        came(0.9, 0.0, observed=()),
        came(0.9, 0.0, bounty_nanos=0),
        came(7.0, 0.0),
    ],
)
def test_what_says_nothing_of_an_estimate_teaches_nothing(untold: Receipt) -> None:
    assert learned(CalibratedPolicy(), [untold]) == {}


def test_failing_after_an_award_counts_against_the_claim() -> None:
    policy = CalibratedPolicy()
    failed = learned(policy, [came(0.9, 0.0, won=False, forfeit_nanos=1)])
    assert policy.corrected(failed, "presenter", 0.9) < policy.corrected(None, "presenter", 0.9)


def test_roles_learn_apart() -> None:
    policy = CalibratedPolicy()
    memory = learned(policy, [came(0.9, 1.0, number) for number in range(30)])
    assert policy.corrected(memory, "presenter", 0.9) > 0.7
    assert policy.corrected(memory, "transformer", 0.9) == policy.corrected(None, "transformer", 0.9)


def test_what_was_learned_is_forgotten_at_the_rate_that_was_chosen() -> None:
    def after_a_change(forget: float) -> float:
        policy, memory = CalibratedPolicy(forget=forget), None
        for number in range(200):
            memory = learned(policy, [came(0.8, float(number < 150), number)], memory)
        return policy.corrected(memory, "presenter", 0.8)

    assert after_a_change(0.1) < 0.1 < 0.6 < after_a_change(0.0)


# --- does it work ---


def _simulate(policy: CalibratedPolicy, requests: int) -> Any:
    draw, memory = random.Random(7), None
    for number in range(requests):
        claim = chance_of(log_odds(CLAIMED) + draw.gauss(0.0, 0.5))
        memory = learned(policy, [came(claim, float(draw.random() < TRUE), number)], memory)
    return memory


@pytest.mark.slow
def test_an_overconfident_estimator_becomes_calibrated_and_a_control_stays_as_bad() -> None:
    policy = CalibratedPolicy(forget=0.002)
    scores = policy.brier_scores(_simulate(policy, 600))["presenter"]
    best = TRUE * (1 - TRUE)
    assert scores.corrected == pytest.approx(best, abs=0.03)
    assert scores.claimed > best + 0.25
    # The control believes claims at the start and forgets nothing else; it just never learns.
    believing = CalibratedPolicy(prior_claim=CLAIMED, prior_success=CLAIMED, prior_slope=1, prior_weight=10_000)
    control = believing.brier_scores(_simulate(believing, 600))["presenter"]
    assert control.corrected == pytest.approx(control.claimed, abs=0.05)
    assert control.corrected > 2 * scores.corrected


def test_a_bidder_that_was_right_all_along_is_believed_before_long() -> None:
    policy, memory = CalibratedPolicy(), None
    draw = random.Random(3)
    for number in range(150):
        claim = draw.choice([0.2, 0.8])
        memory = learned(policy, [came(claim, float(draw.random() < claim), number)], memory)
    assert policy.corrected(memory, "presenter", 0.2) == pytest.approx(0.2, abs=0.12)
    assert policy.corrected(memory, "presenter", 0.8) == pytest.approx(0.8, abs=0.12)


def test_doubt_shrinks_with_outcomes() -> None:
    policy = CalibratedPolicy()
    doubts = [policy.value(None, [seen(CLAIMED)]).deviations[0]]
    doubts += [policy.value(_simulate(policy, count), [seen(CLAIMED)]).deviations[0] for count in (20, 100)]
    assert doubts == sorted(doubts, reverse=True)


def _merit(bins: Any, level: float, slope: float) -> float:
    """The penalised likelihood, written down a second time."""
    centre = log_odds(PRIOR.claim)
    total = -0.5 * PRIOR.weight * PRIOR.success * (1 - PRIOR.success) * (level - log_odds(PRIOR.success)) ** 2
    total -= 0.5 * PRIOR.weight * (slope - PRIOR.slope) ** 2
    for count, odds, good in bins.values():
        chance = chance_of(level + slope * (odds / count - centre))
        total += good * math.log(max(chance, 1e-300)) + (count - good) * math.log(max(1 - chance, 1e-300))
    return total
