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
from functools import lru_cache
from typing import NamedTuple

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

    @property
    def given(self) -> Belief:
        """The same, given that the claims were seen: only proportions count for what is to be done."""
        return Belief(self.weights / self.weights.sum(), self.sizes)

    def chances(self, world: World) -> Floats:
        """The chance of each claim to be accepted; what is left to 1 is that none would be."""
        evident, upset = (self.weights.T @ world.acceptance).T
        return np.asarray((evident[:-1] + upset.sum()) / self.weights.sum())


def first_belief(world: World) -> Belief:
    """What is believed before anybody has claimed anything."""
    return Belief(world.classes[:, None].copy())


class EchoChances(NamedTuple):
    """Where a work may be an echo: how likely that is.

    Attributes:
        repeats: the chance that the work repeats the claim that it makes, because it echoes who made it.
        is_own: the chance that it echoes nobody.
    """

    repeats: float
    is_own: float


def after_claim(belief: Belief, right: Floats, claim: int, echo: EchoChances | None = None) -> Belief:
    """The belief after one more work.

    Args:
        belief: before it.
        right: by class, the chance that its worker finds the evident answer.
        claim: which of the claims it makes; the number of claims for a new one.
        echo: where the work may be one; None where it echoes nobody.
    """
    weights, sizes = after_claims(belief.weights, belief.sizes, right, claim), sizes_after(belief.sizes, claim)
    if echo is None or claim == len(belief.sizes):
        return Belief(weights, sizes)
    repeated, own = echo.repeats * belief.weights, echo.is_own * weights
    # One that is probably an echo is no further work that others might join.
    return Belief(own + repeated, sizes if own.sum() > repeated.sum() else belief.sizes)


def after_claims(weights: Floats, sizes: tuple[int, ...], right: Floats, claim: int) -> Floats:
    """The weights of beliefs after one more work that echoes nobody.

    Args:
        weights: of one belief or of several that differ in nothing else, as in `Belief` along the last two axes.
        sizes: how many works make each claim.
        right: by class along the last axis, the chance that the worker finds the evident answer; of several workers
            along axes that go with those of the beliefs.
        claim: which of the claims it makes; the number of claims for a new one.
    """
    after = weights * (chances_if_wrong(sizes, claim) * (1.0 - right)[..., None, :]).swapaxes(-1, -2)
    is_right = weights[..., claim] * right
    if claim < len(sizes):
        after[..., claim] = is_right
        return np.asarray(after)
    return np.concatenate([after[..., :-1], is_right[..., None], after[..., -1:]], axis=-1)


@lru_cache(maxsize=1024)
def chances_if_wrong(sizes: tuple[int, ...], claim: int) -> Floats:
    """The chance of a work that misses the evident answer to make a claim.

    Args:
        sizes: how many works make each claim so far.
        claim: which one it makes; the number of claims for a new one.

    Returns:
        By the claim that is the evident answer (the last: none of them), and class; none for the claim itself.
    """
    made = np.array([*sizes, 0])
    size = made[claim] if claim < len(sizes) else CONCENTRATIONS
    chances = size / (CONCENTRATIONS + (made.sum() - made)[:, None])
    if claim < len(sizes):
        chances[claim] = 0.0
    return np.asarray(chances)


def sizes_after(sizes: tuple[int, ...], claim: int) -> tuple[int, ...]:
    """How many works make each claim after one more that makes a given one, or, by the number of claims, a new one."""
    return tuple(size + (place == claim) for place, size in enumerate((*sizes, 0)[: max(len(sizes), claim + 1)]))


def after_silence(belief: Belief, silent: Floats) -> Belief:
    """The belief after a work that claims nothing where others do.

    Args:
        belief: before it.
        silent: by class, the chance that its worker claims nothing.
    """
    return Belief(belief.weights * silent[:, None], belief.sizes)


def best_first(chances: Sequence[float] | Floats) -> list[int]:
    """The claims by their chance, the best first, of equals the first made."""
    return sorted(range(len(chances)), key=lambda claim: (-chances[claim], claim))
