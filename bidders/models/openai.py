"""OpenAI's models, and those behind any endpoint that speaks the same format."""

from __future__ import annotations

import os
from typing import Any, Final, Unpack

from bidders.models.call import Question
from bidders.models.certificates import trusted
from bidders.models.chat import CHAT_MODES, chat_arguments, checked_chat, gathered_chat, stream_arguments
from bidders.models.extras import import_extra
from bidders.models.price_table import listed
from bidders.models.provider import ClientModel
from bidders.models.reply import Heard, Reply
from bidders.models.sdk_failures import failure_of
from bidders.models.settings import ProviderOptions, host_of, read_settings
from orchestrator.errors import ProviderError

_KEY_VARIABLE: Final = "OPENAI_API_KEY"
_URL_VARIABLE: Final = "OPENAI_BASE_URL"
# What the library sends where an endpoint needs no key: it refuses to send none.
_NO_KEY: Final = "none"


class OpenAIModel(ClientModel):
    """A model behind the official `openai` library.

    With `base_url` it is any endpoint that speaks OpenAI's chat-completions format. Such an endpoint
    is sent a key only where `api_key_env` names one, so that OpenAI's own key goes nowhere else; and
    its price is known only where the config gives it, for the same model costs something else
    elsewhere.

    Args:
        model: the model's name.
        options: as of `bidders.models.settings.ProviderSettings`.

    Raises:
        InvalidConfig: an option is unknown or makes no sense.
        BrokenPlugin: the library is not installed.
    """

    modes = CHAT_MODES

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        settings = read_settings(model, options)
        self._sdk = import_extra("openai", "openai")
        elsewhere = settings.base_url or os.environ.get(_URL_VARIABLE) or ""
        usual = "" if settings.base_url else _KEY_VARIABLE
        entry = None if elsewhere else listed(model, "openai")
        super().__init__(
            settings,
            provider=host_of(elsewhere) if elsewhere else "openai",
            key_variable=usual if settings.api_key_env is None else settings.api_key_env,
            price=entry.price if entry else None,
            context_tokens=entry.context_tokens if entry else None,
        )
        if elsewhere:
            # The older name of this parameter is the one that compatible endpoints know.
            self.abilities.lacking.add("max_completion_tokens")

    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""
        client = await self.client()
        reply = await client.chat.completions.create(**self._arguments(question))
        return checked_chat(reply, question, self.where)

    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""
        client = await self.client()
        arguments = self._arguments(question) | stream_arguments(question)
        async with await client.chat.completions.create(**arguments) as chunks:
            return await gathered_chat(chunks, question, heard, self.where)

    def failure(self, error: Exception) -> ProviderError:
        """What an error of one call comes to."""
        return failure_of(error, self.where, self.secrets())

    def _arguments(self, question: Question) -> dict[str, Any]:
        return {"model": self.name, **chat_arguments(question), "extra_body": dict(self.settings.parameters) or None}

    def _make_client(self) -> Any:
        """Make the library's client, with the key as it is set now."""
        settings = self.settings
        return self._sdk.AsyncOpenAI(
            api_key=self.key() or _NO_KEY,
            base_url=settings.base_url,
            max_retries=0,
            http_client=self._sdk.DefaultAsyncHttpxClient(verify=trusted("httpx")),
            timeout=self._sdk.Timeout(
                settings.read_seconds, connect=settings.connect_seconds, pool=settings.connect_seconds
            ),
        )
