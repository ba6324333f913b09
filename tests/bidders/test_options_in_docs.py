"""The docs list every option of every policy and bidder, with its default."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from orchestrator.plugins import BIDDERS, POLICIES, load_plugin

DOCS = Path(__file__).parents[2] / "docs"
# What a config's entry says beside its options.
ENTRY = ("name", "policy")
BIDDER_NAMES = ["answers", "documents", "presenter", "scripted", "tool"]
POLICY_NAMES = ["bayes", "calibrated", "estimate", "fixed", "fraction", "tracker"]


def listed(policy: str) -> dict[str, str]:
    """Options and defaults, as the pages list them."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
    table = re.search(rf"^\| Option of `{policy}` \|.*\n\| ---.*\n((?:\|.*\n)*)", text, re.MULTILINE)
    assert table, f"no page lists the options of {policy}"
    cells = [row.split("|") for row in table[1].splitlines()]
    return {row[1].strip(" `"): row[2].strip(" `") for row in cells}


def shown(default: object) -> str:
    """A default as a page shows it."""
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if default is inspect.Parameter.empty:
        return "required"
    return {"": "empty", "None": "none", "True": "true", "False": "false"}.get(str(default), str(default))


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_every_option_is_listed_with_its_default(policy: str) -> None:
    plugin = load_plugin(POLICIES, policy)
    options = {name: given.default for name, given in inspect.signature(plugin.value).parameters.items()}
    assert listed(policy) == {name: shown(default) for name, default in options.items()}


@pytest.mark.parametrize("bidder", BIDDER_NAMES)
def test_every_option_of_a_bidder_is_listed_with_its_default(bidder: str) -> None:
    plugin = load_plugin(BIDDERS, bidder)
    options = {name: given.default for name, given in inspect.signature(plugin.value).parameters.items()}
    # These take the bidder's own name where they are left out.
    named = {"tool": "kind", "scripted": "principal"}.get(bidder)
    expected = {name: "its name" if name == named else shown(default) for name, default in options.items()}
    assert listed(bidder) == {name: default for name, default in expected.items() if name not in ENTRY}


def test_the_page_names_every_policy_that_comes_along() -> None:
    page = (DOCS / "policies.md").read_text(encoding="utf-8")
    assert [name for name in POLICY_NAMES if f"| `{name}` |" not in page] == []
