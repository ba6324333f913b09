"""Exit codes, and the one line that a failure becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer

from orchestrator import errors
from orchestrator.cli.failures import MEANINGS, Interrupted, exit_code, guarded, interruptible
from tests.cli.markets import vickrey


def raising(error: BaseException) -> Callable[[], Any]:
    """A verb that does nothing but fail."""

    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidMoney("x"), 2),
        (errors.UnknownRequest("x"), 2),
        (errors.InvalidConfig("x"), 3),
        (errors.StoreUnavailable("x"), 3),
        (errors.StoreTooNew("x"), 3),
        (errors.SpendCapReached("x"), 3),
        (errors.StaleDriver("x"), 3),
        (errors.BrokenLaw("x"), 4),
        (errors.InsufficientFunds("x", "bidder:a"), 4),
        (OSError(28, "No space left on device"), 3),
        (KeyError("x"), 4),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_every_failure_has_a_documented_exit_code(error: BaseException, code: int) -> None:
    with pytest.raises(typer.Exit) as caught:
        guarded(raising(error))
    assert caught.value.exit_code == code
    assert code in MEANINGS


def test_every_error_of_the_tree_has_a_code_of_its_branch() -> None:
    for name in errors.__dict__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.CallerError):
            assert exit_code(kind("x")) == 2
        elif isinstance(kind, type) and issubclass(kind, errors.OperatorError):
            assert exit_code(kind("x")) == 3


def test_a_failure_is_one_inert_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        guarded(raising(errors.UnknownBidder("no \x1b[31mbidder")))
    assert capsys.readouterr().err == "vickrey: no \\x1b[31mbidder\n"


def test_the_unexpected_asks_for_a_report_and_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        guarded(raising(ZeroDivisionError("division\nby zero")))
    said = capsys.readouterr().err
    assert said.startswith("vickrey: ZeroDivisionError: division by zero; this is a defect of Vickrey; please report")
    assert said.count("\n") == 1


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICKREY_DEBUG", "1")
    with pytest.raises(typer.Exit):
        guarded(raising(ZeroDivisionError("x")))
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_interruption_tells_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Interrupted), interruptible("r1: `vickrey resume` goes on"):
        raise KeyboardInterrupt
    with pytest.raises(typer.Exit):
        guarded(raising(Interrupted("r1: `vickrey resume` goes on")))
    assert capsys.readouterr().err == "vickrey: r1: `vickrey resume` goes on\n"


def test_help_documents_the_exit_codes() -> None:
    shown = " ".join(vickrey("--help").stdout.split())
    for code, meaning in MEANINGS.items():
        assert f"{code} {meaning}" in shown


def test_the_version_is_told() -> None:
    assert vickrey("--version").stdout == "vickrey 0.1.0\n"
