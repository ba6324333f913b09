"""`vickrey bidders memory` shows what a policy believes, whatever the policy's code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.markets import BIDDERS, vickrey, write_market
from tests.cli.test_memories import LEARNER, give

SHOW = ("bidders", "memory", "learner")
TRACKED = {"transformer": {"1": [0.25, 3], "overall": [0.375, 4]}}


def market_with(policy: str, **options: Any) -> None:
    """A market whose learner has a policy, and has learned from a request."""
    entry = {**LEARNER, "policy": {"type": policy, "options": options}}
    write_market(Path(), bidders=[BIDDERS[0], entry])
    vickrey("run", "x", "-b", "10", "--quiet", "--judge", "top")


def believing(says: str = "tables") -> None:
    market_with("tests.cli.sample_bidders:Believing", says=says)


def tracking() -> None:
    write_market(Path(), bidders=[BIDDERS[0], LEARNER])
    give("learner", TRACKED)


def test_what_a_policy_believes_is_shown_instead_of_the_figures_that_it_keeps() -> None:
    tracking()
    shown = vickrey(*SHOW).stdout
    assert "What lots have brought less costs, as a share of the bounty" in shown
    assert [line.split() for line in shown.splitlines() if "transformer" in line] == [
        ["transformer", "all", "0.38", "3"],
        ["transformer", "stage", "1", "0.25", "3"],
    ]
    assert "--parts shows every figure that it keeps." in shown
    assert "transformer.1" not in shown


def test_the_figures_are_shown_too_where_that_is_asked_for() -> None:
    tracking()
    shown = vickrey(*SHOW, "--parts").stdout
    assert shown.index("What lots have brought") < shown.index("transformer.1")
    assert "--parts" not in shown


def test_the_figures_of_a_policy_that_describes_nothing_are_shown_as_ever() -> None:
    market_with("tests.cli.sample_bidders:Counting")
    shown = vickrey(*SHOW).stdout
    assert ("part  value" in shown, "--parts" in shown, "believes" in shown) == (True, False, False)


def test_figures_of_a_column_stand_under_each_other_and_the_smallest_can_be_read() -> None:
    believing()
    rows = [line.split() for line in vickrey(*SHOW).stdout.splitlines() if line.startswith(("receipts", "more"))]
    assert [row[2:] for row in rows] == [["0.50", "0.00010"], ["1e+13", "0.00000"]]
    assert rows[1][1] == "12,345"


def test_a_policy_that_believes_nothing_says_so() -> None:
    believing("nothing")
    assert "It believes nothing yet that it could tell." in vickrey(*SHOW).stdout
    assert vickrey(*SHOW, "--json").document["beliefs"] == []


def test_a_policy_that_fails_to_say_is_named_in_one_line_and_its_figures_are_shown() -> None:
    believing("raise")
    outcome = vickrey(*SHOW)
    assert outcome.code == 0
    (told,) = [line for line in outcome.stdout.splitlines() if "It could not say" in line]
    assert told == "It could not say what it believes: RuntimeError: lost its \N{REPLACEMENT CHARACTER}[31mtongue here"
    assert "part  value" in outcome.stdout
    document = vickrey(*SHOW, "--json").document
    assert (document["beliefs"], document["beliefs_failure"]) == (None, told.partition("believes: ")[2])


def test_hostile_words_are_inert_and_stay_in_their_cells() -> None:
    believing("hostile")
    outcome = vickrey(*SHOW)
    assert outcome.code == 0
    assert "red \\x1b[31m" in outcome.stdout
    assert "\\u202ecolumn" in outcome.stdout
    assert "one two \\x1b]0;x\\x07 [bold]" in outcome.stdout
    assert not set("\x1b\x07\u202e") & set(outcome.stdout)


@pytest.mark.parametrize("prepare", [tracking, believing, lambda: believing("raise")])
def test_the_document_holds_the_beliefs_and_can_be_imported_with_them_or_without(prepare: Any) -> None:
    prepare()
    document = vickrey(*SHOW, "--json").document
    assert "beliefs" in document
    vickrey(*SHOW, "--export", "out.json")
    exported = json.loads(Path("out.json").read_text())
    assert not {"beliefs", "beliefs_failure"} & exported.keys()
    for given in (document, exported):
        vickrey(*SHOW, "--reset", "--yes")
        Path("given.json").write_text(json.dumps(given))
        assert vickrey(*SHOW, "--import", "given.json", "--json").document["memory"] == document["memory"]


def test_beliefs_are_tables_with_names_in_the_document() -> None:
    tracking()
    (table,) = vickrey(*SHOW, "--json").document["beliefs"]
    assert table["columns"] == ["role", "lots", "share", "seen"]
    assert table["rows"] == [["transformer", "all", 0.375, 3], ["transformer", "stage 1", 0.25, 3]]
    vickrey(*SHOW, "--reset", "--yes")
    assert vickrey(*SHOW, "--json").document["beliefs"] is None, "it has learned nothing"


def test_what_another_policy_had_learned_is_not_described_by_the_one_that_is_there_now() -> None:
    tracking()
    believing()
    shown = vickrey(*SHOW, "--policy", "tracker").stdout
    assert ("transformer.1" in shown, "What was seen" in shown, "could not say" in shown) == (True, False, False)


def test_figures_are_not_asked_for_where_nothing_is_shown() -> None:
    outcome = vickrey("bidders", "memory", "diary", "--reset", "--parts")
    assert (outcome.code, "--parts says how a memory is shown" in outcome.stderr) == (2, True)
