"""What presenters write appears at a terminal while they write; each keeps its place, and none acts."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.cli.live import LiveProgress
from orchestrator.cli.writing import WritingView
from orchestrator.engine.streaming import Piece

PAYLOAD = "\x1b[2J\x1b]0;title\x07[bold red]markup[/]"


def shown(view: WritingView, width: int = 40) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def test_two_who_write_at_once_do_not_mix() -> None:
    view = WritingView()
    for word in ("one ", "two ", "three"):
        view.take(Piece("0.0", "pia", word))
        view.take(Piece("0.1", "quin", word.upper()))
    assert shown(view) == "pia writes (lot 0.0)\n  one two three\nquin writes (lot 0.1)\n  ONE TWO THREE\n"


def test_the_latest_lines_are_shown_and_the_end_is_told() -> None:
    view = WritingView()
    view.take(Piece("0", "pia", "\n".join(f"line {number}" for number in range(100))))
    view.take(Piece("0", "pia", "", is_last=True))
    lines = shown(view).splitlines()
    assert lines[0] == "pia wrote (lot 0)"
    assert lines[-1] == "  line 99"
    assert len(lines) == 6


def test_long_lines_wrap_within_the_terminal() -> None:
    view = WritingView()
    view.take(Piece("0", "pia", "word " * 50))
    assert max(map(len, shown(view, width=20).splitlines())) <= 20


def test_what_is_written_cannot_act_even_in_pieces() -> None:
    view = WritingView()
    for character in PAYLOAD:
        view.take(Piece("0", "pia", character))
    text = shown(view, width=120)
    assert "\\x1b[2J\\x1b]0;title\\x07[bold red]markup[/]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_the_control_without_the_filter_the_terminal_gets_the_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.cli.writing.inert", lambda text: text)
    view = WritingView()
    view.take(Piece("0", "pia", PAYLOAD))
    assert "\x1b]0;title" in shown(view, width=120)


def test_only_a_terminal_is_written_to_while_they_write() -> None:
    assert LiveProgress(Console(file=io.StringIO())).on_text is None
    terminal = io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=80)
    with LiveProgress(console) as live:
        live._wait_for("pia at work")
        assert live.on_text is not None
        live.on_text(Piece("0", "pia", "Dear friend"))
        live.on_text(Piece("0", "pia", "", is_last=True))
    assert "Dear friend" in terminal.getvalue()
    # It is taken away again: the offers are shown whole, later.
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")
