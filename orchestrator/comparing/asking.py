"""The calls that several rivals have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.bidding.model import Message, Model, Prompt
from orchestrator.comparing.prompts import fill
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalTask
from orchestrator.core.keys import derive_seed
from orchestrator.errors import ProviderError

Verdict = TypeVar("Verdict", bound=BaseModel)
_VERDICT_TOKENS = 500  # a few for the verdict, the rest for models that think first
_REFUSED = ("refusal", "filtered")


class Draft(NamedTuple):
    """One model's answer.

    Attributes:
        model: the model's name.
        text: what it wrote.
    """

    model: str
    text: str


class Score(BaseModel):
    """A judge's verdict on an answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    score: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


class Confidence(BaseModel):
    """A model's verdict on its own answer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


async def write(
    task: RivalTask, model: Model, purse: Purse, purpose: str, messages: Sequence[Message] | None = None
) -> Draft:
    """Have a model write an answer.

    Args:
        task: the request.
        model: the model.
        purse: through which the call is made.
        purpose: what the call is for; its seed derives from it, so that samples differ.
        messages: what the model is told; left out, the bare request.

    Raises:
        ProviderError: the call failed, did not fit under the cap, or brought no text.
    """
    told = fill("answer", request=task.request, words=task.words) if messages is None else messages
    completion = await purse.ask(model, _prompt(task, model, purpose, told, task.max_tokens))
    if completion.finish in _REFUSED or not completion.text.strip():
        raise ProviderError(f"{model.name} gave no answer ({completion.finish})")
    return Draft(model.name, completion.text.strip())


async def score(task: RivalTask, judge: Model, purse: Purse, draft: Draft, purpose: str) -> float | None:
    """Have a model score an answer from 0 to 10; None where that comes to nothing.

    The judge is not told who wrote it.
    """
    told = fill("score", request=task.request, answer=draft.text)
    found = await _verdict(task, judge, purse, purpose, told, Score)
    return found.score if found else None


async def confidence(task: RivalTask, model: Model, purse: Purse, draft: Draft, purpose: str) -> float | None:
    """Ask a model how good its own answer is, from 0 to 1; None where that comes to nothing."""
    told = fill("confidence", request=task.request, answer=draft.text)
    found = await _verdict(task, model, purse, purpose, told, Confidence)
    return found.confidence if found else None


async def gather_drafts(work: Iterable[Coroutine[Any, Any, Draft]]) -> list[Draft]:
    """Have several answers written at once; those that fail are left out.

    Raises:
        ProviderError: all failed; the first failure.
    """
    results = await asyncio.gather(*work, return_exceptions=True)
    drafts = [each for each in results if isinstance(each, Draft)]
    for each in results:
        if isinstance(each, BaseException) and (not drafts or not isinstance(each, ProviderError)):
            raise each
    return drafts


async def sample(task: RivalTask, model: Model, purse: Purse, purpose: str, samples: int) -> list[Draft]:
    """Have one model write several answers at once; those that fail are left out.

    Raises:
        ProviderError: all failed; the first failure.
    """
    return await gather_drafts(write(task, model, purse, f"{purpose}/{number}") for number in range(samples))


async def _verdict(
    task: RivalTask, model: Model, purse: Purse, purpose: str, told: Sequence[Message], shape: type[Verdict]
) -> Verdict | None:
    prompt = _prompt(task, model, purpose, told, _VERDICT_TOKENS, shape.model_json_schema())
    try:
        completion = await purse.ask(model, prompt)
        return shape.model_validate_json(completion.text.strip())
    except (ProviderError, ValidationError):
        return None


def _prompt(
    task: RivalTask,
    model: Model,
    purpose: str,
    messages: Sequence[Message],
    max_tokens: int,
    schema: dict[str, Any] | None = None,
) -> Prompt:
    return Prompt(
        messages=messages,
        max_tokens=max_tokens,
        schema=schema,
        seed=derive_seed(task.seed, "compare", purpose, model.name),
        deadline_seconds=task.deadline_seconds,
    )
