"""Forgetting: how the past loses weight, and when what is believed of it is worked out anew."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from bidders.policies.pooled.world import Floats

_REFIT_GROWTH: Final = 0.05


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How the past loses weight.

    Attributes:
        rate: share of its weight that a request, or an offer, loses with each one after it.
        window: how many of them are kept as they are.
    """

    rate: float
    window: int

    def left_after(self, requests: int) -> float:
        """The weight left after so many."""
        return exp(-self.rate * requests)

    def weights(self, kept: int) -> Floats:
        """The weights of those that are kept, the oldest first."""
        return np.array([self.left_after(kept - 1 - place) for place in range(kept)])

    def is_refit_due(self, fresh: int, kept: int) -> bool:
        """Whether so much has come since beliefs were worked out that they are to be worked out anew.

        Args:
            fresh: how many have come since.
            kept: how many are kept, these among them.
        """
        return fresh >= max(1.0, _REFIT_GROWTH * min(kept, self.window))
