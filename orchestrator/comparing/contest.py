"""Running rivals one after the other, each under a cap of its own, and what each came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.bidding.model import Model, Prompt
from orchestrator.comparing.prompts import fill
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import Rival, RivalTask
from orchestrator.errors import ProviderError
from orchestrator.money import Money, format_usd


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to answer, and what came of it.

    Attributes:
        name: of the rival, or `market`.
        text: its answer; empty where it has none.
        how: how it was come by, or why there is none.
        cost_nanos: what its calls are known to have cost.
        is_cost_known: whether that is all of it.
        seconds: how long it took.
        calls: how many calls it made.
        tokens: how many tokens were read and written for it.
        is_answered: whether it has an answer.
    """

    name: str
    text: str
    how: str
    cost_nanos: int
    is_cost_known: bool
    seconds: float
    calls: int
    tokens: int
    is_answered: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON-able data, amounts as decimal strings in USD."""
        return {
            "name": self.name,
            "answered": self.is_answered,
            "text": self.text,
            "how": self.how,
            "cost": format_usd(self.cost_nanos),
            "cost_known": self.is_cost_known,
            "seconds": round(self.seconds, 3),
            "calls": self.calls,
            "tokens": self.tokens,
        }


async def hold_contest(
    rivals: Iterable[Rival],
    task: RivalTask,
    models: Sequence[Model],
    cap: Money,
    clock: Callable[[], float] = time.monotonic,
) -> list[Contestant]:
    """Have each rival answer, one after the other, so that none slows another down.

    Args:
        rivals: who answers.
        task: the request.
        models: cheapest first.
        cap: the most that each may spend.
        clock: seconds.

    Returns:
        What each came to, in the order given; one that fails has a reason in place of an answer.
    """
    return [await _enter(rival, task, models, cap, clock) for rival in rivals]


def by_price(models: Iterable[Model], task: RivalTask) -> tuple[Model, ...]:
    """The models that a cap can hold, cheapest first, by the worst case of answering the bare request.

    Models without a known price are left out; equals stay in the order given.
    """
    prompt = Prompt(fill("answer", request=task.request, words=task.words), task.max_tokens)
    priced = [(worst.nanos, model) for model in models if (worst := model.cost_max(prompt)) is not None]
    return tuple(model for _, model in sorted(priced, key=lambda pair: pair[0]))


async def _enter(
    rival: Rival, task: RivalTask, models: Sequence[Model], cap: Money, clock: Callable[[], float]
) -> Contestant:
    purse = Purse(cap)
    started = clock()
    try:
        answer = await rival.answer(task, models, purse)
        text, how, is_answered = answer.text, answer.how, True
    except ProviderError as error:
        text, how, is_answered = "", str(error), False
    return Contestant(
        name=rival.name,
        text=text,
        how=how,
        cost_nanos=purse.cost_nanos,
        is_cost_known=purse.is_cost_known,
        seconds=clock() - started,
        calls=purse.calls,
        tokens=purse.input_tokens + purse.output_tokens,
        is_answered=is_answered,
    )
