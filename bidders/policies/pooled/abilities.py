"""Abilities: who is right how often, worked out from expected counts of right and wrong.

A bidder's chance to be right at a level follows from its ability (the Rasch model); what it has
shown at the level itself moves the chance away from there. Abilities are drawn towards that of the
whole pool, so that a newcomer begins as one of many.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from bidders.policies.pooled.kinds import KINDS, UNKNOWN_KIND
from bidders.policies.pooled.silence import Silence, chances_accepted, chances_of_silence, open_share
from bidders.policies.pooled.tallies import Tallies
from bidders.policies.pooled.world import (
    CHANCE_MIN,
    CLASSES,
    LEVELS,
    SCATTERS,
    Floats,
    World,
    by_class,
    by_level,
    shifted,
)

_ABILITY_MEAN, _ABILITY_MEAN_WORTH = 1.0, 2.0
_ABILITY_SPREAD = 1.2
_WORKS_FOR_A_VOICE = 5.0
_OWN_LEVEL_WORTH = 30.0
_CLASSES_WORTH, _LEVELS_SPREAD = 5.0, 3.0
_KIND_WORTH = 15.0
_DECOY_MEAN, _DECOY_WORTH = 0.05, 10.0
_DECOY_MAX = 0.5
_UPSET_MEAN, _UPSET_WORTH = 0.2, 10.0
_MOVED_SPREAD = 0.2
_NEWTON_STEPS = 4


@dataclass(frozen=True, slots=True)
class Counts(Tallies):
    """Expected counts.

    Attributes:
        right: works that found the evident answer: bidder, level.
        wrong: works that missed it, or claimed nothing for want of an answer: bidder, level.
        accepted: works whose claim was the right one, evident or not: bidder.
        classes: requests of each kind and class; in the last row those of unknown kind.
        sound: by level, requests whose evident answer was accepted.
        decoys: by level, requests whose evident answer was refused.
        upsets: by level, claims that were accepted then.
        failed: by level, other claims that were refused too.
        by_chance: works that claimed nothing by chance where others could: bidder.
        at_a_loss: works that claimed nothing there for want of an answer: bidder.
        silent_accepted: works without a claim that are known to have been accepted: bidder, level.
        silent_refused: works without a claim that are known to have been refused: bidder, level.
        opened: requests on which nobody could claim anything, though their texts promised it, and all others.
    """

    right: Floats
    wrong: Floats
    accepted: Floats
    classes: Floats
    sound: Floats
    decoys: Floats
    upsets: Floats
    failed: Floats
    by_chance: Floats
    at_a_loss: Floats
    silent_accepted: Floats
    silent_refused: Floats
    opened: Floats

    @classmethod
    def none(cls, bidders: int) -> Counts:
        """Nothing seen of so many bidders."""
        works, levels = np.zeros((bidders, len(LEVELS))), np.zeros(len(LEVELS))
        classes = np.zeros((KINDS + 1, CLASSES))
        return cls(
            right=works,
            wrong=works.copy(),
            accepted=np.zeros(bidders),
            classes=classes,
            sound=levels,
            decoys=levels,
            upsets=levels,
            failed=levels,
            by_chance=np.zeros(bidders),
            at_a_loss=np.zeros(bidders),
            silent_accepted=works.copy(),
            silent_refused=works.copy(),
            opened=np.zeros(2),
        )

    def widened(self, bidders: int) -> Counts:
        """The same counts with room for more bidders."""
        more = (0, bidders - len(self.right))
        works, bidders_only = (
            ("right", "wrong", "silent_accepted", "silent_refused"),
            ("accepted", "by_chance", "at_a_loss"),
        )
        return replace(
            self,
            **{name: np.pad(getattr(self, name), (more, (0, 0))) for name in works},
            **{name: np.pad(getattr(self, name), more) for name in bidders_only},
        )


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a pool believes.

    Attributes:
        kinds: how frequent each class is among requests of each kind; in the last row among all.
        decoys: by level, the chance that the evident answer is not the one that is accepted.
        upsets: by level, the chance of any other claim to be accepted then.
        right: each bidder's chance to find the evident answer, unless it is silent by chance, by level, as agreement
            shows it; the last row is a newcomer's.
        proven: the same chance as its accepted works show it; what is planned with.
        seen: how many works of each bidder this rests on; the last is a newcomer's.
        silence: what works say that claim nothing.
        spreads: how unsure each bidder's log-odds are beside its ability, as they are on a topic: a standard deviation.
    """

    kinds: Floats
    decoys: Floats
    upsets: Floats
    right: Floats
    proven: Floats
    seen: Floats
    silence: Silence
    spreads: Floats = field(default_factory=lambda: np.zeros(1))

    @property
    def bidders(self) -> int:
        """How many bidders are known."""
        return len(self.right) - 1

    @property
    def speaking(self) -> Floats:
        """Each bidder's chance not to be silent by chance; the last is a newcomer's."""
        return np.asarray(1.0 - self.silence.by_chance)

    def world(self, kind: int = UNKNOWN_KIND) -> World:
        """What is believed of requests of a kind."""
        return World(self.kinds[kind], by_class(self.decoys), by_class(self.upsets))

    def by_class(self) -> Floats:
        """Each bidder's chance to find the evident answer, by class, as agreement shows it."""
        return by_class(self.right)

    def proven_by_class(self) -> Floats:
        """Each bidder's chance to find the evident answer, by class, as its accepted works show it."""
        return by_class(self.proven)

    def silent_by_class(self) -> Floats:
        """Each bidder's chance to claim nothing where others claim something, by class."""
        return by_class(self.silence.chances(self.right))

    def doubts(self, kind: int = UNKNOWN_KIND) -> Floats:
        """How unsure each bidder's chance to find the evident answer to a request of a kind is: a standard deviation.

        By Laplace's approximation: a work tells the more of an ability, the less clear it was whether it would be
        right, and an ability tells the more of a request. What is easy for all, or for none, leaves no doubt.

        Returns:
            By bidder; the last is a newcomer's.
        """
        bends = self.right * (1.0 - self.right)
        told = self.seen * (bends @ by_level(self.kinds[UNKNOWN_KIND]))
        asked = self.speaking * (bends @ by_level(self.kinds[kind]))
        return np.hypot(asked / np.sqrt(1.0 / _ABILITY_SPREAD**2 + told), asked * self.spreads)

    def shifted(self, shifts: Floats, spreads: Floats) -> Abilities:
        """The same where each bidder is better or worse than on the whole.

        Args:
            shifts: by how much its log-odds to be right differ; the last is a newcomer's.
            spreads: how unsure that is: a standard deviation.
        """
        right, proven = (shifted(each, shifts[:, None]) for each in (self.right, self.proven))
        return replace(self, right=right, proven=proven, silence=self.silence.shifted(shifts), spreads=spreads)

    def widened(self, bidders: int) -> Abilities:
        """The same beliefs with room for more bidders, newcomers all."""
        more = bidders - self.bidders
        right, proven = (
            np.concatenate([each, np.repeat(each[-1:], more, axis=0)]) for each in (self.right, self.proven)
        )
        return replace(
            self,
            right=right,
            proven=proven,
            seen=np.concatenate([self.seen, np.zeros(more)]),
            silence=self.silence.widened(more),
        )


