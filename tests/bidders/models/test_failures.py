"""Every error of every SDK comes to one of our kinds, and none repeats a key."""

from __future__ import annotations

import inspect
import os
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from bidders.models.credentials import variables_of
from bidders.models.failures import failure_of_status, redacted
from bidders.models.litellm_library import import_litellm
from bidders.models.sdk_failures import BY_BODY, BY_CONNECTION, BY_NAME, failure_of
from orchestrator.errors import (
    PromptTooLong,
    ProviderDown,
    ProviderError,
    ProviderRefused,
    RateLimited,
    Unauthorised,
    UnknownModel,
    UnreadableReply,
)

# By status and words: what it comes to, and who must act.
STATUSES = [
    (400, "nope", ProviderRefused, "caller"),
    (400, "This model's maximum context length is 8192 tokens", PromptTooLong, "caller"),
    (400, "prompt is too long: 210000 tokens > 200000 maximum", PromptTooLong, "caller"),
    (400, "the model `gpt-9` does not exist", UnknownModel, "operator"),
    (400, "API key not valid. Please pass a valid API key.", Unauthorised, "operator"),
    (400, "Incorrect API key provided: ab***", Unauthorised, "operator"),
    (400, "the key `seed` of the schema is not valid", ProviderRefused, "caller"),
    (400, "Your credit balance is too low to access the API. [invalid_request_error]", Unauthorised, "operator"),
    (
        400,
        "max_tokens is too large: 5200. This model supports at most 4096. [invalid_value]",
        ProviderRefused,
        "caller",
    ),
    (400, "This model does not support structured outputs. [invalid_request_error]", ProviderRefused, "caller"),
    (400, "`temperature` is deprecated for this model. [invalid_request_error]", ProviderRefused, "caller"),
    (400, "'json_schema' is not supported with this model. [invalid_request_error]", ProviderRefused, "caller"),
    (400, "The requested model 'gpt-9' is not supported. [invalid_request_error]", UnknownModel, "operator"),
    (400, "gpt-9 is not a valid model ID", UnknownModel, "operator"),
    (400, "Invalid model: gpt-9 [invalid_model]", UnknownModel, "operator"),
    (400, "no access [invalid_request_error, model_not_found]", UnknownModel, "operator"),
    (401, "bad key", Unauthorised, "operator"),
    (402, "pay first", Unauthorised, "operator"),
    (403, "not here", Unauthorised, "operator"),
    (404, "model not found", UnknownModel, "operator"),
    (404, "models/gem is not found for API version v1, or is not supported for this", UnknownModel, "operator"),
    (404, "no endpoint found that supports tool use", ProviderRefused, "caller"),
    (408, "too slow", ProviderDown, "provider"),
    (409, "conflict", ProviderDown, "provider"),
    (413, "request too large", PromptTooLong, "caller"),
    (422, "n: field required", ProviderRefused, "caller"),
    (429, "slow down", RateLimited, "provider"),
    (429, "You exceeded your current quota [insufficient_quota]", Unauthorised, "operator"),
    (429, "You exceeded your current quota, please check your plan and billing details", Unauthorised, "operator"),
    (429, "You exceeded your current quota, check your billing. Please retry in 19.5s.", RateLimited, "provider"),
    (431, "headers too large", ProviderRefused, "caller"),
    (499, "closed", ProviderDown, "provider"),
    (500, "oops", ProviderDown, "provider"),
    (501, "not implemented", ProviderRefused, "caller"),
    (503, "unavailable", ProviderDown, "provider"),
    (529, "overloaded", ProviderDown, "provider"),
    (302, "moved", ProviderRefused, "caller"),
]


@pytest.mark.parametrize(("status", "said", "kind", "must_act"), STATUSES)
def test_a_status_comes_to_a_kind(status: int, said: str, kind: type[ProviderError], must_act: str) -> None:
    failure = failure_of_status(status, said, where="gpt-x at openai")
    assert type(failure) is kind
    assert failure.must_act == must_act
    assert failure.is_retriable is (must_act == "provider")
    assert failure.cost_nanos == 0
    assert str(failure).startswith("gpt-x at openai ")
    assert f"HTTP {status}" in str(failure)


def test_a_wrong_key_is_told_with_the_variables_that_may_hold_it_and_a_missing_one_with_how_to_name_one() -> None:
    wrong = failure_of_status(401, "no", where="x", key_variables=("GROQ_API_KEY", "GROQ_KEY"))
    advice = "check the environment variable GROQ_API_KEY or GROQ_KEY"
    assert str(wrong) == f"x does not accept the key; {advice}: HTTP 401 (no)"
    missing = str(failure_of_status(401, "no", where="x"))
    assert missing.startswith("x takes no call without a key; name the environment variable")
    assert "api_key_env" in missing


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ("groq", ["GROQ_API_KEY"]),
        ("together_ai", ["TOGETHERAI_API_KEY"]),
        ("gemini", ["GOOGLE_API_KEY"]),
        ("bedrock", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
        ("mistral", ["MISTRAL_API_KEY"]),
    ],
)
def test_a_providers_variables_are_those_set_that_bear_its_name_or_the_usual_one(
    provider: str, variables: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_ones = ("GROQ_API_KEY", "TOGETHERAI_API_KEY", "GOOGLE_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    others = ("GROQ_REGION", "OPENAI_API_KEY")
    monkeypatch.setattr(os, "environ", dict.fromkeys((*set_ones, *others), "test-key-1234567890"))
    assert sorted(variables_of(provider)) == variables


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Please retry in 19.5s.", 19.5),
        ("Please try again in 480ms. Visit our pages", 0.48),
        ("Please try again in 7m12.5s", 432.5),
        ("Please try again later", None),
        ("Sorry.", None),
    ],
)
def test_how_long_to_wait_is_read_from_a_providers_words_where_no_header_says_it(
    said: str, seconds: float | None
) -> None:
    assert failure_of_status(429, said, where="x").retry_after_seconds == seconds
    assert failure_of_status(429, said, where="x", retry_after=2.0).retry_after_seconds == 2.0


