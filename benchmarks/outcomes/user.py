"""The user: takes an offer exactly when one of the answers that it shows is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.data import Flags, Floats, Outcomes
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Offer
from orchestrator.core.names import entry_of
from orchestrator.core.rules import TRANSFORMER


@dataclass(frozen=True, slots=True)
class User:
    """Accepts an answer with the probability of its score.

    One draw a query decides, the same for every answer and every method, so that methods are
    compared on the same user.

    Attributes:
        data: the recorded outcomes.
        draws: one number from 0 to 1 a query; an answer is right if its score is above it.
    """

    data: Outcomes
    draws: Floats

    @classmethod
    def of(cls, data: Outcomes, seed: int) -> User:
        return cls(data, np.random.default_rng(derive_seed(seed, "user")).random(len(data)))

    def accepts(self) -> Flags:
        """Whether each model's answer to each query would be taken."""
        return self.data.scores > self.draws[:, None]

    def models_behind(self, query: int, offer: Offer) -> list[int]:
        """For each answer that an offer shows, the first model on its chain that gave it."""
        chain = [self.data.models.index(entry_of(sale.buyer)) for sale in offer.chain if sale.role == TRANSFORMER]
        return [
            next(model for model in chain if answer_text(self.data, query, model) == shown.text)
            for shown in offer.state.segments
        ]

    def model_taken(self, query: int, offer: Offer) -> int | None:
        """The model behind the first answer of an offer that is right."""
        scores = self.data.scores[query]
        behind = self.models_behind(query, offer)
        return next((model for model in behind if scores[model] > self.draws[query]), None)

    def pick(self, query: int, offers: Sequence[Offer]) -> int:
        """Rank of the first offer that shows a right answer, or 0 for none."""
        for rank, offer in enumerate(offers, 1):
            if self.model_taken(query, offer) is not None:
                return rank
        return 0


def answer_text(data: Outcomes, query: int, model: int) -> str:
    """What a model delivers: its answer, or a text that equals no other model's."""
    answer = data.answers[query][model]
    return f"{data.models[model]} answers in words that are not recorded" if answer is None else answer
