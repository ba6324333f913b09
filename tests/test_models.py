"""Equal specs share one model; a wrong one is refused in one line."""

from __future__ import annotations

from typing import Any

import pytest

from bidders.models.mock import MockModel
from orchestrator import Model, build_model, release_model
from orchestrator.errors import BrokenPlugin, InvalidConfig
from orchestrator.plugins import MODELS, list_plugins


class Closing(MockModel):
    """Counts how often it is closed."""

    def __init__(self, name: str = "closing") -> None:
        super().__init__(name)
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


CLOSING = {"type": f"{__name__}:Closing", "options": {"name": "shared"}}


def test_all_types_that_come_along_are_found_and_load() -> None:
    statuses = {status.name: status for status in list_plugins(MODELS)}
    assert {"anthropic", "litellm", "local", "mock", "openai", "recorded"} <= statuses.keys()
    assert [status.reason for status in statuses.values() if not status.ok] == []


def test_equal_specs_share_one_model_whatever_they_are_called() -> None:
    first = build_model({"name": "a", **CLOSING})
    second = build_model({"name": "b", **CLOSING})
    other = build_model({**CLOSING, "options": {"name": "other"}})
    assert first is second
    assert other is not first
    for model in (first, second, other):
        release_model(model)


def test_a_model_is_closed_by_its_last_user() -> None:
    first = build_model(CLOSING)
    assert isinstance(first, Closing)
    build_model(CLOSING)
    release_model(first)
    assert first.closed == 0
    release_model(first)
    assert first.closed == 1
    # One release too many closes nothing of somebody else's.
    again = build_model(CLOSING)
    release_model(first)
    assert isinstance(again, Closing)
    assert (first.closed, again.closed) == (1, 0)
    release_model(again)


def test_a_model_that_its_caller_made_is_taken_as_it_is_and_not_closed() -> None:
    model = Closing()
    assert build_model(model) is model
    release_model(model)
    assert model.closed == 0


def test_options_that_only_python_can_hold_share_nothing() -> None:
    def says(prompt: Any) -> str:
        return "hello"

    spec = {"type": "mock", "options": {"function": says}}
    assert build_model(spec) is not build_model(spec)


class NoModel:
    """Has a name and no more."""

    name = "no model"


@pytest.mark.parametrize(
    ("spec", "kind", "said"),
    [
        ("gpt-4o", InvalidConfig, "a model is a mapping of `type` and `options`, not str"),
        ({}, InvalidConfig, "needs a `type`"),
        ({"type": "opnai"}, InvalidConfig, "did you mean 'openai'"),
        (
            {"name": "small", "type": "mock", "options": {"nam": "x"}},
            InvalidConfig,
            "model small: .*did you mean 'name'",
        ),
        ({"type": "mock", "option": {}}, InvalidConfig, "did you mean 'options'"),
        ({"type": "mock", "options": ["x"]}, InvalidConfig, "its options are a mapping"),
        ({"type": "openai"}, InvalidConfig, "needs the option 'model'"),
        ({"type": "openai", "options": {"model": "x", "tempo": 1}}, InvalidConfig, "unknown option 'tempo'"),
        ({"type": f"{__name__}:NoModel"}, BrokenPlugin, "makes no model"),
        ({"type": "nowhere:Model"}, BrokenPlugin, "nowhere"),
    ],
)
def test_a_wrong_spec_is_one_clear_line(spec: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said) as refusal:
        build_model(spec)
    assert "\n" not in str(refusal.value)


def test_a_mock_is_a_model() -> None:
    assert isinstance(build_model({"type": "mock"}), Model)
