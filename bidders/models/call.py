"""One call of a provider's model: its attempts, its modes, and what it cost however it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from bidders.models.format import Format, Question
from bidders.models.modes import Support, mentions, modes_to_try
from bidders.models.pricing import Pricing
from bidders.models.reply import TEXT_CHARACTERS_MAX, Heard, Reply
from bidders.models.settings import Mode, ProviderSettings
from bidders.models.tokens import estimated_usage
from bidders.models.wrapping import without_fence, without_thoughts
from orchestrator import Completion, Prompt
from orchestrator.errors import ProviderError, ProviderRefused, UnreadableReply

# What endpoints refuse by name, and what is done without where they do.
FEATURES: Final = {
    "max_completion_tokens": ("max_completion_tokens", "max_tokens"),
    "seed": ("seed",),
    "stream_usage": ("stream_options", "include_usage"),
    "stream": ("stream",),
    "system": ("system role", "role 'system'", "support 'system'", "system instruction", "developer instruction"),
}
# What is done in place of these may be what an endpoint refuses: then they are what it takes.
_EITHER: Final = frozenset({"max_completion_tokens"})
_STREAMING: Final = frozenset({"stream", "stream_usage"})
_OBJECT_LANGUAGES: Final = ("", "json")


class Endpoint(Protocol):
    """What a call needs of a model."""

    settings: ProviderSettings
    pricing: Pricing
    format: Format
    reasoning_tokens_max: int

    @property
    def where(self) -> str:
        """The model and its provider, for messages."""

    @property
    def support(self) -> Support:
        """What the endpoint has shown to support."""

    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""

    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""

    def failure(self, error: Exception) -> ProviderError:
        """What an error of one call comes to."""


class Call:
    """One call, over all its attempts.

    Args:
        endpoint: who is asked.
        prompt: what is asked.
        on_text: called with each piece of the answer; with it the answer is streamed.
    """

    def __init__(self, endpoint: Endpoint, prompt: Prompt, on_text: Callable[[str], None] | None) -> None:
        self._endpoint = endpoint
        self._prompt = prompt
        self._on_text = on_text
        self._heard = Heard(on_text)
        self._is_streamed = on_text is not None
        self._is_under_way = False

    async def attempt(self) -> Completion:
        """Ask once, in the best way that the endpoint takes.

        Raises:
            ProviderError: the provider failed; what it cost all the same is in it.
        """
        if self._prompt.schema is None:
            return self._completion(await self._supported(None))
        support, refusal = self._endpoint.support, None
        for mode in modes_to_try(self._endpoint.settings.structured, self._endpoint.format.modes, support):
            try:
                reply = await self._supported(mode)
            except ProviderRefused as refused:
                # The first refusal is the one to show: later ones are of ever poorer questions.
                refusal = refusal or refused
            else:
                support.mode = mode
                return self._completion(reply)
        raise refusal or ProviderRefused(f"{self._endpoint.where} knows no way to be asked for an object")

    def cut_off_nanos(self) -> int | None:
        """What it cost if it is cut off now; None where that is not known."""
        if not self._is_under_way or self._endpoint.pricing.is_free:
            return 0
        return self._heard_nanos() if self._is_streamed else None

    def may_retry(self, error: BaseException) -> bool:
        """Whether to ask again: it may succeed then, it cost nothing so far, and nobody has heard a part of it."""
        return (
            isinstance(error, ProviderError) and error.is_retriable and error.cost_nanos == 0 and not self._heard.began
        )

    async def _supported(self, mode: Mode | None) -> Reply:
        """Ask, without the features that the endpoint turns out to refuse."""
        known, lacking = self._endpoint.support.lacking, set(self._endpoint.support.lacking)
        changed: set[str] = set()
        while True:
            try:
                reply = await self._once(Question(self._prompt, mode, lacking))
            except ProviderRefused as refused:
                changeable = (each for each in self._features() if each in _EITHER or each not in lacking)
                named = [each for each in changeable if each not in changed and mentions(str(refused), FEATURES[each])]
                if not named:
                    raise
                changed.add(named[0])
                lacking ^= {named[0]}
            else:
                # One by one: calls that run at the same time may have learned something else.
                known -= changed - lacking
                known |= changed & lacking
                return reply

    def _features(self) -> Iterator[str]:
        """Features that this call uses."""
        return (each for each in FEATURES if self._on_text is not None or each not in _STREAMING)

    async def _once(self, question: Question) -> Reply:
        self._heard = Heard(self._on_text)
        self._is_streamed = self._on_text is not None and "stream" not in question.lacking
        self._is_under_way = True
        try:
            if self._is_streamed:
                reply = await self._endpoint.stream(question, self._heard)
            else:
                reply = await self._endpoint.ask(question)
        except Exception as error:
            self._is_under_way = False
            raise self._failure(error) from None
        # Not after a cancellation: then it is still under way, and may be charged.
        self._is_under_way = False
        if len(reply.text) > TEXT_CHARACTERS_MAX:
            cost = self._completion(reply).cost
            raise UnreadableReply(
                f"{self._endpoint.where} answered with {len(reply.text):,} characters",
                cost_nanos=None if cost is None else cost.nanos,
            )
        return reply

    def _failure(self, error: Exception) -> ProviderError:
        failure = error if isinstance(error, ProviderError) else self._endpoint.failure(error)
        if self._endpoint.pricing.is_free:
            failure.cost_nanos = 0
        elif self._heard.began:
            failure.cost_nanos = self._heard_nanos()
        return failure

    def _heard_nanos(self) -> int | None:
        """What was streamed so far, at our own count; None without a price, or where thoughts came before it unseen."""
        if self._endpoint.reasoning_tokens_max:
            return None
        cost = self._endpoint.pricing.cost(estimated_usage(self._prompt, self._heard.text))
        return None if cost is None else cost.nanos

    def _completion(self, reply: Reply) -> Completion:
        usage = reply.usage or estimated_usage(self._prompt, reply.text)
        text = without_thoughts(reply.text)
        if self._prompt.schema is not None:
            text = without_fence(text, _OBJECT_LANGUAGES)
        return Completion(text, usage, self._endpoint.pricing.cost(usage), reply.finish, reply.model)
