"""Every request ends in one of four ways, and its accounts are zero then (R2, R10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answer import Answer
from orchestrator.core.ending import cancel, expire, overspent, pick
from orchestrator.core.events import Delivered, Ended, Picked, Requested, Spent
from orchestrator.core.opening import open_request
from orchestrator.core.progress import Progress, advance, begin, fold
from orchestrator.core.receipts import receipts
from orchestrator.core.rules import PRESENTER, Rule, Rules
from orchestrator.core.settlement import accept_delivery, settle_stage
from orchestrator.core.state import Segment
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer, hold
from tests.core.making import bid, close, deliver, make_request, opened, play_stage
from tests.effort import examples


def offered(
    bids: Sequence[int] = (9, 7), bounty: int = 100, deposit: int = 0, rule: Rule = "vickrey", costs: Sequence[int] = ()
) -> Progress:
    """A request whose own text was bought by presenters; `costs` is what each spent on bidding."""
    request = make_request("a", "b", bounty_nanos=bounty, deposit_nanos=deposit, rules=Rules(rule=rule, copies=(2, 1)))
    spent = [*costs, 0, 0]
    answers = [
        Answer(name, "bid", amount, PRESENTER, bid_cost_nanos=cost, bid_cost_max_nanos=cost, provider="p")
        for name, amount, cost in zip("ab", bids, spent, strict=False)
    ]
    return play_stage(opened(request), {"0": answers}, {}).progress


def moved(transfers: Sequence[Transfer]) -> set[tuple[str, str, str, int]]:
    return {(row.code, row.debit, row.credit, row.amount_nanos) for row in transfers}


def test_a_pick_pays_the_bounty_to_the_presenter_and_refunds_its_chains_first_price() -> None:
    progress = offered((9, 7, 0))
    present = replace(progress.sales[0], price_nanos=5)
    offers = (replace(progress.offers[0], chain=(present,)), progress.offers[1])
    step = pick(progress._replace(offers=offers, sales=(present, progress.sales[1])), 1, "judge", 30)
    assert moved(step.transfers) == {
        ("payout", "bounty:r1", "bidder:a", 100),
        ("refund", "escrow:r1", "requester:user", 5),
        ("cap-return", "cap:r1", "cap-issuer", 30),
    }
    assert step.progress.status == "released"
    assert step.events[0] == Picked(1, "judge")


@examples(60)
@given(
    st.lists(st.integers(0, 300), min_size=2, max_size=2),
    st.integers(0, 200),
    st.sampled_from(["vickrey", "first_price", "subsidised"]),
    st.integers(1, 2),
)
def test_the_refund_is_the_picked_chains_first_price_at_most_the_bounty_and_the_rest_goes_to_the_treasury(
    bids: list[int], bounty: int, rule: Rule, rank: int
) -> None:
    progress = offered(bids, bounty, rule=rule)
    ending = pick(progress, rank, "judge", 0).progress.ending
    assert ending is not None
    first = progress.offers[rank - 1].chain[0]
    assert ending.refund_nanos == min(first.price_nanos, bounty)
    escrowed = sum(sale.bid_nanos if rule == "subsidised" else sale.price_nanos for sale in progress.sales)
    assert ending.treasury_nanos == escrowed - ending.refund_nanos >= 0
    assert (ending.payout_nanos, ending.returned_nanos) == (bounty, 0)


def test_the_refund_is_the_price_of_the_chains_first_sale_and_of_no_later_one() -> None:
    progress = play_stage(opened(make_request("a", "b", "p")), {"0": [bid("a", 9), bid("b", 4)]}, {}).progress
    progress = play_stage(progress, {"0.0": [bid("p", 60, PRESENTER), bid("b", 50)]}, {}).progress
    assert [sale.price_nanos for sale in progress.offers[0].chain] == [4, 50]
    ending = pick(progress, 1, "judge", 0).progress.ending
    assert ending is not None
    assert (ending.refund_nanos, ending.treasury_nanos) == (4, 0)


def test_a_rejection_returns_the_bounty_and_gives_the_escrow_to_the_treasury() -> None:
    progress = offered(rule="first_price")
    step = pick(progress, 0, "judge", 0)
    assert step.progress.status == "rejected"
    assert moved(step.transfers) == {
        ("return", "bounty:r1", "requester:user", 100),
        ("escrow", "escrow:r1", "treasury", 16),
    }


def test_an_expiry_returns_the_bounty_and_is_censored() -> None:
    step = expire(offered(deposit=50, costs=(4, 4)), 0)
    assert step.progress.status == "expired"
    assert ("return", "bounty:r1", "requester:user", 100) in moved(step.transfers)
    assert ("deposit-return", "deposit:r1", "requester:user", 50) in moved(step.transfers)
    assert all(receipt.censored for receipt in receipts(step.progress))


@pytest.mark.parametrize(("ending", "is_censored"), [("cancelled", True), ("refused", False)])
def test_what_a_cancelled_request_cut_off_is_censored_and_what_somebody_refused_is_not(
    ending: str, is_censored: bool
) -> None:
    present = offered()
    step = cancel(present, [], {}, 0) if ending == "cancelled" else pick(present, 0, "judge", 0)
    given = receipts(step.progress)
    assert {receipt.outcome for receipt in given} == {"rejected"}
    assert {receipt.censored for receipt in given} == {is_censored}


@pytest.mark.parametrize(
    ("deposit", "costs", "shares", "left"),
    [
        (50, (4, 8), {"bidder:a": 4, "bidder:b": 8}, 38),
        (12, (4, 8), {"bidder:a": 4, "bidder:b": 8}, 0),
        (6, (4, 8), {"bidder:a": 2, "bidder:b": 4}, 0),
        (5, (4, 8), {"bidder:a": 1, "bidder:b": 3}, 1),
        (50, (0, 8), {"bidder:b": 8}, 42),
        (50, (0, 0), {}, 50),
    ],
)
def test_a_rejections_deposit_pays_recorded_costs_in_proportion_and_no_more(
    deposit: int, costs: tuple[int, int], shares: dict[str, int], left: int
) -> None:
    step = pick(offered(deposit=deposit, costs=costs), 0, "judge", 0)
    assert {row.credit: row.amount_nanos for row in step.transfers if row.code == "compensation"} == shares
    assert sum(row.amount_nanos for row in step.transfers if row.code == "deposit-return") == left


def test_a_deposit_pays_nobody_for_what_the_issuer_bore_beyond_a_broken_promise() -> None:
    request = make_request("a", "b", deposit_nanos=100, rules=Rules(copies=(2, 1)))
    liar = Answer("a", "bid", 9, cost_max_nanos=1, bid_cost_nanos=500, bid_cost_max_nanos=2, provider="p")
    honest = Answer("b", "bid", 7, cost_max_nanos=6, bid_cost_nanos=3, bid_cost_max_nanos=3, provider="p")
    present = close(opened(request), {"0": [liar, honest]}).progress
    spent = {"a": 900, "b": 6}
    results = [
        accept_delivery(present, "0", award, [Segment(award.bidder)], replaces=False, cost_nanos=spent[award.bidder])
        for award in present.auctions["0"].awards
    ]
    step = cancel(settle_stage(present, {"0": results}, 0).progress, [], {}, 0)
    assert {row.credit: row.amount_nanos for row in step.transfers if row.code == "compensation"} == {
        "bidder:a": 2 + 1,
        "bidder:b": 3 + 6,
    }


def test_a_release_gives_the_deposit_back() -> None:
    step = pick(offered(deposit=50, costs=(4, 8)), 1, "judge", 0)
    assert [row.amount_nanos for row in step.transfers if row.code == "deposit-return"] == [50]
    assert [row for row in step.transfers if row.code == "compensation"] == []


def test_a_cancellation_frees_every_hold_charges_what_is_known_and_returns_the_bounty() -> None:
    progress = close(opened(make_request("a")), {"0": [bid("a", 9)]}).progress
    price = hold("h1", "bidder:a", "escrow:r1", 9, "price", "r1", 1)
    cost = hold("h2", "bidder:a", "provider:p", 5, "cost", "r1", 1)
    over = hold("h3", "bidder:a", "provider:p", 5, "cost", "r1", 1)
    step = cancel(progress, [price, cost, over], {"h2": 3, "h3": 8}, 0)
    assert [(row.kind, row.pending_id, row.amount_nanos) for row in step.transfers[:3]] == [
        ("void", "h1", 9),
        ("post", "h2", 3),
        ("post", "h3", 5),
    ]
    assert step.progress.status == "rejected"
    assert ("return", "bounty:r1", "requester:user", 1000) in moved(step.transfers)


@pytest.mark.parametrize(
    ("purse", "from_wallet", "from_issuer"), [(9, [3, 5], []), (6, [3, 3], [2]), (0, [], [3, 5]), (-4, [], [3, 5])]
)
def test_what_cancelled_work_cost_beyond_its_promise_is_paid_by_its_wallet_as_far_as_that_reaches(
    purse: int, from_wallet: list[int], from_issuer: list[int]
) -> None:
    progress = close(opened(make_request("a", deposit_nanos=100)), {"0": [bid("a", 9)]}).progress
    held = [hold(id, "bidder:a", "provider:p", 5, "cost", "r1", 1) for id in ("h1", "h2")]
    costs = {"h1": 8, "h2": 10}
    assert overspent(held, costs) == {"bidder:a"}
    assert overspent(held, {"h1": 5, "h2": 4}) == set()
    step = cancel(progress, held, costs, 0, {"bidder:a": purse})
    beyond = [row for row in step.transfers if row.kind == "posted" and row.credit == "provider:p"]
    assert [row.amount_nanos for row in beyond if row.debit == "bidder:a"] == from_wallet
    assert [row.amount_nanos for row in beyond if row.debit == "issuer"] == from_issuer
    assert [row.kind for row in step.transfers[:2]] == ["post", "post"], "a wallet pays with what other holds set free"
    ended = step.events[-1]
    assert isinstance(ended, Ended)
    assert ended.cut_off == (Spent("a", 18, 8),)
    # Nobody promised to pay for what nobody had been told.
    assert ("compensation", "deposit:r1", "bidder:a", 10) in moved(step.transfers)


@pytest.mark.parametrize("rank", [-1, 3, 99])
def test_an_offer_that_does_not_exist_cannot_be_picked(rank: int) -> None:
    with pytest.raises(BrokenLaw, match=f"no offer {rank}"):
        pick(offered(), rank, "judge", 0)
    assert pick(offered(), 2, "judge", 0).progress.status == "released"


def test_only_an_open_request_can_be_picked_from_and_only_once() -> None:
    with pytest.raises(BrokenLaw, match="is running"):
        pick(opened(make_request("a")), 0, "judge", 0)
    with pytest.raises(BrokenLaw, match="is released"):
        pick(pick(offered(), 1, "judge", 0).progress, 1, "judge", 0)


def test_a_market_in_which_nobody_bids_returns_the_bounty() -> None:
    progress = close(opened(make_request("a")), {"0": []}).progress
    step = settle_stage(progress, {}, 7)
    assert step.progress.status == "failed"
    assert moved(step.transfers) == {
        ("return", "bounty:r1", "requester:user", 1000),
        ("cap-return", "cap:r1", "cap-issuer", 7),
    }


def test_a_chain_that_finds_no_buyer_ends_and_the_others_go_on() -> None:
    request = make_request("a", "b", "p", rules=Rules(copies=(2, 1)))
    progress = play_stage(opened(request), {"0": [bid("a", 9), bid("b", 8)]}, {}).progress
    step = play_stage(progress, {"0.0": [bid("p", 5, PRESENTER)], "0.1": []}, {})
    assert step.progress.status == "open"
    assert [offer.path for offer in step.progress.offers] == ["0.0.0"]


def test_at_the_last_stage_a_transformed_state_is_not_put_up_again() -> None:
    request = make_request("a", "b", rules=Rules(stages_max=1, last_stage="any"))
    step = play_stage(opened(request), {"0": [bid("a", 9)]}, {})
    assert (step.progress.status, step.progress.on_sale) == ("failed", ())


@pytest.mark.parametrize(("purse", "fund"), [(0, 150), (149, 1), (150, None), (1000, None)])
def test_the_issuer_adds_only_what_the_requesters_purse_lacks(purse: int, fund: int | None) -> None:
    request = make_request("a", bounty_nanos=100, deposit_nanos=50)
    step = open_request(request, {"requester:user": purse})
    amounts = {row.code: row.amount_nanos for row in step.transfers}
    assert amounts.get("fund") == fund
    assert (amounts["pledge"], amounts["deposit"], amounts["cap"]) == (100, 50, 1000)


def test_a_journal_opens_with_requested_and_holds_it_once() -> None:
    request = make_request("a")
    with pytest.raises(BrokenLaw, match="opens with"):
        begin(Picked(0, "judge"))
    with pytest.raises(BrokenLaw, match="once"):
        advance(opened(request), [Requested(request, ())])
    with pytest.raises(BrokenLaw, match="without events"):
        fold([])


def test_a_delivery_that_leads_to_another_state_than_recorded_does_not_fold() -> None:
    progress = close(opened(make_request("a")), {"0": [bid("a", 9)]}).progress
    result = deliver(progress, "0", "a", "better")
    assert isinstance(result, Delivered)
    assert advance(progress, [result])
    with pytest.raises(BrokenLaw, match="leads to state"):
        advance(progress, [replace(result, state="0" * 64)])


def test_the_record_says_how_and_why_a_request_ended() -> None:
    ending = expire(offered(), 0).progress.ending
    assert ending == Ended("expired", "no offer was picked in time", 0, 0, 100, 0)
