"""Having a model write: metered, recorded under the prompt that was used, and read with care."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bidders.llm.fence import without_active, without_marks
from bidders.models.metering import metered
from bidders.models.reasoning import cut_off
from bidders.models.wrapping import without_fence
from orchestrator import Meter, Model, Prompt
from orchestrator.errors import InvalidAnswer, ProviderError, UnreadableReply

_SENTENCE_END: Final = re.compile(r"[.!?\u3002\uff01\uff1f][\"')\]\u201d\u2019]*(?=\s|$)|\n")
_KEPT_SHARE_MIN: Final = 0.5
_TEXT_LANGUAGES: Final = ("markdown", "md")
CHARACTERS_PER_TOKEN_MAX: Final = 64
"""More than tokenizers put into a token, so that only a provider that ignores its limit exceeds it."""


async def write(
    model: Model,
    prompt: Prompt,
    meter: Meter,
    label: str,
    on_text: Callable[[str], None] | None = None,
) -> str:
    """Have a model write a text.

    Args:
        model: who writes.
        prompt: what it is asked.
        meter: what the call is charged to.
        label: the prompt's name, version and digest; part of the call's key in the record.
        on_text: told of each piece as it arrives.

    Returns:
        The text, without marks, control characters and a fence around the whole, and up to its last
        whole sentence where the model had to stop; empty where it wrote none.

    Raises:
        ProviderError: the provider failed, withheld the answer, or sent far more than was asked.
        InvalidAnswer: the model refused, or had used up its length before it wrote anything, which is
            its bidder's own failure.
    """
    completion = await metered(meter, model, prompt, purpose=label, on_text=on_text)
    if completion.finish == "refusal":
        raise InvalidAnswer("its model refused to do the work")
    if completion.finish == "filtered":
        raise ProviderError(f"{model.provider} withheld the answer of {model.name}")
    if len(completion.text) > prompt.max_tokens * CHARACTERS_PER_TOKEN_MAX:
        sent, asked = f"{len(completion.text):,} characters", f"{prompt.max_tokens:,} tokens"
        raise UnreadableReply(f"{model.provider} sent {sent} where {asked} were asked for")
    text = without_fence(without_marks(without_active(completion.text)).strip(), _TEXT_LANGUAGES).strip()
    if completion.finish != "length":
        return text
    if not text:
        raise InvalidAnswer(cut_off(completion))
    return up_to_last_sentence(text)


def up_to_last_sentence(text: str) -> str:
    """A text that broke off, without what broke off; the whole of it where that would lose too much."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    last = max(ends, default=0)
    return text[:last].rstrip() if last >= len(text) * _KEPT_SHARE_MIN else text
