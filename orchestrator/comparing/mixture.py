"""Rival: layers of models that build on each other's answers, and one that combines the last layer's.

Wang et al. 2024, "Mixture-of-Agents Enhances Large Language Model Capabilities".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bidding.model import Message, Model
from orchestrator.comparing.asking import Draft, gather_drafts, write
from orchestrator.comparing.prompts import fill, quote
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalAnswer, RivalTask
from orchestrator.errors import ProviderError

_PROPOSERS_MIN = 3


@dataclass(frozen=True, slots=True)
class MixtureOfAgents:
    """Every model proposes, in layers that see the one before; the dearest model combines the last.

    A market with fewer than three models has each propose more than once.

    Attributes:
        layers: how many there are, the combining one included; at least 2.
    """

    layers: int = 2
    name: ClassVar[str] = "moa"

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Propose, layer by layer, and combine."""
        drafts: list[Draft] = []
        for layer in range(1, self.layers):
            drafts = await self._propose(task, models, purse, layer, drafts)
        combiner = models[-1]
        try:
            combined = await write(task, combiner, purse, f"{self.name}/combine", _combining(task, drafts))
        except ProviderError as error:
            return RivalAnswer(drafts[-1].text, f"{drafts[-1].model} alone, for combining failed: {error}")
        return RivalAnswer(combined.text, f"{combiner.name} combined {len(drafts)} answers")

    async def _propose(
        self, task: RivalTask, models: Sequence[Model], purse: Purse, layer: int, before: Sequence[Draft]
    ) -> list[Draft]:
        rounds = -(-_PROPOSERS_MIN // len(models))
        told = _combining(task, before) if before else None
        return await gather_drafts(
            write(task, model, purse, f"{self.name}/{layer}/{number}", told)
            for number in range(rounds)
            for model in models
        )


def _combining(task: RivalTask, drafts: Sequence[Draft]) -> Sequence[Message]:
    shown = "\n\n".join(quote(f"answer-{number}", draft.text) for number, draft in enumerate(drafts, 1))
    return fill("combine", request=task.request, answers=shown, words=task.words)
