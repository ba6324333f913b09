"""Delivery versus payment (R6): who transforms next, who pays, who forfeits, who is set free."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.core.answer import Answer, FaultKind
from orchestrator.core.clearing import Award
from orchestrator.core.events import AwardResult, Ended, Offered, Settled, Spendable
from orchestrator.core.progress import Progress
from orchestrator.core.rules import PRESENTER, Rule, Rules
from orchestrator.core.settlement import beyond_promise, due_awards, failure, settle_stage
from orchestrator.core.step import Step
from orchestrator.errors import BrokenLaw
from orchestrator.ledger import Transfer
from tests.core.making import bid, close, deliver, make_request, opened, play_stage

BIDS = [bid("a", 9), bid("b", 7), bid("c", 4), bid("d", 2)]


def present(rules: Rules, bids: Sequence[Answer] = BIDS) -> Progress:
    return close(opened(make_request("a", "b", "c", "d", rules=rules)), {"0": bids}).progress


def fails(progress: Progress, award: Award, fault: FaultKind = "raised", *, own_fault: bool = True) -> AwardResult:
    return failure(progress, "0", award, fault, "fell over", own_fault=own_fault)


def play(progress: Progress, failing: set[str], *, own_fault: bool = True) -> tuple[list[tuple[str, int, int]], Step]:
    """Everybody delivers but those who fail; who was awarded what, in which round, and the settlement."""
    results: dict[str, list[AwardResult]] = {}
    awarded = []
    while due := due_awards(progress, results):
        for award in due["0"]:
            awarded.append((award.bidder, award.price_nanos, award.round))
            if award.bidder in failing:
                results.setdefault("0", []).append(fails(progress, award, own_fault=own_fault))
            else:
                at = progress._replace(auctions={"0": progress.auctions["0"]._replace(awards=(award,))})
                results.setdefault("0", []).append(deliver(at, "0", award.bidder, f"by {award.bidder}"))
    return awarded, settle_stage(progress, results, 0)


def moves(transfers: Sequence[Transfer]) -> set[tuple[str, str, str, int]]:
    return {(row.kind, row.debit, row.credit, row.amount_nanos) for row in transfers}


def test_the_winner_pays_the_second_price_into_escrow_and_all_others_are_set_free() -> None:
    awarded, step = play(present(Rules()), set())
    assert awarded == [("a", 7, 0)]
    assert moves(step.transfers) == {
        ("post", "bidder:a", "escrow:r1", 7),
        ("void", "bidder:b", "escrow:r1", 7),
        ("void", "bidder:c", "escrow:r1", 4),
        ("void", "bidder:d", "escrow:r1", 2),
    }


def test_nobody_is_paid_before_the_delivery_and_a_failure_passes_the_lot_to_the_best_bid_still_losing() -> None:
    awarded, step = play(present(Rules()), {"a"})
    assert awarded == [("a", 7, 0), ("b", 4, 1)]
    assert moves(step.transfers) == {
        ("void", "bidder:a", "escrow:r1", 9),
        ("posted", "bidder:a", "treasury", 4),
        ("post", "bidder:b", "escrow:r1", 4),
        ("void", "bidder:c", "escrow:r1", 4),
        ("void", "bidder:d", "escrow:r1", 2),
    }


def test_of_several_copies_those_that_deliver_pay_the_first_clearings_price_and_substitutes_their_own() -> None:
    awarded, step = play(present(Rules(copies=(2, 1))), {"a"})
    assert awarded == [("a", 4, 0), ("b", 4, 0), ("c", 2, 1)]
    assert [(sale.buyer, sale.price_nanos) for sale in step.progress.sales] == [("b", 4), ("c", 2)]


def test_the_last_substitute_pays_the_reserve() -> None:
    awarded, _ = play(present(Rules(reserve_nanos=1)), {"a", "b", "c"})
    assert awarded == [("a", 7, 0), ("b", 4, 1), ("c", 2, 2), ("d", 1, 3)]


def test_when_everybody_fails_nothing_is_sold_and_the_request_fails() -> None:
    awarded, step = play(present(Rules()), {"a", "b", "c", "d"})
    assert [bidder for bidder, _, _ in awarded] == ["a", "b", "c", "d"]
    assert {row.kind for row in step.transfers if row.code == "price"} == {"void"}
    assert step.progress.status == "failed"
    assert isinstance(step.events[-1], Ended)


@pytest.mark.parametrize(("percent", "forfeit"), [(0, 0), (50, 4), (100, 9)])
def test_a_winner_that_fails_by_its_own_fault_forfeits_a_share_of_its_bid(percent: int, forfeit: int) -> None:
    _, step = play(present(Rules(forfeit_percent=percent)), {"a"})
    paid = [row.amount_nanos for row in step.transfers if row.code == "forfeit"]
    assert paid == ([forfeit] if forfeit else [])


def test_a_winner_whose_provider_failed_forfeits_nothing() -> None:
    _, step = play(present(Rules()), {"a"}, own_fault=False)
    assert [row for row in step.transfers if row.code == "forfeit"] == []


def test_a_forfeit_follows_the_void_that_frees_the_money_for_it() -> None:
    _, step = play(present(Rules()), {"a"})
    codes = [(row.kind, row.code) for row in step.transfers if row.debit == "bidder:a"]
    assert codes == [("void", "price"), ("posted", "forfeit")]


@pytest.mark.parametrize(
    ("rule", "paid", "subsidy"), [("vickrey", 7, None), ("first_price", 9, None), ("subsidised", 7, 2)]
)
def test_rules_differ_in_what_buyer_and_seller_see(rule: Rule, paid: int, subsidy: int | None) -> None:
    _, step = play(present(Rules(rule=rule)), set())
    assert ("post", "bidder:a", "escrow:r1", paid) in moves(step.transfers)
    subsidies = [(row.debit, row.credit, row.amount_nanos) for row in step.transfers if row.code == "subsidy"]
    assert subsidies == ([("treasury", "escrow:r1", subsidy)] if subsidy else [])


def test_a_price_of_nothing_moves_nothing() -> None:
    _, step = play(present(Rules(), [bid("a", 9)]), set())
    assert moves(step.transfers) == {("void", "bidder:a", "escrow:r1", 9)}
    assert [sale.price_nanos for sale in step.progress.sales] == [0]


def test_offers_are_ranked_when_the_last_chain_has_ended() -> None:
    bids = [bid("a", 5, PRESENTER), bid("b", 9, PRESENTER)]
    _, step = play(present(Rules(copies=(2,)), bids), set())
    assert isinstance(step.events[-1], Offered)
    assert step.progress.status == "open"
    assert [offer.presenter for offer in step.progress.offers] == ["b", "a"]


def works_at_a_cost(cost_nanos: int | None, wallet_nanos: int, *, own_fault: bool = False) -> Step:
    """A bidder that has bid 6 and promised 10, and that fails; its work has cost something all the same."""
    progress = present(Rules(forfeit_percent=50), [Answer("a", "bid", 6, cost_max_nanos=10, provider="p")])
    award = progress.auctions["0"].awards[0]
    result = failure(progress, "0", award, "provider", "is down", own_fault=own_fault, cost_nanos=cost_nanos)
    wallets = beyond_promise(progress, {"0": [result]})
    return settle_stage(progress, {"0": [result]}, 0, dict.fromkeys(wallets, wallet_nanos))


def charged(step: Step) -> set[tuple[str, str, str, int]]:
    rows = [row for row in step.transfers if row.credit == "provider:p"]
    return {(row.kind, row.code, row.debit, row.amount_nanos) for row in rows}


@pytest.mark.parametrize(
    ("cost_nanos", "expected"),
    [
        (0, {("void", "cost", "bidder:a", 10)}),
        (3, {("post", "cost", "bidder:a", 3)}),
        (10, {("post", "cost", "bidder:a", 10)}),
        (None, {("void", "cost", "bidder:a", 10)}),
    ],
)
def test_costs_are_charged_up_to_what_was_promised(
    cost_nanos: int | None, expected: set[tuple[str, str, str, int]]
) -> None:
    step = works_at_a_cost(cost_nanos, 100)
    assert charged(step) == expected
    assert [event.spendable for event in step.events if isinstance(event, Settled)] == [()]


@pytest.mark.parametrize(
    ("cost_nanos", "wallet_nanos", "from_wallet", "from_issuer"),
    [(12, 100, 2, 0), (20, 4, 10, 0), (21, 4, 10, 1), (17, 0, 6, 1)],
    ids=["it can spend enough", "with what its bid sets free", "all that it has", "nothing but its bid"],
)
def test_a_wallet_pays_for_work_beyond_its_promise_and_the_issuer_what_that_cannot(
    cost_nanos: int, wallet_nanos: int, from_wallet: int, from_issuer: int
) -> None:
    step = works_at_a_cost(cost_nanos, wallet_nanos)
    paid = {("post", "cost", "bidder:a", 10), ("posted", "cost", "bidder:a", from_wallet)}
    assert charged(step) == paid | ({("posted", "overrun", "issuer", from_issuer)} if from_issuer else set())
    (settled,) = (event for event in step.events if isinstance(event, Settled))
    assert settled.spendable == (Spendable("bidder:a", wallet_nanos),)


def test_a_wallet_that_would_have_less_than_nothing_in_a_replay_pays_nothing_beyond_its_promise() -> None:
    assert charged(works_at_a_cost(17, -10)) == {
        ("post", "cost", "bidder:a", 10),
        ("posted", "overrun", "issuer", 7),
    }


def test_what_a_failed_bid_forfeits_pays_for_no_work_beyond_its_promise() -> None:
    step = works_at_a_cost(20, 0, own_fault=True)
    assert {("posted", "cost", "bidder:a", 3), ("posted", "overrun", "issuer", 7)} < charged(step)
    assert ("posted", "bidder:a", "treasury", 3) in moves(step.transfers)


def test_of_several_winners_each_pays_for_work_beyond_its_promise_with_what_its_own_bid_sets_free() -> None:
    bids = [bid("a", 9), Answer("b", "bid", 7, cost_max_nanos=10, provider="p"), bid("c", 4)]
    progress = present(Rules(copies=(2,)), bids)
    cheap, dear = progress.auctions["0"].awards
    costly = failure(progress, "0", dear, "provider", "is down", own_fault=False, cost_nanos=30)
    step = settle_stage(progress, {"0": [fails(progress, cheap, own_fault=False), costly]}, 0, {"bidder:b": 0})
    assert ("posted", "cost", "bidder:b", 7) in charged(step)


def test_a_wallet_pays_for_work_beyond_its_promise_once_at_parallel_lots() -> None:
    request = make_request("a", "b", "c", rules=Rules(copies=(2, 1)))
    parallel = play_stage(opened(request), {"0": [bid("a", 9), bid("b", 8)]}, {}).progress
    answer = Answer("c", "bid", 1, cost_max_nanos=10, provider="p")
    progress = close(parallel, {"0.0": [answer], "0.1": [answer]}).progress
    results = {
        path: [failure(progress, path, progress.auctions[path].awards[0], "provider", "is down", own_fault=False,
                       cost_nanos=14)]
        for path in progress.on_sale
    }  # fmt: skip
    rows = settle_stage(progress, results, 0, {"bidder:c": 5}).transfers
    beyond = [
        (row.stage, row.debit, row.amount_nanos)
        for row in rows
        if row.kind == "posted" and row.credit[:8] == "provider"
    ]
    assert beyond == [(2, "bidder:c", 4), (2, "bidder:c", 3), (2, "issuer", 1)]


@pytest.mark.parametrize(("owner", "from_wallet"), [("a", 4), ("b", 10)], ids=["its own", "another's"])
def test_a_bid_on_ones_own_lot_sets_nothing_free_for_work_beyond_its_promise(owner: str, from_wallet: int) -> None:
    """Nothing is held for it (`self_sale: open`), so there is nothing of it to pay from."""
    rules = Rules(self_sale="open")
    first = play_stage(opened(make_request("a", "b", rules=rules)), {"0": [bid(owner, 9)]}, {}).progress
    answer = Answer("a", "bid", 6, cost_max_nanos=10, provider="p")
    progress = close(first, {"0.0": [answer]}).progress
    result = failure(progress, "0.0", progress.auctions["0.0"].awards[0], "provider", "is down", own_fault=False,
                     cost_nanos=20)  # fmt: skip
    step = settle_stage(progress, {"0.0": [result]}, 0, {"bidder:a": 4})
    assert ("posted", "cost", "bidder:a", from_wallet) in charged(step)


def test_losers_pay_for_no_transform() -> None:
    answers = [Answer(name, "bid", amount, cost_max_nanos=10, provider="p") for name, amount in (("a", 5), ("b", 3))]
    _, step = play(present(Rules(), answers), set())
    assert ("void", "bidder:b", "provider:p", 10) in moves(step.transfers)


def test_a_fault_before_an_award_cannot_be_settled() -> None:
    progress = present(Rules())
    result = failure(progress, "0", progress.auctions["0"].awards[0], "raised", "fell over")
    with pytest.raises(BrokenLaw, match="not after an award"):
        settle_stage(progress, {"0": [type(result)(1, "0", "a", "raised", "early")]}, 0)


def test_an_owner_that_fails_on_its_own_lot_forfeits_nothing() -> None:
    rules = Rules(self_sale="open")
    first = play(present(rules), set())[1].progress
    second = close(first, {"0.0": [bid("a", 9)]}).progress
    award = second.auctions["0.0"].awards[0]
    assert failure(second, "0.0", award, "raised", "fell over").forfeit_nanos == 0
