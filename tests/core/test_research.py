"""Settings for reinforcement learning: discounts, rewards of stages, and work that the last stage cuts off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given

from orchestrator.core.answer import Answer, Keep
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.keys import bidder_account
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import receipts
from orchestrator.core.rules import PRESENTER, Rule, Rules
from orchestrator.core.settlement import accept_delivery, failure, settle_stage
from orchestrator.core.state import Segment
from orchestrator.core.statement import statement
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer
from orchestrator.record.tally import tally
from tests.core.making import RICH, bid, close, make_request, opened
from tests.core.test_conservation import Life, lives
from tests.effort import examples

HALF = 500_000
REWARDING = Rules(stage_reward_max_nanos=100, last_stage="any", stages_max=3, self_sale="open")


def settled(progress: Progress, rewards: Mapping[str, int] | None = None, said: str = "") -> Step:
    """Every winner delivers, for the reward given for it, its own text or the one that all say."""
    results = {
        path: [
            accept_delivery(
                progress,
                path,
                award,
                [Segment(said or f"{award.bidder} at {path}")],
                replaces=False,
                cost_nanos=0,
                reward_nanos=(rewards or {}).get(award.bidder, 0),
            )
            for award in progress.auctions[path].awards
        ]
        for path in progress.on_sale
    }
    return settle_stage(progress, results, 0)


def second_stage(rules: Rules, bids: Sequence[Answer]) -> Progress:
    """The second stage, cleared, after `a` has bought the request's text for 7."""
    first = settled(close(opened(make_request("a", "b", "c", rules=rules)), {"0": [bid("a", 9), bid("b", 7)]}).progress)
    return close(first.progress, {"0.0": bids}).progress


def moves(rows: Sequence[Transfer], code: str) -> list[tuple[str, str, str, int]]:
    return [(row.kind, row.debit, row.credit, row.amount_nanos) for row in rows if row.code == code]


@pytest.mark.parametrize(("rule", "taken"), [("vickrey", 3), ("first_price", 4), ("subsidised", 4)])
def test_a_discount_takes_its_share_of_what_the_seller_was_given(rule: Rule, taken: int) -> None:
    """The odd nano-dollar goes to the treasury: the seller's share is rounded down."""
    step = settled(second_stage(Rules(rule=rule, discount_millionths=HALF), [bid("b", 8), bid("c", 5)]))
    assert moves(step.transfers, "discount") == [("posted", "bidder:a", "treasury", taken)]


def test_the_requesters_lot_is_not_discounted() -> None:
    step = settled(
        close(opened(make_request("a", "b", rules=Rules(discount_millionths=HALF))), {"0": [bid("a", 9)]}).progress
    )
    assert moves(step.transfers, "discount") == []


def test_an_owner_that_buys_its_own_lot_pays_only_the_discount_and_holds_the_worst_of_it() -> None:
    rules = Rules(self_sale="open", discount_millionths=HALF)
    first = settled(close(opened(make_request("a", "b", rules=rules)), {"0": [bid("a", 9)]}).progress).progress
    closed = close(first, {"0.0": [bid("a", 20), bid("b", 10)]})
    assert moves(closed.transfers, "discount") == [("pending", "bidder:a", "treasury", 10)]
    step = settled(closed.progress)
    assert moves(step.transfers, "discount") == [("post", "bidder:a", "treasury", 5)]
    assert moves(step.transfers, "price") == [("void", "bidder:b", "bidder:a", 10)]


def test_an_owner_that_loses_its_own_lot_is_set_free() -> None:
    rules = Rules(self_sale="open", discount_millionths=HALF)
    step = settled(second_stage(rules, [bid("a", 4), bid("b", 8)]))
    assert sorted(moves(step.transfers, "discount")) == [
        ("posted", "bidder:a", "treasury", 2),
        ("void", "bidder:a", "treasury", 2),
    ]


def test_an_owner_that_cannot_pay_the_discount_of_its_own_bid_is_unfunded() -> None:
    rules = Rules(self_sale="open", discount_millionths=HALF)
    first = settled(close(opened(make_request("a", "b", rules=rules)), {"0": [bid("a", 9)]}).progress).progress
    for spendable, kind in ((9, "fault"), (10, "bid")):
        step = close(first, {"0.0": [bid("a", 20)]}, {bidder_account("a"): spendable})
        assert step.progress.auctions["0.0"].answers[0].kind == kind


def test_a_reward_is_paid_by_the_treasury_and_a_penalty_to_it() -> None:
    progress = close(opened(make_request("a", "b", rules=REWARDING)), {"0": [bid("a", 9), bid("b", 7)]}).progress
    earned = settled(progress, {"a": 30}).transfers
    assert moves(earned, "reward") == [("posted", "treasury", "bidder:a", 30)]
    assert sorted(moves(earned, "penalty")) == [
        ("void", "bidder:a", "treasury", 100),
        ("void", "bidder:b", "treasury", 100),
    ]
    lost = settled(progress, {"a": -30}).transfers
    assert moves(lost, "reward") == []
    assert sorted(moves(lost, "penalty")) == [
        ("post", "bidder:a", "treasury", 30),
        ("void", "bidder:b", "treasury", 100),
    ]


