"""A judge that is a language model and knows what its user likes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

import orchestrator
from bidders.llm.digest import cut_evenly
from bidders.llm.fence import Exhibit, as_data, fence
from bidders.llm.prompt_file import load_prompt
from bidders.models.metering import metered
from bidders.models.structured import ask_object, object_cost_max
from bidders.options import whole_in
from bidders.reading import read_text
from orchestrator import Completion, Hearing, Later, Model, Money, Prompt, Rank, Reject, ShownOffer
from orchestrator.errors import InvalidConfig, ProviderError

_WORDS: Final = frozenset({"state", "mark", "preferences", "count"})
_SHOWN: Final = frozenset({"state"})
_NO_PREFERENCES: Final = "Nothing is known of this user's tastes: judge by how well the request is met."
_DEADLINE_SHARE: Final = 0.95


class PersonalJudge:
    """Reads its user's preferences and takes the offer that this user would like best, or none.

    It sees the offers shuffled, by number alone: neither who presents an offer nor what was bid
    for it. Their text is fenced as data. Its calls are the requester's cost, held on the spend cap.
    Where its provider fails, or its answer is no choice, the request stays open.

    Args:
        model: the model, or its type and options; a config names one of its section `models`.
        preferences_path: a text file of what the user likes and dislikes; without it, it judges by the request.
        prompt_path: a prompt file of the operator's own.
        offers_tokens_max: about how much of request and offers it is shown.

    Raises:
        InvalidConfig: a file cannot be read, or an option is out of range.
        BrokenPlugin: the model cannot be built.
    """

    name = "personal"

    def __init__(
        self,
        model: Model | Mapping[str, Any],
        preferences_path: str | Path | None = None,
        prompt_path: str | Path | None = None,
        offers_tokens_max: int = 20_000,
    ) -> None:
        self._file = load_prompt("judge", prompt_path, _WORDS, _SHOWN)
        self._preferences = as_data(_read(preferences_path)).strip() or _NO_PREFERENCES
        self._tokens_max = whole_in("offers_tokens_max", offers_tokens_max, 100, 10_000_000)
        self.model = orchestrator.build_model(model)
        self.provider = self.model.provider

    @property
    def recipe(self) -> str:
        """What its verdicts follow from beside the offers: model, prompt, preferences, and how much it is shown."""
        return "\n".join((self.model.name, self._file.label, str(self._tokens_max), self._preferences))

    def close(self) -> None:
        """Let go of the model."""
        orchestrator.release_model(self.model)

    def obstacle(self) -> str | None:
        """Why it could not judge now: what its model says, for example that a key is not set."""
        ask = getattr(self.model, "obstacle", None)
        said = ask() if callable(ask) else None
        return str(said) if said else None

    def pick_cost_max(self, request: str, offers: Sequence[ShownOffer]) -> Money:
        """Worst case of its call and of one repair.

        Raises:
            InvalidConfig: what a call of its model costs is not known.
        """
        cost_max = object_cost_max(self.model, self._prompt(request, offers, 0, 0.0), _choice_of(len(offers)))
        if cost_max is None:
            raise InvalidConfig(f"the price of {self.model.name} is not known; give `prices` or `reserve_per_call`")
        return cost_max

    async def pick(
        self, request: str, offers: Sequence[ShownOffer], hearing: Hearing | None = None
    ) -> Rank | Reject | Later:
        """Have the model choose.

        Raises:
            InvalidConfig: it is asked outside a market, so that nobody could be charged.
        """
        if hearing is None:
            raise InvalidConfig("the judge `personal` makes paid calls, so only a market can ask it")
        meter = hearing.meter
        shuffled = random.Random(hearing.seed).sample(list(offers), len(offers))
        prompt = self._prompt(request, shuffled, hearing.seed, hearing.deadline_seconds * _DEADLINE_SHARE)

        async def ask(shaped: Prompt, purpose: str) -> Completion:
            return await metered(meter, self.model, shaped, purpose=purpose)

        try:
            choice = await ask_object(prompt, _choice_of(len(offers)), ask, purpose=self._file.label)
        except ProviderError as failure:
            return Later(str(failure))
        return Rank(shuffled[choice.pick - 1].rank) if choice.pick else Reject("none is what the user would like")

    def _prompt(self, request: str, offers: Sequence[ShownOffer], seed: int, deadline_seconds: float) -> Prompt:
        wanted, *texts = cut_evenly([request, *(offer.text for offer in offers)], self._tokens_max)
        shown = [Exhibit("request", wanted)]
        shown += [Exhibit("offer", text, (("number", str(number)),)) for number, text in enumerate(texts, 1)]
        fenced = fence(shown)
        words = {"preferences": self._preferences, "count": str(len(offers))}
        messages = self._file.fill({**words, "state": fenced.text, "mark": fenced.mark})
        return Prompt(messages, self._file.front.max_tokens, seed=seed, deadline_seconds=deadline_seconds)


class Choice(BaseModel):
    """What is read of a judge's answer, and all that is.

    Attributes:
        pick: number of an offer as shown, from 1; 0 for none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pick: int


def _choice_of(offers: int) -> type[Choice]:
    """A choice among so many offers."""
    return create_model("Choice", __base__=Choice, pick=(Annotated[int, Field(ge=0, le=offers)], ...))


def _read(path: str | Path | None) -> str:
    return "" if path is None else read_text(path, "the preferences")
