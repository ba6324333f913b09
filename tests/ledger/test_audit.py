"""The audit finds what is planted, and nothing where the books are right."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest

from orchestrator.ledger import Account, Balance, Book, Transfer, audit, hold, post, transfer, void

Accounts = dict[Account, Balance]
Rows = list[Transfer]
PRICE = hold("h", "bidder:a", "escrow:r1", 6, "price", "r1")
ENDED = {"r1": ("bounty:r1", "escrow:r1", "deposit:r1")}
OPEN = hold("h2", "bidder:a", "escrow:r2", 2, "price", "r2")


def books() -> tuple[Accounts, Rows]:
    """Request r1 has ended, r2 goes on."""
    book = Book()
    book.open_account(Account("issuer", may_overdraw=True))
    for name in ("bidder:a", "bounty:r1", "escrow:r1", "escrow:r2", "treasury"):
        book.open_account(Account(name))
    book.apply(
        [
            transfer("fund", "issuer", "bidder:a", 10, "fund"),
            transfer("pledge", "issuer", "bounty:r1", 7, "pledge", "r1"),
            PRICE,
            post(PRICE, 4),
            transfer("escrow", "escrow:r1", "treasury", 4, "escrow", "r1"),
            transfer("payout", "bounty:r1", "bidder:a", 7, "payout", "r1"),
            OPEN,
        ]
    )
    return dict(book.accounts()), list(book.transfers())


def change(account: str, **counters: int) -> Callable[[Accounts, Rows], None]:
    def plant(accounts: Accounts, rows: Rows) -> None:
        found = next(each for each in accounts if each.id == account)
        accounts[found] = accounts[found]._replace(**counters)

    return plant


def drop(id: str) -> Callable[[Accounts, Rows], None]:
    return lambda accounts, rows: rows.remove(next(row for row in rows if row.id == id))


def add(row: Transfer) -> Callable[[Accounts, Rows], None]:
    return lambda accounts, rows: rows.append(row)


def alter(id: str, **fields: object) -> Callable[[Accounts, Rows], None]:
    def plant(accounts: Accounts, rows: Rows) -> None:
        number = next(number for number, row in enumerate(rows) if row.id == id)
        rows[number] = rows[number]._replace(**fields)  # type: ignore[arg-type]

    return plant


def lose_account(accounts: Accounts, rows: Rows) -> None:
    del accounts[next(each for each in accounts if each.id == "treasury")]


PLANTED: dict[str, tuple[Callable[[Accounts, Rows], None], set[str]]] = {
    "a changed counter": (change("bidder:a", credits_posted=18), {"bidder:a"}),
    "a changed pending counter": (change("escrow:r2", credits_pending=3), {"escrow:r2"}),
    "a missing transfer": (drop("payout"), {"bidder:a", "bounty:r1"}),
    "a missing hold": (drop("h2"), {"bidder:a", "escrow:r2"}),
    "a missing post": (drop("h/post"), {"h", "bidder:a", "escrow", "escrow:r1", "treasury"}),
    "a transfer recorded twice": (add(transfer("fund", "issuer", "bidder:a", 10, "fund")), {"fund"}),
    "a transfer repeated under another id": (
        add(transfer("fund2", "issuer", "bidder:a", 10, "fund")),
        {"bidder:a", "issuer"},
    ),
    "an id used twice": (add(transfer("fund", "issuer", "bidder:a", 11, "fund")), {"fund"}),
    "a hold resolved twice": (add(void(PRICE)), {"h/void"}),
    "a post above its hold": (
        alter("h/post", amount_nanos=7),
        {"h/post", "h", "bidder:a", "escrow", "escrow:r1", "treasury"},
    ),
    "an overdraft": (add(transfer("t", "bidder:a", "treasury", 99, "x")), {"t"}),
    "an altered amount": (alter("pledge", amount_nanos=8), {"issuer", "bounty:r1"}),
    "an altered account": (alter("payout", credit="treasury"), {"bidder:a", "treasury"}),
    "a lost account": (lose_account, {"escrow", "escrow:r1"}),
    "a hold of an ended request": (
        add(hold("h3", "bidder:a", "escrow:r1", 1, "price", "r1")),
        {"h3", "bidder:a", "escrow:r1"},
    ),
    "money left with an ended request": (
        add(transfer("t", "issuer", "escrow:r1", 1, "x", "r1")),
        {"issuer", "escrow:r1"},
    ),
}


def test_right_books_have_no_findings() -> None:
    accounts, rows = books()
    assert audit(accounts, rows, ENDED) == []


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_the_audit_finds_what_is_planted_and_where(name: str) -> None:
    plant, places = PLANTED[name]
    accounts, rows = books()
    plant(accounts, rows)
    assert {finding.where for finding in audit(accounts, rows, ENDED)} >= places


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_of_a_long_life_no_more_is_kept_than_is_needed_and_the_same_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each transfer were the ten-thousandth: nothing before it is remembered but counters and open holds."""
    monkeypatch.setattr(import_module("orchestrator.ledger.audit"), "_KEPT", 1)
    plant, places = PLANTED[name]
    accounts, rows = books()
    assert audit(accounts, iter(rows), ENDED) == []
    plant(accounts, rows)
    assert {finding.where for finding in audit(accounts, iter(rows), ENDED)} >= places


def test_a_finding_says_what_is_wrong_in_one_line() -> None:
    for plant, _ in PLANTED.values():
        accounts, rows = books()
        plant(accounts, rows)
        assert all(finding.what and "\n" not in finding.what for finding in audit(accounts, rows, ENDED))


def test_a_request_that_goes_on_may_hold_and_keep_money() -> None:
    accounts, rows = books()
    assert {finding.where for finding in audit(accounts, rows, {**ENDED, "r2": ("escrow:r2",)})} == {"h2"}


def test_which_accounts_are_a_requests_own_is_for_the_market_to_say() -> None:
    accounts, rows = books()
    assert {finding.where for finding in audit(accounts, rows, {"r1": ("bidder:a",)})} == {"bidder:a"}
