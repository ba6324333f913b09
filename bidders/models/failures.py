"""Providers' errors, told in our few kinds: what happened, where, and who must act."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bidders.models.credentials import not_accepted
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
    r"model.{0,80}(not found|not exist|no such)|(unknown|no such|invalid|unsupported|not a valid) model"
    r"|model:? [`'\"]?[\w./:@-]+[`'\"]? is (not supported|not available|unknown|invalid)|model_not_found",
    re.IGNORECASE,
)
# Codes after the words, such as `invalid_request_error`: most say nothing of the model that the words speak of.
_CODES: Final = re.compile(r" \[(?![^\]]*model_not_found)[^\]]*\]$")
_NO_CREDIT: Final = re.compile(
    r"insufficient_quota|insufficient.{0,10}(credit|balance|funds)|credit balance|billing|exceeded your current quota",
    re.IGNORECASE,
)
# Most providers answer a wrong key with 401; some with 400, as if it were one parameter of many.
_WRONG_KEY: Final = re.compile(
    r"(incorrect|invalid|wrong|malformed) api.?key|api.?key (is )?(not valid|invalid|incorrect|malformed)",
    re.IGNORECASE,
)
# Several say in words alone how long to wait.
_WAIT: Final = re.compile(
    r"(?:retry|try again) in (?:(?P<minutes>\d{1,4}) ?m ?)?(?P<number>\d{1,6}(?:\.\d+)?) ?(?P<unit>ms|s)", re.IGNORECASE
)
_LOW_CREDIT: Final = re.compile(r"credit balance is too low", re.IGNORECASE)
_NO_SUPPORT: Final = re.compile(r"support", re.IGNORECASE)
_KEY: Final = re.compile(r"\b(?:sk|pk|rk|key|gsk|xai|hf|AIza)[-_][\w*.…-]{6,}|\bAIza[\w-]{10,}|[Bb]earer\s+\S+")


def failure_of_status(
    status: int,
    said: str,
    *,
    where: str,
    secrets: Sequence[str] = (),
    key_variables: Sequence[str] = (),
    retry_after: float | None = None,
) -> ProviderError:
    """What a reply with an HTTP status that is no success comes to.

    Args:
        status: the HTTP status.
        said: the provider's own words, with its error code.
        where: the model and its provider, for the message.
        secrets: keys that may have been sent; taken out of the words.
        key_variables: the environment variables that hold them; empty where none was sent.
        retry_after: how many seconds the provider asks to wait, by its headers.
    """
    words = redacted(said, secrets)
    quoted = f" ({words})" if words else ""
    wait_seconds = _wait_seconds(said) if retry_after is None else retry_after
    kind, told = _kind(status, said, wait_seconds is not None, key_variables)
    return kind(f"{where} {told}: HTTP {status}{quoted}", retry_after_seconds=wait_seconds)


def unreachable(where: str, said: str, secrets: Sequence[str] = ()) -> ProviderDown:
    """No connection: nothing was asked, so nothing is charged."""
    return ProviderDown(f"{where} cannot be reached ({redacted(said, secrets)}); check its address and the network")


def redacted(said: str, secrets: Sequence[str] = ()) -> str:
    """A provider's words as they may be shown and recorded: one short line without keys."""
    line = said
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        line = line.replace(secret, "***")
    line = _KEY.sub("***", " ".join(line[:5000].split()))
    return line if len(line) <= _SAID_CHARACTERS_MAX else line[: _SAID_CHARACTERS_MAX - 1] + "…"


def _wait_seconds(said: str) -> float | None:
    """How long the provider's words ask to wait; None where they do not."""
    found = _WAIT.search(said)
    if found is None:
        return None
    seconds = float(found["number"]) / (1000 if found["unit"].lower() == "ms" else 1)
    return 60 * int(found["minutes"] or 0) + seconds


def _kind(status: int, said: str, asks_to_wait: bool, key_variables: Sequence[str]) -> tuple[type[ProviderError], str]:
    # Who says when to come again has not run out of money, whatever else he says of quotas and billing.
    has_no_credit = "insufficient_quota" in said or (_NO_CREDIT.search(said) and not asks_to_wait)
    is_absent = _MODEL_ABSENT.search(_CODES.sub("", said))
    if status == 402 or (status == 400 and _LOW_CREDIT.search(said)) or (status == 429 and has_no_credit):
        return Unauthorised, "has no credit left on this key's account"
    if status in (401, 403) or (status == 400 and _WRONG_KEY.search(said)):
        return Unauthorised, not_accepted(key_variables)
    if status == 413 or (status in (400, 422) and _CONTEXT.search(said)):
        return PromptTooLong, "cannot read that much text"
    if (status == 404 and (is_absent or not _NO_SUPPORT.search(said))) or (status in (400, 422) and is_absent):
        return UnknownModel, "is not known at this address; check the model's name and the address"
    if status == 429:
        return RateLimited, "takes no more calls for now"
    if status in (408, 409, 425, 499) or (status >= 500 and status != 501):
        return ProviderDown, "is out of order"
    return ProviderRefused, "refuses the call"
