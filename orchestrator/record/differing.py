"""Where two values of JSON differ, in words."""

from __future__ import annotations

from typing import Any

_SHOWN_CHARACTERS_MAX = 80


def difference(recorded: Any, decided: Any, place: str = "") -> str | None:
    """Name the first place at which a recorded value differs from what the rules give.

    Args:
        recorded: a value read from JSON.
        decided: what it should be.
        place: where the two stand.

    Returns:
        For example `.lots[0].awards[0].price_nanos is 5, but the rules give 4`; None where they
        are equal.
    """
    if isinstance(recorded, dict) and isinstance(decided, dict):
        for key in sorted(recorded.keys() | decided.keys()):
            found = difference(recorded.get(key), decided.get(key), f"{place}.{key}")
            if found is not None:
                return found
        return None
    if isinstance(recorded, list) and isinstance(decided, list) and len(recorded) == len(decided):
        for index, (left, right) in enumerate(zip(recorded, decided, strict=True)):
            found = difference(left, right, f"{place}[{index}]")
            if found is not None:
                return found
        return None
    if type(recorded) is type(decided) and recorded == decided:
        return None
    return f"{place or 'it'} is {_shown(recorded)}, but the rules give {_shown(decided)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else text[: _SHOWN_CHARACTERS_MAX - 1] + "…"
