"""Models behind their provider's own library: where it calls, with which key, at which price."""

from __future__ import annotations

import importlib
import os
import ssl
from abc import abstractmethod
from functools import cache
from typing import Any

from bidders.models.credentials import NO_KEY
from bidders.models.format import Question
from bidders.models.per_loop import PerLoop
from bidders.models.price_table import listed
from bidders.models.provider import ProviderModel
from bidders.models.reply import Heard, Reply
from bidders.models.settings import ProviderSettings, host_of


class ClientModel(ProviderModel):
    """A model behind a provider's own library, whose client belongs to one event loop.

    Without `base_url` it is the provider's own model, or one at the address that the library reads
    from the environment. At another address the provider's price does not hold, and to another
    `base_url` the provider's key is not sent.

    Args:
        settings: its options.
        sdk: the library, `openai` or `anthropic`; both make clients in the same way.

    Attributes:
        usual_provider: who is paid at the library's own address.
        usual_key_variable: the environment variable that holds that provider's key.
        url_variable: the one from which the library reads another address.
        client_kind: the name of the library's client.
        http_library: what that client uses for HTTP.
        is_elsewhere: whether it is at another address than the library's own.
    """

    usual_provider: str
    usual_key_variable: str
    url_variable: str
    client_kind: str
    http_library: str

    def __init__(self, settings: ProviderSettings, sdk: Any) -> None:
        elsewhere = settings.base_url or os.environ.get(self.url_variable) or ""
        self.is_elsewhere = bool(elsewhere)
        entry = None if elsewhere else listed(settings.model, self.usual_provider)
        usual = "" if settings.base_url else self.usual_key_variable
        super().__init__(
            settings,
            provider=host_of(elsewhere) if elsewhere else self.usual_provider,
            key_variable=usual if settings.api_key_env is None else settings.api_key_env,
            entry=entry,
        )
        self._sdk = sdk
        self._clients: PerLoop[Any] = PerLoop(self._make_client, _close)

    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""
        calls = self.calls(await self.client())
        return self.format.read(await calls.create(**self._arguments(question)), question, self.where)

    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""
        calls = self.calls(await self.client())
        arguments = self._arguments(question) | self.format.stream_arguments(question)
        async with await calls.create(**arguments) as events:
            return await self.format.read_stream(events, question, heard, self.where)

    @abstractmethod
    def calls(self, client: Any) -> Any:
        """The part of the library's client that makes calls of this format."""

    async def client(self) -> Any:
        """The library's client of the running event loop.

        Raises:
            Unauthorised: the key that it needs is not set.
        """
        return await self._clients.get()

    def close(self) -> None:
        """Close its connections."""
        self._clients.close()

    def _arguments(self, question: Question) -> dict[str, Any]:
        more = dict(self.settings.parameters) or None
        return {"model": self.name, **self.format.arguments(question), "extra_body": more}

    def _make_client(self) -> Any:
        """Make the library's client, with the key as it is set now."""
        settings = self.settings
        return getattr(self._sdk, self.client_kind)(
            api_key=self.key() or NO_KEY,
            base_url=settings.base_url,
            max_retries=0,
            http_client=self._sdk.DefaultAsyncHttpxClient(verify=_trusted_certificates(self.http_library)),
            timeout=self._sdk.Timeout(
                settings.read_seconds, connect=settings.connect_seconds, pool=settings.connect_seconds
            ),
        )


async def _close(client: Any) -> None:
    await client.close()


@cache
def _trusted_certificates(library: str) -> ssl.SSLContext:
    """What `httpx` or `httpx2` reads from its bundle and the environment: once, for it takes longer than the rest."""
    context: ssl.SSLContext = importlib.import_module(library).create_ssl_context()
    return context
