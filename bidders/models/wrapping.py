"""What models put around an answer that is no part of it: thoughts in the text, and a code fence around the whole."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_OPENING: Final = "<think>"
_CLOSING: Final = "</think>"
_FENCE: Final = "```"


def without_thoughts(text: str) -> str:
    """An answer without the thoughts that a reasoning model wrote before it.

    Servers that do not tell the two apart leave thoughts in the text. Some templates begin the
    thoughts themselves, so that only their end is written.

    Args:
        text: as the provider sent it. Where it broke off in the middle of a thought, nothing is left.
    """
    is_opened = text.lstrip().startswith(_OPENING)
    thoughts, closing, answer = text.partition(_CLOSING)
    if not closing:
        return "" if is_opened else text
    stands_alone = not thoughts.rpartition("\n")[2].strip() and not answer.partition("\n")[0].strip()
    return answer if is_opened or (stands_alone and _OPENING not in thoughts) else text


class Spoken:
    """Passes on the pieces of an answer as they arrive, without the thoughts that it begins with."""

    def __init__(self) -> None:
        self._held: str | None = ""

    def after(self, piece: str) -> str:
        """What is to be passed on after one more piece; nothing while it may be a thought."""
        if self._held is None:
            return piece
        self._held += piece
        begun = self._held.lstrip()
        if begun.startswith(_OPENING):
            _, closing, spoken = begun.partition(_CLOSING)
            if not closing:
                return ""
        elif _OPENING.startswith(begun):
            return ""
        else:
            spoken = self._held
        self._held = None
        return spoken


def without_fence(text: str, languages: Collection[str]) -> str:
    """A text without the one code fence that stands around all of it.

    Args:
        text: an answer.
        languages: of the fences that are taken off; `""` is one that names none.
    """
    first, _, rest = text.strip().partition("\n")
    inner, closing, after = rest.rpartition(_FENCE)
    is_around = first.startswith(_FENCE) and first[len(_FENCE) :].strip().lower() in languages
    is_closed = closing and not after and not inner.rpartition("\n")[2].strip()
    return inner.rstrip() if is_around and is_closed and _is_balanced(inner) else text


def _is_balanced(text: str) -> bool:
    """Whether each fence in a text is closed in it, so that the one around it is one and not two."""
    is_open = False
    for line in text.splitlines():
        if line.lstrip().startswith(_FENCE):
            if not is_open and line.strip() == _FENCE:
                return False
            is_open = not is_open
    return not is_open
