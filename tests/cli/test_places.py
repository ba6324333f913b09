"""Hints at commands lead to the market that the command before them was about."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli.places import Place
from tests.cli.markets import vickrey, write_market

READING = [
    ("show", "r1"),
    ("statement", "treasury"),
    ("requests",),
    ("leaderboard",),
    ("progress",),
    ("audit",),
    ("offers", "r1"),
    ("export", "r1"),
]
PLACE = Place("other.yaml", None, "a b.db")


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        (
            "`vickrey bidders topup ann USD` lets it act again, `vickrey show` tells",
            "`vickrey bidders topup ann USD --config other.yaml --store 'a b.db'` lets it act again, "
            "`vickrey show --config other.yaml --store 'a b.db'` tells",
        ),
        ("see `vickrey show --config this.yaml`", "see `vickrey show --config this.yaml`"),
        (
            "`vickrey init` writes one, `vickrey verify f` checks",
            "`vickrey init` writes one, `vickrey verify f` checks",
        ),
        ("no `name` here", "no `name` here"),
    ],
)
def test_a_hint_is_completed_unless_it_names_a_market_or_needs_none(text: str, pointed: str) -> None:
    assert PLACE.pointed(text) == pointed
    assert Place().pointed(text) == text


@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cret@host/market", "postgresql://me@host/market?password=s3cret&connect_timeout=2"]
)
def test_a_hint_tells_no_password(url: str) -> None:
    hint = Place(store=url).command("pick r1 1")
    assert "s3cret" not in hint
    assert "***" in hint


def test_hints_in_lists_and_refusals_name_the_same_config(tmp_path: Path) -> None:
    config = str(write_market(tmp_path, name="other.yaml"))
    vickrey("bidders", "retire", "diary", "--yes", "--config", config)
    hint = f"`vickrey bidders reinstate diary --config {config}` lets it take part again"
    for command in ("list", "check"):
        assert hint in vickrey("bidders", command, "--config", config).stdout.replace("\n", " ")
    (row,) = [
        each
        for each in vickrey("bidders", "list", "--config", config, "--json").document["bidders"]
        if each["name"] == "diary"
    ]
    assert row["reason"] == hint
    assert hint in vickrey("bidders", "topup", "diary", "1", "--config", config).stderr
    assert f"`vickrey requests --config {config}`" in vickrey("show", "r99", "--config", config).stderr
    assert f'`vickrey run "Plan a trip to Lisbon" --budget 10 --config {config}`' in (
        vickrey("requests", "--config", config).stdout.replace("\n", " ")
    )


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_whoever_only_reads_is_told_of_a_store_that_is_not_there_and_none_is_made(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    outcome = vickrey(*command, "--store", "nope.db")
    assert outcome.code == 2
    assert outcome.stderr == (
        f"vickrey: --store nope.db: there is no file {tmp_path / 'nope.db'}; a run with this option makes a "
        "store there\n"
    )
    assert not (tmp_path / "nope.db").exists()


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_whoever_only_reads_makes_no_store_of_an_empty_file(tmp_path: Path, command: tuple[str, ...]) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    outcome = vickrey(*command, "--store", "empty.db")
    assert (outcome.code, f"--store empty.db: {empty} is empty; a run" in outcome.stderr) == (2, True)
    assert (empty.stat().st_size, list(tmp_path.glob("empty.db*"))) == (0, [empty])


def test_a_store_that_is_not_there_yet_is_no_mistake_where_no_past_is_needed(tmp_path: Path) -> None:
    for verb in ("list", "check"):
        assert vickrey("bidders", verb, "--store", "new.db").code == 0
    assert vickrey("run", "x", "-b", "10", "--dry-run", "--store", "new.db").code == 0
    assert not (tmp_path / "new.db").exists()
    assert vickrey("run", "x", "-b", "10", "--quiet", "--store", "new.db").code == 0
    assert (tmp_path / "new.db").exists()
    assert vickrey("show", "r1", "--store", "new.db").code == 0


def test_reading_before_anything_has_happened_makes_no_store(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert "Nobody has posted a request yet." in vickrey("requests").stdout
    assert vickrey("leaderboard").code == 0
    assert sorted(tmp_path.rglob("*")) == before
