"""How an endpoint is asked for an object, and what it turned out to support."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bidders.models.settings import Mode, Structured
from orchestrator import Message, Prompt

TOOL_NAME: Final = "answer"
TOOL_DESCRIPTION: Final = "Give the answer."


@dataclass(slots=True)
class Support:
    """What an endpoint supports, as far as calls of this process have shown.

    Attributes:
        mode: how it is asked for objects; None until a call has shown it.
        lacking: features that it refused, by name.
    """

    mode: Mode | None = None
    lacking: set[str] = field(default_factory=set)


_known: Final[dict[tuple[str, ...], Support]] = {}
_lock: Final = threading.Lock()


def support_of(*endpoint: str) -> Support:
    """What this process knows of an endpoint: its type, its address and its model."""
    with _lock:
        return _known.setdefault(endpoint, Support())


def forget_support() -> None:
    """Forget what all endpoints support: for tests, and after an endpoint was upgraded."""
    with _lock:
        _known.clear()


def modes_to_try(structured: Structured, supported: Sequence[Mode], support: Support) -> Sequence[Mode]:
    """The modes to try, best first.

    Args:
        structured: what the config says.
        supported: what the provider's API has, best first.
        support: what calls have shown.
    """
    if structured != "auto":
        return (structured,)
    return (support.mode,) if support.mode is not None else supported


def with_schema(prompt: Prompt) -> Sequence[Message]:
    """The conversation with the schema stated at its end, for modes in which the API does not take it."""
    stated = (
        "Answer with exactly one JSON object that fits this JSON schema, and nothing else: "
        f"no prose, no code fence.\n{json.dumps(prompt.schema)}"
    )
    *before, last = prompt.messages
    return (*before, Message(last.speaker, f"{last.text}\n\n{stated}"))


def without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """A conversation whose system text is said by the user, for models that know no such role."""
    told = "\n\n".join(message.text for message in messages if message.speaker == "system")
    first, *later = [message for message in messages if message.speaker != "system"]
    return (Message(first.speaker, f"{told}\n\n{first.text}"), *later) if told else messages


def mentions(said: str, words: Sequence[str]) -> bool:
    """Whether a provider's refusal names one of these, as a word or the beginning of one: `upstream` is no `stream`."""
    lowered = said.lower()
    return any(re.search(rf"(?<![a-z]){re.escape(word)}", lowered) for word in words)
