"""What models with a provider share: options, slots, deadline, retry and costs."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace

from bidders.models.call import Call
from bidders.models.credentials import read_key, values_of
from bidders.models.format import Format, Question
from bidders.models.modes import Support, support_of
from bidders.models.price import read_price
from bidders.models.price_table import Listed
from bidders.models.pricing import Pricing, read_reserve
from bidders.models.reasoning import reasoning_tokens_max
from bidders.models.reply import Heard, Reply
from bidders.models.retrying import full_jitter, retrying
from bidders.models.sdk_failures import failure_of
from bidders.models.settings import ProviderSettings
from bidders.models.slots import slots_of
from orchestrator import Completion, Money, Prompt
from orchestrator.errors import ProviderError, ProviderTimeout, Unauthorised


class ProviderModel(ABC):
    """A model that a provider runs.

    Args:
        settings: its options.
        provider: who is paid.
        key_variable: the environment variable that holds the key; empty for none.
        entry: what the price table says of it, where the config says nothing.

    Attributes:
        format: how its endpoint is asked, and answers.
        reasoning_tokens_max: how many tokens it may think in, beside those that a prompt lets it write.
    """

    format: Format

    def __init__(
        self,
        settings: ProviderSettings,
        *,
        provider: str,
        key_variable: str,
        entry: Listed | None = None,
    ) -> None:
        known = entry or Listed(price=None, context_tokens=None)
        self.settings = settings
        self.pricing = Pricing(
            read_price(settings.prices) or known.price,
            read_reserve(settings.reserve_per_call),
            settings.context_tokens or known.context_tokens,
        )
        self.reasoning_tokens_max = reasoning_tokens_max(settings, known.reasons)
        self.jitter: Callable[[float], float] = full_jitter
        self._provider = provider
        self._key_variable = key_variable
        self._slots = slots_of(provider, settings.concurrency)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, provider={self.provider!r})"

    @property
    def name(self) -> str:
        """The model's name, as its provider calls it."""
        return self.settings.model

    @property
    def provider(self) -> str:
        """Who is paid for its calls."""
        return self._provider

    @property
    def where(self) -> str:
        """The model and its provider, for messages."""
        return f"{self.name} at {self.provider}"

    @property
    def support(self) -> Support:
        """What its endpoint has shown to support; equal endpoints share what they know."""
        return support_of(type(self).__name__, self.provider, self.settings.base_url or "", self.name)

    def cost_max(self, prompt: Prompt) -> Money | None:
        """Worst case of what a call costs: each byte read as a token, and every token thought or written that may be.

        Returns:
            The most that it costs; `reserve_per_call` for a model without a price; None where
            neither is given.
        """
        return self.pricing.cost_max(self._with_room(prompt))

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        """Ask the model; see `orchestrator.Model.complete`.

        Raises:
            ProviderError: the provider failed; what the failed call cost all the same is in it.
        """
        ends_at = asyncio.get_running_loop().time() + prompt.deadline_seconds
        call = Call(self, self._with_room(prompt), on_text)

        async def attempt() -> Completion:
            # A pause between attempts holds no slot.
            async with await self._slots.get():
                return await call.attempt()

        try:
            async with asyncio.timeout_at(ends_at):
                return await retrying(attempt, call.may_retry, self.settings.attempts_max, ends_at, self.jitter)
        except TimeoutError:
            raise ProviderTimeout(
                f"{self.where} had not answered after {prompt.deadline_seconds:g} s", cost_nanos=call.cut_off_nanos()
            ) from None

    def key(self) -> str:
        """The key for a call; empty where none is needed.

        Raises:
            Unauthorised: it is not set.
        """
        return read_key(self._key_variable, self.where)

    def key_variables(self) -> Sequence[str]:
        """The environment variables that hold its key; none where none is sent."""
        return [self._key_variable] if self._key_variable else []

    def obstacle(self) -> str | None:
        """Why it could not be called now, as far as that can be told without calling: its key is not set."""
        try:
            self.key()
        except Unauthorised as missing:
            return str(missing)
        return None

    def secrets(self) -> Sequence[str]:
        """The keys that a call may carry, as they are set now: what must be in no message."""
        return values_of([self._key_variable])

    def _with_room(self, prompt: Prompt) -> Prompt:
        """A prompt with what the model may think in added to what it may write: providers count both as one."""
        return replace(prompt, max_tokens=prompt.max_tokens + self.reasoning_tokens_max)

    @abstractmethod
    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""

    @abstractmethod
    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""

    def failure(self, error: Exception) -> ProviderError:
        """What an error of one call comes to."""
        return failure_of(error, self.where, self.secrets(), self.key_variables())
