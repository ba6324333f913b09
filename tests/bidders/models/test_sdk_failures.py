"""What the libraries make of failures, and what ours makes of that."""

from __future__ import annotations

import httpx
import pytest
import respx

from orchestrator import Money
from orchestrator.errors import (
    PromptTooLong,
    ProviderDown,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    RateLimited,
    Unauthorised,
    UnknownModel,
    UnreadableReply,
)
from tests.bidders.models.asking import ask, failure_of_asking
from tests.bidders.models.sdks import (
    KEY,
    Sdk,
    answer,
)
from tests.fake_provider.books import Bill
from tests.fake_provider.formats import chat_reply

ERRORS: dict[str, tuple[httpx.Response, type[ProviderError]]] = {
    "rate limit": (httpx.Response(429, json={}, headers={"retry-after": "3600"}), RateLimited),
    "no credit": (httpx.Response(429, json={"error": {"message": "x", "code": "insufficient_quota"}}), Unauthorised),
    "broken": (httpx.Response(500, text="<html>oops"), ProviderDown),
    "overloaded": (httpx.Response(529, json={"error": {"type": "overloaded_error"}}), ProviderDown),
    "wrong key": (httpx.Response(401, json={"error": {"message": f"bad key {KEY}"}}), Unauthorised),
    "wrong model": (httpx.Response(404, json={"error": {"message": "model not found"}}), UnknownModel),
    "too long": (httpx.Response(400, json={"error": {"message": "prompt is too long: 9 > 8"}}), PromptTooLong),
    "refused": (httpx.Response(400, json={"error": {"message": "no"}}), ProviderRefused),
    "no json": (httpx.Response(200, text="hello"), UnreadableReply),
    "no object": (httpx.Response(200, json=[1, 2]), UnreadableReply),
    "no reply": (httpx.Response(200, json={"hello": 1}), UnreadableReply),
    "not utf-8": (
        httpx.Response(200, content=b'{"a": "\xff\xfe"}', headers={"content-type": "application/json"}),
        UnreadableReply,
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_every_error_is_one_clear_line_of_our_own_kind(sdk: Sdk, route: respx.Route, case: str) -> None:
    response, kind = ERRORS[case]
    route.mock(return_value=response)
    failure = failure_of_asking(sdk.model())
    assert type(failure) is kind
    assert str(failure).startswith(f"{sdk.name} at ")
    assert "\n" not in str(failure)
    assert KEY not in str(failure)
    assert failure.__cause__ is None
    assert failure.cost_nanos == (None if kind is UnreadableReply else 0)


def test_a_wrong_key_is_told_with_the_variable_that_holds_it(sdk: Sdk, route: respx.Route) -> None:
    route.mock(return_value=ERRORS["wrong key"][0])
    assert f"check the environment variable {sdk.variable}: HTTP 401" in str(failure_of_asking(sdk.model()))


def test_a_code_that_a_provider_writes_twice_is_told_once(sdk: Sdk, route: respx.Route) -> None:
    error = {"message": "no money", "type": "insufficient_quota", "code": "insufficient_quota"}
    route.mock(return_value=httpx.Response(429, json={"error": error}))
    assert str(failure_of_asking(sdk.model())).count("insufficient_quota") == 1


@pytest.mark.parametrize(
    ("raised", "kind", "cost_nanos"),
    [
        ("ConnectError", ProviderDown, 0),
        ("ConnectTimeout", ProviderDown, 0),
        ("PoolTimeout", ProviderDown, 0),
        ("RemoteProtocolError", ProviderDown, 0),
        ("ReadTimeout", ProviderTimeout, None),
    ],
)
def test_a_lost_connection_is_told_apart_from_a_silent_provider(
    sdk: Sdk, route: respx.Route, raised: str, kind: type[ProviderError], cost_nanos: int | None
) -> None:
    module = __import__("httpcore2" if sdk.using == "httpcore2" else "httpcore")
    route.mock(side_effect=getattr(module, raised)("lost"))
    failure = failure_of_asking(sdk.model())
    assert type(failure) is kind
    assert failure.cost_nanos == cost_nanos


@pytest.mark.parametrize("status", [429, 500, 529])
def test_what_passes_is_tried_again_and_costs_nothing(sdk: Sdk, route: respx.Route, status: int) -> None:
    failed = httpx.Response(status, json={}, headers={"retry-after": "0"})
    route.mock(side_effect=[failed, failed, httpx.Response(200, json=sdk.reply(answer()))])
    model = sdk.model(attempts_max=3)
    model.jitter = lambda bound: 0.0
    assert ask(model).cost == Money(Bill(40, 9, 10).nanos)
    assert route.call_count == 3


def test_a_pause_past_the_deadline_is_not_begun(sdk: Sdk, route: respx.Route) -> None:
    route.mock(return_value=ERRORS["rate limit"][0])
    failure = failure_of_asking(sdk.model(attempts_max=5))
    assert isinstance(failure, RateLimited)
    assert failure.retry_after_seconds == 3600
    assert route.call_count == 1


def test_an_error_in_the_middle_of_a_stream_is_charged_as_far_as_it_came(sdk: Sdk, route: respx.Route) -> None:
    events = list(sdk.events(answer()))
    body = b"".join(events[:3])
    if sdk.reply is chat_reply:
        body += b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
    else:
        body += b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}\n\n'
    route.mock(return_value=httpx.Response(200, content=body, headers={"content-type": "text/event-stream"}))
    heard: list[str] = []
    failure = failure_of_asking(sdk.model(attempts_max=5, reasoning_tokens_max=0), on_text=heard.append)
    assert isinstance(failure, ProviderDown)
    assert failure.cost_nanos
    assert heard
    assert route.call_count == 1


def test_a_free_model_is_not_asked_again_once_it_was_heard(sdk: Sdk, route: respx.Route) -> None:
    body = b"".join(list(sdk.events(answer()))[:3])
    route.mock(return_value=httpx.Response(200, content=body, headers={"content-type": "text/event-stream"}))
    free = {"input_per_million": 0, "output_per_million": 0}
    failure = failure_of_asking(sdk.model(attempts_max=5, prices=free), on_text=lambda piece: None)
    assert failure.cost_nanos == 0
    assert route.call_count == 1
