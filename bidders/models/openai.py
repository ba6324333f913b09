"""OpenAI's models, and those behind any endpoint that speaks the same format."""

from __future__ import annotations

from typing import Any, Unpack

from bidders.models.call import Question
from bidders.models.chat import CHAT_MODES, chat_arguments, checked_chat, gathered_chat, stream_arguments
from bidders.models.client import ClientModel
from bidders.models.extras import import_extra
from bidders.models.reply import Heard, Reply
from bidders.models.settings import ProviderOptions, read_settings


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
    usual_provider = "openai"
    usual_key_variable = "OPENAI_API_KEY"
    url_variable = "OPENAI_BASE_URL"
    client_kind = "AsyncOpenAI"
    http_library = "httpx"

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        super().__init__(read_settings(model, options), import_extra("openai", "openai"))
        if self.is_elsewhere:
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

    def _arguments(self, question: Question) -> dict[str, Any]:
        return {"model": self.name, **chat_arguments(question), "extra_body": dict(self.settings.parameters) or None}
