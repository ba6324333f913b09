"""The reference in docs/ is that of the command as it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.reference import DOCUMENTS, reference
from tests.cli.markets import command, vickrey, write_market

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


# How each form of a verb is called, one after the other, in one market; its document must be as told.
CALLS = {
    "bidders list": "bidders list",
    "bidders check": "bidders check",
    "run --dry-run": "run tiles --budget 10 --dry-run",
    "run": "run tiles --budget 10 --seed 1",
    "offers": "offers r1",
    "pick": "pick r1 1",
    "show": "show r1",
    "statement REQUEST": "statement r1",
    "statement BIDDER": "statement voice",
    "requests": "requests",
    "leaderboard": "leaderboard",
    "progress": "progress",
    "practise": "practise tasks.jsonl --yes",
    "export": "export r1",
    "verify": "verify r1.json",
    "replay": "replay r1.json --without list",
    "audit": "audit",
    "compare": "compare tiles --budget 10 --against best-single",
    "cancel": "cancel r2",
    "resume": "resume",
    "bidders topup": "bidders topup voice 5",
    "bidders memory": "bidders memory voice",
    "bidders retire": "bidders retire voice --yes",
    "bidders reinstate": "bidders reinstate voice",
    "init": "init written.yaml",
}


def test_the_documents_of_all_verbs_have_the_keys_that_the_reference_tells(vickrey_home: Path) -> None:
    (vickrey_home / "tasks.jsonl").write_text('{"request": "tiles", "answer": "18"}\n', encoding="utf-8")
    model = {"type": "bidders.models.mock:MockModel"}
    voice = {"name": "voice", "type": "bidders.llm.bidder:LanguageModelBidder", "options": {"model": model}}
    presenters = [{"name": name, "type": "bidders.presenters:PresenterBidder"} for name in ("plan", "list", "letter")]
    write_market(vickrey_home, bidders=[{**voice, "policy": {"type": "tracker"}}, *presenters])
    told = {form: vickrey(*CALLS[form].split(), "--json") for form in CALLS}
    assert {form: list(outcome.document) for form, outcome in told.items()} == {
        form: list(keys) for form, keys in DOCUMENTS.items()
    }
    assert {form.partition(" --")[0].removesuffix(" REQUEST").removesuffix(" BIDDER") for form in told} == set(VERBS)
