"""Asking before something that cannot be undone, or that costs money."""

from __future__ import annotations

import sys

import typer

from orchestrator.errors import InvalidRequest


def confirm(question: str, *, yes: bool, as_json: bool) -> None:
    """Go on only if whoever runs the command agrees.

    Args:
        question: what is to be agreed to, as a question.
        yes: whether that was said in advance.
        as_json: whether a program reads the output: then nobody is asked.

    Raises:
        InvalidRequest: nobody can be asked.
        typer.Abort: the answer was no.
    """
    if yes:
        return
    if as_json or not _is_terminal():
        raise InvalidRequest(f"{question} Nobody can be asked here; --yes goes on without asking")
    if not typer.confirm(question, err=True):
        raise typer.Abort


def _is_terminal() -> bool:
    """Whether somebody sits there to answer."""
    return sys.stdin.isatty()
