"""Listeners: who is told of a request's events, and of what presenters write."""

from __future__ import annotations

import inspect
from typing import Any, Final

from orchestrator.engine.driver import Listener
from orchestrator.engine.recorder import RequestLog
from orchestrator.errors import InvalidConfig, InvalidRequest
from orchestrator.plugins.functions import check_call

_TOLD: Final = {"on_event": ("an event", "the request's progress"), "on_text": ("a piece of text",)}


def check_listeners(**listeners: Any) -> None:
    """Make sure, before anything is spent, that listeners can be called.

    Args:
        listeners: by the names that their caller knows them by; None where nobody listens.

    Raises:
        InvalidRequest: one of them is no function of what it will be told, or is asynchronous: it would be called and
            never awaited.
    """
    for name, listener in listeners.items():
        if listener is None:
            continue
        if not callable(listener):
            raise InvalidRequest(f"{name} is a function, not {type(listener).__name__}")
        if inspect.iscoroutinefunction(listener) or inspect.iscoroutinefunction(type(listener).__call__):
            raise InvalidRequest(
                f"{name} is called and not awaited, so it cannot be `async`; give a plain function, for example one "
                "that puts what it is told into a queue with `put_nowait`"
            )
        try:
            check_call(listener, _TOLD[name], name, " and ".join(_TOLD[name]))
        except InvalidConfig as refusal:
            raise InvalidRequest(str(refusal)) from None


def tell(listener: Listener | None, log: RequestLog) -> None:
    """Tell a listener, if there is one, of the events of a request's latest step."""
    if listener is not None:
        for event in log.latest:
            listener(event, log.progress)
