"""Models by name: an option `model` stands for an entry of section `models`."""

from __future__ import annotations

from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from orchestrator import load_config
from orchestrator.errors import InvalidConfig

SMALL = {"type": "mock", "options": {"script": ["hello"]}}


def config(option: Any, **models: Any) -> dict[str, Any]:
    return {"models": models, "bidders": [{"name": "a", "type": "scripted", "options": option}]}


def test_a_name_is_resolved_to_its_type_and_options() -> None:
    loaded = load_config(config({"model": "small", "second_model": "small"}, small=SMALL))
    assert loaded.bidders[0].options == {key: {"name": "small", **SMALL} for key in ("model", "second_model")}


def test_a_judge_and_a_policy_name_models_too() -> None:
    given = config({}, small=SMALL) | {"judge": {"type": "personal", "options": {"model": "small"}}}
    given["bidders"][0]["policy"] = {"type": "fraction", "options": {"model": "small"}}
    loaded = load_config(given)
    assert loaded.judge.options["model"]["type"] == "mock"
    assert loaded.bidders[0].policy is not None
    assert loaded.bidders[0].policy.options["model"]["type"] == "mock"


def test_a_model_may_be_written_in_its_place() -> None:
    loaded = load_config(config({"model": {"type": "mock"}}))
    assert loaded.bidders[0].options == {"model": {"type": "mock", "options": {}}}


def test_a_models_own_option_model_is_the_providers_name_for_it() -> None:
    openai = {"type": "openai", "options": {"model": "gpt-4o-mini"}}
    assert load_config(config({"model": "small"}, small=openai)).bidders[0].options["model"]["options"] == {
        "model": "gpt-4o-mini"
    }


def test_an_object_is_passed_on() -> None:
    model = object()
    assert load_config(config({"model": model})).bidders[0].options["model"] is model


def test_a_flag_whose_name_ends_like_a_models_is_no_model() -> None:
    for flag in (False, "x"):
        assert load_config(config({"asks_model": flag})).bidders[0].options == {"asks_model": flag}


POLICIES = sorted(entry.name for entry in entry_points(group="vickrey.policies") if entry.value.startswith("bidders."))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_option_of_a_policy_can_be_written_into_a_config(policy: str) -> None:
    """As a YAML author would write its default; what has none is required, and has a test of its own."""
    (entry,) = entry_points(group="vickrey.policies", name=policy)
    options = {
        name: list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        for name, parameter in signature(entry.load()).parameters.items()
    }
    given = config({}) | {"judge": "none"}
    given["bidders"][0]["policy"] = {"type": policy, "options": options}
    loaded = load_config(given).bidders[0].policy
    assert loaded is not None
    assert loaded.options == options


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        config({"model": "smal"}, small=SMALL),
        r"bidders\[0\].options.model: there is no model 'smal' .*did you mean 'small'",
    ),
    (config({"model": "small"}), "known: none; add one under `models:`"),
    (config({"model": 7}), "must be the name of a model"),
    (config({"model": False}), "must be the name of a model"),
    (config({"second_model": 7}), "must be the name of a model"),
    (config({"model": {"typ": "mock"}}), "did you mean 'type'"),
    (config({"model": {"type": "mock", "options": 3}}), "options.model.options: must be a mapping"),
    (config({}, small={"options": {}}), "models.small.type: is required but missing"),
    (config({}, small={"type": "mock", "optoins": {}}), "models.small.optoins: unknown key; did you mean 'options'"),
    ({"models": {"a b": SMALL}}, "models"),
    ({"models": [SMALL]}, "models: must be a mapping"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_key(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidConfig, match=said):
        load_config(given)


def test_a_wrong_name_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "vickrey.yaml"
    path.write_text(
        "models:\n  small: {type: mock}\nbidders:\n  - name: a\n    type: x\n    options:\n      model: smal\n"
    )
    with pytest.raises(InvalidConfig, match=r"vickrey.yaml:7: bidders\[0\].options.model: there is no model 'smal'"):
        load_config(path)


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize(
    "option",
    [
        {"api_key_env": "sk-1234567890"},
        {"base_url": "http://me:sk-1234567890@host/v1"},
        {"base_url": "http://h/?k=sk-1234567890"},
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(option: dict[str, Any], inline: bool) -> None:
    model = {"type": "openai", "options": {"model": "x", **option}}
    with pytest.raises(InvalidConfig) as refusal:
        load_config(config({"model": model}) if inline else config({}, small=model))
    assert "1234567890" not in str(refusal.value)


def recording(tmp_path: Path, options: str) -> Any:
    """The options of a bidder's recorded model, as its config file resolves them."""
    path = tmp_path / "vickrey.yaml"
    model = f"{{type: recorded, options: {{{options}}}}}"
    path.write_text(f"bidders:\n  - {{name: a, type: x, options: {{model: {model}}}}}\n")
    return load_config(path).bidders[0].options["model"]["options"]


def test_a_recording_may_be_written_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    options = recording(tmp_path, "output_path: calls.jsonl, source: {type: mock}")
    assert options["output_path"] == str(tmp_path / "calls.jsonl")
    with pytest.raises(InvalidConfig, match="there is no folder"):
        recording(tmp_path, "output_path: no/calls.jsonl, source: {type: mock}")
    with pytest.raises(InvalidConfig, match="there is no file"):
        recording(tmp_path, "path: calls.jsonl")
