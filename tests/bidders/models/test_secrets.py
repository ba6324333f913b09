"""A key is sent to its provider and is nowhere else: not in records, messages, logs, representations or configs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import Market, build_model, load_config
from orchestrator.config import Config
from orchestrator.record import export_request
from tests.bidders.models.asking import PROMPT, failure_of_asking
from tests.fake_provider import FakeProvider, Fault
from tests.fake_provider.books import PRICES

KEY = "planted-key-0123456789abcdef"
# Not recognised as a key by its looks.
OPAQUE = "q8wZr41TnC6yVbLx"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLANTED", KEY)
    return KEY


def config(provider: FakeProvider, store: Path) -> dict[str, Any]:
    def model(kind: str, path: str) -> dict[str, Any]:
        options = {"model": "fake", "base_url": provider.url + path, "prices": PRICES, "api_key_env": "PLANTED"}
        return {"type": kind, "options": {**options, "attempts_max": 1}}

    def bidder(name: str, capability: str, model_name: str) -> dict[str, Any]:
        options = {"model": model_name, "capability": capability, "max_tokens": 100}
        return {"name": name, "type": "llm", "options": options, "policy": "estimate"}

    return {
        "version": 1,
        "store": f"sqlite:///{store}",
        "models": {"one": model("openai", "/v1"), "two": model("anthropic", "")},
        "bidders": [bidder("refiner", "refine", "one"), bidder("presenter", "present", "two")],
    }


def everything(config: Config, market: Market, result: Any, folder: Path, log: str) -> Iterator[tuple[str, str]]:
    """Whatever a run leaves behind."""
    yield "the log", log
    yield "the config", json.dumps(config.resolved())
    yield "the config's representation", repr(config)
    yield "the result", json.dumps(result.to_dict(), default=str)
    for name, seat in market.seats.items():
        model = getattr(seat.bidder, "model", None)
        yield f"the model of {name}", f"{model!r} {model}"
        yield f"the settings of {name}", repr(getattr(model, "settings", ""))
    yield "the exported run", json.dumps(export_request(market.store, result.request_id), default=str)
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes().decode("latin-1")


def test_a_key_leaves_no_trace(
    provider: FakeProvider, planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # The provider repeats the key to us, as some do.
    provider.faults.append(Fault("status", 401, message=f"Incorrect API key provided: {KEY}"))
    provider.says = lambda body: "A plan. " * 5
    loaded = load_config(config(provider, tmp_path / "market.db"))
    with Market(loaded) as market:
        result = market.run("Plan a day", budget=1, seed=1)
        left = dict(everything(loaded, market, result, tmp_path, caplog.text))
    assert all(KEY in request[1]["authorization"] for request in provider.requests)
    assert len(provider.requests) > 2
    assert any("refiner" in text for text in left.values())
    assert [place for place, text in left.items() if KEY in text] == []


def test_a_key_that_is_left_somewhere_is_noticed(provider: FakeProvider, planted: str, tmp_path: Path) -> None:
    (tmp_path / "leak.txt").write_text(f"key={KEY}")
    loaded = load_config(config(provider, tmp_path / "market.db"))
    with Market(loaded) as market:
        result = market.run("Plan a day", budget=1, seed=1)
        left = dict(everything(loaded, market, result, tmp_path, ""))
    assert [place for place, text in left.items() if KEY in text] == [str(tmp_path / "leak.txt")]


@pytest.mark.slow  # importing litellm takes five seconds
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("defended", [True, False])
def test_a_key_that_litellm_finds_for_itself_is_in_a_message_only_where_nobody_looks_for_it(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", OPAQUE)
    monkeypatch.setenv("GROQ_API_BASE", f"{provider.url}/v1")
    if not defended:
        monkeypatch.setattr("bidders.models.litellm.key_variables", list)
    model = build_model({"type": "litellm", "options": {"model": "groq/fake", "attempts_max": 1}})
    provider.faults.append(Fault("status", 401, message=f"Incorrect key: {OPAQUE}!"))
    said = str(failure_of_asking(model, PROMPT))
    assert OPAQUE in provider.requests[0][1]["authorization"]
    assert ("Incorrect key: ***!" in said) is defended
    assert (OPAQUE in said) is not defended


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_failure_carries_no_key_along_in_its_causes(provider: FakeProvider, planted: str, kind: str) -> None:
    provider.faults.append(Fault("status", 401, message=f"Incorrect API key provided: {KEY}"))
    path = "/v1" if kind == "openai" else ""
    model = build_model(
        {"type": kind, "options": {"model": "fake", "base_url": provider.url + path, "api_key_env": "PLANTED"}}
    )
    failure: BaseException | None = failure_of_asking(model, PROMPT)
    assert failure is not None
    assert KEY not in repr(failure)
    assert failure.__cause__ is None
    assert failure.__suppress_context__
