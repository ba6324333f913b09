"""`vickrey export`, `verify` and `replay`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Home
from tests.cli.markets import vickrey, write_market


def run_and_export(home: Path) -> str:
    """Export a run."""
    write_market(home, judge="top")
    vickrey("run", "Plan a tour", "-b", "10", "--seed", "1", "--quiet")
    assert vickrey("export", "r1").stdout.startswith("Wrote r1.json.")
    return "r1.json"


@pytest.fixture
def record(past: Home[str]) -> str:
    return past(run_and_export)


def test_an_exported_run_verifies_and_replays_to_the_same_journal(record: str) -> None:
    assert vickrey("verify", record).stdout == "Verified: hashes, clearings and books agree.\n"
    assert vickrey("verify", record, "--json").document == {"findings": []}
    replayed = vickrey("replay", record)
    assert replayed.code == 0
    assert "with 0 calls" in replayed.stdout
    assert "The same journal, byte for byte" in replayed.stdout
    assert vickrey("replay", record, "--json").document["identical"] is True


def test_export_writes_where_it_is_told(record: str, tmp_path: Path) -> None:
    document = vickrey("export", "r1", "kept.json", "--json").document
    assert document == {"request_id": "r1", "path": str(tmp_path / "kept.json")}
    assert (tmp_path / "kept.json").read_text() == (tmp_path / record).read_text()


def test_an_altered_run_is_a_problem(record: str, tmp_path: Path) -> None:
    altered = tmp_path / "altered.json"
    altered.write_text((tmp_path / record).read_text().replace("Belem", "Berlin"))
    outcome = vickrey("verify", str(altered))
    assert outcome.code == 1
    assert outcome.stdout
    assert vickrey("verify", str(altered), "--json").document["findings"]


def test_a_run_that_an_editor_saved_anew_is_a_problem_that_says_so(record: str, tmp_path: Path) -> None:
    with (tmp_path / record).open("a") as file:
        file.write("\n")
    outcome = vickrey("verify", record)
    assert outcome.code == 1
    assert "what it says is right" in outcome.stdout
    assert "export the run again" in outcome.stdout
    assert vickrey("verify", record, "--json").document["findings"][0]["where"] == "file"
    assert vickrey("replay", record).code == 0
    vickrey("export", "r1", record)
    assert vickrey("verify", record).code == 0


def test_a_replay_of_an_altered_run_says_that_it_was_altered(record: str, tmp_path: Path) -> None:
    altered = tmp_path / "altered.json"
    altered.write_text((tmp_path / record).read_text().replace("Belem", "Berlin"))
    for words in ([], ["--rule", "first_price"]):
        outcome = vickrey("replay", "altered.json", *words)
        assert outcome.code == 1
        assert "altered.json was altered since it was exported; `vickrey verify altered.json` says" in outcome.stderr
        assert vickrey("replay", record, *words).stderr == ""


def test_a_replay_that_leads_elsewhere_says_so(record: str, tmp_path: Path) -> None:
    text = (tmp_path / record).read_text()
    (tmp_path / "altered.json").write_text(text.replace('"amount_nanos":3000000000', '"amount_nanos":3100000000'))
    outcome = vickrey("replay", "altered.json")
    assert outcome.code == 1
    assert "Another journal: recorded" in outcome.stdout
    assert "Another journal" not in vickrey("replay", record).stdout


def test_export_spares_what_is_no_exported_run(record: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("my notes")
    outcome = vickrey("export", "r1", "notes.md")
    assert outcome.code == 2
    assert outcome.stderr == "vickrey: notes.md is there already, and no exported run; --force overwrites it\n"
    assert notes.read_text() == "my notes"
    assert vickrey("export", "r1", record).code == 0
    assert vickrey("export", "r1", "notes.md", "--force").code == 0
    assert notes.read_text() == (tmp_path / record).read_text()


def test_under_another_rule_both_courses_stand_side_by_side(record: str) -> None:
    outcome = vickrey("replay", record, "--rule", "first_price")
    assert outcome.code == 0
    assert re.search(r"diary at 3\.50* +diary at 4\.00*\b", outcome.stdout)


def test_amounts_that_a_replay_compares_have_the_same_places(record: str) -> None:
    outcome = vickrey("replay", record, "--rule", "first_price")
    lots, sums = outcome.stdout.split("\nUSD ")
    for amounts in (re.findall(r" at \d+\.(\d+)", lots), re.findall(r" -?\d+\.(\d+)", sums)):
        assert len(amounts) > 3
        assert len({len(places) for places in amounts}) == 1


def test_without_a_bidder_it_says_where_the_record_ends(record: str) -> None:
    outcome = vickrey("replay", record, "--without", "diary")
    assert outcome.code == 0
    assert "without diary" in outcome.stdout
    assert "Unknown beyond" in outcome.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("verify nowhere.json", "there is no such file"),
        ("replay vickrey.yaml", "vickrey.yaml"),
        ("replay r1.json --rule lottery", "choose one of vickrey, first_price, subsidised"),
        ("replay r1.json --without nobody", "had no bidder 'nobody'"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(record: str, words: str, complaint: str) -> None:
    outcome = vickrey(*words.split())
    assert outcome.code == 2
    assert complaint in outcome.stderr
    assert outcome.stderr.count("\n") == 1
