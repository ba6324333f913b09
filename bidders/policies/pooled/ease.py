"""Ease: how well works on a request do, whoever does them, foretold from its text.

What one bidder's results alone say of texts is little; those of all say more. So one ridge regression
foretells the mean share that works on a request bring, and each bidder's own regression is told on which
step of that scale the request stands: where all do well, or nobody, it matters less whom one asks than in
between, and a straight line cannot say so. The ease of a request that was learned from is foretold from the
others: by itself it would look surer than it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bidders.policies.pooled.embedding import Embedding, condensed, embedded
from bidders.policies.pooled.kinds import Sums, in_parts
from bidders.policies.pooled.world import Floats
from orchestrator import Lesson

_STEP = 0.1
STEPS = 11
"""How many steps the scale has, from nobody does well to all do."""

_PLACES = 6


@dataclass(frozen=True, slots=True)
class Ease:
    """What is known of a text: its numbers, condensed, and where it stands on the scale of ease.

    Attributes:
        embedding: of requests.
        weights: of a 1 and the text's numbers; none as long as nothing is known.
    """

    embedding: Embedding
    weights: Floats
    _known: dict[str, Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, stored: Mapping[str, Any], embedding: Embedding) -> Ease:
        """Read what is believed, from what a memory keeps of it."""
        return cls(embedding, np.array(stored.get("weights", ()), dtype=float))

    def numbers(self, text: str) -> Floats:
        """A text's numbers, condensed, and how near it stands to each step; to none as long as nothing is known."""
        # Many bidders are asked about one text.
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._numbers(text)
        return found

    def _numbers(self, text: str) -> Floats:
        look = embedded(self.embedding, text)
        steps = np.zeros(STEPS)
        if len(self.weights) == len(look) + 1:
            foretold = min(1.0, max(0.0, float(self.weights[0] + self.weights[1:] @ look)))
            steps = np.maximum(0.0, 1.0 - np.abs(foretold / _STEP - np.arange(STEPS)))
        return np.concatenate([condensed(self.embedding, text), steps])


def after_lessons(
    stored: Mapping[str, Any], lessons: Sequence[Lesson], embedding: Embedding
) -> tuple[dict[str, Any], list[Ease]]:
    """Learn from tasks on which all worked.

    Args:
        stored: what a memory keeps; nothing at first.
        lessons: the tasks, one or more.
        embedding: of requests.

    Returns:
        What the memory is to keep, and for each task what the others say.
    """
    looks = np.array([embedded(embedding, lesson.request) for lesson in lessons])
    shares = np.array([[sum(work.score for work in lesson.works) / len(lesson.works)] for lesson in lessons])
    past = Sums.none(looks.shape[1], targets=1)
    if stored:
        past = Sums.from_json(stored["sums"]).fitting(looks.shape[1], targets=1)
    parts, everything = in_parts(past, looks, shares, np.ones(len(lessons)))
    of_lesson: dict[int, Ease] = {}
    for rows, others in parts:
        of_lesson |= dict.fromkeys(rows.tolist(), Ease(embedding, others.solved()[:, 0]))
    weights = np.round(everything.solved()[:, 0], _PLACES).tolist()
    return {"sums": everything.to_json(), "weights": weights}, [of_lesson[row] for row in range(len(lessons))]
