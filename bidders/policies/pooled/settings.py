"""Settings: what a pool is told about how it learns."""

from __future__ import annotations

from typing import NamedTuple

from bidders.policies.pooled.embedding import Embedding
from bidders.policies.pooled.forgetting import Forgetting


class LearningSettings(NamedTuple):
    """What a pool is told about how it learns.

    Attributes:
        embedding: of requests.
        forgetting: how the past loses weight.
        answers: how many answers a presenter shows.
        prior: the chance of an offer to be taken whose works claim nothing, before anything is known; above 0, below 1.
    """

    embedding: Embedding
    forgetting: Forgetting
    answers: int
    prior: float
