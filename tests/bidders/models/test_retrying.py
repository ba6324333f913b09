"""Retries: only what may help and cost nothing, with growing pauses, and never past the deadline."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.models.retrying import full_jitter, retry_after_seconds, retrying
from orchestrator.errors import (
    ProviderDown,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Unauthorised,
    UnreadableReply,
)
from tests.bidders.models.virtual_time import run_virtually


class Failing:
    """Fails so often, then answers; keeps the virtual time of each attempt."""

    def __init__(self, *failures: ProviderError) -> None:
        self._failures = list(failures)
        self.times: list[float] = []

    async def __call__(self) -> str:
        self.times.append(asyncio.get_running_loop().time())
        if self._failures:
            raise self._failures.pop(0)
        return "answer"


def may_retry(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.is_retriable and error.cost_nanos == 0


def longest(bound_seconds: float) -> float:
    """The jitter that waits for as long as it may."""
    return bound_seconds


def run(attempt: Failing, *, attempts_max: int = 5, deadline_seconds: float = 1000.0) -> tuple[str, float]:
    return run_virtually(lambda: retrying(attempt, may_retry, attempts_max, deadline_seconds, longest))


def test_pauses_double_up_to_a_bound() -> None:
    attempt = Failing(*[ProviderDown("down")] * 9)
    answer, _ = run(attempt, attempts_max=10)
    pauses = [later - earlier for earlier, later in zip(attempt.times, attempt.times[1:], strict=False)]
    assert answer == "answer"
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30])


def test_the_last_failure_is_raised_when_the_attempts_are_used_up() -> None:
    attempt = Failing(*[ProviderDown("down")] * 5)
    with pytest.raises(ProviderDown):
        run(attempt, attempts_max=3)
    assert len(attempt.times) == 3


def test_what_the_provider_asks_for_is_the_least_pause() -> None:
    attempt = Failing(RateLimited("slow down", retry_after_seconds=45.0))
    run(attempt)
    # The pause comes on top: others were told the same.
    assert attempt.times[1] == pytest.approx(45.5)


def test_the_pause_on_top_is_not_what_makes_a_call_too_late() -> None:
    attempt = Failing(RateLimited("slow down", retry_after_seconds=45.0))
    answer, _ = run(attempt, deadline_seconds=45.2)
    assert answer == "answer"


def test_an_attempt_that_was_told_how_long_to_wait_does_not_count() -> None:
    told = RateLimited("slow down", retry_after_seconds=2.0)
    attempt = Failing(told, ProviderDown("down"), told, told)
    assert run(attempt, attempts_max=2)[0] == "answer"
    # The controls: who says to come again at once is not believed for ever, and the deadline holds for all.
    with pytest.raises(RateLimited):
        run(Failing(*[RateLimited("slow down", retry_after_seconds=0.0)] * 3), attempts_max=2)
    with pytest.raises(RateLimited):
        run(Failing(*[told] * 50), attempts_max=2, deadline_seconds=30.0)


def test_no_pause_reaches_past_the_deadline() -> None:
    attempt = Failing(RateLimited("slow down", retry_after_seconds=45.0))
    with pytest.raises(RateLimited):
        run(attempt, deadline_seconds=44.0)
    # It gave up at once: a bidder that cannot be served says so while there is time to go on without it.
    assert attempt.times == [0.0]


@pytest.mark.parametrize(
    "failure",
    [
        Unauthorised("wrong key"),
        ProviderTimeout("silent", cost_nanos=None),
        UnreadableReply("garbage"),
        ProviderDown("broke off", cost_nanos=5),
        ProviderDown("broke off", cost_nanos=None),
    ],
)
def test_what_cannot_help_or_may_be_paid_twice_is_not_tried_again(failure: ProviderError) -> None:
    attempt = Failing(failure)
    with pytest.raises(type(failure)):
        run(attempt)
    assert len(attempt.times) == 1


@given(st.floats(min_value=0, max_value=30))
def test_jitter_is_full(bound_seconds: float) -> None:
    assert 0 <= full_jitter(bound_seconds) <= bound_seconds


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        # By the provider's own clock, which is an hour ahead.
        ({"retry-after": formatdate(NOW + 3630, usegmt=True), "date": formatdate(NOW + 3600, usegmt=True)}, 30.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, lambda: NOW) == seconds
