"""Silence: works that claim nothing though others could, and requests on which nobody ever claims anything.

Works are silent for different reasons: a bidder finds no answer, a call fails by chance, nobody can compare what is
said. These tell different things of a request, and such works are worth different things to a user. So both are
learned: how often each bidder is silent, and how often what it says then is accepted where somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bidders.policies.pooled.world import CHANCE_MIN, Floats, shifted

_BY_CHANCE_MEAN, _AT_A_LOSS_MEAN = 0.02, 0.05
_AT_A_LOSS_MAX = 0.8
_POOL_WORTH, _BIDDER_WORTH = 5.0, 2.0
_ACCEPTED_MEAN, _ACCEPTED_WORTH = 0.1, 2.0
_LEVEL_WORTH = 10.0
_SPREAD = 1.2
_OPEN_MEAN, _OPEN_WORTH = 0.002, 5.0
_NEWTON_STEPS, _STEP_MAX = 12, 2.0
_RATE_MIN = 5e-4


@dataclass(frozen=True, slots=True)
class Silence:
    """What is believed of works and requests without a claim.

    Attributes:
        by_chance: each bidder's chance to claim nothing whatever the request, where others claim something; the last
            is a newcomer's.
        at_a_loss: how likely each bidder claims nothing where it would else claim a wrong answer; the last is a
            newcomer's.
        accepted: each bidder's chance that a work that claims nothing is accepted as it is, by level; the last row is a
            newcomer's.
        open_share: of requests whose texts promise claims, the share on which nobody ever makes one.
    """

    by_chance: Floats
    at_a_loss: Floats
    accepted: Floats
    open_share: float

    def chances(self, right: Floats) -> Floats:
        """Each bidder's chance to claim nothing where others claim something.

        Args:
            right: its chance to be right if it is not silent by chance: bidder, and level or class.
        """
        by_chance, at_a_loss = self.by_chance[:, None], self.at_a_loss[:, None]
        return np.asarray(by_chance + (1.0 - by_chance) * at_a_loss * (1.0 - right))

    def shares_by_chance(self, right: Floats) -> Floats:
        """Of each bidder's works that claim nothing, the share that does so by chance: as in `chances`."""
        return np.asarray(self.by_chance[:, None] / self.chances(right))

    def widened(self, more: int) -> Silence:
        """The same beliefs with room for more bidders, newcomers all."""
        by_chance, at_a_loss, accepted = (
            np.concatenate([each, np.repeat(each[-1:], more, axis=0)])
            for each in (self.by_chance, self.at_a_loss, self.accepted)
        )
        return Silence(by_chance, at_a_loss, accepted, self.open_share)

    def shifted(self, shifts: Floats) -> Silence:
        """The same where bidders are better or worse, as by so much in log-odds: what they say then is, too."""
        return replace(self, accepted=shifted(self.accepted, shifts[:, None]))

    def open_chance(self, if_comparable: Floats | float) -> Floats:
        """The chance that nobody ever makes a claim on a request on which nobody has made any so far.

        Args:
            if_comparable: how likely those who worked would all have been silent, could they have claimed something.
        """
        among = self.open_share + (1.0 - self.open_share) * np.asarray(if_comparable)
        return np.asarray(self.open_share / among)


def chances_of_silence(by_chance: Floats, at_a_loss: Floats, works: Floats, wrong: Floats) -> tuple[Floats, Floats]:
    """Maximisation: how often bidders are silent by chance, and how often because they are at a loss.

    Args:
        by_chance: how many works of each bidder claimed nothing by chance.
        at_a_loss: how many did so because it would have been wrong.
        works: how many works of each there were but for those that were silent by chance.
        wrong: how many of these were wrong, or silent for want of an answer.
    """
    # Else one that never claims anything could as well be always wrong, and its silence would tell of levels.
    losses = np.minimum(_rates(at_a_loss, wrong, _AT_A_LOSS_MEAN), _AT_A_LOSS_MAX)
    return _rates(by_chance, works + by_chance, _BY_CHANCE_MEAN), losses


def open_share(opened: Floats) -> float:
    """Maximisation: the share of requests whose texts promise claims on which nobody ever makes one.

    Args:
        opened: how many such requests there were, and how many others.
    """
    return float((opened[0] + _OPEN_WORTH * _OPEN_MEAN) / (opened.sum() + _OPEN_WORTH))


def chances_accepted(accepted: Floats, refused: Floats) -> Floats:
    """Maximisation: how often works that claim nothing are accepted, by bidder and level; the last row is a newcomer's.

    Those of the pool at each level, moved in log-odds for each bidder at all levels alike. What is not known yet is
    alike at all levels.

    Args:
        accepted: works that are known to have been accepted: bidder, level.
        refused: works that are known to have been refused: bidder, level.
    """
    judged = accepted + refused
    overall = (accepted.sum() + _ACCEPTED_WORTH * _ACCEPTED_MEAN) / (judged.sum() + _ACCEPTED_WORTH)
    pool = (accepted.sum(axis=0) + _LEVEL_WORTH * overall) / (judged.sum(axis=0) + _LEVEL_WORTH)
    odds, moved = np.log(pool / (1.0 - pool)), np.zeros((len(accepted) + 1, 1))
    accepted, judged = (np.pad(each, ((0, 1), (0, 0))) for each in (accepted, judged))
    for _ in range(_NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-odds - moved))
        slope = (accepted - judged * chance).sum(axis=1, keepdims=True) - moved / _SPREAD**2
        bend = (judged * chance * (1.0 - chance)).sum(axis=1, keepdims=True) + 1.0 / _SPREAD**2
        moved = moved + np.clip(slope / bend, -_STEP_MAX, _STEP_MAX)
    return np.asarray(np.clip(1.0 / (1.0 + np.exp(-odds - moved)), CHANCE_MIN, 1.0 - CHANCE_MIN))


def _rates(hits: Floats, given: Floats, mean: float) -> Floats:
    """How often something happens to each bidder where it can, drawn towards how often it happens to all.

    Returns:
        By bidder; the last is a newcomer's.
    """
    pool = (hits.sum() + _POOL_WORTH * mean) / (given.sum() + _POOL_WORTH)
    rates = (np.append(hits, 0.0) + _BIDDER_WORTH * pool) / (np.append(given, 0.0) + _BIDDER_WORTH)
    return np.asarray(np.clip(rates, _RATE_MIN, 1.0 - CHANCE_MIN))
