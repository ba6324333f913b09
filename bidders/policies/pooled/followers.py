"""Followers: workers who may be asked after the next one, and how continuations are put together with them."""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.continuations import PARTS, Part
from bidders.policies.pooled.echoes import Echoes
from bidders.policies.pooled.world import CLASSES, Floats, Integers, Singles, World

# Added to what is a share of the bounty times a probability, so that no other column is ever below it.
_NEVER = -1e3


class Followers(NamedTuple):
    """What continuations bring if they ask certain workers.

    Attributes:
        recipes: how what a continuation brings, as a share of the bounty, is put together from its parts: class, part,
            and one column for each way to ask: nobody; one who decides; one who settles; one who checks and another.
        barred: by column and bidder, less than nothing where it would be asked twice, or its echo after it; else 0.
    """

    recipes: Singles
    barred: Singles


class _Layout(NamedTuple):
    """Which recipes are of which sort, and which follower each asks first and second.

    Where none is asked second, that is the first again; the recipe that asks nobody stands before all these.
    """

    decide: slice
    settle: slice
    check: slice
    first: Integers
    second: Integers


def followed(
    followers: tuple[int, ...], right: Floats, costs_usd: Floats, world: World, bounty_usd: float, echoes: Echoes
) -> Followers:
    """Put together what continuations bring.

    Args:
        followers: who may be asked, by number.
        right: each bidder's chance to find the evident answer, by class.
        costs_usd: what a claim of each bidder is expected to cost.
        world: what requests are like.
        bounty_usd: what the request pays, more than nothing if there are followers.
        echoes: who echoes whom.
    """
    layout = _layout(len(followers))
    chosen = np.array(followers, dtype=np.int64)
    skills, paid = right[chosen].T, costs_usd[chosen] / -bounty_usd
    sound, upset = world.acceptance.T[:, :, None]
    found = sound * skills
    recipes = np.zeros((CLASSES, len(Part), 1 + len(layout.first)), dtype=np.float32)
    recipes[:, Part.STOP, 0] = sound[:, 0]
    recipes[:, Part.SHOWN] = upset
    recipes[:, Part.FIRST_PAID, 1:] = paid[layout.first]
    decide, settle, check = layout.decide, layout.settle, layout.check
    recipes[:, Part.DECIDE, decide] = recipes[:, Part.SETTLE, settle] = recipes[:, Part.CHECK, check] = sound
    recipes[:, Part.DECIDE_IF_RIGHT, decide] = recipes[:, Part.SETTLE_IF_RIGHT, settle] = found
    first, second = layout.first[check.start - 1 :], layout.second[check.start - 1 :]
    recipes[:, Part.CHECK_IF_FIRST_RIGHT, check] = found[:, first]
    recipes[:, Part.CHECK_IF_SECOND_RIGHT, check] = found[:, second]
    recipes[:, Part.CHECK_IF_BOTH_RIGHT, check] = found[:, first] * skills[:, second]
    recipes[:, Part.SECOND_PAID, check] = paid[second]
    recipes[:, Part.SECOND_PAID_IF_FIRST_RIGHT, check] = skills[:, first] * paid[second]
    for adding, asked in ((decide, slice(None)), (check, first)):
        recipes[:, Part.SHOWN, adding] = 0.0
        recipes[:, Part.SHOWN_IF_ADDED, adding] = upset
        recipes[:, Part.SHOWN_IF_ADDED_AND_RIGHT, adding] = upset * skills[:, asked]
    parts = PARTS[min(len(followers), len(PARTS) - 1)]
    return Followers(np.ascontiguousarray(recipes[:, :parts]), _barred(layout, chosen, len(right), echoes))


def _barred(layout: _Layout, chosen: Integers, bidders: int, echoes: Echoes) -> Singles:
    alike = np.zeros((len(chosen), bidders), dtype=bool)
    for row, follower in zip(alike, chosen.tolist(), strict=True):
        row[[follower, *echoes.same_as(follower)]] = True
    barred = np.zeros((1 + len(layout.first), bidders), dtype=np.float32)
    if len(chosen):
        barred[1:] = np.where(alike[layout.first] | alike[layout.second], _NEVER, 0.0)
    return barred


@lru_cache(maxsize=8)
def _layout(followers: int) -> _Layout:
    alone, pairs = list(range(followers)), list(permutations(range(followers), 2))
    first = np.array([*alone, *alone, *(first for first, _ in pairs)], dtype=np.int64)
    second = np.array([*alone, *alone, *(second for _, second in pairs)], dtype=np.int64)
    settle, check = 1 + followers, 1 + 2 * followers
    return _Layout(slice(1, settle), slice(settle, check), slice(check, 1 + len(first)), first, second)
