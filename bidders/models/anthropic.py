"""Anthropic's models, behind the official library."""

from __future__ import annotations

from typing import Any, Unpack

from bidders.models.client import ClientModel
from bidders.models.extras import import_extra
from bidders.models.messages import MESSAGES
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

    format = MESSAGES
    usual_provider = "anthropic"
    usual_key_variable = "ANTHROPIC_API_KEY"
    url_variable = "ANTHROPIC_BASE_URL"
    client_kind = "AsyncAnthropic"
    http_library = "httpx2"

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        super().__init__(read_settings(model, options), import_extra("anthropic", "anthropic"))

    def calls(self, client: Any) -> Any:
        """The part of the library's client that makes calls of this format."""
        return client.messages
