"""A provider's reply as it is read: whatever is in it is a stranger's, and may be of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bidders.models.wrapping import Spoken
from orchestrator import Finish, Usage
from orchestrator.errors import UnreadableReply

TOKENS_MAX: Final = 100_000_000
TEXT_CHARACTERS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider said.

    Attributes:
        text: the answer.
        usage: what it reports; None where it reports nothing, or nonsense.
        finish: why it stopped.
        model: which model it says answered.
    """

    text: str
    usage: Usage | None
    finish: Finish
    model: str


def part(value: Any, *path: str | int) -> Any:
    """What stands at a path of attributes, keys and positions; None where nothing does."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | tuple) and len(value) > step else None
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            value = getattr(value, step, None)
    return value


def text_at(value: Any, *path: str | int) -> str:
    """The text at a path; empty where there is none."""
    found = part(value, *path)
    return found if isinstance(found, str) else ""


def items_at(value: Any, *path: str | int) -> Sequence[Any]:
    """The list at a path; empty where there is none."""
    found = part(value, *path)
    return found if isinstance(found, list | tuple) else ()


def count_at(value: Any, *path: str | int) -> int | None:
    """The number of tokens at a path; None where none is given.

    Raises:
        ValueError: what is there is no number of tokens.
    """
    found = part(value, *path)
    if found is None:
        return None
    if type(found) is not int or not 0 <= found <= TOKENS_MAX:
        raise ValueError("no number of tokens")
    return found


def checked_usage(usage: Usage) -> Usage:
    """A usage whose parts do not exceed their wholes.

    Raises:
        ValueError: they do.
    """
    if usage.cached_input_tokens + usage.cache_written_input_tokens > usage.input_tokens:
        raise ValueError("more input tokens cached than read")
    if usage.reasoning_tokens > usage.output_tokens:
        raise ValueError("more reasoning tokens than written")
    return usage


class Heard:
    """What has arrived of an answer that is being streamed.

    Args:
        on_text: called with each piece that is no thought; what it raises ends the call.

    Attributes:
        began: whether the provider has begun to answer.
    """

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self.began = False
        self._on_text = on_text
        self._pieces: list[str] = []
        self._spoken = Spoken()
        self._characters = 0

    def add(self, piece: str) -> None:
        """Note a piece, and pass it on.

        Raises:
            UnreadableReply: the answer has become longer than any that is asked for.
        """
        self.began = True
        if not piece:
            return
        self._pieces.append(piece)
        self._characters += len(piece)
        if self._characters > TEXT_CHARACTERS_MAX:
            raise UnreadableReply(f"its answer goes on beyond {TEXT_CHARACTERS_MAX:,} characters")
        spoken = self._spoken.after(piece)
        if self._on_text is not None and spoken:
            self._on_text(spoken)

    @property
    def text(self) -> str:
        """All that has arrived."""
        return "".join(self._pieces)
