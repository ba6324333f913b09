"""A model that needs no provider: for trying a market out, and for tests of one."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, get_args

from bidders.models.price import read_price
from bidders.models.pricing import Pricing
from bidders.models.schema import fitting
from bidders.models.tokens import estimated_usage
from orchestrator import Completion, Finish, Money, Prompt, errors, find_function
from orchestrator.errors import InvalidConfig, ProviderError

Reply = str | Completion
Function = Callable[[Prompt], Reply | Awaitable[Reply]]
_ENTRY_KEYS: Final = ("says", "when", "finish", "fails")
_FREE: Final = {"input_per_million": 0, "output_per_million": 0}
_PIECE: Final = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a script.

    Attributes:
        says: the answer.
        when: a regular expression; the line is for prompts whose text it is found in. None for any.
        finish: why the answer ended.
        fails: the name of a kind of `orchestrator.errors.ProviderError` that the call ends in.
    """

    says: str = ""
    when: re.Pattern[str] | None = None
    finish: Finish = "stop"
    fails: str = ""


class MockModel:
    """A model that answers from a function or a script, or makes something up from the prompt's seed.

    It is metered like any other: its tokens are counted as `bidders.models.tokens` estimates them,
    at the price given. Lines of a script with `when` are a function of the prompt. Those without
    are taken in order of the calls, the last one again and again; where calls run in parallel that
    order is theirs. With neither function nor script the answer is drawn with the prompt's seed,
    and fits its schema.

    Args:
        name: the model's name.
        function: takes a `Prompt` and returns a text or a `Completion`, plain or async; or where
            to find it, `package.module:callable`.
        script: answers, as texts or as mappings of `says`, `when`, `finish` and `fails`.
        prices: as of the other models; free where left out.

    Raises:
        InvalidConfig: an option makes no sense, or the function cannot be found.
    """

    def __init__(
        self,
        name: str = "mock",
        function: str | Function | None = None,
        script: Sequence[str | Mapping[str, Any]] = (),
        prices: Mapping[str, Any] | None = None,
    ) -> None:
        if function is not None and script:
            raise InvalidConfig("a mock has a function or a script, not both")
        if isinstance(script, str | Mapping) or not isinstance(script, Sequence):
            raise InvalidConfig("script is a list of answers")
        self._name = name
        found = find_function(function, "function") if isinstance(function, str) else function
        self._function: Function | None = found
        self._script = [_line(index, given) for index, given in enumerate(script)]
        self.pricing = Pricing(read_price(_FREE if prices is None else prices))
        self.calls = 0
        self._taken = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def provider(self) -> str:
        """Nobody is paid, so it stands for itself."""
        return "mock"

    def cost_max(self, prompt: Prompt) -> Money | None:
        """The most that its tokens can cost at its price."""
        return self.pricing.cost_max(prompt)

    async def complete(self, prompt: Prompt, on_text: Callable[[str], None] | None = None) -> Completion:
        """Answer; a streamed answer comes word by word.

        Raises:
            ProviderError: the script says so.
        """
        self.calls += 1
        said = await self._answer(prompt)
        completion = said if isinstance(said, Completion) else self._counted(prompt, said)
        if on_text is not None:
            for piece in _PIECE.findall(completion.text):
                on_text(piece)
        return completion

    async def _answer(self, prompt: Prompt) -> Completion | str:
        if self._function is not None:
            said = self._function(prompt)
            return said if isinstance(said, str | Completion) else await said
        if self._script:
            return self._acted(prompt)
        if prompt.schema is not None:
            return json.dumps(fitting(prompt.schema, prompt.seed))
        last = prompt.messages[-1].text.split() if prompt.messages else []
        return f"Answer {prompt.seed % 10_000} to: {' '.join(last[:20])}"

    def _acted(self, prompt: Prompt) -> Completion:
        line = self._next_line("\n".join(message.text for message in prompt.messages))
        if line.fails:
            kind: type[ProviderError] = getattr(errors, line.fails)
            raise kind(line.says or f"{self._name}: its script says that this call fails")
        return replace(self._counted(prompt, line.says), finish=line.finish)

    def _next_line(self, text: str) -> Line:
        fitting_lines = [line for line in self._script if line.when is not None and line.when.search(text)]
        if fitting_lines:
            return fitting_lines[0]
        in_order = [line for line in self._script if line.when is None]
        if not in_order:
            raise errors.ProviderRefused(f"{self._name}: no line of its script is for this prompt")
        line = in_order[min(self._taken, len(in_order) - 1)]
        self._taken += 1
        return line

    def _counted(self, prompt: Prompt, text: str) -> Completion:
        # A mock's count is what it charges by, so there is nothing that it estimates.
        usage = estimated_usage(prompt, text)._replace(estimated=False)
        return Completion(text, usage, self.pricing.cost(usage), "stop", self._name)


def _line(index: int, given: Any) -> Line:
    if isinstance(given, str):
        return Line(given)
    where = f"script[{index}]"
    if not isinstance(given, Mapping):
        raise InvalidConfig(f"{where} is a text, or a mapping of {', '.join(_ENTRY_KEYS)}")
    for key in given:
        if key not in _ENTRY_KEYS:
            raise InvalidConfig(f"{where}.{key}: unknown key; known here: {', '.join(_ENTRY_KEYS)}")
    finish, fails = given.get("finish", "stop"), given.get("fails") or ""
    if finish not in get_args(Finish):
        raise InvalidConfig(f"{where}.finish is one of {', '.join(get_args(Finish))}")
    kind = getattr(errors, fails, None) if fails else ProviderError
    if not (isinstance(kind, type) and issubclass(kind, ProviderError)):
        raise InvalidConfig(f"{where}.fails is the name of a provider's failure, for example RateLimited")
    try:
        when = re.compile(given["when"]) if given.get("when") else None
    except re.error as error:
        raise InvalidConfig(f"{where}.when is not a regular expression: {error}") from error
    return Line(str(given.get("says", "")), when, finish, fails)
