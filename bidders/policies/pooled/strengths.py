"""Strengths: by how much each bidder is better or worse on a topic than on the whole.

An ability says how often a bidder is right at each level, whatever the topic. On a topic its log-odds are shifted by
its strength there, which is drawn towards none, the more so the less strengths differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from bidders.policies.pooled.abilities import Abilities, Counts
from bidders.policies.pooled.tallies import Tallies
from bidders.policies.pooled.topics import UNKNOWN_TOPIC, Surprises, Topics
from bidders.policies.pooled.world import LEVELS, Floats, shifted

_SPREAD_MIN, _SPREAD_MAX = 0.05, 2.0
_SPREAD_MEAN, _SPREAD_WORTH = 0.5, 10.0
_NEWTON_STEPS = 4


@dataclass(frozen=True, slots=True)
class TopicCounts(Tallies):
    """Expected counts, of the same works as in `Counts`: topic, bidder, level.

    Attributes:
        right: works that found the evident answer.
        wrong: works that missed it.
        silent_accepted: works without a claim that are known to have been accepted.
        silent_refused: works without a claim that are known to have been refused.
    """

    right: Floats
    wrong: Floats
    silent_accepted: Floats
    silent_refused: Floats

    @classmethod
    def none(cls, topics: int, bidders: int) -> TopicCounts:
        """Nothing seen of so many bidders on so many topics."""
        return cls(*(np.zeros((topics, bidders, len(LEVELS))) for _ in fields(cls)))

    @property
    def works(self) -> float:
        """How many works that claim something are counted."""
        return float(self.right.sum() + self.wrong.sum())

    def with_more(self, topic: int, counts: Counts) -> TopicCounts:
        """The same with more works on a topic; of an unknown one nothing is counted."""
        if topic == UNKNOWN_TOPIC:
            return self
        more = TopicCounts.none(len(self.right), self.right.shape[1])
        for each in fields(self):
            getattr(more, each.name)[topic] = getattr(counts, each.name)
        return self + more

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON can hold them; nothing where no topics are told apart."""
        return Tallies.to_json(self) if len(self.right) else {}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], bidders: int) -> TopicCounts:
        """Read counts back, with room for so many bidders."""
        if not stored:
            return cls.none(0, bidders)
        known = [np.array(stored[each.name], dtype=float) for each in fields(cls)]
        return cls(*(np.pad(each, ((0, 0), (0, bidders - each.shape[1]), (0, 0))) for each in known))

    def surprises(self, abilities: Abilities, shifts: Floats) -> Surprises:
        """How much more often works were right than abilities make likely whose log-odds are shifted by so much.

        Args:
            abilities: what is believed of the bidders, whatever the topic.
            shifts: by topic and bidder.
        """
        parts = (
            (self.right, self.wrong, abilities.right),
            (self.silent_accepted, self.silent_refused, abilities.silence.accepted),
        )
        right, told = np.zeros(shifts.shape), np.zeros(shifts.shape)
        for hits, misses, chances in parts:
            works, chance = hits + misses, shifted(chances[:-1], shifts[:, :, None])
            right += (hits - works * chance).sum(axis=2)
            told += (works * chance * (1.0 - chance)).sum(axis=2)
        return Surprises(right, told)


@dataclass(frozen=True, slots=True)
class Strengths:
    """Who is better on which topic.

    Attributes:
        topics: tells a request's topic.
        shifts: by topic and bidder, by how much its log-odds to be right differ; the last is a newcomer's.
        spreads: how unsure each shift is: a standard deviation.
    """

    topics: Topics = field(default_factory=Topics)
    shifts: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    spreads: Floats = field(default_factory=lambda: np.zeros((0, 1)))

    @classmethod
    def of(cls, topics: Topics, shifts: Floats, told: Floats, variance: float) -> Strengths:
        """What strengths are and how unsure; of a newcomer nothing is known.

        Args:
            topics: tells a request's topic.
            shifts: by topic and bidder that is known.
            told: how much works tell of each.
            variance: of strengths.
        """
        newcomer = np.zeros((len(shifts), 1))
        spreads = 1.0 / np.sqrt(np.concatenate([told, newcomer], axis=1) + 1.0 / variance)
        return cls(topics, np.concatenate([shifts, newcomer], axis=1), spreads)

    def on(self, topic: int, abilities: Abilities) -> Abilities:
        """Abilities on a topic."""
        if topic == UNKNOWN_TOPIC:
            return abilities
        return abilities.shifted(self.shifts[topic], self.spreads[topic])

    def widened(self, bidders: int) -> Strengths:
        """The same with room for more bidders, newcomers all."""
        more = bidders + 1 - self.shifts.shape[1]
        shifts, spreads = (
            np.concatenate([each, np.repeat(each[:, -1:], more, axis=1)], axis=1)
            for each in (self.shifts, self.spreads)
        )
        return replace(self, shifts=shifts, spreads=spreads)


def first_strengths(surprises: Surprises, looks: Floats, topics: Topics) -> Strengths:
    """What strengths are on new topics, as far as surprises show it.

    Args:
        surprises: on some requests, whatever their topics.
        looks: the numbers of their texts.
        topics: tells their topics.
    """
    sums = surprises.by_topic(topics.of(looks), len(topics))
    variance = _variance(sums)
    return Strengths.of(topics, sums.shifts(variance), sums.told, variance)


def strengths_from(counts: TopicCounts, topics: Topics, abilities: Abilities) -> Strengths:
    """Maximisation: the strengths that explain expected counts best, drawn towards none."""
    if not len(topics):
        return Strengths()
    shifts = np.zeros(counts.right.shape[:2])
    found = counts.surprises(abilities, shifts)
    variance = _variance(found)
    for _ in range(_NEWTON_STEPS):
        step = (found.right - shifts / variance) / (found.told + 1.0 / variance)
        shifts = shifts + np.clip(step, -1.0, 1.0)
        found = counts.surprises(abilities, shifts)
    return Strengths.of(topics, shifts, found.told, variance)


def _variance(sums: Surprises) -> float:
    return min(_SPREAD_MAX**2, max(_SPREAD_MIN**2, sums.variance(_SPREAD_MEAN**2, _SPREAD_WORTH)))
