"""The laws of clearing (R5), as properties."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.core.answer import Answer
from orchestrator.core.clearing import Award
from orchestrator.core.rules import Rule
from tests.core.making import bid, cleared
from tests.effort import examples

NAMES = "abcdefgh"
RULES: tuple[Rule, ...] = ("vickrey", "first_price", "subsidised")
SECOND_PRICE: tuple[Rule, ...] = ("vickrey", "subsidised")
amounts = st.integers(0, 12)
reserves = st.integers(0, 8)
copies_sold = st.integers(1, 4)
seeds = st.integers(0, 2**32)
# Few principals, so that some stand behind several bidders.
backers = st.fixed_dictionaries({name: st.sampled_from(["P", "Q", "R", name]) for name in NAMES})


@st.composite
def bid_lists(draw: st.DrawFn, least: int = 0) -> list[Answer]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=least))
    return [bid(name, draw(amounts)) for name in names]


def best_by_principal(bids: list[Answer], principals: dict[str, str], owner_principal: str | None) -> list[int]:
    """The independent model: what each principal but the owner's bids at most, highest first."""
    best: dict[str, int] = {}
    for each in bids:
        principal = principals[each.bidder]
        if principal != owner_principal:
            best[principal] = max(best.get(principal, 0), each.amount_nanos)
    return sorted(best.values(), reverse=True)


@examples(70)
@given(bid_lists(), backers, st.sampled_from([None, "P", "a"]), reserves, copies_sold, seeds)
def test_each_pays_the_first_losing_bid_with_principals_counted_once(
    bids: list[Answer],
    principals: dict[str, str],
    owner_principal: str | None,
    reserve: int,
    copies: int,
    seed: int,
) -> None:
    awards = cleared(
        bids,
        principals=principals,
        owner_principal=owner_principal,
        reserve_nanos=reserve,
        copies=copies,
        seed=seed,
    ).awards()
    lawful = [amount for amount in best_by_principal(bids, principals, owner_principal) if amount >= reserve]
    price = lawful[copies] if len(lawful) > copies else reserve
    assert [award.bid_nanos for award in awards] == lawful[:copies]
    assert {award.price_nanos for award in awards} <= {price}
    assert {award.round for award in awards} <= {0}


@examples(70)
@given(bid_lists(), backers, st.sampled_from(RULES), reserves, copies_sold, seeds)
def test_a_price_lies_between_the_reserve_and_the_winning_bid(
    bids: list[Answer], principals: dict[str, str], rule: Rule, reserve: int, copies: int, seed: int
) -> None:
    clearing = cleared(bids, principals=principals, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed)
    for award in clearing.awards():
        assert reserve <= award.price_nanos <= award.bid_nanos


@examples(70)
@given(bid_lists(least=1), backers, st.sampled_from(SECOND_PRICE), reserves, copies_sold, seeds, st.integers(0, 20))
def test_a_winners_price_does_not_depend_on_its_own_bid_while_it_still_wins(
    bids: list[Answer],
    principals: dict[str, str],
    rule: Rule,
    reserve: int,
    copies: int,
    seed: int,
    instead: int,
) -> None:
    def awards(given_bids: list[Answer]) -> dict[str, Award]:
        clearing = cleared(
            given_bids, principals=principals, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed
        )
        return {award.bidder: award for award in clearing.awards()}

    before = awards(bids)
    for winner in before:
        after = awards([bid(each.bidder, instead) if each.bidder == winner else each for each in bids])
        if winner in after:
            assert after[winner].price_nanos == before[winner].price_nanos


def test_under_first_price_a_winners_price_does_depend_on_its_own_bid() -> None:
    def price(own: int) -> int:
        return cleared([bid("a", own), bid("b", 3)], rule="first_price").awards()[0].price_nanos

    assert (price(9), price(5)) == (9, 5)


@examples(70)
@given(bid_lists(), backers, st.sampled_from(RULES), reserves, copies_sold, seeds, st.randoms(use_true_random=False))
def test_the_order_in_which_bids_arrive_changes_nothing(
    bids: list[Answer],
    principals: dict[str, str],
    rule: Rule,
    reserve: int,
    copies: int,
    seed: int,
    random: object,
) -> None:
    shuffled = list(bids)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (
        cleared(given_bids, principals=principals, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed)
        for given_bids in (bids, shuffled)
    )
    assert one == other


@examples(70)
@given(bid_lists(), backers, reserves, copies_sold, seeds)
def test_every_bid_stands_or_is_refused_with_a_reason(
    bids: list[Answer], principals: dict[str, str], reserve: int, copies: int, seed: int
) -> None:
    clearing = cleared(
        bids, principals=principals, owner_principal="P", reserve_nanos=reserve, copies=copies, seed=seed
    )
    standing = {each.bidder for each in clearing.standing}
    refused = {each.bidder: each.reason for each in clearing.refused}
    assert standing.isdisjoint(refused)
    assert standing | refused.keys() == {each.bidder for each in bids}
    for name, reason in refused.items():
        if principals[name] == "P":
            assert reason == "stands behind the lot's owner"
        else:
            assert reason in ("its principal has a higher bid", "below the reserve")


