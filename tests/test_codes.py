"""Each code of a transfer is told of in one place, and in one class there: what is in none counts as nothing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.api.reports import leaderboard
from orchestrator.core.codes import CLASSES, EARNING, PERMISSION, REPAID, REQUEST, SPENDING, WORK
from orchestrator.core.keys import ISSUER, bidder_account
from orchestrator.ledger import transfer
from tests.engine.world import make_market, presenter
from tests.test_documents import moves, transfer_codes

ROOT = Path(__file__).parents[1] / "orchestrator"
CODES = frozenset().union(*CLASSES)


def test_all_codes_of_the_source_are_there_and_no_others() -> None:
    assert transfer_codes() == CODES


def test_each_code_is_in_one_class() -> None:
    assert [code for code, times in Counter(code for each in CLASSES for code in each).items() if times > 1] == []


def test_what_a_wallet_earns_and_spends_is_work() -> None:
    assert {*EARNING, *SPENDING} <= WORK


def compared_codes(source: str) -> Iterator[str]:
    """The codes that a module compares a transfer's with, or looks transfers up by."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "code":
            yield from _texts(node.comparators)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "recent":
            yield from _texts(node.args[:1])


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from _texts(node.elts)


def test_whatever_asks_for_a_code_asks_for_one_that_there_is() -> None:
    asked = {code for path in ROOT.rglob("*.py") for code in compared_codes(path.read_text(encoding="utf-8"))}
    assert {"cost", "cap", "price", "retire", "rent"} <= asked <= CODES


def test_the_control_finds_codes_however_they_are_asked_for() -> None:
    source = 'x = row.code == "a" or row.code in ("b", "c")\ny = reader.recent("d", 5)\nz = row.kind == "e"\n'
    assert set(compared_codes(source)) == {"a", "b", "c", "d"}


def test_what_bidders_earn_and_bear_moves_through_wallets_and_what_is_a_requests_own_does_not() -> None:
    moved = {code for code, _, _ in moves()}
    through_wallets = {code for code, debit, credit in moves() if "bidder" in (debit, credit)}
    assert moved & (WORK | REPAID) <= through_wallets <= CODES - REQUEST - PERMISSION
    assert len(through_wallets & WORK) > 3


@pytest.mark.parametrize(("code", "profit"), [("payout", 7), ("rent", 0), ("compensation", 0), ("unheard-of", 0)])
def test_the_leaderboard_counts_what_work_brings_and_no_code_that_nobody_has_told_of(code: str, profit: int) -> None:
    market = make_market(presenter("p"))
    market.store.transact(lambda tx: tx.apply([transfer("t", ISSUER, bidder_account("p"), 7, code)]))
    assert [row.profit_nanos for row in leaderboard(market.store)] == [profit]
