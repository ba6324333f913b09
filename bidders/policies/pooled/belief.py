"""Beliefs: how hard a request is and which claim is its evident answer, given who has claimed what.

Those who find the evident answer agree. Those who miss it agree by chance: they scatter over other
claims as guests over the tables of a Chinese restaurant, whose concentration is high where wrong
answers can be anything, and low where they are few, as in multiple choice, or where one error
suggests itself. Mostly the evident answer is the one that is accepted; now and then it is a decoy,
and then any other claim may be the right one (an upset), also one that a single bidder makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bidders.policies.pooled.world import CONCENTRATIONS, Floats, World


@dataclass(frozen=True, slots=True)
class Belief:
    """What a state's claims say.

    Attributes:
        weights: probability of each class together with which claim is the evident answer: one row a
            class, one column a claim, and a last column for none of them; the sum is the
            probability of the claims seen.
        sizes: how many works make each claim.
    """

    weights: Floats
    sizes: tuple[int, ...] = ()

    @property
    def claims(self) -> int:
        """How many different claims there are."""
        return len(self.sizes)

    def chances(self, world: World) -> Floats:
        """The chance of each claim to be accepted; what is left to 1 is that none would be."""
        return np.asarray(joint_chances(self.weights, world) / self.weights.sum())


def joint_chances(weights: Floats, world: World) -> Floats:
    """The probability of the claims seen together with each claim being accepted, for one belief or for several.

    Args:
        weights: of beliefs: class, claim that is the evident answer (the last: none of them), along the last two axes.
        world: what requests are like.
    """
    evident = weights[..., :-1].sum(axis=-2)
    refused = world.decoys @ weights[..., :-1]
    upset = (world.decoys * world.upsets) @ weights
    return accepted(evident, refused, upset)


def accepted(evident: Floats, refused: Floats, upset: Floats) -> Floats:
    """The chance of each claim to be accepted.

    Args:
        evident: the chance that each claim is the evident answer, along the last axis.
        refused: the chance that it is, and is a decoy.
        upset: the chance that it is, is a decoy, and leaves a given other claim to be the right one; in the last
            place, where none of the claims is the evident answer.
    """
    return np.asarray(evident - refused + upset.sum(axis=-1, keepdims=True) - upset[..., :-1])


def first_belief(world: World) -> Belief:
    """What is believed before anybody has claimed anything."""
    return Belief(world.classes[:, None].copy())


def after_claim(belief: Belief, right: Floats, claim: int) -> Belief:
    """The belief after one more work.

    Args:
        belief: before it.
        right: by class, the chance that its worker finds the evident answer.
        claim: which of the claims it makes; the number of claims for a new one.
    """
    return Belief(after_claims(belief, right[None], claim)[0], sizes_after(belief.sizes, claim))


def after_claims(belief: Belief, right: Floats, claim: int) -> Floats:
    """The weights of the belief after one more work, for each of several who may do it: worker, class, claim.

    Args:
        belief: before it.
        right: the chance that its worker finds the evident answer: worker, class.
        claim: which of the claims it makes; the number of claims for a new one.
    """
    sizes = np.array([*belief.sizes, 0], dtype=float)
    wrong = sizes.sum() - sizes
    size = sizes[claim] if claim < belief.claims else CONCENTRATIONS[:, None]
    weights = belief.weights * ((1.0 - right)[:, :, None] * size / (CONCENTRATIONS[:, None] + wrong))
    is_right = belief.weights[:, claim] * right
    if claim < belief.claims:
        weights[:, :, claim] = is_right
        return np.asarray(weights)
    return np.concatenate([weights[:, :, :-1], is_right[:, :, None], weights[:, :, -1:]], axis=2)


def sizes_after(sizes: tuple[int, ...], claim: int) -> tuple[int, ...]:
    """How many works make each claim after one more that makes a given one, or, by the number of claims, a new one."""
    return tuple(size + (place == claim) for place, size in enumerate((*sizes, 0)[: max(len(sizes), claim + 1)]))


def after_silence(belief: Belief, right: Floats) -> Belief:
    """The belief after a work that claims nothing where others do: it has found no answer."""
    return Belief(belief.weights * (1.0 - right)[:, None], belief.sizes)


def best_first(chances: Sequence[float] | Floats) -> list[int]:
    """The claims by their chance, the best first, of equals the first made."""
    return sorted(range(len(chances)), key=lambda claim: (-chances[claim], claim))
