"""What the errors of the providers' libraries come to: those of openai, of anthropic and of litellm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bidders.models.failures import failure_of_status, redacted, unreachable
from bidders.models.reply import part, text_at
from bidders.models.retrying import retry_after_seconds
from orchestrator.errors import (
    ProviderDown,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    Unauthorised,
    UnknownModel,
    UnreadableReply,
)

# Errors that carry an HTTP status are told apart by it, these by their name or that of a base.
BY_NAME: Final[dict[str, type[ProviderError]]] = {
    "APIResponseValidationError": UnreadableReply,
    "APIWebhookValidationError": UnreadableReply,
    "InvalidWebhookSignatureError": UnreadableReply,
    "LengthFinishReasonError": UnreadableReply,
    "JSONSchemaValidationError": UnreadableReply,
    "ContentFilterFinishReasonError": ProviderRefused,
    "BlockedPiiEntityError": ProviderRefused,
    "BudgetExceededError": ProviderRefused,
    "GuardrailRaisedException": ProviderRefused,
    "ModifyResponseException": ProviderRefused,
    "SensitiveDataRouteException": ProviderRefused,
    "LiteLLMUnknownProvider": UnknownModel,
    "ModelNotMappedError": UnknownModel,
    "CredentialsError": Unauthorised,
    "SubjectTokenProviderError": Unauthorised,
    "WorkloadIdentityError": Unauthorised,
    "RetryableError": ProviderDown,
    "WebSocketConnectionClosedError": ProviderDown,
    "WebSocketQueueFullError": ProviderDown,
}
# Their status, where they carry one, is no provider's.
BY_CONNECTION: Final = frozenset({"APITimeoutError", "APIConnectionError"})
BY_BODY: Final = frozenset({"APIError", "APIStatusError"})
# Nothing was asked yet when these come up: they are of the HTTP libraries under the SDKs.
_NEVER_SENT: Final = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "InvalidURL"}
)
# The connection was lost before the provider said anything.
_LOST: Final = frozenset({"ReadError", "WriteError", "RemoteProtocolError", "LocalProtocolError", "CloseError"})
_SILENT: Final = frozenset({"ReadTimeout", "WriteTimeout"})
_UNREADABLE: Final = (
    "Empty or invalid response from LLM endpoint",
    "Unable to get json response",
    "Invalid response object",
    "that is not a list",
    "codec can't decode",
)
# What litellm puts before a provider's words.
_PREFIX: Final = re.compile(r"^litellm\.\w+: (?:[\w.]+: )*(?:\w+Exception - )?(?:[\w.]+: )*")
_BROKEN_OFF: Final = ("complete message body", "incomplete chunked read", "incomplete message")
_STATUS_OF_TYPE: Final = (
    ("rate_limit", 429),
    ("quota", 429),
    ("authentication", 401),
    ("permission", 403),
    ("not_found", 404),
    ("invalid_request", 400),
    ("request_too_large", 413),
)


def failure_of(
    error: Exception, where: str, secrets: Sequence[str], key_variables: Sequence[str] = ()
) -> ProviderError:
    """What an error of one call comes to.

    Args:
        error: what the library raised.
        where: the model and its provider, for the message.
        secrets: keys that may have been sent; they are taken out of the provider's words.
        key_variables: the environment variables that hold them; empty where none was sent.
    """
    names = [each.__name__ for each in type(error).__mro__]
    named = next((BY_NAME[name] for name in names if name in BY_NAME), None)
    if named is not None:
        cost_nanos = None if named is UnreadableReply else 0
        return named(f"{where}: {names[0]}: {redacted(_words(error), secrets)}", cost_nanos=cost_nanos)
    below = _of_transport(error, where, secrets)
    if below is not None:
        return below
    if "APITimeoutError" in names:
        return _silent(where)
    status = part(error, "status_code")
    if type(status) is int and status >= 300 and BY_CONNECTION.isdisjoint(names):
        return failure_of_status(
            status,
            _words(error),
            where=where,
            secrets=secrets,
            key_variables=key_variables,
            retry_after=retry_after_seconds(_headers(error)),
        )
    if not BY_BODY.isdisjoint(names) and part(error, "body") is not None:
        # It came in the middle of a stream, after the status.
        return failure_of_status(
            _status_in(error), _words(error), where=where, secrets=secrets, key_variables=key_variables
        )
    said = redacted(f"{names[0]}: {error}", secrets)
    return UnreadableReply(f"{where} sent what cannot be read ({said})", cost_nanos=None)


def _of_transport(error: Exception, where: str, secrets: Sequence[str]) -> ProviderError | None:
    """What happened to the connection below an error; None where nothing did."""
    chain = list(_chain(error))
    told = " ".join(str(each) for each in chain)
    absent = next((each.name for each in chain if isinstance(each, ModuleNotFoundError)), None)
    if absent is not None:
        return ProviderRefused(f"{where}: the provider's library needs the package {absent} for this call; install it")
    if any(words in told for words in _BROKEN_OFF):
        return UnreadableReply(f"{where} broke off its answer", cost_nanos=None)
    if any(words in told for words in _UNREADABLE) or _is_misread_by_litellm(error, chain):
        return UnreadableReply(f"{where} sent what cannot be read", cost_nanos=None)
    unsent = next((each for each in chain if type(each).__name__ in _NEVER_SENT), None)
    if unsent is not None:
        return unreachable(where, str(unsent) or type(unsent).__name__, secrets)
    if any(type(each).__name__ in _SILENT for each in chain):
        return _silent(where)
    lost = next((each for each in chain if type(each).__name__ in _LOST), None)
    return None if lost is None else unreachable(where, str(lost) or type(lost).__name__, secrets)


def _is_misread_by_litellm(error: Exception, chain: list[BaseException]) -> bool:
    """Whether litellm calls an outage what was a reply that it could not read, and that is charged."""
    return type(error).__module__.startswith("litellm") and any(isinstance(each, ValueError) for each in chain[1:])


def _silent(where: str) -> ProviderTimeout:
    return ProviderTimeout(f"{where} went silent and was given up on", cost_nanos=None)


def _headers(error: Exception) -> Mapping[str, str]:
    """The reply's headers; litellm keeps them beside the response."""
    headers = part(error, "litellm_response_headers") or part(error, "response", "headers")
    return headers if isinstance(headers, Mapping) else {}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _words(error: Exception) -> str:
    """The provider's own words, with its codes, from an error's body."""
    body = part(error, "body")
    inner = part(body, "error")
    told = body if inner is None else inner
    codes = [str(part(told, key)) for key in ("type", "code", "param") if part(told, key) is not None]
    said = told if isinstance(told, str) else text_at(told, "message") or text_at(error, "message") or str(error)
    said = _PREFIX.sub("", said)
    return f"{said} [{', '.join(dict.fromkeys(codes))}]" if codes else said


def _status_in(error: Exception) -> int:
    """The HTTP status that an error in the middle of a stream would have had."""
    body = part(error, "body")
    told = body if part(body, "error") is None else part(body, "error")
    code = part(told, "code")
    if type(code) is int and 400 <= code <= 599:
        return code
    kind = f"{code} {part(told, 'type')}"
    return next((status for word, status in _STATUS_OF_TYPE if word in kind), 500)
