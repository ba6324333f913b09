"""The base that turns an appraisal and a policy into a bid."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bidders.capable import Appraisal, CapableBidder, prospect, resale_share
from orchestrator import Announcement, Money, Observation, Pass, Policy, Segment, Valuation, WonLot, errors
from orchestrator.testing import check_policy
from tests.bidders.lots import announce, bid_usd, pass_reason


class Told(CapableBidder):
    """Appraises every lot as it was told."""

    def __init__(self, estimate: float, policy: Policy | None = None, cost: str = "0") -> None:
        super().__init__("told", "transformer", policy)
        self._estimate = estimate
        self._cost = Money.usd(cost)

    def appraise(self, announcement: Announcement) -> Appraisal:
        return Appraisal(self._estimate, "as told")

    def transform_cost_max(self, announcement: Announcement) -> Money:
        return self._cost

    async def transform(self, lot: WonLot) -> Sequence[Segment]:
        return []


class Sure:
    """A policy that always says the same, with the same doubt."""

    name = "sure"
    version = 1

    def __init__(self, mean: float, deviation: float = 0.0) -> None:
        self._valuation = Valuation([mean], [deviation])
        self.seen: Observation | None = None

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        self.seen = observations[0]
        return self._valuation

    def learn(self, memory: Any, receipts: Any) -> Any:
        return memory


def test_without_a_policy_the_estimate_is_bid() -> None:
    assert bid_usd(Told(0.4), announce()) == 4.0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_policys_figures_may_be_numpys(kind: Any) -> None:
    class Arrays(Sure):
        def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
            means: Any = np.full(len(observations), 2.5, kind)
            return Valuation(means, 0.0 * means)

    assert check_policy(Arrays(2.5)) == []
    assert bid_usd(Told(0.4, Arrays(2.5)), announce()) == 2.5


def test_an_estimate_of_nothing_is_a_pass_with_its_reason() -> None:
    assert pass_reason(Told(0.0), announce()) == "as told"


def test_a_transformer_passes_where_only_presenters_may_bid() -> None:
    assert "may not bid" in pass_reason(Told(0.4), announce(roles=("presenter",)))


def test_a_bid_below_the_reserve_is_a_pass_and_one_at_it_is_not() -> None:
    assert "below the reserve" in pass_reason(Told(0.4), announce(reserve=Money.usd("4.01")))
    assert bid_usd(Told(0.4), announce(reserve=Money.usd(4))) == 4.0


def test_the_wallet_must_cover_bid_and_work_together() -> None:
    bidder = Told(0.4, Sure(4.0), cost="0.5")
    assert bid_usd(bidder, announce(balance=Money.usd(2))) == 1.5
    assert bid_usd(bidder, announce(balance=Money.usd(5))) == 4.0
    assert "wallet" in pass_reason(bidder, announce(balance=Money.usd("0.4")))


def test_no_draw_exceeds_the_bounty_or_falls_below_nothing() -> None:
    assert bid_usd(Told(0.4, Sure(1e30)), announce()) == 10.0
    assert bid_usd(Told(0.4, Sure(-3.0)), announce()) == 0.0


def test_doubt_is_drawn_from_the_announced_seed_alone() -> None:
    unsure = Told(0.4, Sure(4.0, 1.0))
    bids = {seed: bid_usd(unsure, announce(seed=seed)) for seed in (1, 2)}
    assert bids[1] == bid_usd(unsure, announce(seed=1))
    assert bids[1] != bids[2]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_an_error_and_not_a_bid(value: float) -> None:
    with pytest.raises(errors.InvalidAnswer):
        bid_usd(Told(0.4, Sure(value)), announce())


def test_the_policy_sees_the_lot_and_nothing_hidden() -> None:
    policy = Sure(1.0)
    foretold = announce(price="3", stage=2)
    bid_usd(Told(0.4, policy, cost="0.25"), foretold)
    assert policy.seen == Observation(
        *("told", "transformer", 2, 8, 10.0, 0.4, 0.25),
        last_price_usd=3.0,
        seed=1,
        request=foretold.request,
        workers=("someone",),
    )


def test_a_state_that_its_owner_kept_is_priced_by_its_last_sale() -> None:
    sold = announce(price="3").chain[0]
    kept = replace(sold, lot="0.0", stage=2, price_nanos=0, kept=True)
    assert resale_share(announce(chain=(sold, kept)), 0.0) == pytest.approx(0.3)
    assert resale_share(announce(), 0.0) == 0.0


def test_copies_further_down_are_picked_less_often() -> None:
    assert [prospect(lot) for lot in ("0", "0.0.0", "0.1", "0.2.1")] == [1.0, 1.0, 0.25, pytest.approx(1 / 36)]


def test_a_pass_is_what_the_market_expects() -> None:
    assert isinstance(asyncio.run(Told(0.0).bid(announce())), Pass)
