"""The world as a pool sees it: what requests are like, whoever works on them.

A request belongs to a class: a level, from easy to hard, together with a scatter, from one error
that suggests itself to wrong answers of all kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEVELS: Floats = np.linspace(4.0, -4.0, 8)
"""From easy to hard: the log-odds with which a bidder of ability 0 finds the evident answer."""

SCATTERS: Floats = np.array([0.3, 4.0, 60.0])
"""How widely wrong claims scatter: the concentration of a Chinese restaurant process."""

CONCENTRATIONS: Floats = np.tile(SCATTERS, len(LEVELS))
"""The concentration of each class; classes of one level stand together."""

CLASSES = len(CONCENTRATIONS)
CHANCE_MIN = 1e-3
"""Nobody is sure to be right, or to be wrong."""

WORKS_MAX = 64
"""How many works on one request say anything, the first ones: a delivery may hold a thousand, and what is worked out
grows with the square of their number."""


@dataclass(frozen=True)
class World:
    """What is believed of requests.

    Attributes:
        classes: how frequent each class is; the sum is 1.
        decoys: by class, the chance that the evident answer is not the one that is accepted.
        upsets: by class, the chance of any other claim to be accepted where the evident answer is a decoy.
    """

    classes: Floats
    decoys: Floats
    upsets: Floats

    @cached_property
    def acceptance(self) -> Floats:
        """By class: the chance of the evident answer to be accepted less that of another, and that of another."""
        upset = self.decoys * self.upsets
        return np.stack([1.0 - self.decoys - upset, upset], axis=1)


def by_level(classes: Floats) -> Floats:
    """Sum classes to levels, along the last axis."""
    return np.asarray(classes.reshape(*classes.shape[:-1], len(LEVELS), len(SCATTERS)).sum(axis=-1))


def by_class(levels: Floats) -> Floats:
    """Repeat what is known of levels for each of their classes, along the last axis."""
    return np.repeat(levels, len(SCATTERS), axis=-1)


def shifted(chances: Floats, shifts: Floats) -> Floats:
    """Chances, each above 0 and below 1, with their log-odds shifted by so much."""
    odds = np.log(chances / (1.0 - chances)) + shifts
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds)), CHANCE_MIN, 1.0 - CHANCE_MIN))


def _log_rising() -> Floats:
    steps = np.log(CONCENTRATIONS[:, None] + np.arange(WORKS_MAX))
    return np.concatenate([np.zeros((CLASSES, 1)), np.cumsum(steps, axis=1)], axis=1)


LOG_CONCENTRATIONS: Floats = np.log(CONCENTRATIONS)
LOG_RISING: Floats = _log_rising()
"""Logarithm of the rising factorial of each class's concentration: by class and number of works."""

LOG_SEATINGS: Floats = np.concatenate([[0.0, 0.0], np.cumsum(np.log(np.arange(1, WORKS_MAX)))])
"""Logarithm of the ways in which works come to share a claim: of (n - 1)!, and nothing for none."""
