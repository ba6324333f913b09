"""Functions of strangers, which a config or a command names: found, and checked before anything depends on them."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.errors import InvalidConfig
from orchestrator.plugins.plugin import said

_SHOWN_CHARACTERS_MAX = 100


def find_function(path: str, what: str) -> Callable[..., Any]:
    """Import a function by its path.

    Args:
        path: `package.module:function`, or `package.module.function`.
        what: what it is to be, for messages, such as `embedding`.

    Raises:
        InvalidConfig: its module cannot be imported, holds no such name, or holds something else under it.
    """
    try:
        found = pkgutil.resolve_name(path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise InvalidConfig(
            f"{what} {_shown(path)} cannot be loaded ({said(error)}); its path is package.module:function"
        ) from error
    if not callable(found):
        raise InvalidConfig(f"{what} {_shown(path)} is {type(found).__name__}, not a function")
    function: Callable[..., Any] = found
    return function


def check_call(function: Callable[..., Any], given: Sequence[object], what: str, takes: str) -> None:
    """See to it that a function can be called as it will be, before anybody has paid for what it is to look at.

    Args:
        function: any callable; one that does not tell its parameters passes.
        given: arguments of the kind that it will get; it is not called.
        what: what it is and how it is called, for messages.
        takes: what it gets, in words.

    Raises:
        InvalidConfig: it takes something else.
    """
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*given)
    except TypeError as error:
        raise InvalidConfig(f"{what} cannot be called with {takes}: {error}") from None


def plain_number(value: Any) -> Any:
    """What a function said, as a number of Python's own where it is one of NumPy's or PyTorch's."""
    try:
        return value.item()
    except Exception:
        return value  # it is none of these, or an array of many


def _shown(path: str) -> str:
    return ascii(path)[:_SHOWN_CHARACTERS_MAX]
