"""Small slices of the benchmark of soundness: what it must show, and that a seed fixes every digit."""

from __future__ import annotations

from statistics import fmean

import pytest

from benchmarks.market import BOUNTY_NANOS
from benchmarks.soundness import regret, ring, threats
from benchmarks.soundness.regret import gains, profit_share, settings
from benchmarks.soundness.rivals import ProfitSeeking, Scaled
from bidders.policies.fixed import FixedPolicy
from orchestrator import Observation
from orchestrator.config.sections import WealthSection
from orchestrator.core.rules import PRESENTER, TRANSFORMER
from orchestrator.core.statement import statement
from orchestrator.testing import check_policy

ONE_LOT, FIRST_PRICE = (
    next(each for each in settings() if each.name == "one lot" and each.rules.rule == rule)
    for rule in ("vickrey", "first_price")
)
LOT = Observation("b", PRESENTER, 1, 1, 10.0)


def test_rivals_keep_the_contract_of_policies() -> None:
    assert check_policy(Scaled(FixedPolicy(share=0.5), 1.5)) == []
    assert check_policy(ProfitSeeking(FixedPolicy(share=0.5), 1)) == []


def test_a_multiple_begins_when_it_is_told_to_and_never_passes_the_bounty() -> None:
    policy = Scaled(FixedPolicy(share=0.5), 3.5, after=1)
    assert policy.value(None, [LOT]).means == [5.0]
    assert policy.value(policy.learn(None, []), [LOT]).means == [10.0]


def test_of_those_who_share_a_policy_one_alone_may_be_overconfident() -> None:
    policy = Scaled(FixedPolicy(share=0.5), 1.5, bidder="a")
    assert policy.value(None, [LOT._replace(bidder="a"), LOT]).means == [7.5, 5.0]


def test_with_one_lot_no_multiple_gains_under_vickrey() -> None:
    found = gains(ONE_LOT, PRESENTER, seeds=2, requests=60, warm_up=0)
    assert all(fmean(each) <= 0 for each in found.values())


def test_with_one_lot_shading_gains_under_first_price() -> None:
    """The control: a benchmark that finds no gain here could find none anywhere."""
    found = gains(FIRST_PRICE, PRESENTER, seeds=2, requests=60, warm_up=0)
    assert fmean(found[0.75]) > 0.01


def test_every_market_is_left_under_every_rule() -> None:
    found = {(setting.name, setting.rules.rule) for setting in regret.settings()}
    markets = {name for name, _ in found}
    assert len(markets) == 4
    assert found == {(name, rule) for name in markets for rule in ("vickrey", "first_price", "subsidised")}


def test_profits_are_reproducible_to_the_digit() -> None:
    staged = next(each for each in settings() if each.name == "staged")
    shares = [profit_share(staged, "skill0", 1.25, seed, 20, 20) for seed in (1, 1)]
    assert shares[0] == shares[1]


def test_thinness_is_the_gap_below_the_highest_bid() -> None:
    assert ring.thinness({"a": 10, "b": 8}) == pytest.approx(0.2)
    assert ring.thinness({"a": 10}) == 1.0
    assert ring.thinness({"a": 0, "b": 0}) == 0.0


def test_a_ring_takes_from_the_requester_and_the_monitor_names_it() -> None:
    sold = [ring.sell(3, 0, 100, ring=agreed) for agreed in (False, True)]
    honest, agreed = map(ring.watch, sold)
    assert honest.suspects() == ()
    assert [pair.principals for pair in agreed.suspects()] == [("presenter0", "presenter1")]
    refunds = [sum(statement(progress).refund_nanos for progress in ended) for ended in sold]
    assert refunds[0] > refunds[1]


@pytest.mark.slow
def test_whoever_lies_to_the_user_loses_money_and_the_user_pays_for_nothing() -> None:
    for kind in (PRESENTER, TRANSFORMER):
        user, profit = threats.liar(kind, seed=0, requests=40, workers=threats.honest_workers())
        assert profit < 0
        assert user.paid_for_nothing == 0
        assert user.paid_max <= 1


def test_threats_are_met_under_the_rules_of_wealth_that_a_config_has_by_default() -> None:
    default, rules = WealthSection(), threats.WEALTH
    assert rules.refills_max == default.refills_max
    assert rules.endowment_nanos == default.endowment * BOUNTY_NANOS
    assert rules.refill_below_nanos == default.refill_below * BOUNTY_NANOS
    assert rules.refill_to_nanos == default.refill_to * BOUNTY_NANOS


def test_a_presenter_that_lies_is_not_refilled_and_the_market_goes_on_without_it() -> None:
    user, profit = threats.liar(PRESENTER, seed=6, requests=30, workers=threats.honest_workers())
    # It buys for nine requests, and spends what it was endowed with.
    assert user.released > 0.6
    assert -5 < profit < -4


def test_where_no_offer_was_taken_none_has_a_price() -> None:
    user, _ = threats.liar(PRESENTER, seed=0, requests=8, workers=threats.honest_workers())
    assert user.released == 0
    assert user.paid_mean is None


def test_overconfidence_among_unequals_ends_in_bankruptcy_and_the_user_pays_less_for_it() -> None:
    fate = threats.overconfident_among_unequals(seed=0, requests=150)
    assert fate.broke_after is not None
    assert fate.profit < 0
    assert fate.user.paid_for_nothing == 0


@pytest.mark.slow
def test_a_pool_finds_out_who_overrates_itself_and_who_lies() -> None:
    fate = threats.overconfident_in_a_pool("presenter0", seed=0, requests=150)
    assert fate.profit < -4
    assert fate.user.released > 0.6
    assert fate.user.paid_for_nothing == 0
    for kind in (PRESENTER, TRANSFORMER):
        # In the first market everybody outbids the liar; in the other it wins lots, and pays for them.
        told = [threats.liar(kind, seed, requests=60, workers=threats.pooled_workers()) for seed in (0, 1)]
        assert [profit <= 0.0 for _, profit in told] == [True, True]
        assert told[1][1] < -0.5
        assert min(user.released for user, _ in told) > 0.8


@pytest.mark.slow
def test_small_tables_are_made() -> None:
    assert len(ring.measure(seeds=1, requests=6).rows) == 2 * len(ring.BIDDERS)
    assert len(threats.measure(seeds=1, requests=8, lies=2).rows) == 11
    assert all(
        len(row) == 4 + len(regret.FACTORS)
        for row in regret.measure(seeds=1, requests=6, warm_up=0, markets=[ONE_LOT]).rows
    )
