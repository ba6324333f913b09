"""Announcing and closing a stage (R3, R4, R5): who is invited, what is held, what an owner may keep."""

from __future__ import annotations

import pytest

from orchestrator.core.answer import Answer, Keep
from orchestrator.core.closing import announce, close_stage
from orchestrator.core.events import Closed, Faulted, Spendable
from orchestrator.core.progress import Progress
from orchestrator.core.rules import Rules
from orchestrator.core.settlement import settle_stage
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from tests.core.making import bid, close, deliver, make_request, opened, play_stage

KEEP = Keep(reserve_nanos=6, cost_max_nanos=3, provider="p")


def second_stage(rules: Rules | None = None) -> Progress:
    """A request whose first lot was bought by `a`."""
    request = make_request("a", "b", "c", rules=rules)
    return play_stage(opened(request), {"0": [bid("a", 9)]}, {}).progress


def close_with_keep(progress: Progress, *bids: Answer, wallet: int = 100) -> Step:
    announced = announce(progress, {"0.0": KEEP}, {"0.0": [answer.bidder for answer in bids]})
    wallets = {f"bidder:{name}": wallet for name in "abc"}
    return close_stage(progress, announced, {"0.0": bids}, wallets)


def test_the_owner_is_not_invited_to_its_own_lot_unless_it_may_bid_like_anyone() -> None:
    invited = {"0.0": ["c", "a", "b"]}
    assert announce(second_stage(), {}, invited).lots[0].invited == ("b", "c")
    assert announce(second_stage(Rules(self_sale="open")), {}, invited).lots[0].invited == ("a", "b", "c")


def test_an_owner_may_announce_a_reserve_above_the_markets_and_never_below() -> None:
    assert announce(second_stage(), {"0.0": KEEP}, {}).lots[0].reserve_nanos == 6
    row = announce(second_stage(Rules(reserve_nanos=8)), {"0.0": KEEP}, {}).lots[0]
    assert (row.reserve_nanos, row.keep) == (8, KEEP)


def test_neither_the_requester_nor_an_owner_at_the_last_stage_or_under_open_self_sale_may_keep() -> None:
    assert announce(opened(make_request("a")), {"0": KEEP}, {}).lots[0].keep is None
    for rules in (Rules(stages_max=2), Rules(self_sale="open")):
        row = announce(second_stage(rules), {"0.0": KEEP}, {}).lots[0]
        assert (row.keep, row.reserve_nanos) == (None, 0)


def test_an_owner_keeps_its_state_when_no_bid_reaches_its_reserve_and_no_money_moves() -> None:
    step = close_with_keep(second_stage(), bid("b", 5))
    assert [(award.bidder, award.kept, award.price_nanos) for award in step.progress.auctions["0.0"].awards] == [
        ("a", True, 0)
    ]
    result = deliver(step.progress, "0.0", "a", "going on")
    settled = settle_stage(step.progress, {"0.0": [result]}, 0)
    assert {(row.kind, row.code) for row in settled.transfers} == {("void", "price"), ("void", "cost")}
    assert settled.progress.lots()[0].owner == "a"
    assert settled.progress.lots()[0].stage == 3


def test_an_owner_sells_when_a_bid_reaches_its_reserve_at_that_reserve() -> None:
    step = close_with_keep(second_stage(), bid("b", 6))
    assert [(award.bidder, award.kept, award.price_nanos) for award in step.progress.auctions["0.0"].awards] == [
        ("b", False, 6)
    ]


def test_an_owner_that_cannot_pay_for_going_on_cannot_keep() -> None:
    assert close_with_keep(second_stage(), wallet=2).progress.auctions["0.0"].awards == ()
    assert close_with_keep(second_stage(), wallet=3).progress.auctions["0.0"].awards != ()


def test_an_owner_that_fails_to_go_on_loses_its_chain_and_forfeits_nothing() -> None:
    step = close_with_keep(second_stage())
    result = deliver(step.progress, "0.0", "a")
    assert isinstance(result, Faulted)
    assert result.forfeit_nanos == 0
    assert settle_stage(step.progress, {"0.0": [result]}, 0).progress.status == "failed"


@pytest.mark.parametrize(("wallet", "accepted"), [(11, False), (12, True)])
def test_a_bid_counts_only_if_its_wallet_covers_it_and_the_worst_cost(wallet: int, accepted: bool) -> None:
    answer = Answer("a", "bid", 9, cost_max_nanos=3, provider="p")
    step = close(opened(make_request("a")), {"0": [answer]}, {"bidder:a": wallet})
    held = [(row.kind, row.credit, row.amount_nanos) for row in step.transfers]
    closed = next(event for event in step.events if isinstance(event, Closed)).lots[0]
    if accepted:
        assert held == [("pending", "escrow:r1", 9), ("pending", "provider:p", 3)]
        assert [award.bidder for award in step.progress.auctions["0"].awards] == ["a"]
    else:
        assert held == []
        assert closed.answers[0].fault == "unfunded"
        assert step.progress.auctions["0"].awards == ()
        assert [event.fault for event in step.events if isinstance(event, Faulted)] == ["unfunded"]


