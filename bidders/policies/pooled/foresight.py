"""Foresight: what asking each bidder next is worth, if afterwards the best of a few simple ways to go on is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bidders.policies.pooled.belief import Belief
from bidders.policies.pooled.continuations import after_echo, continuations
from bidders.policies.pooled.echoes import NO_ECHOES, Echoes
from bidders.policies.pooled.followers import Followers, followed
from bidders.policies.pooled.lookahead import Terms
from bidders.policies.pooled.world import CLASSES, Floats, Singles, World

_FOLLOWERS_MAX = 3
_CLAIMS_AND_FOLLOWERS_MAX = 5
_KEPT_MAX = 64


@dataclass(frozen=True, slots=True)
class Foresight:
    """Values asking each bidder next: for all of them at once, and without looking ahead over all that can follow.

    Attributes:
        right: each bidder's chance to find the evident answer, by class; the last row is a newcomer's.
        costs_usd: what a claim of each bidder is expected to cost.
        world: what requests are like, of whatever kind.
        echoes: who echoes whom.
    """

    right: Floats
    costs_usd: Floats
    world: World
    echoes: Echoes = NO_ECHOES
    _skills: Singles = field(init=False, repr=False)
    _followers: dict[tuple[tuple[int, ...], float], Followers] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        skills = np.concatenate([self.right, 1.0 - self.right], axis=1).T
        object.__setattr__(self, "_skills", np.ascontiguousarray(skills, dtype=np.float32))

    def shares(
        self, belief: Belief, order: Sequence[int], plan: Sequence[int], terms: Terms, repeats: Singles | None = None
    ) -> list[float]:
        """What asking each bidder next is worth, before its own cost, as a share of the bounty.

        It is never more than what looking ahead over all that can follow would find.

        Args:
            belief: what the state's claims say; its weights sum to 1.
            order: its claims, the likeliest first.
            plan: who may be asked after that, in the order in which they are thought of.
            terms: what the request pays.
            repeats: how likely each bidder repeats each claim because it echoes who made it: claim, bidder.
        """
        claims = belief.claims
        followers = self._followed(
            tuple(plan[: max(0, min(_FOLLOWERS_MAX, _CLAIMS_AND_FOLLOWERS_MAX - claims))]), terms.bounty_usd
        )
        parts = followers.recipes.shape[1]
        sizes = tuple([belief.sizes[claim] for claim in order])
        cases = continuations(sizes, terms.answers, parts)
        weights = belief.weights[:, [*order, claims]].astype(np.float32)
        expected = np.empty((2, *cases.if_right.shape), dtype=np.float32)
        np.multiply(cases.if_right, weights[:, :, None, None], out=expected[0])
        np.einsum("hkcsp,kh->kcsp", cases.if_wrong, weights, out=expected[1])
        by_class = np.matmul(expected.reshape(2, CLASSES, -1, parts), followers.recipes)
        brought = by_class.reshape(2 * CLASSES, -1).T @ self._skills
        by_claim = brought.reshape(claims + 1, -1, *followers.barred.shape)
        if repeats is not None:
            repeated = np.einsum("hkcsp,kh->kcsp", after_echo(sizes, terms.answers, parts), weights)
            shown = np.matmul(repeated.reshape(CLASSES, -1, parts), followers.recipes).sum(axis=0)
            by_claim = by_claim * (1.0 - repeats.sum(axis=0))
            by_claim[:claims] += shown.reshape(claims, *by_claim.shape[1:3], 1) * repeats[list(order), None, None]
        by_claim = by_claim + followers.barred
        best: list[float] = np.maximum.reduce(by_claim, axis=(1, 2)).sum(axis=0).tolist()
        return best

    def _followed(self, followers: tuple[int, ...], bounty_usd: float) -> Followers:
        key = (followers, bounty_usd)
        found = self._followers.get(key)
        if found is None:
            if len(self._followers) >= _KEPT_MAX:
                self._followers.clear()
            found = self._followers[key] = followed(
                followers, self.right, self.costs_usd, self.world, bounty_usd, self.echoes
            )
        return found
