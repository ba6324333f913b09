"""The laws of the book, one by one, each beside what it allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.errors import (
    HoldResolved,
    InsufficientFunds,
    InternalError,
    LedgerRefused,
    MalformedTransfer,
    PostExceedsHold,
    TransferConflict,
    UnknownAccount,
    UnknownHold,
)
from orchestrator.ledger import USD_CAP, Account, Balance, Book, Transfer, hold, post, transfer, void
from orchestrator.ledger.transfer import resolve
from orchestrator.money import NANOS_MAX


def book() -> Book:
    """`a` has 10, `b` and `c` nothing; the issuer may overdraw."""
    made = Book()
    for account in (Account("issuer", may_overdraw=True), Account("a"), Account("b"), Account("c")):
        made.open_account(account)
    made.open_account(Account("cap", USD_CAP, may_overdraw=True))
    made.apply([transfer("fund", "issuer", "a", 10, "fund")])
    return made


HOLD = hold("h", "a", "b", 6, "price", "r1", 2)
# All that the issuer, which has given out 10, can count.
VAST = hold("vast", "issuer", "b", NANOS_MAX - 10, "topup")
BACK = transfer("back", "b", "a", 1, "x")


@pytest.mark.parametrize(
    ("rows", "refusal"),
    [
        ([transfer("t", "a", "b", 10, "x")], None),
        ([transfer("t", "a", "b", 11, "x")], InsufficientFunds),
        ([transfer("t", "issuer", "b", 11, "x")], None),
        ([transfer("t", "a", "b", NANOS_MAX + 1, "x")], MalformedTransfer),
        ([transfer("t", "a", "b", 0, "x")], MalformedTransfer),
        ([transfer("t", "a", "b", -1, "x")], MalformedTransfer),
        ([transfer("t", "a", "b", True, "x")], MalformedTransfer),
        ([transfer("t", "a", "a", 1, "x")], MalformedTransfer),
        ([transfer("t", "a", "cap", 1, "x")], MalformedTransfer),
        ([transfer("t", "a", "nobody", 1, "x")], UnknownAccount),
        ([transfer("t", "nobody", "a", 1, "x")], UnknownAccount),
        ([transfer("fund", "issuer", "a", 10, "fund")], None),
        ([transfer("fund", "issuer", "a", 9, "fund")], TransferConflict),
        ([transfer("fund", "issuer", "a", 10, "fund", stage=1)], TransferConflict),
        ([HOLD, transfer("t", "a", "b", 4, "x")], None),
        ([HOLD, transfer("t", "a", "b", 5, "x")], InsufficientFunds),
        ([HOLD, transfer("t", "b", "c", 1, "x")], InsufficientFunds),
        ([HOLD, hold("h2", "a", "c", 5, "x")], InsufficientFunds),
        ([HOLD, post(HOLD, 6)], None),
        ([HOLD, post(HOLD, 1), transfer("t", "a", "c", 9, "x")], None),
        ([HOLD, post(HOLD, 7)], PostExceedsHold),
        ([HOLD, post(HOLD, 0)], MalformedTransfer),
        ([HOLD, void(HOLD), transfer("t", "a", "b", 10, "x")], None),
        ([HOLD, void(HOLD), void(HOLD)], None),
        ([HOLD, void(HOLD), post(HOLD, 1)], HoldResolved),
        ([HOLD, post(HOLD, 1), void(HOLD)], HoldResolved),
        ([HOLD, void(HOLD)._replace(amount_nanos=5)], MalformedTransfer),
        ([HOLD, post(HOLD, 5)._replace(credit="c")], MalformedTransfer),
        ([HOLD, post(HOLD, 5)._replace(debit="c")], MalformedTransfer),
        ([HOLD, post(HOLD, 5)._replace(kind="seize")], MalformedTransfer),
        ([HOLD, transfer("t", "a", "b", 1, "x")._replace(pending_id="h")], MalformedTransfer),
        ([post(HOLD, 5)], UnknownHold),
        ([void(HOLD)], UnknownHold),
        ([transfer("t", "a", "b", 5, "x"), post(HOLD, 5)._replace(pending_id="t")], UnknownHold),
        ([post(HOLD, 5)._replace(pending_id=None)], UnknownHold),
        ([VAST], None),
        ([VAST, hold("h2", "issuer", "c", 11, "x")], MalformedTransfer),
        ([VAST, transfer("t", "issuer", "c", 11, "x")], MalformedTransfer),
        ([VAST, transfer("t", "a", "b", 10, "x")], None),
        ([VAST, transfer("t", "a", "b", 10, "x"), BACK], None),
        ([VAST, transfer("t", "a", "b", 10, "x"), BACK, transfer("t2", "a", "b", 1, "x")], MalformedTransfer),
        ([transfer("t", "issuer", "b", 1, "x"), VAST], MalformedTransfer),
        ([VAST, void(VAST), hold("h2", "issuer", "b", 11, "x")], None),
        ([VAST, post(VAST, VAST.amount_nanos)], None),
        ([VAST, post(VAST, VAST.amount_nanos), transfer("t", "a", "b", 10, "x")], None),
        ([VAST, post(VAST, VAST.amount_nanos), transfer("t", "issuer", "c", 1, "x")], MalformedTransfer),
    ],
)
def test_each_law_refuses_by_name_and_allows_what_is_lawful(rows: list[Transfer], refusal: Any) -> None:
    made = book()
    before = (dict(made.accounts()), list(made.transfers()), made.open_holds())
    if refusal is None:
        made.apply(rows)
        assert set(made.totals().values()) == {0}
        return
    with pytest.raises(LedgerRefused) as refused:
        made.apply(rows)
    assert type(refused.value) is refusal
    assert isinstance(refused.value, InternalError)
    assert "\n" not in str(refused.value)
    assert (dict(made.accounts()), list(made.transfers()), made.open_holds()) == before


def test_a_shortfall_says_who_lacks_how_much() -> None:
    with pytest.raises(
        InsufficientFunds, match=r"a has 0\.00000001 USD to spend, but x needs 0\.000000011 USD"
    ) as short:
        book().apply([transfer("t", "a", "b", 11, "x")])
    assert short.value.account == "a"


def test_money_that_is_only_expected_cannot_be_spent() -> None:
    made = book()
    made.apply([HOLD])
    assert made.balance("a") == Balance(debits_pending=6, credits_posted=10)
    assert made.balance("b") == Balance(credits_pending=6)
    assert (made.spendable_nanos("a"), made.spendable_nanos("b")) == (4, 0)


def test_a_post_of_part_frees_the_rest() -> None:
    made = book()
    made.apply([HOLD, post(HOLD, 2)])
    assert made.balance("a") == Balance(debits_posted=2, credits_posted=10)
    assert made.balance("b") == Balance(credits_posted=2)
    assert made.open_holds() == []
    found = made.find("h/post")
    assert found is not None
    assert (found.code, found.request, found.stage) == ("price", "r1", 2)


def test_what_is_new_is_returned_and_what_was_there_is_not() -> None:
    made = book()
    rows = [transfer("t", "a", "b", 1, "x"), transfer("u", "a", "b", 1, "x")]
    assert made.apply(rows[:1]) == rows[:1]
    assert made.apply(rows) == rows[1:]
    assert made.apply(rows) == []


def test_a_reverted_commit_leaves_no_trace() -> None:
    made = book()
    made.apply([HOLD])
    before = (dict(made.accounts()), list(made.transfers()), made.open_holds())
    for rows in ([post(HOLD, 5)], [void(HOLD)], [transfer("t", "a", "b", 4, "x"), hold("h2", "b", "c", 4, "x")]):
        made.revert(made.apply(rows))
        assert (dict(made.accounts()), list(made.transfers()), made.open_holds()) == before
        made.apply(rows)
        made.revert(rows)


def test_an_interrupted_commit_leaves_no_trace() -> None:
    """Ctrl-C in a program whose store is in memory lands wherever the program is."""

    def rows() -> Iterator[Transfer]:
        yield transfer("t", "a", "b", 3, "price")
        raise KeyboardInterrupt

    made = book()
    before = dict(made.accounts())
    with pytest.raises(KeyboardInterrupt):
        made.apply(rows())
    assert dict(made.accounts()) == before
    assert made.find("t") is None


def test_a_reverted_resolution_leaves_the_open_holds_in_their_order() -> None:
    made = book()
    second = hold("h2", "a", "b", 1, "price", "r1")
    made.apply([HOLD, second])
    made.revert(made.apply([void(HOLD)]))
    assert made.open_holds("r1") == [HOLD, second]


def test_open_holds_are_found_by_request() -> None:
    made = book()
    other = hold("h2", "a", "b", 1, "price", "r2")
    made.apply([HOLD, other])
    assert made.open_holds("r1") == [HOLD]
    assert made.open_holds() == [HOLD, other]
    assert made.open_holds("r3") == []


def test_opening_an_account_again_changes_nothing_unless_its_nature_differs() -> None:
    made = book()
    made.open_account(Account("a"))
    assert made.spendable_nanos("a") == 10
    for other in (Account("a", may_overdraw=True), Account("a", USD_CAP)):
        with pytest.raises(TransferConflict, match="open with other attributes"):
            made.open_account(other)


def test_an_account_that_is_not_open_has_nothing_to_spend_and_no_balance() -> None:
    assert book().spendable_nanos("nobody") == 0
    assert not book().is_open("nobody")
    with pytest.raises(UnknownAccount, match="nobody was never opened"):
        book().balance("nobody")


def test_forgetting_rows_keeps_balances_and_open_holds_so_that_they_still_resolve() -> None:
    made = book()
    second = hold("h2", "a", "b", 1, "price")
    made.apply([HOLD, second, void(second)])
    balances = dict(made.accounts())
    made.forget()
    assert dict(made.accounts()) == balances
    assert list(made.transfers()) == [HOLD]
    made.apply([post(HOLD, 6)])
    assert made.spendable_nanos("b") == 6


def test_recalled_transfers_are_known_without_moving_anything_again() -> None:
    made = Book()
    for account in (Account("a"), Account("b")):
        made.open_account(account, Balance(credits_posted=10) if account.id == "a" else Balance())
    done = transfer("t", "a", "b", 3, "x")
    resolved = hold("h2", "a", "b", 1, "price")
    made.recall([done, HOLD, resolved, void(resolved)])
    assert made.balance("a") == Balance(credits_posted=10)
    assert made.open_holds() == [HOLD]
    assert made.apply([done]) == []
    with pytest.raises(HoldResolved):
        made.apply([post(resolved, 1)])


@pytest.mark.parametrize(("amount", "kind"), [(0, "void"), (4, "post")])
def test_resolving_to_an_amount_posts_it_or_voids_at_nothing(amount: int, kind: str) -> None:
    assert resolve(HOLD, amount).kind == kind
    assert resolve(HOLD, amount).id == f"h/{kind}"
