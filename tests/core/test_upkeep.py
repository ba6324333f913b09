"""Upkeep of wallets (R11): rent, refills, suspension and what the retired leave, on random wallets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.keys import ISSUER, TREASURY, bidder_account
from orchestrator.core.upkeep import Upkeep, Wallet, upkeep
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.ledger import Account, Book, transfer

ACTIVE, RETIRED = ("a", "b", "c"), ("x", "y")
RULES = WealthRules(endowment_nanos=50, refill_below_nanos=10, refill_to_nanos=50, refills_max=2, rent_nanos=3)

amounts = st.integers(0, 60)
wallets = st.fixed_dictionaries(dict.fromkeys((*ACTIVE, *RETIRED), amounts))
refills = st.fixed_dictionaries({name: st.integers(0, 3) for name in ACTIVE})
rules = st.builds(lambda rent, below, more: replace(RULES, rent_nanos=rent, refill_below_nanos=below,
                                                    refill_to_nanos=below + more),
                  st.integers(0, 20), st.integers(0, 20), st.integers(0, 40))  # fmt: skip


def keep_up(
    held: Mapping[str, int], treasury: int, before: Mapping[str, int], wealth: WealthRules
) -> tuple[Upkeep, dict[str, int]]:
    """What upkeep decides, and what wallets and treasury hold once a book has applied it."""
    spendable = {TREASURY: treasury, **{bidder_account(name): nanos for name, nanos in held.items()}}
    owing = {name: Wallet(held[name], refills=before[name]) for name in ACTIVE}
    due = upkeep("r1", owing, treasury, wealth, {name: held[name] for name in RETIRED})
    book = Book()
    book.open_account(Account(ISSUER, may_overdraw=True))
    for account, nanos in spendable.items():
        book.open_account(Account(account))
        if nanos:
            book.apply([transfer(f"fund/{account}", ISSUER, account, nanos, "fund")])
    book.apply(due.transfers)
    return due, {account: book.spendable_nanos(account) for account in spendable}


@given(wallets, amounts, refills, rules)
def test_upkeep_is_lawful_and_moves_money_only_between_wallets_and_treasury(
    held: dict[str, int], treasury: int, before: dict[str, int], wealth: WealthRules
) -> None:
    _, after = keep_up(held, treasury, before, wealth)

    assert sum(after.values()) == sum(held.values()) + treasury
    assert min(after.values()) >= 0


@given(wallets, amounts, refills, rules)
def test_a_wallet_below_the_floor_is_refilled_where_the_treasury_can_lift_it_over_that_or_suspended(
    held: dict[str, int], treasury: int, before: dict[str, int], wealth: WealthRules
) -> None:
    due, after = keep_up(held, treasury, before, wealth)

    for name in ACTIVE:
        left = held[name] - min(wealth.rent_nanos, held[name])
        is_low, may_refill = left < wealth.refill_below_nanos, before[name] < wealth.refills_max
        now = after[bidder_account(name)]
        assert (name in due.suspended) is (is_low and not may_refill)
        assert (name in due.refilled) is (now > left)
        if now > left:
            assert is_low
            assert may_refill
            assert now == wealth.refill_to_nanos or (after[TREASURY] == 0 and now >= wealth.refill_below_nanos)
        elif is_low and may_refill and wealth.refill_to_nanos > left:
            assert left + after[TREASURY] < wealth.refill_below_nanos, "the treasury could have helped"


@given(wallets, amounts, refills, rules)
def test_what_the_retired_still_received_goes_to_the_treasury_and_can_refill_others(
    held: dict[str, int], treasury: int, before: dict[str, int], wealth: WealthRules
) -> None:
    due, after = keep_up(held, treasury, before, wealth)
    rent = sum(min(wealth.rent_nanos, held[name]) for name in ACTIVE)
    paid = sum(row.amount_nanos for row in due.transfers if row.code == "refill")

    assert [after[bidder_account(name)] for name in RETIRED] == [0, 0]
    assert after[TREASURY] == treasury + rent + held["x"] + held["y"] - paid


def test_the_floor_itself_is_enough() -> None:
    held = {"a": 13, "b": 12, "c": 0, "x": 0, "y": 0}
    due, _ = keep_up(held, 500, {"a": 0, "b": 1, "c": 2}, RULES)

    assert (due.refilled, due.suspended) == (("b",), ("c",))


def test_those_who_come_first_are_served_first_where_the_treasury_is_short() -> None:
    held = dict.fromkeys((*ACTIVE, *RETIRED), 0)
    due, after = keep_up(held, 70, dict.fromkeys(ACTIVE, 0), RULES)

    assert due.refilled == ("a", "b")
    assert [after[bidder_account(name)] for name in ACTIVE] == [50, 20, 0]


def test_the_rent_of_all_can_refill_the_first() -> None:
    held = {"a": 0, "b": 0, "c": 60, "x": 0, "y": 0}
    due, after = keep_up(held, 0, dict.fromkeys(ACTIVE, 0), replace(RULES, rent_nanos=20))

    assert due.refilled == ("a",)
    assert [after[bidder_account(name)] for name in ACTIVE] == [20, 0, 40]


def test_what_would_leave_a_wallet_low_is_no_refill_and_gathers_in_the_treasury() -> None:
    held = dict.fromkeys((*ACTIVE, *RETIRED), 0)
    short, after = keep_up(held, 9, dict.fromkeys(ACTIVE, 0), RULES)
    enough, _ = keep_up(held, 10, dict.fromkeys(ACTIVE, 0), RULES)

    assert (short.refilled, short.suspended, after[TREASURY]) == ((), (), 9)
    assert enough.refilled == ("a",)