@pytest.mark.parametrize(
    ("wallet", "from_wallet", "from_issuer", "won"),
    [(20, 5, 0, True), (13, 5, 0, False), (3, 3, 2, False), (-3, 0, 5, False)],
)
def test_bidding_that_cost_more_than_was_promised_is_paid_before_the_bid_is_backed(
    wallet: int, from_wallet: int, from_issuer: int, won: bool
) -> None:
    answer = Answer("a", "bid", 9, bid_cost_max_nanos=2, bid_cost_nanos=7, provider="p")
    step = close(opened(make_request("a")), {"0": [answer]}, {"bidder:a": wallet})
    charged = {(row.kind, row.debit, row.amount_nanos) for row in step.transfers if row.credit == "provider:p"}
    issuer = {("posted", "issuer", from_issuer)} if from_issuer else set()
    own = {("posted", "bidder:a", from_wallet)} if from_wallet else set()
    assert charged == {("post", "bidder:a", 2)} | own | issuer
    assert bool(step.progress.auctions["0"].awards) == won


def test_a_pass_that_cost_more_than_was_promised_is_paid_and_its_wallet_recorded() -> None:
    answer = Answer("a", "pass", bid_cost_max_nanos=2, bid_cost_nanos=7, provider="p")
    step = close(opened(make_request("a")), {"0": [answer]}, {"bidder:a": 4})
    closed = next(event for event in step.events if isinstance(event, Closed)).lots[0]
    assert closed.spendable == (Spendable("bidder:a", 4),)
    assert [row.amount_nanos for row in step.transfers if row.code == "overrun"] == [1]


def test_the_same_money_cannot_be_bid_on_two_lots() -> None:
    request = make_request("a", "b", "c", rules=Rules(copies=(2, 1)))
    parallel = play_stage(opened(request), {"0": [bid("a", 9), bid("b", 8)]}, {}).progress
    answers = {"0.0": [bid("c", 6)], "0.1": [bid("c", 6)]}
    step = close(parallel, answers, {"bidder:c": 11})
    assert [len(step.progress.auctions[path].awards) for path in ("0.0", "0.1")] == [1, 0]
    both = close(parallel, answers, {"bidder:c": 12})
    assert [len(both.progress.auctions[path].awards) for path in ("0.0", "0.1")] == [1, 1]


@pytest.mark.parametrize(("amount", "fault"), [(11, "overcommitted"), (12, "unfunded")])
def test_a_bid_is_unfunded_where_its_whole_wallet_does_not_cover_it_and_else_overcommitted(
    amount: int, fault: str
) -> None:
    request = make_request("a", "b", "c", rules=Rules(copies=(2, 1)))
    parallel = play_stage(opened(request), {"0": [bid("a", 9), bid("b", 8)]}, {}).progress
    step = close(parallel, {"0.0": [bid("c", 1)], "0.1": [bid("c", amount)]}, {"bidder:c": 11})
    assert [(event.lot, event.fault) for event in step.events if isinstance(event, Faulted)] == [("0.1", fault)]


def test_an_unfunded_bid_sets_no_price() -> None:
    bids = {"0": [bid("a", 9), bid("b", 8), bid("c", 3)]}
    poor = close(opened(make_request("a", "b", "c")), bids, {"bidder:b": 7}).progress
    rich = close(opened(make_request("a", "b", "c")), bids).progress
    assert [each.auctions["0"].awards[0].price_nanos for each in (poor, rich)] == [3, 8]


def test_bidding_costs_what_it_cost_even_for_who_passes_or_is_at_fault() -> None:
    answers = [
        Answer("a", "pass", provider="p", bid_cost_nanos=4, bid_cost_max_nanos=5),
        Answer("b", "fault", fault="raised", provider="p", bid_cost_nanos=5, bid_cost_max_nanos=5),
        Answer("c", "bid", 3, provider="p", bid_cost_nanos=None, bid_cost_max_nanos=5),
    ]
    step = close(opened(make_request("a", "b", "c")), {"0": answers})
    charged = {(row.kind, row.debit, row.amount_nanos) for row in step.transfers if row.code == "cost"}
    assert charged == {("post", "bidder:a", 4), ("post", "bidder:b", 5), ("void", "bidder:c", 5)}


def test_lots_are_announced_only_while_bids_are_due() -> None:
    present = close(opened(make_request("a")), {"0": [bid("a", 9)]}).progress
    with pytest.raises(BrokenLaw, match="cannot announce lots while transforming"):
        announce(present, {}, {})


def test_a_bid_of_nothing_holds_nothing_and_can_win() -> None:
    step = close(opened(make_request("a")), {"0": [bid("a", 0)]}, {"bidder:a": 0})
    assert step.transfers == ()
    assert [award.bidder for award in step.progress.auctions["0"].awards] == ["a"]


def test_who_stands_behind_the_owner_cannot_buy_from_it() -> None:
    request = make_request("a", "b", "c", principals={"a": "P", "b": "P"})
    owned = play_stage(opened(request), {"0": [bid("a", 9)]}, {}).progress
    step = close(owned, {"0.0": [bid("b", 8), bid("c", 3)]})
    assert [(award.bidder, award.price_nanos) for award in step.progress.auctions["0.0"].awards] == [("c", 0)]
