"""Trying a market's models: one tiny call each, and what it showed; or what can be told without a call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.api.blocking import run_blocking
from orchestrator.api.judge_choice import built_judge, close_judge
from orchestrator.api.obstacles import obstacle_of
from orchestrator.api.seating import seat_all
from orchestrator.bidding import Completion, Message, Model, Prompt
from orchestrator.config import Config
from orchestrator.engine.guarded import Raised, Returned, read_guarded, run_guarded
from orchestrator.errors import ProviderError
from orchestrator.money import format_usd

PriceKnowledge = Literal["known", "reserved", "unknown"]
_PATIENCE: Final = 1.1
_UNPRICED: Final = "what a call costs is not known; give its model `prices`, or `reserve_per_call`"
_ANSWER_TOKENS: Final = 200  # a few for the answer, the rest for models that think first


class Greeting(BaseModel):
    """What a model is asked to say."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    word: str


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """One model, as a tiny call found it, or a look without one.

    Attributes:
        model: its name, as its provider calls it.
        provider: who is paid for its calls.
        bidders: which bidders use it.
        problem: what does not work, in one line; empty where everything does.
        seconds: how long the call took; None where none was made.
        mode: how its provider is asked for structured output, as far as the model tells.
        price: `known`; `reserved` where only what to hold for a call is; `unknown` where neither is.
        cost_nanos: what the call cost; None where no call was made or nobody knows.
        judge: the judge that uses it; empty for none.
    """

    model: str
    provider: str
    bidders: tuple[str, ...]
    problem: str = ""
    seconds: float | None = None
    mode: str = ""
    price: PriceKnowledge = "unknown"
    cost_nanos: int | None = None
    judge: str = ""

    @property
    def works(self) -> bool:
        """Whether its bidders can act."""
        return not self.problem

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON-able data, amounts as decimal strings in USD."""
        return {
            "model": self.model,
            "provider": self.provider,
            "bidders": list(self.bidders),
            "judge": self.judge,
            "works": self.works,
            "problem": self.problem,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "structured_output": self.mode,
            "price": self.price,
            "cost": None if self.cost_nanos is None else format_usd(self.cost_nanos),
        }


def check_models(config: Config, deadline_seconds: float) -> tuple[ModelCheck, ...]:
    """Make one tiny call of every model of a config's bidders and of its judge, all at once.

    Those that share a model share its call. It is paid for like any other, outside of any request.

    Args:
        config: the market's settings.
        deadline_seconds: how long one call may take.

    Returns:
        What each call showed, in the order of the bidders, the judge's last.

    Raises:
        OperatorError: the judge cannot be built.
    """
    with _users_of(config) as users:
        return run_blocking(lambda: _check_all(users, deadline_seconds))


def find_mute_models(config: Config) -> tuple[ModelCheck, ...]:
    """Find models of a config's bidders and of its judge that cannot be called, without calling any.

    Args:
        config: the market's settings.

    Returns:
        Those that something stands in the way of, such as a key that is not set.

    Raises:
        OperatorError: the judge cannot be built.
    """
    with _users_of(config) as users:
        checks = [_without_call(each, _prompt(0.0)) for each in users]
    return tuple(check for check in checks if not check.works)


@contextmanager
def _users_of(config: Config) -> Iterator[list[_Users]]:
    """Build bidders and judge, for as long as their models are looked at."""
    judge = built_judge(config)
    seating = seat_all(config, ())
    try:
        yield _users([seat.bidder for seat in seating.seats.values()], judge)
    finally:
        seating.let_go()
        close_judge(judge)


@dataclass(slots=True)
class _Users:
    """A model and who uses it."""

    model: Model
    bidders: list[str] = field(default_factory=list)
    judge: str = ""


def _users(bidders: Sequence[Any], judge: Any) -> list[_Users]:
    """The models of bidders and judge, each once."""
    found: dict[int, _Users] = {}
    for user in (*bidders, judge):
        model = getattr(user, "model", None)
        if not isinstance(model, Model):
            continue
        known = found.setdefault(id(model), _Users(model))
        if user is judge:
            known.judge = judge.name
        else:
            known.bidders.append(user.name)
    return list(found.values())


async def _check_all(users: Sequence[_Users], deadline_seconds: float) -> tuple[ModelCheck, ...]:
    return tuple(await asyncio.gather(*(_check(each, deadline_seconds) for each in users)))


async def _check(users: _Users, deadline_seconds: float) -> ModelCheck:
    model, prompt = users.model, _prompt(deadline_seconds)
    unmade = _without_call(users, prompt)
    if not unmade.works:
        return unmade
    started = time.monotonic()
    # A little longer than the model's own limit, whose message says more.
    result = await run_guarded(lambda: model.complete(prompt), deadline_seconds * _PATIENCE)
    tried = replace(unmade, problem=_problem(result, deadline_seconds), seconds=time.monotonic() - started)
    return _with_cost(tried, model, result)


def _prompt(deadline_seconds: float) -> Prompt:
    return Prompt(
        (Message("user", 'Reply with the JSON object {"word": "ready"} and nothing else.'),),
        max_tokens=_ANSWER_TOKENS,
        schema=Greeting.model_json_schema(),
        deadline_seconds=deadline_seconds,
    )


def _without_call(users: _Users, prompt: Prompt) -> ModelCheck:
    """What can be told of a model without a call."""
    model = users.model
    worst = read_guarded(lambda: model.cost_max(prompt))
    is_priced = isinstance(worst, Returned) and worst.value is not None
    price: PriceKnowledge = "known" if is_priced else "unknown"
    obstacle = obstacle_of(model) or ("" if is_priced else _UNPRICED)
    return ModelCheck(model.name, model.provider, tuple(users.bidders), obstacle, price=price, judge=users.judge)


def _with_cost(tried: ModelCheck, model: Model, result: object) -> ModelCheck:
    """What the call cost, and how the model was asked."""
    value = result.value if isinstance(result, Returned) else None
    if not isinstance(value, Completion):
        failure = result.error if isinstance(result, Raised) else None
        return replace(tried, cost_nanos=failure.cost_nanos if isinstance(failure, ProviderError) else None)
    return replace(
        tried,
        mode=str(getattr(getattr(model, "support", None), "mode", None) or ""),
        price="reserved" if value.cost is None else "known",
        cost_nanos=None if value.cost is None else value.cost.nanos,
    )


def _problem(result: object, deadline_seconds: float) -> str:
    """What did not work, in one line; empty where everything did."""
    if isinstance(result, Raised):
        return str(result.error) if isinstance(result.error, ProviderError) else result.reason
    if not isinstance(result, Returned):
        return f"no answer after {deadline_seconds:g} s"
    if not isinstance(result.value, Completion):
        return f"its `complete` returned {type(result.value).__name__}, not Completion"
    try:
        Greeting.model_validate_json(result.value.text.strip())
    except ValidationError:
        if result.value.finish == "length":
            return "its answer was cut off; if it thinks before it answers, raise its `reasoning_tokens_max`"
        return "it answers, but not with the JSON object that it was asked for"
    return ""
