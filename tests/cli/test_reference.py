"""The reference in docs/ is that of the command as it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.reference import reference
from tests.cli.markets import command, vickrey

ROOT = Path(__file__).parent.parent.parent
VERBS = (
    *("run", "compare", "offers", "pick", "cancel", "resume", "show", "statement", "requests", "leaderboard"),
    *("bidders list", "bidders check", "bidders topup", "export", "replay", "verify", "audit", "init"),
    *("progress", "practise", "bidders memory", "bidders retire", "bidders reinstate"),
)


def commands() -> Iterator[tuple[str, Any]]:
    """Every verb and its command."""
    for name, verb in command().commands.items():
        if hasattr(verb, "commands"):
            yield from ((f"{name} {inner}", each) for inner, each in verb.commands.items())
        else:
            yield name, verb


@cache
def written() -> str:
    """The reference as the code has it; no test changes that."""
    return reference()


def test_docs_cli_md_is_what_the_command_says_of_itself() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == written(), (
        "run: python -m orchestrator.cli.reference > docs/cli.md"
    )


def test_the_verbs_are_those_of_the_design() -> None:
    assert {name for name, _ in commands()} == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_json_and_explains_all_that_it_takes(verb: str) -> None:
    found = dict(commands())[verb]
    assert "--json" in [flag for each in found.params for flag in each.opts]
    assert [each.name for each in found.params if not each.help] == []
    assert found.help
    assert verb in written()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_help_of_80_columns(verb: str) -> None:
    outcome = vickrey(*verb.split(), "--help")
    assert outcome.code == 0
    assert max(map(len, outcome.stdout.splitlines())) <= 80


@pytest.mark.parametrize("group", ["", "bidders"])
def test_the_summaries_in_the_help_are_not_cut_off(group: str) -> None:
    assert "..." not in vickrey(*group.split(), "--help").stdout.replace("[ARGS]...", "")


def test_the_reference_names_both_forms_of_a_switch() -> None:
    assert "| `--calls`, `--no-calls` |" in written()
