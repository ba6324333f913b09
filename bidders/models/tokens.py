"""Counting tokens without a tokenizer: a bound that holds for all of them, and an estimate."""

from __future__ import annotations

import json
from typing import Final

from orchestrator import Prompt, Usage

# What providers put around a conversation: the template's own marks, a default system text, and with a
# schema or a tool the text that explains it (a few hundred tokens where that is published).
_AROUND_PROMPT: Final = 128
_AROUND_MESSAGE: Final = 16
_AROUND_SCHEMA: Final = 1024
_BYTES_PER_TOKEN: Final = 3


def input_tokens_max(prompt: Prompt) -> int:
    """The most tokens that a prompt can come to.

    Tokenizers that are used today split text into pieces of at least one UTF-8 byte, so its bytes
    bound its tokens. What a provider adds of its own is allowed for, not known: a provider that
    adds more can exceed this.
    """
    size = _AROUND_PROMPT + sum(_AROUND_MESSAGE + len(_bytes(message.text)) for message in prompt.messages)
    if prompt.schema is not None:
        # Modes that are not native state the schema in the prompt, and some providers do both.
        size += _AROUND_SCHEMA + 2 * len(_bytes(json.dumps(prompt.schema)))
    return size


def estimated_usage(prompt: Prompt, written: str) -> Usage:
    """Usage as we count it where the provider did not say: a token for every three UTF-8 bytes.

    Args:
        prompt: what was asked.
        written: what was answered, as far as it got.
    """
    read = _AROUND_MESSAGE + sum(estimated_tokens(message.text) for message in prompt.messages)
    if prompt.schema is not None:
        read += estimated_tokens(json.dumps(prompt.schema))
    return Usage(read, min(estimated_tokens(written), prompt.max_tokens), estimated=True)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text comes to; English is nearer to one for four bytes."""
    return -(-len(_bytes(text)) // _BYTES_PER_TOKEN)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")
