"""OpenAI's models, and those behind any endpoint that speaks the same format."""

from __future__ import annotations

from typing import Any, Unpack

from bidders.models.chat import CHAT
from bidders.models.client import ClientModel
from bidders.models.extras import import_extra
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

    format = CHAT
    usual_provider = "openai"
    usual_key_variable = "OPENAI_API_KEY"
    url_variable = "OPENAI_BASE_URL"
    client_kind = "AsyncOpenAI"
    http_library = "httpx"

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        super().__init__(read_settings(model, options), import_extra("openai", "openai"))
        if self.is_elsewhere:
            # The older name of this parameter is the one that most compatible endpoints know; the others refuse it.
            self.support.lacking.add("max_completion_tokens")

    def calls(self, client: Any) -> Any:
        """The part of the library's client that makes calls of this format."""
        return client.chat.completions