def exported_errors(module: ModuleType) -> list[type[Exception]]:
    """Every exception class that a module exports."""
    # A copy, because asking a lazy name what it is loads it.
    named = list(vars(module).items())
    classes = {value for name, value in named if not name.startswith("_") and inspect.isclass(value)}
    return sorted((each for each in classes if issubclass(each, Exception)), key=lambda each: each.__name__)


def is_mapped(kind: type[Exception]) -> bool:
    """Whether an error of this class is told apart by more than being some error."""
    names = {each.__name__ for each in kind.__mro__}
    return bool(names & (BY_NAME.keys() | BY_CONNECTION | BY_BODY))


# Imported by the tests that need them: with the SDKs every process that only collects tests would take seconds longer.
SDKS = ["openai", "anthropic"]

# The roots alone say nothing: an error of just this class is `UnreadableReply`.
ROOTS = {"OpenAIError", "AnthropicError"}


@pytest.mark.parametrize("sdk", SDKS)
def test_every_error_class_of_an_sdk_is_mapped(sdk: str) -> None:
    found = [each for each in exported_errors(import_module(sdk)) if each.__name__ not in ROOTS]
    assert len(found) > 10
    assert [each.__name__ for each in found if not is_mapped(each)] == []


@pytest.mark.slow  # importing litellm takes five seconds
def test_every_error_class_of_litellm_is_mapped() -> None:
    exceptions = import_litellm().exceptions
    found = [each for each in exported_errors(exceptions) if each.__name__ not in ROOTS]
    assert len(found) > 20
    assert [each.__name__ for each in found if not is_mapped(each)] == []


def test_an_error_class_that_nobody_mapped_is_noticed() -> None:
    planted, root = ModuleType("planted"), import_module("openai").OpenAIError
    planted.QuotaOfTheMoonError = type("QuotaOfTheMoonError", (root,), {})  # type: ignore[attr-defined]
    assert [each.__name__ for each in exported_errors(planted) if not is_mapped(each)] == ["QuotaOfTheMoonError"]


def test_a_status_that_a_library_gives_a_lost_connection_itself_says_nothing_of_what_the_call_cost() -> None:
    """As litellm does: 500, for whatever it does not know."""
    made_up = type("APIConnectionError", (Exception,), {"status_code": 500})
    refused = type("InternalServerError", (Exception,), {"status_code": 500})
    assert failure_of(made_up("gone"), "x", ()).cost_nanos is None
    assert failure_of(refused("gone"), "x", ()).cost_nanos == 0


@pytest.mark.parametrize("sdk", SDKS)
def test_every_error_that_can_be_made_comes_to_a_kind(sdk: str) -> None:
    for kind in exported_errors(import_module(sdk)):
        error = kind.__new__(kind)
        error.__dict__.update(request_id=None, message="oops")
        failure = failure_of(error, "gpt-x at openai", ())
        assert isinstance(failure, ProviderError), kind
        assert type(failure) is not ProviderError, kind


def test_what_no_sdk_raises_is_an_unreadable_reply_of_unknown_cost() -> None:
    failure = failure_of(ValueError("half a reply"), "gpt-x at openai", ())
    assert isinstance(failure, UnreadableReply)
    assert failure.cost_nanos is None


KEYS = [
    "sk-proj-abcdef1234567890",
    "sk-ant-api03-abcdefgh",
    "AIzaSyA-1234567890abcdef",
    "gsk_abcdefghijkl",
    "plain0key",
]


@pytest.mark.parametrize("key", KEYS)
def test_no_message_repeats_a_key(key: str) -> None:
    said = f"Incorrect API key provided: {key}. Authorization: Bearer {key}"
    failure = failure_of_status(401, said, where="gpt-x at openai", secrets=[key])
    assert key not in str(failure)
    if not key.startswith("plain"):
        assert key not in redacted(said)


def test_a_providers_words_are_one_short_line() -> None:
    said = redacted("a\nb\x1b[31m" + "c" * 10_000)
    assert len(said) <= 200
    assert "\n" not in said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("litellm.BadRequestError: XaiException - no such thing", "no such thing"),
        ("litellm.AuthenticationError: AuthenticationError: MistralException - Unauthorized", "Unauthorized"),
        ("litellm.RateLimitError: litellm.RateLimitError: GeminiException - wait", "wait"),
        ("The litellm.Error: stays", "The litellm.Error: stays"),
    ],
)
def test_what_litellm_puts_before_a_providers_words_is_left_out(said: str, words: str) -> None:
    failure = failure_of(type("BadRequestError", (Exception,), {"status_code": 400})(said), "gpt-x at openai", ())
    assert str(failure).endswith(f" HTTP 400 ({words})")


def test_mid_stream_errors_are_told_apart_by_their_body() -> None:
    def error(**body: Any) -> Exception:
        made: Exception = import_module("openai").APIError("oops", request=None, body=body)
        return made

    assert isinstance(failure_of(error(type="rate_limit_error"), "x", ()), RateLimited)
    assert isinstance(failure_of(error(code=503), "x", ()), ProviderDown)
    assert isinstance(failure_of(error(error={"type": "overloaded_error"}), "x", ()), ProviderDown)
    assert isinstance(failure_of(error(type="invalid_request_error"), "x", ()), ProviderRefused)
