"""Having a model value a state: one structured question, in as few tokens as it takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bidders.models.metering import metered
from bidders.models.structured import ask_object, object_cost_max
from orchestrator import Completion, Meter, Model, Money, Prompt

Chance = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Estimate(BaseModel):
    """What a model thinks of a state and of some work on it.

    It is all that is ever read of a model's opinion: no bid, no price and no name is in it.

    Attributes:
        as_is: chance that the user takes an answer made of the state as it is.
        after: that chance once the work is done.
        tokens: how many tokens the work will write.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_is: Chance
    after: Chance
    tokens: Annotated[int, Field(ge=0, le=10_000_000)]


async def estimate(model: Model, prompt: Prompt, meter: Meter, label: str) -> Estimate:
    """Ask a model for its estimate, with one repair.

    It is asked by each bidder for itself, also where several share a model: an answer that
    several had paid for together would make one's cost hang on who else was invited, and no
    record could say whose call it was.

    Raises:
        ProviderError: the provider failed, or neither answer was an estimate.
    """

    async def ask(shaped: Prompt, purpose: str) -> Completion:
        return await metered(meter, model, shaped, purpose=purpose)

    return await ask_object(prompt, Estimate, ask, purpose=label)


def estimate_cost_max(model: Model, prompt: Prompt) -> Money | None:
    """The most that an estimate can cost, its repair included; None where the model's price is not known."""
    return object_cost_max(model, prompt, Estimate)
