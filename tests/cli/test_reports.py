"""`vickrey show`, `statement`, `requests`, `leaderboard` and `audit`."""

from __future__ import annotations

import re
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from orchestrator.api.timeline import LotReport
from orchestrator.cli.stages import delivery_rows
from orchestrator.core.answer import FaultKind
from orchestrator.core.clearing import Award
from orchestrator.core.events import Faulted
from orchestrator.core.lot import Lot
from orchestrator.core.state import first_state
from orchestrator.money import format_usd
from orchestrator.store import open_store
from tests.cli.conftest import Home
from tests.cli.markets import vickrey, write_market


def run_and_release(home: Path) -> str:
    """Run a request with a failure, a substitute, two chains and a pick."""
    write_market(home, judge="top", rules={"copies": [2, 1]})
    assert vickrey("run", "Plan a tour", "-b", "10", "--seed", "1", "--quiet").code == 0
    return "r1"


@pytest.fixture
def released(past: Home[str]) -> str:
    return past(run_and_release)


def test_show_tells_the_whole_story_with_exact_amounts(released: str) -> None:
    shown = vickrey("show", released).stdout
    places = [
        shown.index(text)
        for text in (
            "Request r1, released",
            "Stage 1",
            "lot 0, the request itself",
            "bids     diary 4.00, flaky 3.50, guide 3.00",
            "failed   flaky raised",
            "+ by diary (preference)\n           + I love tiles.\n           + I hate queues.",
            "Stage 2",
            "lot 0.0, sold by diary",
            "guide 5.123456789",
            "lot 0.1, sold by guide",
            "Offers",
            "(taken)",
            "Ended: released, top took offer 1",
            "Journal hash ",
        )
    ]
    assert places == sorted(places)


def test_show_as_json_holds_every_answer_and_every_change(released: str) -> None:
    document = vickrey("show", released, "--json").document
    lot = document["stages"][0]["lots"][0]
    answers = {answer["bidder"]: answer for answer in lot["answers"]}
    assert answers["guide"]["bid"] == "3.00"
    assert answers["list"]["reason"] == "not in the script"
    assert answers["rude"]["fault"] == "malformed"
    assert [failure["forfeit"] for failure in lot["failures"]] == ["1.75"]
    assert [(row["bidder"], row["round"]) for row in lot["deliveries"]] == [("diary", 0), ("guide", 1)]
    change = {"sign": "+", "author": "diary", "kind": "preference", "text": "I love tiles.\nI hate queues."}
    assert lot["deliveries"][0]["changes"] == [change]
    assert (document["picked"], document["judge"]) == (1, "top")


def test_a_requests_statement_adds_up_to_the_payout_and_its_transfers_to_nothing(released: str) -> None:
    document = vickrey("statement", released, "--json").document
    parts = [document["refund"], document["treasury"], *document["profits"].values(), *document["costs"].values()]
    assert sum(map(Decimal, parts)) == Decimal(document["payout"]) == 10
    assert sum(map(Decimal, document["nets"].values())) == 0
    assert document["balanced"] is True
    shown = vickrey("statement", released).stdout
    assert "The sum equals the payout of 10.00 USD: balanced." in shown
    assert "first-stage price" in shown


def test_the_statement_of_an_open_request_shows_what_waits_in_escrow(tmp_path: Path) -> None:
    write_market(tmp_path)
    vickrey("run", "x", "-b", "10", "--quiet")
    assert vickrey("statement", "r1", "--json").document["escrow"] == "3.50"
    assert "waiting in escrow" in vickrey("statement", "r1").stdout


@pytest.mark.parametrize("name", ["diary", "treasury", "issuer", "bidder:guide", "requester:user", "escrow:r1"])
def test_the_statement_of_an_account_adds_up_to_its_balance(released: str, name: str) -> None:
    document = vickrey("statement", name, "--json").document
    moved = sum(
        Decimal(flow["amount"]) * (1 if flow["to"] == document["account"] else -1) for flow in document["flows"]
    )
    assert moved == Decimal(document["in"]) - Decimal(document["out"]) == Decimal(document["balance"])
    shown = vickrey("statement", name)
    assert shown.code == 0
    assert "balanced" in shown.stdout


def test_a_requester_has_a_statement_under_its_name_unless_a_bidder_has_that_name(released: str) -> None:
    assert vickrey("statement", "user", "--json").document["account"] == "requester:user"
    vickrey("run", "x", "-b", "1", "--requester", "diary", "--quiet")
    assert vickrey("statement", "diary", "--json").document["account"] == "bidder:diary"
    assert vickrey("statement", "requester:diary", "--json").document["account"] == "requester:diary"
    outcome = vickrey("statement", "nobody")
    assert outcome.code == 2
    assert "no request, bidder, requester or account is called 'nobody'; see `vickrey requests`" in outcome.stderr


def test_the_issuer_that_may_overdraw_is_not_said_to_have_something_to_spend(released: str) -> None:
    assert "can spend" not in vickrey("statement", "issuer").stdout
    assert "can spend" in vickrey("statement", "treasury").stdout


