"""Models of any provider that litellm knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from bidders.models.chat import CHAT
from bidders.models.credentials import NO_KEY, key_variables, values_of, variables_of
from bidders.models.format import Question
from bidders.models.litellm_library import as_sent, asked_once, clients, import_litellm
from bidders.models.price_table import listed
from bidders.models.provider import ProviderModel
from bidders.models.reply import Heard, Reply
from bidders.models.settings import ProviderOptions, host_of, read_settings
from orchestrator.errors import InvalidConfig, ProviderError, Unauthorised


class LiteLLMModel(ProviderModel):
    """A model behind litellm, named as litellm names it: `gemini/gemini-2.5-flash`, `groq/...`.

    Keys are in the environment variables that litellm documents for the provider, or in the one
    that `api_key_env` names. With `base_url`, only the latter is sent.

    Args:
        model: the model's name, with its provider's before it where litellm asks for that.
        options: as of `bidders.models.settings.ProviderSettings`.

    Raises:
        InvalidConfig: an option is unknown or makes no sense, or litellm knows no such provider.
        BrokenPlugin: litellm is not installed.
    """

    format = CHAT

    def __init__(self, model: str, **options: Unpack[ProviderOptions]) -> None:
        settings = read_settings(model, options)
        self._litellm = import_litellm()
        try:
            bare_name, provider, *_ = self._litellm.get_llm_provider(model)
        except Exception:
            raise InvalidConfig(
                f"litellm knows no provider of {model!r}; write it with its provider, for example gemini/{model}"
            ) from None
        entry = None if settings.base_url else listed(bare_name, provider)
        super().__init__(
            settings,
            provider=host_of(settings.base_url) if settings.base_url else provider,
            key_variable=settings.api_key_env or "",
            entry=entry,
        )
        # litellm puts this under the name that the provider knows.
        self.support.lacking.add("max_completion_tokens")

    async def ask(self, question: Question) -> Reply:
        """Make one call and wait for the whole answer."""
        await clients.get()
        with asked_once():
            answer = await self._litellm.acompletion(**self._arguments(question))
        return self.format.read(answer, question, self.where)

    async def stream(self, question: Question, heard: Heard) -> Reply:
        """Make one call; what arrives is noted as it comes."""
        await clients.get()
        arguments = self._arguments(question) | self.format.stream_arguments(question)
        with asked_once():
            chunks = await self._litellm.acompletion(**arguments)
        try:
            reply = await self.format.read_stream(chunks, question, heard, self.where)
            return as_sent(reply, chunks, self.where)
        finally:
            await chunks.aclose()

    def failure(self, error: Exception) -> ProviderError:
        """What an error of one call comes to."""
        failure = super().failure(error)
        missing = self._missing_keys()
        # Without a key some of its providers raise what could be anything.
        return (
            self._keyless(missing)
            if missing and (isinstance(failure, Unauthorised) or _only_keys(missing))
            else failure
        )

    def key_variables(self) -> Sequence[str]:
        """The environment variables that hold its key; those of the provider where the config names none."""
        is_named = self._key_variable or self.settings.base_url
        return super().key_variables() if is_named else variables_of(self.provider)

    def secrets(self) -> Sequence[str]:
        """The keys that a call may carry: without a variable in the config, whichever litellm finds for itself."""
        return values_of([self._key_variable, *key_variables()])

    def obstacle(self) -> str | None:
        """Why it could not be called now: the key that litellm looks for is not set."""
        missing = self._missing_keys()
        return str(self._keyless(missing)) if missing and _only_keys(missing) else super().obstacle()

    def _missing_keys(self) -> list[str]:
        """The environment variables that litellm looks for in vain, where the config names none."""
        if self._key_variable or self.settings.base_url:
            return []
        known = self._litellm.validate_environment(self.name)
        return [] if known.get("keys_in_environment") else [str(each) for each in known.get("missing_keys") or ()]

    def _keyless(self, missing: list[str]) -> Unauthorised:
        return Unauthorised(f"{self.where} needs a key: set the environment variable {' or '.join(missing)}")

    def _arguments(self, question: Question) -> dict[str, Any]:
        settings = self.settings
        given: dict[str, Any] = {"api_base": settings.base_url} if settings.base_url else {}
        if self._key_variable or settings.base_url:
            given["api_key"] = self.key() or NO_KEY
        return {
            **settings.parameters,
            **given,
            **self.format.arguments(question),
            "model": self.name,
            "timeout": settings.read_seconds or question.prompt.deadline_seconds,
            "num_retries": 0,
            "max_retries": 0,
        }


def _only_keys(variables: list[str]) -> bool:
    """Whether these are keys; some providers can do without other things, such as the machine's own credentials."""
    return all(variable.endswith("_API_KEY") for variable in variables)
