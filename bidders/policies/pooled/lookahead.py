"""Looking ahead: what a state is worth if the best further works are bought, one after another.

Going back from the last of the states that can follow gives each state's value exactly (dynamic
programming over beliefs), for many beliefs at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bidders.policies.pooled.belief import accepted
from bidders.policies.pooled.layers import Layer, layers
from bidders.policies.pooled.world import LOG_CONCENTRATIONS, LOG_RISING, LOG_SEATINGS, Floats, Integers, World


class Terms(NamedTuple):
    """What a request pays, and for what.

    Attributes:
        bounty_usd: for a right claim.
        answers: how many claims are shown.
    """

    bounty_usd: float
    answers: int = 1


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers who may be asked.

    Attributes:
        right: the chance that each finds the evident answer: worker, class.
        costs_usd: what each costs.
    """

    right: Floats
    costs_usd: Floats


class Worth(NamedTuple):
    """What beliefs are worth, in dollars, one row a belief.

    Attributes:
        going_on: for each worker, the value of asking it now, its cost taken off.
        value: the value of the best that can be done: stop, or ask somebody.
    """

    going_on: Floats
    value: Floats


def look_ahead(weights: Floats, sizes: tuple[int, ...], crew: Crew, world: World, terms: Terms) -> Worth:
    """Value beliefs by all that can follow.

    Args:
        weights: belief, class, claim that is the evident answer (the last: none of them).
        sizes: how many works make each claim; the same in all beliefs.
        crew: who may be asked, each once.
        world: what requests are like.
        terms: what is paid.
    """
    workers = len(crew.costs_usd)
    padded = np.concatenate([weights[:, :, :-1], np.repeat(weights[:, :, -1:], workers + 1, axis=2)], axis=2)
    columns = np.ascontiguousarray(padded.transpose(2, 0, 1))
    following = np.zeros((len(weights), 1))
    going_on = np.zeros((len(weights), 0))
    for layer, scattering in reversed(
        list(zip(layers(len(sizes), workers), _scatterings(sizes, workers), strict=True))
    ):
        # One product of matrices a claim: beliefs by classes times classes by states.
        likelihoods = np.ascontiguousarray(_likelihoods(layer, scattering, crew.right).transpose(2, 1, 0))
        reached = np.matmul(columns, likelihoods)
        refused = np.matmul(columns[:-1] * world.decoys, likelihoods[:-1])
        upset = np.matmul(columns * (world.decoys * world.upsets), likelihoods)
        value = terms.bounty_usd * _shown_right(reached[:-1], refused, upset, layer, terms.answers)
        if not layer.is_last:
            paid = reached.sum(axis=0)[:, :, None] * crew.costs_usd
            each = np.where(layer.asked[None], -np.inf, following[:, layer.children].sum(axis=3) - paid)
            value = np.maximum(value, each.max(axis=2))
            going_on = each[:, 0, :]
        following = np.concatenate([value, np.zeros((len(weights), 1))], axis=1)
    total = weights.sum(axis=(1, 2))
    return Worth(going_on / total[:, None], following[:, 0] / total)


def _shown_right(reached: Floats, refused: Floats, upset: Floats, layer: Layer, answers: int) -> Floats:
    """The chance that one of the claims shown is accepted, if the best are shown: belief, state."""
    chances = accepted(reached.transpose(1, 2, 0), refused.transpose(1, 2, 0), upset.transpose(1, 2, 0))
    return best_sum(np.where(layer.exists, chances, 0.0), answers)


def best_sum(chances: Floats, answers: int) -> Floats:
    """The sum of the highest chances along the last axis."""
    if chances.shape[-1] == 0:
        return np.zeros(chances.shape[:-1])
    if answers == 1:
        return np.asarray(chances.max(axis=-1))
    if chances.shape[-1] <= answers:
        return np.asarray(chances.sum(axis=-1))
    return np.asarray(np.partition(chances, -answers, axis=-1)[..., -answers:].sum(axis=-1))


def _likelihoods(layer: Layer, scattering: Scattering, right: Floats) -> Floats:
    """The probability of a layer's answers: state, class, claim that is the evident answer (the last: none)."""
    log_right, log_wrong = np.log(right), np.log1p(-right)
    works = layer.asked.astype(float) @ log_wrong
    chances = np.empty((*works.shape, layer.members.shape[2] + 1))
    each = chances[:, :, :-1]
    np.matmul((log_right - log_wrong).T, layer.members, out=each)
    each += scattering.each
    each += works[:, :, None]
    chances[:, :, -1] = scattering.none + works
    return np.exp(chances, out=chances)


class Scattering(NamedTuple):
    """How likely wrong works share claims as they do in a layer's states, as logarithms.

    Attributes:
        each: state, class, claim that is the evident answer; minus infinity where nobody made it.
        none: state, class, where the evident answer is none of them.
    """

    each: Floats
    none: Floats


@lru_cache(maxsize=512)
def _scatterings(sizes: tuple[int, ...], workers: int) -> tuple[Scattering, ...]:
    """For each layer that follows a state; kept, since these numbers do not depend on who the workers are."""
    return tuple(_scattering(layer, sizes) for layer in layers(len(sizes), workers))


def _scattering(layer: Layer, sizes: tuple[int, ...]) -> Scattering:
    total = sum(sizes)
    before = np.zeros(layer.added.shape[1], dtype=np.int64)
    before[: len(sizes)] = sizes
    after = before + layer.added
    tables = _table_terms(before, after)
    scattered = tables.sum(axis=2)
    all_after = total + layer.added.sum(axis=1)
    none = scattered - (LOG_RISING[:, all_after] - LOG_RISING[:, total, None]).T
    seated = LOG_RISING[:, all_after[:, None] - after] - LOG_RISING[:, None, total - before]
    each = scattered[:, :, None] - tables - seated.transpose(1, 0, 2)
    return Scattering(np.where(layer.exists[:, None, :], each, -np.inf), none)


def _table_terms(before: Integers, after: Integers) -> Floats:
    """What each claim's works add to the logarithm of how wrong works scatter: state, class, claim.

    A claim that nobody made yet costs its class's concentration, an old one gains by its size.
    """
    grown = np.where(after > 0, LOG_SEATINGS[after] - LOG_SEATINGS[before], 0.0)
    opened = (before == 0) & (after > 0)
    return np.asarray(grown[:, None, :] + opened[:, None, :] * LOG_CONCENTRATIONS[None, :, None])
