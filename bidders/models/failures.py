"""Providers' errors, told in our few kinds: what happened, where, and who must act."""

from __future__ import annotations

import re
from typing import Final

from orchestrator.errors import (
    PromptTooLong,
    ProviderDown,
    ProviderError,
    ProviderRefused,
    RateLimited,
    Unauthorised,
    UnknownModel,
)

_SAID_CHARACTERS_MAX: Final = 200
_CONTEXT: Final = re.compile(
    r"context.{0,20}(length|window|size|limit)|maximum context|prompt is too long|too many (input )?tokens"
    r"|(input|prompt).{0,30}too (long|large)|exceed.{0,40}(context|token limit|max.{0,10}tokens)",
    re.IGNORECASE,
)
_MODEL_ABSENT: Final = re.compile(
    r"model.{0,80}(not found|does not exist|not exist|unknown|no such|not supported|invalid)"
    r"|(unknown|no such|invalid|unsupported) model|model_not_found",
    re.IGNORECASE,
)
_NO_CREDIT: Final = re.compile(
    r"insufficient_quota|insufficient.{0,10}(credit|balance|funds)|credit balance|billing|exceeded your current quota",
    re.IGNORECASE,
)
_NO_SUPPORT: Final = re.compile(r"support", re.IGNORECASE)
_KEY: Final = re.compile(r"\b(?:sk|pk|rk|key|gsk|xai|hf|AIza)[-_][\w*.…-]{6,}|\bAIza[\w-]{10,}|[Bb]earer\s+\S+")


def failure_of_status(
    status: int, said: str, *, where: str, secret: str = "", retry_after: float | None = None
) -> ProviderError:
    """What a reply with an HTTP status that is no success comes to.

    Args:
        status: the HTTP status.
        said: the provider's own words, with its error code.
        where: the model and its provider, for the message.
        secret: the key that was sent; taken out of the words.
        retry_after: how many seconds the provider asks to wait.
    """
    words = redacted(said, secret)
    quoted = f" ({words})" if words else ""
    kind, told = _kind(status, said)
    return kind(f"{where} {told}: HTTP {status}{quoted}", retry_after_seconds=retry_after)


def unreachable(where: str, said: str, secret: str = "") -> ProviderDown:
    """No connection: nothing was asked, so nothing is charged."""
    return ProviderDown(f"{where} cannot be reached ({redacted(said, secret)}); check its address and the network")


def redacted(said: str, secret: str = "") -> str:
    """A provider's words as they may be shown and recorded: one short line without keys."""
    line = said.replace(secret, "***") if secret else said
    line = _KEY.sub("***", " ".join(line[:5000].split()))
    return line if len(line) <= _SAID_CHARACTERS_MAX else line[: _SAID_CHARACTERS_MAX - 1] + "…"


def _kind(status: int, said: str) -> tuple[type[ProviderError], str]:
    if status == 402 or (status == 429 and _NO_CREDIT.search(said)):
        return Unauthorised, "has no credit left on this key's account"
    if status in (401, 403):
        return Unauthorised, "does not accept the key; check the environment variable that holds it"
    if status == 413 or (status in (400, 422) and _CONTEXT.search(said)):
        return PromptTooLong, "cannot read that much text"
    if (status == 404 and not _NO_SUPPORT.search(said)) or (status in (400, 422) and _MODEL_ABSENT.search(said)):
        return UnknownModel, "is not known at this address; check the model's name and the address"
    if status == 429:
        return RateLimited, "takes no more calls for now"
    if status in (408, 409, 425, 499) or (status >= 500 and status != 501):
        return ProviderDown, "is out of order"
    return ProviderRefused, "refuses the call"
