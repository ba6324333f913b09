"""Options that all models with a provider share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypedDict
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import InvalidConfig

Structured = Literal["auto", "json_schema", "json_object", "tool", "prompt"]
Mode = Literal["json_schema", "json_object", "tool", "prompt"]

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a call is made of here; letting a config set these would break metering or reading.
_OURS: Final = frozenset(
    {"model", "messages", "system", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"}
    | {"tools", "tool_choice", "response_format", "output_config", "seed", "extra_headers", "timeout", "api_key"}
    | {"base_url", "num_retries", "max_retries"}
)

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class ProviderOptions(TypedDict, total=False):
    """Options of a model with a provider, as a config gives them; see `ProviderSettings`."""

    base_url: str | None
    api_key_env: str | None
    prices: Mapping[str, Any] | None
    reserve_per_call: str | int | float | None
    context_tokens: int | None
    structured: Structured
    concurrency: int
    attempts_max: int
    reasoning_tokens_max: int | None
    connect_seconds: float
    read_seconds: float | None
    parameters: Mapping[str, Any]


class ProviderSettings(BaseModel):
    """Options of a model with a provider, checked.

    Attributes:
        model: the model's name, as its provider calls it.
        base_url: where the endpoint is; None for the provider's own.
        api_key_env: the environment variable that holds the key; None for the provider's usual
            one, empty for no key.
        prices: what tokens cost; None for what litellm's table says, if it is installed.
        reserve_per_call: dollars to hold for a call of a model without a price.
        context_tokens: the most that the model can read.
        structured: how an object is asked for; `auto` tries in order what the endpoint supports.
        concurrency: how many calls the provider is sent at a time.
        attempts_max: how often a call is made at most when the provider is down; one that limits rates
            and says how long to wait is asked until the deadline.
        reasoning_tokens_max: how many tokens the model may think in before it writes; None for what
            its parameters say, or litellm's table.
        connect_seconds: how long connecting may take.
        read_seconds: how long the provider may be silent; None for as long as the call may take.
        parameters: more parameters of every call, for example `temperature`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    model: Annotated[str, Field(min_length=1, max_length=200)]
    base_url: str | None = None
    api_key_env: str | None = None
    prices: dict[str, Any] | None = None
    reserve_per_call: str | int | float | None = None
    context_tokens: Annotated[int, Field(ge=1)] | None = None
    structured: Structured = "auto"
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    attempts_max: Annotated[int, Field(ge=1, le=20)] = 4
    reasoning_tokens_max: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    connect_seconds: Seconds = 5.0
    read_seconds: Seconds | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


def read_settings(model: str, options: Mapping[str, Any]) -> ProviderSettings:
    """Check a provider model's options.

    Raises:
        InvalidConfig: one is unknown or makes no sense; the message repeats no value, which could
            be a key.
    """
    try:
        settings = ProviderSettings.model_validate({"model": model, **options})
    except ValidationError as error:
        detail = error.errors(include_input=False, include_url=False)[0]
        key = str(detail["loc"][0])
        if detail["type"] == "extra_forbidden":
            raise InvalidConfig(_unknown(key)) from None
        raise InvalidConfig(f"{key}: {detail['msg']}") from None
    if settings.api_key_env and not _VARIABLE.fullmatch(settings.api_key_env):
        raise InvalidConfig("api_key_env is the name of an environment variable, for example OPENAI_API_KEY")
    if settings.base_url is not None:
        _check_url(settings.base_url)
    for name in settings.parameters:
        if name in _OURS:
            raise InvalidConfig(f"parameters.{name} is set by the market; leave it out")
    return settings


def host_of(url: str) -> str:
    """The host and port of an endpoint: who is paid for calls to it."""
    return urlsplit(url).netloc.rpartition("@")[2] or "a compatible endpoint"


def _unknown(key: str) -> str:
    known = ", ".join(ProviderSettings.model_fields)
    hint = "; keys come from the environment: name the variable with api_key_env" if "key" in key.lower() else ""
    return f"unknown option {key!r}: it takes {known}{hint}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        raise InvalidConfig("base_url is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_sound:
        raise InvalidConfig("base_url is a URL such as http://localhost:8000/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidConfig("base_url holds a password, a query or a fragment; keys come from the environment")
