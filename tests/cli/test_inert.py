"""R12: what strangers wrote can be read in a terminal and cannot act on it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.inert import inert, one_line
from tests.cli.conftest import Home
from tests.cli.markets import bidder, vickrey, write_market

# Clears the screen, recolours, sets the window's title, rings, hides text, reverses it, and speaks rich's markup.
PAYLOAD = "\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b1m\b\b[bold red]markup[/] :smile: \u202ereversed\u2066 \r overwritten"
ACTIVE = ("\x1b", "\x07", "\x9b", "\b", "\u202e", "\u2066", "\r")


@given(st.text())
def test_no_control_character_is_left_but_newline_and_tab(text: str) -> None:
    left = [each for each in inert(text) if unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t"]
    assert left == []


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_escapes_can_be_read() -> None:
    assert inert("a\x1b[31mb\u202ec\U000e0041\ud800") == "a\\x1b[31mb\\u202ec\\U000e0041\\ud800"
    assert inert("line\r\nline\tend") == "line\nline\tend"
    assert inert("zürich 東京 👩‍🚀") == "zürich 東京 👩‍🚀"


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line(" a\n b\x1b ") == "a b\\x1b"
    assert len(one_line("x" * 1000, 40)) == 40


def run_among_the_hostile(home: Path) -> str:
    """Run a request in which everybody who can write text writes a payload."""
    hostile = [
        bidder("a", bids=["2", "1"], says=[PAYLOAD], kind="[bold]loud[/]"),
        {"name": "b", "type": "tests.cli.sample_bidders:Hostile", "options": {"words": PAYLOAD}},
        bidder("p", roles=["presenter"], bids=[None, "3"], says=[f"offer {PAYLOAD}"]),
    ]
    write_market(home, bidders=hostile)
    outcome = vickrey("run", f"wish {PAYLOAD}", "-b", "10", "--label", f"x={PAYLOAD}")
    assert outcome.code == 0
    return outcome.stdout


@pytest.fixture
def hostile(past: Home[str]) -> str:
    return past(run_among_the_hostile)


def test_the_control_the_payload_did_reach_the_states_unharmed(hostile: str) -> None:
    document = vickrey("show", "r1", "--json").document
    assert document["text"] == f"wish {PAYLOAD}"
    assert document["stages"][0]["lots"][0]["deliveries"][0]["changes"][0]["text"] == PAYLOAD
    assert any("[bold red]markup[/]" in answer["reason"] for answer in document["stages"][0]["lots"][0]["answers"])


def test_progress_and_offers_show_payloads_as_text(hostile: str) -> None:
    _assert_inert(hostile)
    assert "[bold red]markup[/]" in hostile[hostile.index("passed   b: no ") : hostile.index("won ")]


@pytest.mark.parametrize("words", ["show r1", "offers r1", "requests", "statement r1", "bidders list", "cancel r1"])
def test_reports_show_payloads_as_text(hostile: str, words: str) -> None:
    outcome = vickrey(*words.split())
    assert not [each for each in ACTIVE if each in outcome.stdout + outcome.stderr]
    if words in ("show r1", "offers r1"):
        _assert_inert(outcome.stdout)


@pytest.mark.parametrize("words", ["show r1", "offers r1", "requests"])
def test_documents_hold_no_active_character_either(hostile: str, words: str) -> None:
    outcome = vickrey(*words.split(), "--json")
    assert outcome.stdout.isascii()
    assert not [each for each in ACTIVE if each in outcome.stdout]


def test_a_terminal_gets_our_colours_and_not_theirs(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = vickrey("show", "r1").stdout
    assert "\x1b[1m" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b[31mred" not in shown
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in vickrey("show", "r1").stdout


def _assert_inert(shown: str) -> None:
    assert not [each for each in ACTIVE if each in shown]
    unwrapped = " ".join(shown.split())
    assert "\\x1b[2J\\x1b[31mred\\x1b]0;title\\x07\\x9b1m\\x08\\x08[bold red]markup[/] :smile:" in unwrapped
    assert "\\u202ereversed\\u2066" in unwrapped
