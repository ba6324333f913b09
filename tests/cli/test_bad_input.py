"""What cannot be carried out is refused in one clear line, before any money moves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.markets import vickrey


@pytest.mark.parametrize(
    ("budget", "complaint"),
    [
        ("0", "a budget of 0 buys nothing"),
        ("-1", "negative"),
        ("nan", "not a finite number"),
        ("inf", "not a finite number"),
        ("True", "not a number of dollars"),
        ("1e400", "above 1,000,000,000 USD"),
        ("ten", "not a number of dollars"),
        ("", "not a number of dollars"),
        ("0.0000000001", "finer than a nano-dollar"),
    ],
)
def test_a_budget_that_is_no_bounty_is_refused(budget: str, complaint: str) -> None:
    _assert_refused(["run", "x", f"--budget={budget}"], complaint)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([""], "the request is empty"),
        (["  \n "], "the request is empty"),
        ([], "give the request as TEXT, or its file with --file"),
        (["x", "--file", "y"], "one of the two"),
        (["--file", "nowhere.txt"], "'nowhere.txt' cannot be read: No such file"),
        (["--file", "."], "'.' cannot be read: Is a directory"),
        (["--file", "binary"], "binary is binary, or not UTF-8 text"),
        (["--file", "nul"], "holds NUL characters"),
        (["--file", "large"], "large has more than 200,000 bytes"),
        (["x", "--label", "red"], "a label is written key=value, not 'red'"),
        (["x", "--label", "a=1", "--label", "a=2"], "label 'a' is given two values; give one"),
        (["x", "--seed", "-1"], "a seed is an integer from 0"),
        (["x", "--spend-cap", "lots"], "not a number of dollars"),
        (["x", "--deposit", "-1"], "negative"),
        (["x", "--requester", ""], "1 to 64 printable characters"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x00\xff\xfe")
    (tmp_path / "nul").write_bytes(b"a\x00b")
    (tmp_path / "large").write_bytes(b"a" * 200_001)
    _assert_refused(["run", *arguments, "-b", "10"], complaint)


def test_a_binary_standard_input_is_refused() -> None:
    outcome = vickrey("run", "-", "-b", "10", stdin=b"\xff\xfe\x00")
    assert outcome.code == 2
    assert "the standard input is binary, or not UTF-8 text" in outcome.stderr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a: [1", "not valid YAML"),
        ("version: 1\nbiders: []\n", "biders"),
        ("version: 1\nbidders:\n- {name: a, type: scripted}\n- {name: a, type: scripted}\n", "names must differ"),
        ("version: 99\n", "format 1, not 99"),
        ("", "the file is empty"),
    ],
)
def test_a_config_that_cannot_be_used_names_its_file_and_is_for_the_operator(
    content: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    for verb in (["run", "x", "-b", "10"], ["requests"], ["bidders", "check"]):
        outcome = vickrey(*verb, "--config", "bad.yaml")
        assert outcome.code == 3
        assert outcome.stderr.startswith("vickrey: bad.yaml")
        assert complaint in outcome.stderr
        assert outcome.stdout == ""


def test_a_missing_config_and_an_impossible_store_are_for_the_operator() -> None:
    assert vickrey("requests", "--config", "nowhere.yaml").stderr == (
        "vickrey: there is no config file nowhere.yaml; `vickrey init` writes one\n"
    )
    outcome = vickrey("requests", "--home", "/dev/null")
    assert outcome.code == 3
    assert outcome.stderr.startswith("vickrey: store /dev/null/market.db: ")
    assert outcome.stderr.count("\n") == 1


def test_a_database_whose_driver_is_missing_is_named_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    outcome = vickrey("requests", "--store", "postgresql+psycopg2://somewhere/market")
    assert outcome.code == 3
    assert outcome.stderr == (
        "vickrey: store 'postgresql+psycopg2://somewhere/market' needs the package psycopg2; install it first\n"
    )
    monkeypatch.setitem(sys.modules, "psycopg", None)
    outcome = vickrey("requests", "--store", "postgresql://somewhere/market")
    assert outcome.stderr == (
        "vickrey: store 'postgresql://somewhere/market' needs the package psycopg (vickrey[postgresql]); "
        "install it first\n"
    )


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "market.db").write_text("this is no database, it is a letter" * 100)
    outcome = vickrey("requests")
    assert outcome.code == 3
    assert "market.db" in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_an_unknown_verb_or_option_is_a_usage_error() -> None:
    assert vickrey("buy").code == vickrey("run", "x").code == vickrey("requests", "--colour").code == 2


def _assert_refused(arguments: list[str], complaint: str) -> None:
    outcome = vickrey(*arguments)
    assert outcome.code == 2
    assert complaint in outcome.stderr
    assert outcome.stderr.startswith("vickrey: ")
    assert outcome.stderr.count("\n") == 1
    assert outcome.stdout == ""
    assert vickrey("requests", "--json").document == {"requests": []}


@pytest.mark.parametrize("verb", ["run", "compare"])
def test_a_text_without_quotes_is_refused_with_what_to_do(verb: str) -> None:
    outcome = vickrey(verb, "Plan", "a", "day", "--budget", "10")
    assert outcome.code == 2
    assert "(a day); write a text of several words in quotes" in outcome.stderr


@pytest.mark.parametrize("verb", ["show", "offers", "statement", "cancel", "export", "resume"])
@pytest.mark.parametrize("name", ["r\udcff", "r\n1", "r9"])
def test_a_request_that_nobody_could_have_posted_is_not_there(verb: str, name: str) -> None:
    outcome = vickrey(verb, name)
    assert outcome.code == 2
    assert "no request" in outcome.stderr
    assert outcome.stderr.count("\n") == 1
