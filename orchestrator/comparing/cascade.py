"""Rival: cheap models first, dearer ones only where the cheap one is not sure.

Chen et al. 2023, "FrugalGPT", with the answering model's own confidence in place of a learned scorer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bidding.model import Model
from orchestrator.comparing.asking import Draft, confidence, write
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalAnswer, RivalTask
from orchestrator.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Cascade:
    """Asks from the cheapest model to the dearest, and stops at the first that is sure of its answer.

    Attributes:
        confidence_min: how sure it must be, 0 to 1.
    """

    confidence_min: float = 0.8
    name: ClassVar[str] = "cascade"

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Ask one after the other; where none is sure, the last answer stands."""
        last: Draft | None = None
        failure: ProviderError | None = None
        for place, model in enumerate(models):
            try:
                last = await write(task, model, purse, self.name)
            except ProviderError as error:
                failure = error
                continue
            if place == len(models) - 1:
                break
            sure = await confidence(task, model, purse, last, f"{self.name}/confidence")
            if sure is not None and sure >= self.confidence_min:
                return RivalAnswer(last.text, f"{model.name}, {sure:.0%} sure, model {place + 1} of {len(models)}")
        if last is not None:
            return RivalAnswer(last.text, f"{last.model}, the last that answered of {len(models)} models")
        raise failure or ProviderError("there is no model to ask")
