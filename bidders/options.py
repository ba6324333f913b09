"""Reading options, which arrive from a config file."""

from __future__ import annotations

import math
from collections.abc import Sequence

import orchestrator
from orchestrator import Money

_KIND_CHARACTERS_MAX = 100


def number_in(name: str, value: float | str, low: float, high: float) -> float:
    """Read an option that must be a number within bounds.

    Args:
        name: the option's name, for the message.
        value: what the config says; a decimal string will do.
        low: the least it may be.
        high: the most it may be.

    Raises:
        InvalidConfig: it is no number, not finite or out of bounds.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not low <= number <= high:
        raise orchestrator.errors.InvalidConfig(f"{name} is a number from {low:g} to {high:g}, not {value!r}")
    return number


def whole_in(name: str, value: float | str, low: int, high: int) -> int:
    """Read an option that counts something: as `number_in` does, and it must be whole.

    Raises:
        InvalidConfig: it is no whole number, or out of bounds.
    """
    number = number_in(name, value, low, high)
    if not number.is_integer():
        # A half would be rounded to what nobody has asked for.
        raise orchestrator.errors.InvalidConfig(f"{name} is a whole number from {low} to {high}, not {value!r}")
    return int(number)


def flag_in(name: str, value: object) -> bool:
    """Read an option that must be true or false.

    Raises:
        InvalidConfig: it is neither.
    """
    if not isinstance(value, bool):
        raise orchestrator.errors.InvalidConfig(f"{name} is true or false, not {_shown(value)}")
    return value


def money_in(name: str, value: str | int) -> Money:
    """Read an option that must be an amount of money, in USD.

    Raises:
        InvalidMoney: it is none; the message names the option.
    """
    try:
        return Money.usd(value)
    except orchestrator.errors.InvalidMoney as refusal:
        raise orchestrator.errors.InvalidMoney(f"{name}: {refusal}") from None


def names_in(name: str, value: object) -> tuple[str, ...]:
    """Read an option that must be a list of names, each once and at least one.

    Args:
        name: the option's name, for the message.
        value: what the config says.

    Raises:
        InvalidConfig: it is no list, is empty, or holds something else than names or one name twice.
    """
    found = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ()
    is_named = all(isinstance(each, str) and each.strip() for each in found)
    if not found or not is_named or len(set(found)) < len(found):
        raise orchestrator.errors.InvalidConfig(f"{name} is a list of different names, not {value!r}")
    return found


def words_in(name: str, value: object) -> tuple[str, ...]:
    """Read an option that must be a list of texts, which may be empty.

    Args:
        name: the option's name, for the message.
        value: what the config says.

    Raises:
        InvalidConfig: it is no list, or holds something else than texts.
    """
    # A text by itself would be read letter by letter.
    found = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else None
    if found is None or not all(isinstance(each, str) for each in found):
        raise orchestrator.errors.InvalidConfig(
            f"{name} is a list of texts, such as [one, another], not {_shown(value)}"
        )
    return found


def kind_in(name: str, value: object) -> str:
    """Read an option that must be the kind of the segments that a bidder writes, before it is paid to write one.

    Args:
        name: the option's name, for the message.
        value: what the config says.

    Raises:
        InvalidConfig: no segment can be of it; or it is `request`, the kind of what the user has written.
    """
    is_short = isinstance(value, str) and 0 < len(value) <= _KIND_CHARACTERS_MAX
    if not isinstance(value, str) or not is_short or not value.isprintable() or value.strip() in ("", "request"):
        raise orchestrator.errors.InvalidConfig(
            f"{name} is a short text in one line, such as `note`, and not `request`; it is {_shown(value)}"
        )
    return value


def _shown(value: object) -> str:
    """A value in one line of the message."""
    text = repr(value)
    return text if len(text) <= _KIND_CHARACTERS_MAX else f"{text[:_KIND_CHARACTERS_MAX]}…"
