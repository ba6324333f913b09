"""The docs list every option of every policy, bidder, model and judge, with its default."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from bidders.llm.prompt_file import Front
from bidders.models.settings import ProviderOptions, ProviderSettings
from orchestrator.plugins import BIDDERS, JUDGES, MODELS, POLICIES, load_plugin

DOCS = Path(__file__).parents[2] / "docs"
# What a config's entry says beside its options.
ENTRY = ("name", "policy")
BIDDER_NAMES = ["answers", "documents", "llm", "presenter", "scripted", "tool"]
# What a page says in words instead of the default.
WORDED = {
    "tool": {"kind": "its name"},
    "scripted": {"principal": "its name"},
    "llm": dict.fromkeys(("max_tokens", "kind", "gain", "repeats_max"), "by prompt"),
    "local": {"model": "the file's name", "path": "the small model's", "prices": "free", "parameters": "{}"},
    "mock": {"prices": "free"},
    "a provider's model": {
        "base_url": "the provider's own",
        "api_key_env": "the provider's usual one",
        "prices": "litellm's table",
        "context_tokens": "litellm's table",
        "reasoning_tokens_max": "see [below](#models-that-think)",
        "parameters": "{}",
    },
}
POLICY_NAMES = ["bayes", "calibrated", "estimate", "fixed", "fraction", "tracker"]


def listed(owner: str, heading: str = "Option of `{}`") -> dict[str, str]:
    """Options and defaults, as the pages list them."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.glob("*.md")))
    head = re.escape(heading.format(owner))
    table = re.search(rf"^\| {head} \|.*\n\| ---.*\n((?:\|.*\n)*)", text, re.MULTILINE)
    assert table, f"no page lists the options of {owner}"
    cells = [row.split("|") for row in table[1].splitlines()]
    return {row[1].strip(" `"): row[2].strip(" `") for row in cells}


def shown(default: object) -> str:
    """A default as a page shows it."""
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if default is inspect.Parameter.empty:
        return "required"
    return {"": "empty", "None": "none", "True": "true", "False": "false"}.get(str(default), str(default))


def of_plugin(group: str, name: str) -> dict[str, str]:
    """Options and defaults of a plugin, as a page should list them."""
    parameters = inspect.signature(load_plugin(group, name).value).parameters
    return {key: shown(given.default) for key, given in parameters.items()} | WORDED.get(name, {})


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_every_option_is_listed_with_its_default(policy: str) -> None:
    plugin = load_plugin(POLICIES, policy)
    options = {name: given.default for name, given in inspect.signature(plugin.value).parameters.items()}
    assert listed(policy) == {name: shown(default) for name, default in options.items()}


@pytest.mark.parametrize("bidder", BIDDER_NAMES)
def test_every_option_of_a_bidder_is_listed_with_its_default(bidder: str) -> None:
    expected = of_plugin(BIDDERS, bidder)
    assert listed(bidder) == {name: default for name, default in expected.items() if name not in ENTRY}


@pytest.mark.parametrize("model", ["local", "mock", "recorded"])
def test_every_option_of_a_model_without_a_provider_is_listed_with_its_default(model: str) -> None:
    assert listed(model) == of_plugin(MODELS, model)


def test_every_option_of_a_providers_model_is_listed_with_its_default() -> None:
    fields = ProviderSettings.model_fields
    options = {name: shown(field.get_default(call_default_factory=True)) for name, field in fields.items()}
    owner = "a provider's model"
    assert listed(owner, "Option of {}") == options | {"model": "required", "connect_seconds": "5"} | WORDED[owner]
    assert fields.keys() == {"model", *ProviderOptions.__annotations__}


def test_every_option_of_the_judge_that_is_a_model_is_listed_with_its_default() -> None:
    assert listed("personal") == of_plugin(JUDGES, "personal")


def test_every_key_of_a_prompts_head_is_listed_with_its_default() -> None:
    defaults = {
        name: "required" if field.is_required() else shown(field.default) for name, field in Front.model_fields.items()
    }
    assert listed("", "Key of the head") == defaults


def test_the_page_names_every_policy_that_comes_along() -> None:
    page = (DOCS / "policies.md").read_text(encoding="utf-8")
    assert [name for name in POLICY_NAMES if f"| `{name}` |" not in page] == []
