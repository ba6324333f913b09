"""The model's contract: one way to ask any language model, with true usage and cost (R7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from orchestrator.money import Money

Speaker = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "refusal", "filtered", "tool", "unknown"]


class Message(NamedTuple):
    """One turn of a conversation with a model.

    Attributes:
        speaker: `system`, `user` or `assistant`.
        text: what was said.
    """

    speaker: Speaker
    text: str


class Usage(NamedTuple):
    """Tokens of one call: the truth from which its cost is computed.

    Attributes:
        input_tokens: all tokens read, cached ones included.
        output_tokens: all tokens written, reasoning included.
        cached_input_tokens: how many of those read were cached.
        reasoning_tokens: how many of those written were reasoning.
        estimated: whether the provider did not say, and these are our own count.
        cache_written_input_tokens: how many of those read were put into the provider's cache,
            which some charge more for.
    """

    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    cache_written_input_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer.

    Attributes:
        text: what it wrote; JSON text where a schema was given.
        usage: what it read and wrote.
        cost: what that cost; None where the model's price is not known, which is not 0.
        finish: why it stopped.
        model: the model that the provider says answered.
    """

    text: str
    usage: Usage
    cost: Money | None
    finish: Finish = "stop"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    Attributes:
        messages: the conversation so far.
        max_tokens: the most that it may write; part of the call's worst case.
        schema: JSON schema that the answer must fit, or None for prose.
        seed: for the provider's sampling, where it takes one.
        deadline_seconds: how long retries and the call itself may take together.
    """

    messages: Sequence[Message]
    max_tokens: int
    schema: Mapping[str, Any] | None = field(default=None)
    seed: int = 0
    deadline_seconds: float = 60.0


@runtime_checkable
class Model(Protocol):
    """A language model behind a provider.

    `complete` raises only `orchestrator.errors.ProviderError` and its kinds, for whatever the
    provider does; a reply that does not fit the schema is not its concern but its caller's.
    """

    @property
    def name(self) -> str:
        """The model's name, as its provider calls it."""

    @property
    def provider(self) -> str:
        """Who is paid for its calls."""

    def cost_max(self, prompt: Prompt) -> Money | None:
        """Worst case of what a call costs, as far as it can be known.

        Args:
            prompt: what would be asked.

        Returns:
            The most that the call can cost; where the model's price is not known, what the
            operator said to reserve for a call; None where neither is known.
        """

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        """Ask the model once.

        Args:
            prompt: what is asked.
            on_text: called with each piece of the answer as it arrives; with it the answer is
                streamed.
        """


def words_within(tokens: int) -> int:
    """How many words a model may be told to write, so that it comes to an end before it is cut off.

    Args:
        tokens: the most that it may write.
    """
    # In English a token is three quarters of a word; it is less in most languages, and in markup and code.
    return max(10, tokens // 20 * 10)
