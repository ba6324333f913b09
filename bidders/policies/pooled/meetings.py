"""Meetings: works on one request that claim something, and how likely they would make one claim by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bidders.policies.pooled.abilities import Abilities
from bidders.policies.pooled.echoes import CHANCE_MIN, SHARE_MEAN, EchoCounts, Echoes, pair_of, shares_of, summed
from bidders.policies.pooled.evidence import SILENT, Evidence, are_refused, likelihoods
from bidders.policies.pooled.kinds import Foretold
from bidders.policies.pooled.world import CONCENTRATIONS, Flags, Floats, Integers

_PAIRS_AT_ONCE = 500_000
_ROUNDS = 20
_STEPS_A_LOG, _STEPS_MAX = 5.0, 80


@dataclass(frozen=True, slots=True)
class Meetings:
    """Pairs of works on one request that claim something, counted by how likely they would agree by themselves.

    Attributes:
        pairs: of their bidders: one row for each pair of bidders and chance.
        chances: how likely they would make one claim if neither echoed the other, in steps; 0 where they make two.
        weights: how much such requests count together.
    """

    pairs: Integers
    chances: Floats
    weights: Floats

    @classmethod
    def of(cls, pairs: Integers, agree: Flags, chances: Floats, weights: Floats) -> Meetings:
        """Count pairs of works, one row each.

        Args:
            pairs: of their bidders.
            agree: whether they make one claim.
            chances: how likely they would if neither echoed the other.
            weights: how much the request counts.
        """
        logs = -np.log(np.clip(chances, CHANCE_MIN, 1.0))
        steps = np.where(agree, 1 + np.round(logs * _STEPS_A_LOG), 0).astype(np.int64)
        keys, places = np.unique(pairs * _STEPS_MAX + steps, return_inverse=True)
        pairs, steps = np.divmod(keys, _STEPS_MAX)
        exact = np.where(steps > 0, np.exp((1 - steps) / _STEPS_A_LOG), 0.0)
        return cls(pairs, exact, summed(places, weights, len(keys)))

    @classmethod
    def together(cls, parts: Sequence[Meetings]) -> Meetings:
        """All of several counts."""
        pairs = np.concatenate([np.zeros(0, dtype=np.int64), *(part.pairs for part in parts)])
        chances, weights = (
            np.concatenate([np.zeros(0), *each])
            for each in ([part.chances for part in parts], [part.weights for part in parts])
        )
        return cls.of(pairs, chances > 0.0, chances, weights)

    def counts(self, known: EchoCounts) -> EchoCounts:
        """How often one echoed the other: expectation and maximisation by turns.

        Args:
            known: of other requests.
        """
        pairs, places = np.unique(self.pairs, return_inverse=True)
        met = summed(places, self.weights, len(pairs))
        before = known.of_pairs(pairs)
        agree = self.chances > 0.0
        where, weights, chances = places[agree], self.weights[agree], self.chances[agree]
        echoed = SHARE_MEAN * met
        for _ in range(_ROUNDS):
            shares = shares_of(met + before.met, echoed + before.echoed)[where]
            echoed = summed(where, weights * shares / (shares + (1.0 - shares) * chances), len(pairs))
        return EchoCounts(pairs, met, echoed)


def meetings(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Meetings:
    """Find all pairs of works that claim something.

    Args:
        evidence: the cases.
        foretold: what the text says of each.
        abilities: what is believed.
    """
    return Meetings.together([_meetings(*part, abilities) for part in _parts(evidence, foretold)])


def heeding(evidence: Evidence, echoes: Echoes) -> Evidence:
    """The same cases, where works that echo one another tell as much together as one of them would alone.

    Args:
        evidence: the cases.
        echoes: who echoes whom.
    """
    if not echoes:
        return evidence
    others, made = np.zeros(evidence.authors.shape), _made(evidence)
    for one, other, share in echoes.pairs():
        by_one, by_other = evidence.authors == one, evidence.authors == other
        rows = np.flatnonzero(by_one.any(axis=1) & by_other.any(axis=1))
        first, second = by_one[rows].argmax(axis=1), by_other[rows].argmax(axis=1)
        same = made[rows, first] == made[rows, second]
        others[rows, first] += share * same
        others[rows, second] += share * same
    voices = evidence.voices / (1.0 + others)
    counted = np.einsum("rn,rnh->rh", voices, evidence.members).round().astype(np.int64)
    return replace(evidence, voices=voices, voiced=np.where(evidence.sizes > 0, np.maximum(counted, 1), 0))


def _made(evidence: Evidence) -> Integers:
    """Which claim each work makes, or `SILENT`: case, work."""
    numbers = 1 + np.arange(evidence.members.shape[2])
    return SILENT + (evidence.members @ numbers).astype(np.int64)


def _parts(evidence: Evidence, foretold: Foretold) -> Iterator[tuple[Evidence, Foretold]]:
    cases, works = evidence.authors.shape
    step = max(1, _PAIRS_AT_ONCE // max(1, works * works))
    for start in range(0, cases, step):
        rows = slice(start, start + step)
        yield evidence.part(rows), foretold.part(rows)


def _meetings(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Meetings:
    made = _made(evidence)
    one, other = np.triu_indices(made.shape[1], 1)
    rows, places = np.nonzero((made[:, one] != SILENT) & (made[:, other] != SILENT))
    if not len(rows):
        return Meetings.together([])
    first, second = one[places], other[places]
    agree = made[rows, first] == made[rows, second]
    chances = _own_claim(evidence, foretold, abilities)
    mean = (chances[rows, first] + chances[rows, second]) / 2.0
    return Meetings.of(
        pair_of(evidence.authors[rows, first], evidence.authors[rows, second]), agree, mean, evidence.weights[rows]
    )


def _own_claim(evidence: Evidence, foretold: Foretold, abilities: Abilities) -> Floats:
    """How likely each work would claim what it claims, as things stand with the request: case, work."""
    likely = likelihoods(evidence, abilities) * abilities.kinds[foretold.kinds][:, :, None]
    # A wrong claim that several made is an error that suggests itself, or they echo one another. That it is the evident
    # answer, though refused, would explain any echo away: of the ablest bidders, levels could come to mean just that.
    likely *= ~are_refused(evidence.verdicts)[:, None, :]
    likely /= np.maximum(likely.sum(axis=(1, 2), keepdims=True), CHANCE_MIN)
    sizes, claims = evidence.voiced, evidence.voiced.sum(axis=1, keepdims=True)
    wrong = np.concatenate([claims - sizes, claims], axis=1)[:, None, :]
    # By class: how likely a wrong work joins each single other one that made a claim.
    joins = likely / (CONCENTRATIONS[:, None] + np.maximum(wrong - 1, 0))
    elsewhere = (joins.sum(axis=2, keepdims=True) - joins)[:, :, :-1] * np.maximum(sizes - 1, 0)[:, None, :]
    right = abilities.by_class()[evidence.authors]
    own_evident = np.einsum("rnh,rkh->rnk", evidence.members, likely[:, :, :-1])
    own_other = np.einsum("rnh,rkh->rnk", evidence.members, elsewhere)
    return np.asarray((own_evident * right + own_other * (1.0 - right)).sum(axis=2))
