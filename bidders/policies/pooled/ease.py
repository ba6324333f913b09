"""Ease: how well works on a request do, whoever does them, foretold from its text.

What one bidder's results alone say of texts is little; those of all say more. So one ridge regression
foretells the mean share that works on a request bring, and each bidder's own regression is told on which
step of that scale the request stands: where all do well, or nobody, it matters less whom one asks than in
between, and a straight line cannot say so. The ease of a request that was learned from is foretold from the
others: by itself it would look surer than it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bidders.policies.pooled.kinds import Sums, in_parts
from bidders.policies.pooled.world import Floats

_STEP = 0.1
STEPS = 11
"""How many steps the scale has, from nobody does well to all do."""

_PLACES = 6


@dataclass(frozen=True, slots=True)
class Ease:
    """Foretells where a text stands on the scale of ease.

    Attributes:
        weights: of a 1 and the text's numbers; none as long as nothing is known.
    """

    weights: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Ease:
        """Read what is believed, from what a memory keeps of it."""
        return cls(np.array(stored.get("weights", ()), dtype=float))

    def steps(self, look: Floats) -> Floats:
        """How near a text with these numbers stands to each step; to none as long as nothing is known."""
        if len(self.weights) != len(look) + 1:
            return np.zeros(STEPS)
        foretold = min(1.0, max(0.0, float(self.weights[0] + self.weights[1:] @ look)))
        return np.asarray(np.maximum(0.0, 1.0 - np.abs(foretold / _STEP - np.arange(STEPS))))


def after_tasks(stored: Mapping[str, Any], looks: Floats, shares: Floats) -> tuple[dict[str, Any], list[Ease]]:
    """Learn from tasks on which all worked.

    Args:
        stored: what a memory keeps; nothing at first.
        looks: the numbers of the tasks' texts, one or more.
        shares: what works on each brought on average.

    Returns:
        What the memory is to keep, and for each task what the others say.
    """
    past = Sums.none(looks.shape[1], targets=1)
    if stored:
        past = Sums.from_json(stored["sums"]).fitting(looks.shape[1], targets=1)
    parts, everything = in_parts(past, looks, shares[:, None], np.ones(len(looks)))
    of_task: dict[int, Ease] = {}
    for rows, others in parts:
        of_task |= dict.fromkeys(rows.tolist(), Ease(others.solved()[:, 0]))
    weights = np.round(everything.solved()[:, 0], _PLACES).tolist()
    return {"sums": everything.to_json(), "weights": weights}, [of_task[row] for row in range(len(looks))]