def abilities_from(counts: Counts) -> Abilities:
    """Maximisation: the abilities that explain expected counts best, drawn towards the pool's."""
    newcomer = np.zeros((1, len(LEVELS)))
    rights = np.concatenate([counts.right, newcomer])
    works = rights + np.concatenate([counts.wrong, newcomer])
    expected = _chance(LEVELS + _fitted(rights, works)[:, None])
    right = (rights + _OWN_LEVEL_WORTH * expected) / (works + _OWN_LEVEL_WORTH)
    judged = counts.decoys + counts.sound
    decoys = (counts.decoys + _DECOY_WORTH * _DECOY_MEAN) / (judged + _DECOY_WORTH)
    # Else a level could change its meaning: what most of those agree on who fail would be its evident answer, nearly
    # always a decoy, and to be right would be an upset, which takes no skill. Only the hardest level is like that.
    decoys[:-1] = np.minimum(decoys[:-1], _DECOY_MAX)
    upsets = (counts.upsets + _UPSET_WORTH * _UPSET_MEAN) / (counts.upsets + counts.failed + _UPSET_WORTH)
    clipped = np.clip(right, CHANCE_MIN, 1.0 - CHANCE_MIN)
    return Abilities(
        kinds=_frequencies(counts.classes),
        decoys=decoys,
        upsets=upsets,
        right=clipped,
        proven=_proven(clipped, works, np.append(counts.accepted, 0.0), (1.0 - decoys, decoys * upsets)),
        seen=works.sum(axis=1),
        silence=Silence(
            *chances_of_silence(counts.by_chance, counts.at_a_loss, works[:-1].sum(axis=1), counts.wrong.sum(axis=1)),
            chances_accepted(counts.silent_accepted, counts.silent_refused),
            open_share(counts.opened),
        ),
    )