def test_a_bid_counts_only_if_its_wallet_covers_the_worst_penalty_too() -> None:
    progress = opened(make_request("a", rules=REWARDING))
    for spendable, kind in ((108, "fault"), (109, "bid")):
        step = close(progress, {"0": [bid("a", 9)]}, {bidder_account("a"): spendable})
        assert step.progress.auctions["0"].answers[0].kind == kind


def test_without_stage_rewards_a_bid_needs_no_more_than_itself() -> None:
    """The control: the same wallet is enough where the rules allow no penalty."""
    progress = opened(make_request("a"))
    step = close(progress, {"0": [bid("a", 9)]}, {bidder_account("a"): 9})
    assert step.progress.auctions["0"].answers[0].kind == "bid"


@pytest.mark.parametrize("reward", [101, -101])
def test_a_reward_beyond_what_the_rules_allow_is_refused(reward: int) -> None:
    progress = close(opened(make_request("a", rules=REWARDING)), {"0": [bid("a", 9)]}).progress
    with pytest.raises(BrokenLaw, match="at most 100"):
        settled(progress, {"a": reward})
    assert settled(progress, {"a": reward - 1 if reward > 0 else reward + 1}).progress.sales


def test_no_reward_is_refused_where_none_is_allowed_but_any_is() -> None:
    progress = close(opened(make_request("a")), {"0": [bid("a", 9)]}).progress
    assert settled(progress).progress.sales
    with pytest.raises(BrokenLaw):
        settled(progress, {"a": 1})


def test_a_delivery_that_is_merged_with_an_equal_one_earns_nothing() -> None:
    rules = Rules(stage_reward_max_nanos=100, copies=(2,))
    progress = close(opened(make_request("a", "b", "c", rules=rules)), {"0": [bid("a", 9), bid("b", 7)]}).progress
    step = settled(progress, {"a": 30, "b": 20}, said="the same")
    assert moves(step.transfers, "reward") == [("posted", "treasury", "bidder:a", 30)]
    assert [row.reward_nanos for row in receipts(step.progress)] == [30, 0]


def test_a_winner_that_fails_is_freed_of_its_penalty() -> None:
    progress = close(opened(make_request("a", rules=REWARDING)), {"0": [bid("a", 9)]}).progress
    result = failure(progress, "0", progress.auctions["0"].awards[0], "raised", "fell over")
    step = settle_stage(progress, {"0": [result]}, 0)
    assert moves(step.transfers, "penalty") == [("void", "bidder:a", "treasury", 100)]


def test_an_owner_that_keeps_its_state_holds_the_worst_penalty_and_earns_its_reward() -> None:
    rules = Rules(stage_reward_max_nanos=100, stages_max=3)
    first = settled(close(opened(make_request("a", "b", rules=rules)), {"0": [bid("a", 9)]}).progress).progress
    keep = announce(first, {"0.0": Keep(5)}, {"0.0": ["b"]})
    refused = close_stage(first, keep, {"0.0": [bid("b", 4)]}, {bidder_account("b"): RICH, bidder_account("a"): 99})
    assert refused.progress.auctions["0.0"].awards == ()
    kept = close_stage(first, keep, {"0.0": [bid("b", 4)]}, {bidder_account("b"): RICH, bidder_account("a"): 100})
    step = settled(kept.progress, {"a": 40})
    assert moves(step.transfers, "reward") == [("posted", "treasury", "bidder:a", 40)]
    receipt = next(row for row in receipts(step.progress) if row.kept)
    assert (receipt.bidder, receipt.lot, receipt.reward_nanos, receipt.price_nanos) == ("a", "0.0", 40, 0)


def test_what_is_bought_to_be_transformed_at_the_last_stage_is_cut_off_and_what_is_presented_is_not() -> None:
    rules = Rules(stages_max=2, last_stage="any", copies=(1, 2))
    progress = second_stage(rules, [bid("b", 8), bid("c", 5, PRESENTER)])
    found = {(row.lot, row.bidder): row.censored for row in receipts(settled(progress).progress)}
    assert found == {("0", "a"): False, ("0", "b"): False, ("0.0", "b"): True, ("0.0", "c"): False}


@examples(60)
@given(lives())
def test_a_tally_over_all_lots_is_the_statement(life: Life) -> None:
    _, progress = life.play()
    whole, summary = tally(progress, list(progress.auctions), ending=True), statement(progress)
    assert whole.treasury_nanos == summary.treasury_nanos
    profits = {name: nanos for name, nanos in summary.profits_nanos.items() if nanos}
    assert {name: nanos for name, nanos in whole.profits_nanos.items() if nanos} == profits


@examples(60)
@given(lives())
def test_a_receipts_profit_is_what_its_parts_say(life: Life) -> None:
    _, progress = life.play()
    rules = life.request.rules
    for row in receipts(progress):
        assert abs(row.reward_nanos) <= rules.stage_reward_max_nanos
        assert row.won or row.reward_nanos == 0
        assert not row.kept or (row.won and row.price_nanos == 0)
        gained = row.revenue_nanos + row.reward_nanos
        assert row.profit_nanos == gained - row.price_nanos - row.cost_nanos - row.forfeit_nanos
