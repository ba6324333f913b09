"""Rival: several answers of one model, of which a judge takes the best."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bidding.model import Model
from orchestrator.comparing.asking import sample, score
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalAnswer, RivalTask


@dataclass(frozen=True, slots=True)
class BestOfN:
    """Samples the dearest model, has it score each answer by itself, and takes the highest score.

    Attributes:
        samples: how many answers it asks for.
    """

    samples: int = 5
    name: ClassVar[str] = "best-of-n"

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Sample, score, take; equal scores go to the earlier sample."""
        model = models[-1]
        drafts = await sample(task, model, purse, self.name, self.samples)
        scores = await asyncio.gather(
            *(score(task, model, purse, draft, f"{self.name}/score/{number}") for number, draft in enumerate(drafts))
        )
        known = [found for found in scores if found is not None]
        if not known:
            return RivalAnswer(drafts[0].text, f"the first of {len(drafts)} of {model.name}: no score came back")
        best = max(range(len(drafts)), key=lambda place: (-1.0 if scores[place] is None else scores[place], -place))
        return RivalAnswer(drafts[best].text, f"scored {max(known):.3g} of 10, best of {len(drafts)} of {model.name}")
