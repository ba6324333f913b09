"""Worlds in which all classes are alike, and what is believed there after some claims."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bidders.policies.pooled.belief import Belief, after_claim, first_belief
from bidders.policies.pooled.world import CLASSES, Floats, World

AUTHORS: Floats = np.linspace(0.9, 0.1, CLASSES)
"""The chance of whoever has worked to find the evident answer, by class."""


def world(decoys: float, upsets: float) -> World:
    return World(np.full(CLASSES, 1.0 / CLASSES), np.full(CLASSES, decoys), np.full(CLASSES, upsets))


def believed(assumed: World, claims: Sequence[int], right: Floats = AUTHORS) -> Belief:
    """What is believed after claims by number, each of an old one or else of the next new one."""
    belief = first_belief(assumed)
    for claim in claims:
        belief = after_claim(belief, right, min(claim, belief.claims))
    return belief
