"""`vickrey progress`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator import Market
from orchestrator.cli.progress_views import blocks
from tests.cli.markets import vickrey


@pytest.fixture
def two_requests(market: Path) -> None:
    """One whose first offer was taken, and one of which none was."""
    with Market(market) as opened:
        for rank in (1, 0):
            opened.pick(opened.run("Plan a day", 10, seed=1).request_id, rank)


def test_an_empty_market_says_how_to_begin() -> None:
    outcome = vickrey("progress")
    assert outcome.code == 0
    assert "No request has ended in this market yet" in outcome.stdout
    assert vickrey("progress", "--json").document["objective"]["requests"] == 0


@pytest.mark.usefixtures("two_requests")
def test_it_answers_whether_the_market_is_getting_better() -> None:
    shown = vickrey("progress").stdout
    assert "2 requests, r1 to r2" in shown
    assert "10.00 USD released in 1 of 2, less 0.02 of costs, is 9.98 USD." in shown
    assert "Is it getting better? too few requests to say" in shown
    for heading in ("Objective", "Attribution", "Adjustment", "Prices of skills", "Thinness", "copies sold for"):
        assert heading in shown
    assert max(map(len, shown.splitlines())) <= 110
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("letter")][-1] == "50%", "picked in half"


@pytest.mark.usefixtures("two_requests")
def test_its_json_holds_amounts_as_decimal_strings() -> None:
    document = vickrey("progress", "--json").document
    assert document["objective"]["value"] == "9.98"
    bidders = {row["name"]: row for row in document["attribution"]["bidders"]}
    assert bidders["diary"]["wins"] == 2
    unknown = {row["bidder"]: row["unknown_beyond"] for row in document["attribution"]["presences"]}
    assert unknown["diary"] == "r2: 0"


@pytest.mark.usefixtures("two_requests")
def test_what_practice_has_cost_stands_beside_the_objective() -> None:
    assert "Practice has cost" not in vickrey("progress").stdout
    Path("tasks.jsonl").write_text('{"request": "6 * 3?", "answer": "18"}')
    assert vickrey("practise", "tasks.jsonl", "--bidder", "diary", "--yes").code == 0
    shown = vickrey("progress").stdout
    assert "less 0.02 of costs, is 9.98 USD." in shown, "requests cost what they did"
    assert "Practice has cost 0.01 USD beside that; the operator paid it." in shown
    assert vickrey("progress", "--json").document["practice_cost"] == "0.01"


@pytest.mark.usefixtures("two_requests")
def test_one_bidder_and_the_latest_requests_can_be_asked_for() -> None:
    document = vickrey("progress", "--json", "--bidder", "guide", "--last", "1", "--replays", "0").document
    assert document["requests"] == {"first": "r2", "last": "r2", "count": 1}
    assert [row["name"] for row in document["attribution"]["bidders"]] == ["guide"]
    outcome = vickrey("progress", "--bidder", "nobody")
    assert outcome.code == 2
    assert "no bidder 'nobody'" in outcome.stderr


def test_a_png_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = vickrey("progress", "--png", str(tmp_path / "x.png"))
    assert outcome.code == 3
    assert "pip install 'vickrey[plots]'" in outcome.stderr


def test_blocks_go_from_the_lowest_figure_to_the_highest() -> None:
    assert blocks((0.0, None, 1.0)) == "▁·█"
    assert blocks((2.0, 2.0)) == "▁▁"
    assert blocks((None,)) == ""
    assert len(blocks(tuple(float(n) for n in range(500)), 20)) == 20
