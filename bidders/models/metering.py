"""A model's call through a bidder's meter: charged, recorded, and after a crash not made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bidders.models.wire import completion_of, wire_completion
from orchestrator import Charged, Completion, Meter, Model, Money, Prompt, Usage, errors, traced_complete
from orchestrator.errors import ProviderError, SpendCapReached

_MESSAGE_CHARACTERS_MAX: Final = 300


async def metered(
    meter: Meter,
    model: Model,
    prompt: Prompt,
    *,
    purpose: str = "complete",
    on_text: Callable[[str], None] | None = None,
) -> Completion:
    """Ask a model once, charged to the meter's task.

    What the call came to is recorded even where it failed: a failure costs what the provider
    charged for it, and a run that is resumed meets the same failure again.

    Args:
        meter: of the announcement or the lot that was won.
        model: who is asked.
        prompt: what is asked.
        purpose: what for; part of the call's key in the record.
        on_text: called with each piece of the answer as it arrives. An answer that is taken from
            the record comes in one piece.

    Returns:
        The answer.

    Raises:
        ProviderError: the provider failed.
        BidderError: the task declared no worst case, or has used it up.
    """
    streamed = False

    def heard(piece: str) -> None:
        nonlocal streamed
        streamed = True
        if on_text is not None:
            on_text(piece)

    async def perform() -> Charged:
        try:
            completion = await traced_complete(model, prompt, heard if on_text is not None else None)
        except SpendCapReached:
            raise
        except ProviderError as failure:
            return _failed(failure)
        return Charged(wire_completion(completion), completion.cost, _counts(completion.usage))

    completion = _completion(await meter.call(perform, purpose=purpose))
    if on_text is not None and not streamed:
        on_text(completion.text)
    return completion


def _failed(failure: ProviderError) -> Charged:
    said = " ".join(str(failure).split())[:_MESSAGE_CHARACTERS_MAX]
    cost = None if failure.cost_nanos is None else Money(failure.cost_nanos)
    return Charged({"failure": type(failure).__name__, "message": said}, cost)


def _counts(usage: Usage) -> dict[str, int]:
    return {name: int(count) for name, count in usage._asdict().items()}


def _completion(body: Any) -> Completion:
    """An answer as the record holds it.

    Raises:
        ProviderError: what is recorded is the provider's failure.
    """
    if "failure" in body:
        kind = getattr(errors, body["failure"], ProviderError)
        raise kind(body["message"])
    return completion_of(body)
