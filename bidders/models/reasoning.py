"""How much room a model needs to think: providers count its thoughts as written, and cut both off together."""

from __future__ import annotations

from typing import Final

from bidders.models.reply import part
from bidders.models.settings import ProviderSettings
from orchestrator import Completion

TOKENS_MAX: Final = 4_000
"""What a model that reasons may think in before it writes, where nothing else is said."""

_OFF: Final = ("none", "disabled", False)


def reasoning_tokens_max(settings: ProviderSettings, reasons: bool) -> int:
    """How many tokens each call is given beside those for its answer.

    A length that has room for the answer alone is used up by thoughts, and what comes is an empty
    answer at full price.

    Args:
        settings: the model's options.
        reasons: whether the model thinks where a call does not say otherwise.
    """
    if settings.reasoning_tokens_max is not None:
        return settings.reasoning_tokens_max
    parameters = settings.parameters
    budget = part(parameters, "thinking", "budget_tokens")
    if type(budget) is int and budget > 0:
        return budget
    paths = (("reasoning_effort",), ("reasoning", "effort"), ("output_config", "effort"), ("thinking", "type"))
    said = [found for path in paths if (found := part(parameters, *path)) is not None]
    if any(found in _OFF for found in said):
        return 0
    return TOKENS_MAX if said or reasons else 0


def cut_off(completion: Completion) -> str:
    """What happened to an answer that its length cut off, and what to do about it."""
    written = completion.usage.output_tokens
    if completion.text.strip():
        return f"its answer was cut off after {written:,} tokens; raise `max_tokens`"
    return (
        f"its model thought for {written:,} tokens and was cut off before it wrote anything; "
        "raise its `reasoning_tokens_max`, or have it think less"
    )