@examples(70)
@given(bid_lists(least=1), st.sampled_from(RULES), reserves, copies_sold, seeds, amounts)
def test_a_principals_second_bid_neither_wins_nor_sets_a_price(
    bids: list[Answer], rule: Rule, reserve: int, copies: int, seed: int, second: int
) -> None:
    first = bids[0]
    assume(second < first.amount_nanos)
    alone = cleared(bids, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed).awards()
    twin = cleared(
        [*bids, bid("twin", second)],
        principals={"twin": first.bidder},
        reserve_nanos=reserve,
        copies=copies,
        rule=rule,
        seed=seed,
    ).awards()
    assert alone == twin


def test_the_same_second_bid_of_another_principal_does_set_a_price() -> None:
    bids = [bid("a", 9), bid("b", 2), bid("twin", 7)]
    assert cleared(bids, principals={"twin": "a"}).awards()[0].price_nanos == 2
    assert cleared(bids).awards()[0].price_nanos == 7


@examples(70)
@given(bid_lists(), st.sampled_from(RULES), reserves, copies_sold, seeds, st.lists(amounts, max_size=3))
def test_the_owners_principal_neither_wins_nor_sets_a_price(
    bids: list[Answer], rule: Rule, reserve: int, copies: int, seed: int, shills: list[int]
) -> None:
    names = [f"shill{number}" for number in range(len(shills))]
    with_shills = [*bids, *(bid(name, amount) for name, amount in zip(names, shills, strict=True))]
    principals = dict.fromkeys(names, "owner")
    clean, shilled = (
        cleared(
            given_bids,
            principals=principals,
            owner_principal="owner",
            reserve_nanos=reserve,
            copies=copies,
            rule=rule,
            seed=seed,
        ).awards()
        for given_bids in (bids, with_shills)
    )
    assert clean == shilled


def test_where_the_owner_may_bid_its_losing_bid_sets_the_price() -> None:
    bids = [bid("a", 9), bid("owner", 8), bid("b", 2)]
    assert cleared(bids, owner_principal="owner").awards()[0].price_nanos == 2
    assert cleared(bids, owner_principal=None).awards()[0].price_nanos == 8


@examples(70)
@given(
    bid_lists(least=1),
    st.sampled_from(SECOND_PRICE),
    reserves,
    copies_sold,
    seeds,
    st.lists(amounts, min_size=1, max_size=3),
)
def test_splitting_into_identities_of_one_principal_gains_nothing(
    bids: list[Answer], rule: Rule, reserve: int, copies: int, seed: int, identities: list[int]
) -> None:
    splitter, others = bids[0], bids[1:]
    value = splitter.amount_nanos
    assume(all(other.amount_nanos != amount for other in others for amount in [*identities, value]))
    names = [f"id{number}" for number in range(len(identities))]

    def gain(own: list[Answer]) -> int:
        clearing = cleared(
            [*others, *own],
            principals=dict.fromkeys(names, splitter.bidder),
            reserve_nanos=reserve,
            copies=copies,
            rule=rule,
            seed=seed,
        )
        mine = [award for award in clearing.awards() if award.bidder in (*names, splitter.bidder)]
        assert len(mine) <= 1
        return sum(value - award.price_nanos for award in mine)

    split = [bid(name, amount) for name, amount in zip(names, identities, strict=True)]
    assert gain([splitter, *split]) <= gain([splitter])
    assert gain(split) <= gain([splitter])


def utility(rule: Rule, value: int, own: int, others: list[int], reserve: int) -> float:
    """What a bidder gains on average over many draws of ties in a market with one lot."""
    bids = [bid("me", own), *(bid(f"o{number}", amount) for number, amount in enumerate(others))]
    total = 0
    draws = range(12) if own in others else range(1)
    for seed in draws:
        for award in cleared(bids, reserve_nanos=reserve, rule=rule, seed=seed).awards():
            if award.bidder == "me":
                total += value - award.price_nanos
    return total / len(draws)


@examples(50)
@given(amounts, st.lists(amounts, max_size=4), reserves)
def test_no_deviation_from_the_truth_gains_in_a_one_lot_vickrey_market(
    value: int, others: list[int], reserve: int
) -> None:
    truth = utility("vickrey", value, value, others, reserve)
    assert truth >= 0
    for own in range(14):
        assert utility("vickrey", value, own, others, reserve) <= truth


