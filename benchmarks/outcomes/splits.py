"""What is learned from and what is measured on: the report's split, and the rotation for choosing."""

from __future__ import annotations

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import TRAINING_FOLDS
from benchmarks.outcomes.user import User
from orchestrator.errors import InvalidRecord

HELD_OUT = 2
"""Of the training folds, how many are held out at a time when choosing."""


def report_contests(user: User, value_usd: float, seed: int) -> list[Contest]:
    """Learn on folds 0 to 4, measure on folds 5 to 9; for the report alone."""
    return [Contest(user, value_usd, user.data.training(), user.data.test(), seed)]


def validation_contests(user: User, value_usd: float, seed: int) -> list[Contest]:
    """Within folds 0 to 4: learn on three, measure on two, in five rotations; for choosing.

    Raises:
        InvalidRecord: no rotation has queries to learn from and others to measure on.
    """
    folds = sorted(TRAINING_FOLDS)
    contests = []
    for first in range(len(folds)):
        held = [folds[(first + step) % len(folds)] for step in range(HELD_OUT)]
        learned = [fold for fold in folds if fold not in held]
        train = np.flatnonzero(np.isin(user.data.folds, learned))
        test = np.flatnonzero(np.isin(user.data.folds, held))
        if len(train) and len(test):
            contests.append(Contest(user, value_usd, train, test, seed))
    if not contests:
        raise InvalidRecord(
            f"{user.data.name} has too few queries in folds 0 to 4 to learn from some and test on others"
        )
    return contests
