"""Retry, in this one layer: the SDKs' own is turned off."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from orchestrator.errors import ProviderError

T = TypeVar("T")
_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 30.0
_TOLD_SECONDS_MIN: Final = 1.0  # who says to come again at once may say so for ever


async def retrying(
    attempt: Callable[[], Awaitable[T]],
    may_retry: Callable[[BaseException], bool],
    attempts_max: int,
    ends_at: float,
    jitter: Callable[[float], float],
) -> T:
    """Make a call, and again after a pause where that may help.

    Pauses grow exponentially with full jitter: each is drawn between 0 and twice the bound of the
    one before. Where the provider says how long to wait, the pause comes on top of that, so that
    calls which were told the same do not all come back at the same moment; and the attempt does not
    count, since it was only too early. A pause that would reach past the deadline is not begun; the
    failure is raised at once.

    Args:
        attempt: makes the call once.
        may_retry: whether a failed call may be made again.
        attempts_max: how often at most, apart from attempts that were told how long to wait.
        ends_at: the deadline, by the event loop's clock.
        jitter: draws a pause between 0 and a bound, in seconds.

    Raises:
        ProviderError: the last failure.
    """
    told = 0

    def wait(state: RetryCallState) -> float:
        nonlocal told
        asked = _asked_to_wait(state)
        told += asked >= _TOLD_SECONDS_MIN
        pause = jitter(min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** (state.attempt_number - 1)))
        # Not so long that it would be for the pause alone that the call comes too late.
        left = max(0.0, ends_at - asyncio.get_running_loop().time() - asked)
        return asked + min(pause, left / 2) if asked else pause

    def stop(state: RetryCallState) -> bool:
        late = asyncio.get_running_loop().time() + state.upcoming_sleep >= ends_at
        return state.attempt_number - told >= attempts_max or late

    policy = AsyncRetrying(retry=retry_if_exception(may_retry), wait=wait, stop=stop, sleep=asyncio.sleep, reraise=True)
    return await policy(attempt)


def full_jitter(bound_seconds: float) -> float:
    """A pause anywhere between 0 and a bound; it decides about nothing that is recorded."""
    return random.uniform(0.0, bound_seconds)


def retry_after_seconds(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """How long a provider asks to wait, from a reply's headers.

    Reads `retry-after-ms`, and `retry-after` as seconds or as an HTTP date (RFC 9110, 10.2.3), which
    is taken relative to the reply's own `date`, so that wrong clocks do not matter.

    Args:
        headers: of the reply, found whatever their case.
        now: Unix time in seconds, for a reply without `date`.

    Returns:
        Seconds of 0 or more; None where it does not say, or says nothing readable.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _number(said)
    if seconds is not None or said is None:
        return seconds
    until, sent = _date(said), _date(headers.get("date"))
    return None if until is None else max(0.0, until - (now() if sent is None else sent))


def _asked_to_wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after_seconds or 0.0) if isinstance(error, ProviderError) else 0.0


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
