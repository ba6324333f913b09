"""Rival: one model, asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orchestrator.bidding.model import Model
from orchestrator.comparing.asking import write
from orchestrator.comparing.purse import Purse
from orchestrator.comparing.rival import RivalAnswer, RivalTask


@dataclass(frozen=True, slots=True)
class BestSingle:
    """Asks the dearest model, which is taken for the best one."""

    name: ClassVar[str] = "best-single"

    async def answer(self, task: RivalTask, models: Sequence[Model], purse: Purse) -> RivalAnswer:
        """Ask it."""
        draft = await write(task, models[-1], purse, self.name)
        return RivalAnswer(draft.text, draft.model)
