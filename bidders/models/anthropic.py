"""Anthropic's models, behind the official library."""

from __future__ import annotations

from typing import Any, Final, Unpack

from bidders.models.call import Question
from bidders.models.certificates import trusted
from bidders.models.extras import import_extra
from bidders.models.messages import (
    MESSAGES_MODES,
    checked_message,
    gathered_message,
    message_arguments,
)
from bidders.models.price_table import listed
from bidders.models.provider import ClientModel
from bidders.models.reply import Heard, Reply
from bidders.models.sdk_failures import failure_of
from bidders.models.settings import ProviderOptions, host_of, read_settings
from orchestrator.errors import ProviderError

_KEY_VARIABLE: Final = "ANTHROPIC_API_KEY"
# What is sent where an endpoint needs no key; without one the library looks for the user's other credentials.
_NO_KEY: Final = "none"


class AnthropicModel(ClientModel):
    """A model behind the official `anthropic` library.

    With `base_url` it is any endpoint that speaks Anthropic's messages format, which is sent a key
    only where `api_key_env` names one.

    Args:
        model: the model's name.
        options: as of `bidders.models.settings.ProviderSettings`.

    Raises:
        InvalidConfig: an option is unknown or makes no sense.
        BrokenPlugin: the library is not installed.
    """

    modes = MESSAGES_MODES

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        settings = read_settings(model, options)
        self._sdk = import_extra("anthropic", "anthropic")
        entry = None if settings.base_url else listed(model, "anthropic")
        usual = "" if settings.base_url else _KEY_VARIABLE
        super().__init__(
            settings,
            provider=host_of(settings.base_url) if settings.base_url else "anthropic",
            key_variable=usual if settings.api_key_env is None else settings.api_key_env,
            price=entry.price if entry else None,
            context_tokens=entry.context_tokens if entry else None,
        )

    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""
        client = await self.client()
        reply = await client.messages.create(**self._arguments(question))
        return checked_message(reply, question, self.where)

    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""
        client = await self.client()
        async with await client.messages.create(**self._arguments(question), stream=True) as events:
            return await gathered_message(events, question, heard, self.where)

    def failure(self, error: Exception) -> ProviderError:
        """What an error of one call comes to."""
        return failure_of(error, self.where, self.secrets())

    def _arguments(self, question: Question) -> dict[str, Any]:
        return {"model": self.name, **message_arguments(question), "extra_body": dict(self.settings.parameters) or None}

    def _make_client(self) -> Any:
        """Make the library's client, with the key as it is set now."""
        settings = self.settings
        return self._sdk.AsyncAnthropic(
            api_key=self.key() or _NO_KEY,
            base_url=settings.base_url,
            max_retries=0,
            http_client=self._sdk.DefaultAsyncHttpxClient(verify=trusted("httpx2")),
            timeout=self._sdk.Timeout(
                settings.read_seconds, connect=settings.connect_seconds, pool=settings.connect_seconds
            ),
        )