def test_shading_does_gain_under_first_price() -> None:
    others = [3, 5]
    truth = utility("first_price", 9, 9, others, 0)
    assert truth == 0
    assert (
        max(utility("first_price", 9, own, others, 0) for own in range(14))
        == utility("first_price", 9, 6, others, 0)
        == 3
    )


def test_overbidding_to_win_loses_money_under_vickrey() -> None:
    assert utility("vickrey", 4, 9, [7], 0) == -3


@examples(50)
@given(bid_lists(least=1), backers, reserves, copies_sold, seeds)
def test_under_first_price_everybody_pays_its_own_bid(
    bids: list[Answer], principals: dict[str, str], reserve: int, copies: int, seed: int
) -> None:
    clearing = cleared(bids, principals=principals, reserve_nanos=reserve, copies=copies, rule="first_price", seed=seed)
    for award in (*clearing.awards(), *clearing.substitutes(len(clearing.awards()), 1, 1)):
        assert award.price_nanos == award.bid_nanos


@examples(50)
@given(bid_lists(), backers, reserves, copies_sold, seeds)
def test_the_subsidised_rule_clears_at_vickrey_prices(
    bids: list[Answer], principals: dict[str, str], reserve: int, copies: int, seed: int
) -> None:
    vickrey, subsidised = (
        cleared(bids, principals=principals, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed).awards()
        for rule in SECOND_PRICE
    )
    assert vickrey == subsidised


def winner(seed: int) -> str:
    return cleared([bid("a", 5), bid("b", 5)], seed=seed).awards()[0].bidder


def test_ties_are_drawn_by_the_seed() -> None:
    drawn = [winner(seed) for seed in range(200)]
    assert drawn == [winner(seed) for seed in range(200)]
    assert 70 < drawn.count("a") < 130


def test_a_tie_is_paid_at_the_tied_bid() -> None:
    assert {cleared([bid("a", 5), bid("b", 5)], seed=seed).awards()[0].price_nanos for seed in range(10)} == {5}


@examples(50)
@given(st.permutations("abcd"), seeds)
def test_a_tie_at_the_edge_of_the_copies_is_drawn_alike_whatever_the_order(names: list[str], seed: int) -> None:
    bids = [bid(name, 5) for name in names]
    drawn = [award.bidder for award in cleared(bids, copies=2, seed=seed).awards()]
    assert drawn == [
        award.bidder for award in cleared(sorted(bids, key=lambda each: each.bidder), copies=2, seed=seed).awards()
    ]


@examples(70)
@given(
    bid_lists(), st.sampled_from(SECOND_PRICE), reserves, copies_sold, seeds, st.lists(st.integers(0, 3), max_size=4)
)
def test_substitutes_each_pay_the_best_bid_still_losing(
    bids: list[Answer], rule: Rule, reserve: int, copies: int, seed: int, failures: list[int]
) -> None:
    clearing = cleared(bids, reserve_nanos=reserve, copies=copies, rule=rule, seed=seed)
    lawful = sorted((each.amount_nanos for each in bids if each.amount_nanos >= reserve), reverse=True)
    given_so_far = len(clearing.awards())
    awarded = [award.bidder for award in clearing.awards()]
    for number, failed in enumerate(failures, 1):
        substitutes = clearing.substitutes(given_so_far, failed, number)
        assert [award.bid_nanos for award in substitutes] == lawful[given_so_far : given_so_far + failed]
        given_so_far += len(substitutes)
        losing = lawful[given_so_far] if given_so_far < len(lawful) else reserve
        for award in substitutes:
            assert (award.price_nanos, award.round) == (losing, number)
            assert award.bidder not in awarded
            awarded.append(award.bidder)


@pytest.mark.parametrize("rule", RULES)
def test_a_lot_without_bids_is_not_awarded(rule: Rule) -> None:
    assert cleared([], rule=rule).awards() == ()
    assert cleared([bid("a", 2)], reserve_nanos=3, rule=rule).awards() == ()


@pytest.mark.parametrize("rule", RULES)
def test_a_bid_of_nothing_is_lawful_and_pays_nothing(rule: Rule) -> None:
    awards = cleared([bid("a", 0)], rule=rule).awards()
    assert [(award.bidder, award.price_nanos) for award in awards] == [("a", 0)]


def test_a_bid_at_the_reserve_wins_at_the_reserve() -> None:
    assert [award.price_nanos for award in cleared([bid("a", 3)], reserve_nanos=3).awards()] == [3]


def test_a_low_second_bid_of_a_principal_cannot_stand_in_for_a_refused_one() -> None:
    """Dropping all but a principal's highest comes first, the reserve after."""
    clearing = cleared([bid("a", 9), bid("b", 8), bid("c", 5)], principals={"b": "a"}, copies=2)
    assert [each.bidder for each in clearing.standing] == ["a", "c"]