def _proven(right: Floats, works: Floats, accepted: Floats, chances: tuple[Floats, Floats]) -> Floats:
    """Move each bidder's chances towards those that foretell as many accepted works as it had.

    Levels explain agreement first, and that alone may foretell too few right answers of one bidder and too many of
    another. Learning does not start from the moved chances: the levels would drift away after them.

    Args:
        right: the chances to be moved: bidder, level.
        works: how many each did at each level.
        accepted: how many of its works were accepted.
        chances: by level, that of a work to be accepted that finds the evident answer, and of one that does not.
    """
    odds, shifts = np.log(right / (1.0 - right)), np.zeros((len(right), 1))
    if_right, if_wrong = chances
    for _ in range(_NEWTON_STEPS):
        chance = _chance(odds + shifts)
        foretold = works * (if_wrong + (if_right - if_wrong) * chance)
        slope = accepted - foretold.sum(axis=1) - shifts[:, 0] / _MOVED_SPREAD**2
        bend = np.maximum(works * (if_right - if_wrong) * chance * (1.0 - chance), 0.0).sum(axis=1)
        shifts = shifts + np.clip(slope / (bend + 1.0 / _MOVED_SPREAD**2), -1.0, 1.0)[:, None]
    return np.clip(_chance(odds + shifts), CHANCE_MIN, 1.0 - CHANCE_MIN)


def _frequencies(counts: Floats) -> Floats:
    """How frequent each class is among requests of each kind, drawn towards all requests; last among all."""
    bell = np.exp(-0.5 * (LEVELS / _LEVELS_SPREAD) ** 2)
    overall = counts.sum(axis=0) + _CLASSES_WORTH * by_class(bell / bell.sum()) / len(SCATTERS)
    overall = overall / overall.sum()
    kinds = counts + _KIND_WORTH * overall
    kinds[UNKNOWN_KIND] = overall
    return np.asarray(kinds / kinds.sum(axis=1, keepdims=True))


def _fitted(rights: Floats, works: Floats) -> Floats:
    """Each bidder's ability, by a few steps of Newton's method, with the pool's mean moved between them."""
    ability = np.full(len(works), _ABILITY_MEAN)
    precision = 1.0 / _ABILITY_SPREAD**2
    seen = works.sum(axis=1)
    voice = seen / (seen + _WORKS_FOR_A_VOICE)
    mean = _ABILITY_MEAN
    for _ in range(_NEWTON_STEPS):
        chance = _chance(LEVELS + ability[:, None])
        slope = (rights - works * chance).sum(axis=1) - precision * (ability - mean)
        bend = (works * chance * (1.0 - chance)).sum(axis=1) + precision
        ability = ability + np.clip(slope / bend, -1.0, 1.0)
        mean = (voice @ ability + _ABILITY_MEAN_WORTH * _ABILITY_MEAN) / (voice.sum() + _ABILITY_MEAN_WORTH)
    return ability


def _chance(log_odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))
