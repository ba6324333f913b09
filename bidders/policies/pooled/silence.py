"""Silence: works that claim nothing though others could, and requests on which nobody ever claims anything.

Works are silent for different reasons: a bidder finds no answer, a call fails by chance, nobody can compare what is
said. These tell different things of a request, and such works are worth different things to a user. So both are
learned: how often each bidder is silent, and how often what it says then is accepted where somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bidders.policies.pooled.world import Floats, by_class

_BY_CHANCE_MEAN, _AT_A_LOSS_MEAN = 0.02, 0.02
_POOL_WORTH, _BIDDER_WORTH = 5.0, 2.0
_ROUNDS = 20
_ACCEPTED_MEAN, _ACCEPTED_WORTH = 0.1, 2.0
_LEVEL_WORTH = 10.0
_SPREAD = 1.2
_OPEN_MEAN, _OPEN_WORTH = 0.005, 5.0
_NEWTON_STEPS, _STEP_MAX = 12, 2.0
_CHANCE_MIN = 1e-3


@dataclass(frozen=True, slots=True)
class Silence:
    """What is believed of works and requests without a claim.

    Attributes:
        chances: each bidder's chance to claim nothing on a request on which others claim something, by level; the last
            row is a newcomer's.
        accepted: each bidder's chance that such a work is accepted, by level; the last row is a newcomer's.
        open_share: of requests whose texts promise claims, the share on which nobody ever makes one.
    """

    chances: Floats
    accepted: Floats
    open_share: float

    def by_class(self) -> Floats:
        """Each bidder's chance to claim nothing, by class."""
        return by_class(self.chances)

    def accepted_by_class(self) -> Floats:
        """Each bidder's chance that a work of its that claims nothing is accepted, by class."""
        return by_class(self.accepted)

    def widened(self, more: int) -> Silence:
        """The same beliefs with room for more bidders, newcomers all."""
        chances, accepted = (
            np.concatenate([each, np.repeat(each[-1:], more, axis=0)]) for each in (self.chances, self.accepted)
        )
        return replace(self, chances=chances, accepted=accepted)

    def open_chance(self, if_comparable: Floats | float) -> Floats:
        """The chance that nobody ever makes a claim on a request on which nobody has made any so far.

        Args:
            if_comparable: how likely those who worked would all have been silent, could they have claimed something.
        """
        among = self.open_share + (1.0 - self.open_share) * np.asarray(if_comparable)
        return np.asarray(self.open_share / among)


def silence_from(
    right: Floats, silent: Floats, spoken: Floats, accepted: Floats, refused: Floats, opened: Floats
) -> Silence:
    """Maximisation: what explains expected counts best.

    Args:
        right: each bidder's chance to find the evident answer, by level; the last row is a newcomer's.
        silent: works that claimed nothing where others could: bidder, level.
        spoken: works that claimed something: bidder, level.
        accepted: those of the silent ones that are known to have been accepted: bidder, level.
        refused: those that are known to have been refused: bidder, level.
        opened: how many requests nobody could have claimed anything on, and how many others there were.
    """
    return Silence(
        _chances(right, silent, silent + spoken),
        _profile(accepted, accepted + refused, _ACCEPTED_MEAN, _ACCEPTED_WORTH),
        float((opened[0] + _OPEN_WORTH * _OPEN_MEAN) / (opened.sum() + _OPEN_WORTH)),
    )


def _chances(right: Floats, silent: Floats, works: Floats) -> Floats:
    """Each bidder's chances to claim nothing, by level: by chance, or because it is at a loss for an answer.

    How often works are silent by chance is alike at all levels; who is at a loss is so where it would be wrong.
    """
    silent, works = (np.pad(each, ((0, 1), (0, 0))) for each in (silent, works))
    wrong, shape = 1.0 - right, (len(right), 1)
    by_chance, at_a_loss = np.full(shape, _BY_CHANCE_MEAN), np.full(shape, _AT_A_LOSS_MEAN)
    chances_given, losses_given = works.sum(axis=1, keepdims=True), (works * wrong).sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        share = by_chance / (by_chance + at_a_loss * wrong)
        chance, loss = ((silent * each).sum(axis=1, keepdims=True) for each in (share, 1.0 - share))
        by_chance = _rates(chance, chances_given, _BY_CHANCE_MEAN)
        at_a_loss = _rates(loss, losses_given, _AT_A_LOSS_MEAN)
    return np.asarray(np.clip(by_chance + at_a_loss * wrong, _CHANCE_MIN, 1.0 - _CHANCE_MIN))


def _rates(hits: Floats, given: Floats, mean: float) -> Floats:
    """How often something happens to each bidder where it can, drawn towards how often it happens to all."""
    pool = (hits.sum() + _POOL_WORTH * mean) / (given.sum() + _POOL_WORTH)
    return np.asarray((hits + _BIDDER_WORTH * pool) / (given + _BIDDER_WORTH))


def _profile(hits: Floats, works: Floats, mean: float, worth: float) -> Floats:
    """Each bidder's chances by level: the pool's at that level, moved in log-odds for all levels alike.

    What is not known yet is alike at all levels: whether silence tells anything of a request is to be seen first.

    Returns:
        By bidder and level; the last row is a newcomer's.
    """
    overall = (hits.sum() + worth * mean) / (works.sum() + worth)
    pool = (hits.sum(axis=0) + _LEVEL_WORTH * overall) / (works.sum(axis=0) + _LEVEL_WORTH)
    odds, moved = np.log(pool / (1.0 - pool)), np.zeros((len(hits) + 1, 1))
    all_hits, all_works = (np.pad(each, ((0, 1), (0, 0))) for each in (hits, works))
    for _ in range(_NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-odds - moved))
        slope = (all_hits - all_works * chance).sum(axis=1, keepdims=True) - moved / _SPREAD**2
        bend = (all_works * chance * (1.0 - chance)).sum(axis=1, keepdims=True) + 1.0 / _SPREAD**2
        moved = moved + np.clip(slope / bend, -_STEP_MAX, _STEP_MAX)
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds - moved)), _CHANCE_MIN, 1.0 - _CHANCE_MIN))