@pytest.mark.parametrize("columns", ["10", "20", "40", "60"])
def test_no_amount_is_split_or_cut_in_a_narrow_terminal(
    released: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs = (["leaderboard"], ["statement", "r1"], ["bidders", "list"], ["progress"])
    wide = [vickrey(*words).stdout for words in verbs]
    monkeypatch.setenv("COLUMNS", columns)
    for words, shown in zip(verbs, wide, strict=True):
        amounts = re.findall(r"-?\d+\.\d+", shown)
        assert amounts
        assert re.findall(r"-?\d+\.\d+", vickrey(*words).stdout) == amounts


@pytest.mark.parametrize("text", ["計画を立ててください。" * 9, f"see https://example.com/{'a' * 90}"])
def test_a_text_without_blanks_makes_no_table_wider_than_the_terminal(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    vickrey("run", text, "-b", "10", "--quiet")
    lines = vickrey("requests").stdout.splitlines()
    assert max(map(cell_len, lines)) <= 70


def test_an_account_whose_counters_were_altered_does_not_balance(released: str, tmp_path: Path) -> None:
    import sqlite3

    with closing(sqlite3.connect(tmp_path / "market.db", isolation_level=None)) as database:
        database.execute("UPDATE accounts SET credits_posted = credits_posted + 1 WHERE id = 'bidder:list'")
    statement, audit = vickrey("statement", "list"), vickrey("audit")
    assert statement.code == audit.code == 1
    assert "NOT BALANCED" in statement.stdout
    assert "bidder:list: stored counters" in audit.stdout
    assert vickrey("audit", "--json").document["findings"]


def test_requests_are_listed_with_status_and_text(released: str) -> None:
    vickrey("run", "A second one", "-b", "2.50", "--judge", "none", "--quiet")
    shown = vickrey("requests").stdout
    assert "r1       released" in shown
    assert "A second one" in shown
    by_status = vickrey("requests", "--status", "open", "--json").document["requests"]
    assert [(row["request_id"], row["bounty"]) for row in by_status] == [("r2", "2.50")]
    assert [row["request_id"] for row in vickrey("requests", "--limit", "1", "--json").document["requests"]] == ["r2"]
    assert vickrey("requests", "--status", "lost").code == 2


def test_the_leaderboard_ranks_by_profit_and_counts_wins_faults_and_costs(released: str) -> None:
    rows = {row["bidder"]: row for row in vickrey("leaderboard", "--json").document["bidders"]}
    profits = [Decimal(row["profit"]) for row in rows.values()]
    assert profits == sorted(profits, reverse=True)
    assert rows["flaky"]["faults"] == 1
    assert Decimal(rows["flaky"]["profit"]) == Decimal("-1.75")
    assert rows["diary"]["cost"] == "0.02"
    assert rows["diary"]["wins"] == 2
    assert Decimal(rows["diary"]["balance"]) == 50 + Decimal(rows["diary"]["profit"])
    assert vickrey("leaderboard").stdout.splitlines()[0].split() == [
        "bidder",
        "wins",
        "profit",
        "cost",
        "faults",
        "balance",
        "status",
    ]


def test_an_unknown_cost_is_never_shown_as_nothing(released: str, tmp_path: Path) -> None:
    from orchestrator.store import AnswerRow

    store = open_store(f"sqlite:///{tmp_path / 'market.db'}")
    store.transact(
        lambda tx: tx.put_answer(AnswerRow("r1/0/0/guide/bid/0/call/0", "r1", "r1/0/0/guide/bid/0", "1", None))
    )
    store.close()
    rows = {row["bidder"]: row for row in vickrey("leaderboard", "--json").document["bidders"]}
    assert [name for name, row in rows.items() if not row["cost_known"]] == ["guide"]
    (line,) = [line for line in vickrey("leaderboard").stdout.splitlines() if line.startswith("guide")]
    assert "unknown" in line


def test_the_audit_says_that_the_books_balance(released: str) -> None:
    outcome = vickrey("audit")
    assert (outcome.code, outcome.stdout) == (0, "The books balance: every account agrees with its transfers.\n")
    assert vickrey("audit", "--json").document == {"findings": []}


def test_an_empty_market_says_so_and_what_to_do() -> None:
    assert "Nobody has posted a request yet." in vickrey("requests").stdout
    assert "No request is open or failed." in vickrey("requests", "--status", "open", "--status", "failed").stdout
    assert "No bidder has taken part" in vickrey("leaderboard").stdout


@pytest.mark.parametrize("words", ["show r1", "statement r1", "statement treasury", "leaderboard", "requests"])
def test_reports_fit_into_80_columns_and_have_no_colours(released: str, words: str) -> None:
    shown = vickrey(*words.split()).stdout
    assert "\x1b" not in shown
    too_wide = [line for line in shown.splitlines() if len(line) > 80]
    assert [line for line in too_wide if not line.startswith(("The sum", "treasury: in", "Journal"))] == []


@pytest.mark.parametrize(
    ("fault", "own_fault", "blamed"),
    [("raised", True, ""), ("provider", False, " (its provider's fault)"), ("interrupted", False, "")],
)
def test_a_failure_is_blamed_on_a_provider_only_where_one_failed(
    fault: FaultKind, own_fault: bool, blamed: str
) -> None:
    failed = Faulted(1, "0", "flaky", fault, "no luck", Award("flaky", "transformer", 5, 3), own_fault)
    lot = Lot("0", 1, first_state("Plan a tour", "digest"), "requester")
    report = LotReport(lot, 0, None, (), (), (), (), (failed,), (), ())
    ((_, told),) = delivery_rows(report, format_usd, full=False)
    assert told.plain == f"flaky {fault}: no luck{blamed}; pays nothing"
