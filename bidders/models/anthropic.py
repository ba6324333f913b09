"""Anthropic's models, behind the official library."""

from __future__ import annotations

from typing import Any, Unpack

from bidders.models.call import Question
from bidders.models.client import ClientModel
from bidders.models.extras import import_extra
from bidders.models.messages import (
    MESSAGES_MODES,
    checked_message,
    gathered_message,
    message_arguments,
)
from bidders.models.reply import Heard, Reply
from bidders.models.settings import ProviderOptions, read_settings


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
    usual_provider = "anthropic"
    usual_key_variable = "ANTHROPIC_API_KEY"
    url_variable = "ANTHROPIC_BASE_URL"
    client_kind = "AsyncAnthropic"
    http_library = "httpx2"

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        super().__init__(read_settings(model, options), import_extra("anthropic", "anthropic"))

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

    def _arguments(self, question: Question) -> dict[str, Any]:
        return {"model": self.name, **message_arguments(question), "extra_body": dict(self.settings.parameters) or None}
