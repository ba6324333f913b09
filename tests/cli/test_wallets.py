"""`vickrey bidders list|check|topup`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.markets import BIDDERS, bidder, vickrey, write_market

BROKEN = {"name": "lost", "type": "tests.cli.sample_bidders:Unloadable"}


def test_bidders_are_listed_with_status_and_balance() -> None:
    rows = {row["name"]: row for row in vickrey("bidders", "list", "--json").document["bidders"]}
    assert rows["diary"]["status"] == "new"
    assert rows["diary"]["balance"] is None
    vickrey("run", "x", "-b", "10", "--quiet")
    rows = {row["name"]: row for row in vickrey("bidders", "list", "--json").document["bidders"]}
    assert (rows["diary"]["status"], rows["diary"]["roles"], rows["list"]["balance"]) == (
        "active",
        ["transformer"],
        "50.00",
    )
    assert "diary" in vickrey("bidders", "list").stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_no_name_is_split_so_that_it_can_be_copied_and_searched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"{role}-of-the-second-floor-of-the-house" for role in ("librarian", "archivist")]
    write_market(tmp_path, bidders=[bidder(name, bids=["1.00"]) for name in names])
    vickrey("run", "x", "-b", "10", "--quiet")
    for verb in (["bidders", "list"], ["leaderboard"], ["progress"]):
        shown = vickrey(*verb).stdout
        assert names[0] in shown, verb
    write_market(tmp_path)
    assert names[1] in vickrey("bidders", "list").stdout


def test_bidders_of_another_config_are_listed_as_such(tmp_path: Path) -> None:
    vickrey("run", "x", "-b", "10", "--quiet")
    config = write_market(tmp_path, bidders=[bidder("newcomer")], name="other.yaml")
    rows = vickrey("bidders", "list", "--config", str(config), "--json").document["bidders"]
    assert {row["name"]: row["status"] for row in rows}["diary"] == "not in this config"


def test_built_in_types_are_listed_with_their_distribution(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[{"name": "one", "type": "scripted"}])
    (row,) = vickrey("bidders", "list", "--json").document["bidders"]
    assert (row["type"], row["distribution"]) == ("scripted", "vickrey")


def test_a_broken_bidder_is_listed_with_its_reason_and_fails_the_check(tmp_path: Path) -> None:
    write_market(tmp_path, bidders=[*BIDDERS, BROKEN])
    listed, checked = vickrey("bidders", "list"), vickrey("bidders", "check")
    assert (listed.code, checked.code) == (0, 1)
    assert "lost is broken: " in checked.stdout
    assert "its files are \\x1b[31mgone" in checked.stdout.replace("\n", "")
    assert "1 of 8 bidders are broken." in checked.stdout
    document = vickrey("bidders", "check", "--json").document
    assert [row["name"] for row in document["bidders"] if row["status"] == "broken"] == ["lost"]


def test_a_broken_plugin_is_listed_with_its_distribution_even_where_nobody_uses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "stranger-1.0.dist-info"
    shipped.mkdir()
    (shipped / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (shipped / "entry_points.txt").write_text("[vickrey.bidders]\nmissing = nowhere_at_all:Bidder\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = vickrey("bidders", "list", "--json").document["broken_plugins"]
    assert (found["name"], found["distribution"]) == ("missing", "stranger")
    assert "nowhere_at_all" in found["reason"]
    assert "plugin missing (vickrey.bidders, shipped by stranger) is broken" in vickrey("bidders", "list").stdout


def test_the_list_shows_the_types_that_a_config_may_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "stranger-1.0.dist-info"
    shipped.mkdir()
    (shipped / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (shipped / "entry_points.txt").write_text("[vickrey.bidders]\nscribe = bidders.scripted:ScriptedBidder\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    shown = " ".join(vickrey("bidders", "list").stdout.split())
    assert "bidders answers, documents, llm, presenter, scribe (stranger), scripted, tool" in shown
    assert "policies bayes, calibrated, estimate, fixed, fraction, tracker" in shown
    types = vickrey("bidders", "list", "--json").document["types"]
    assert "scribe" in types["bidders"]
    assert types["judges"] == ["callback", "none", "personal", "terminal", "top", "verifier"]


def test_the_check_warns_below_three_presenters(tmp_path: Path) -> None:
    assert "Warning" not in vickrey("bidders", "check").stdout
    write_market(tmp_path, bidders=[entry for entry in BIDDERS if entry["name"] != "list"])
    outcome = vickrey("bidders", "check")
    assert outcome.code == 0
    assert "Warning: 2 solvent presenters" in outcome.stdout
    assert "All 6 bidders can take part." in outcome.stdout


def test_topup_puts_money_into_a_wallet() -> None:
    assert vickrey("bidders", "topup", "diary", "2.5").stdout == "diary can spend 52.50 USD now.\n"
    assert vickrey("bidders", "topup", "diary", "1", "--json").document == {"bidder": "diary", "balance": "53.50"}
    assert vickrey("audit").code == 0


@pytest.mark.slow
def test_topup_says_when_it_is_too_little_to_keep_a_bidder_from_being_suspended_again(tmp_path: Path) -> None:
    path = write_market(tmp_path, bidders=[*BIDDERS, bidder("poor", bids=[])])
    config = json.loads(path.read_text())
    config["bidders"][-1]["endowment"] = 0.5
    path.write_text(json.dumps({**config, "wealth": {"refills_max": 0, "rent": "0.25"}}))
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    assert "poor is suspended" in vickrey("bidders", "list").stdout
    shown = vickrey("bidders", "topup", "poor", "5.24").stdout
    assert shown == (
        "poor can spend 9.99 USD now.\n"
        "Warning: it gets no more refills, so with less than 10.00 USD after 0.25 of rent it is suspended when the "
        "next request ends: put in 0.26 USD more, unless it will earn that\n"
    )
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    assert "poor is suspended" in vickrey("bidders", "list").stdout, "it said so"
    document = vickrey("bidders", "topup", "poor", "0.49", "--json").document
    assert "put in 0.02 USD more" in document["warning"]
    assert vickrey("bidders", "topup", "poor", "0.02", "--json").document == {"bidder": "poor", "balance": "10.25"}
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")
    assert "poor is suspended" not in vickrey("bidders", "list").stdout, "the sum that it named was enough"


def test_topup_refuses_what_is_no_money_and_whom_it_does_not_know() -> None:
    assert "'ten' is not a number of dollars" in vickrey("bidders", "topup", "diary", "ten").stderr
    assert vickrey("bidders", "topup", "diary", "-5").stderr == "vickrey: '-5' is negative; money is 0 or more\n"
    assert vickrey("bidders", "topup", "diary", "5", "--jsn").code == 2
    outcome = vickrey("bidders", "topup", "nobody", "1")
    assert outcome.code == 2
    assert "no bidder 'nobody'; it has: daily, diary" in outcome.stderr
