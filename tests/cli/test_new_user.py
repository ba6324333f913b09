"""What a new user meets with each config: a missing or wrong key, a wrong name, an endpoint that is not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bidders.models.modes import forget_support
from tests.cli.markets import vickrey
from tests.fake_provider import FakeProvider, Fault

CONFIGS = Path(__file__).parents[2] / "configs"
KEY = "sk-not-a-real-key-1234567890"
PRICES = {"input_per_million": 1, "output_per_million": 5}
VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "compatible": "MY_KEY", "litellm": "MY_KEY"}
# One of them is tried whenever tests run; the libraries of the others take long to import.
NAMES = [pytest.param(name, marks=() if name == "compatible" else pytest.mark.slow) for name in VARIABLES]
WRONG_KEY = Fault("status", 401, f"Incorrect API key provided: {KEY}", "invalid_api_key")
WRONG_NAME = Fault("status", 404, "The model does not exist", "model_not_found")
# litellm's own types make pydantic warn.
pytestmark = pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier")
RUN = ("run", "Plan a day", "--budget", "10", "--judge", "none", "--store", "memory", "--seed", "1")


@pytest.fixture(scope="module")
def serving() -> Iterator[FakeProvider]:
    provider = FakeProvider().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(serving: FakeProvider) -> FakeProvider:
    serving.clear()
    forget_support()
    return serving


def aimed_at(url: str, name: str, folder: Path, **more: Any) -> str:
    """A shipped config with its models moved to another address, where nothing is waited for."""
    document = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    base_url = url if name == "anthropic" else f"{url}/v1"
    for model in document["models"].values():
        options = model["options"] | {"base_url": base_url, "prices": PRICES, "attempts_max": 1, **more}
        if name == "litellm":
            options["model"] = f"openai/{options['model'].rpartition('/')[2]}"
        model["options"] = options | {"api_key_env": VARIABLES[name]}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(path)


def check_is_clear(config: str, said: str) -> None:
    """Both verbs end with an exit code of their own, one line a model says what is wrong, and no key is shown."""
    checked = vickrey("bidders", "check", "--config", config, "--store", "memory")
    ran = vickrey(*RUN, "--config", config)
    assert checked.code == 1
    for outcome in (checked, ran):
        shown = " ".join((outcome.stdout + outcome.stderr).split())
        assert said in shown
        assert "Traceback" not in shown
        assert KEY not in shown
    complaints = [line for line in checked.stdout.splitlines() if said in line]
    assert len(complaints) == len(yaml.safe_load(Path(config).read_text(encoding="utf-8"))["models"])


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_key_is_named_and_no_call_is_made(
    name: str, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLES[name], raising=False)
    check_is_clear(
        aimed_at(provider.url, name, tmp_path), f"needs a key: set the environment variable {VARIABLES[name]}"
    )
    assert provider.requests == []


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key_is_told_with_the_variable_to_look_at(
    name: str, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES[name], KEY)
    provider.faults.extend([WRONG_KEY] * 1000)
    told = f"does not accept the key; check the environment variable {VARIABLES[name]}:"
    check_is_clear(aimed_at(provider.url, name, tmp_path), told)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_model_name_is_told(
    name: str, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES[name], KEY)
    provider.faults.extend([WRONG_NAME] * 1000)
    check_is_clear(aimed_at(provider.url, name, tmp_path), "is not known at this address; check the model's name")


@pytest.mark.parametrize("name", NAMES)
def test_an_endpoint_that_is_down_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLES[name], KEY)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    check_is_clear(aimed_at(url, name, tmp_path), "cannot be reached")


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_no_network_the_address_is_said_to_be_out_of_reach(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unresolved(host: object, *rest: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    monkeypatch.setenv(VARIABLES[name], KEY)
    check_is_clear(aimed_at("http://models.invalid", name, tmp_path), "cannot be reached")


@pytest.mark.parametrize("name", NAMES)
def test_with_a_key_that_works_the_market_runs(
    name: str, provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same configs, and a provider that takes the key."""
    monkeypatch.setenv(VARIABLES[name], KEY)
    config = aimed_at(provider.url, name, tmp_path)
    checked = vickrey("bidders", "check", "--config", config, "--store", "memory", "--json").document
    assert {(model["problem"], model["price"]) for model in checked["models"]} == {("", "known")}
    assert all(model["structured_output"] for model in checked["models"]), "it says how objects are asked for"
    assert len(provider.requests) == len(checked["models"])
    ran = vickrey(*RUN, "--config", config, "--json", "--quiet").document
    assert ran["offers"]
    assert KEY not in str(ran)


def test_models_that_are_not_used_need_no_key(
    provider: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    path = Path(aimed_at(provider.url, "openai", tmp_path))
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["bidders"] = [
        {"name": style, "type": "presenter", "options": {"style": style}} for style in ("plan", "list", "letter")
    ]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert vickrey("bidders", "check", "--config", str(path), "--store", "memory").code == 0
