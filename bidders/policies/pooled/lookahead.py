"""Looking ahead: what a state is worth if the best further works are bought, one after another.

Going back from the last of the states that can follow gives each state's value exactly (dynamic
programming over beliefs), for many beliefs at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bidders.policies.pooled.layers import Layer, layers
from bidders.policies.pooled.world import LOG_CONCENTRATIONS, LOG_RISING, LOG_SEATINGS, Floats, Integers, Singles, World

Number = TypeVar("Number", bound=np.floating[Any])


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
    _findings: dict[int, tuple[Singles, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self.costs_usd)

    def findings(self, claims: int) -> tuple[Singles, ...]:
        """For each layer after a state with so many claims, how likely its workers find what they find.

        It is worked out once. Each is an array: claim that is the evident answer (the last: none), class, state.
        """
        found = self._findings.get(claims)
        if found is None:
            found = self._findings[claims] = tuple(
                _finding(layer, self.right) for layer in layers(claims, self.workers)
            )
        return found


class Values(NamedTuple):
    """What beliefs are worth, in dollars, one row a belief.

    Attributes:
        asking: for each worker, the value of asking it now, before its cost.
        value: the value of the best that can be done: stop, or ask somebody.
    """

    asking: Floats
    value: Floats


def look_ahead(weights: Floats, sizes: tuple[int, ...], crew: Crew, world: World, terms: Terms) -> Values:
    """Value beliefs by all that can follow, to about a millionth of the bounty.

    Args:
        weights: belief, class, claim that is the evident answer (the last: none of them).
        sizes: how many works make each claim; the same in all beliefs.
        crew: who may be asked, each once.
        world: what requests are like.
        terms: what is paid.
    """
    claims = len(sizes)
    # Single precision holds no probability of many works together; of those seen, only their proportions count.
    given = weights / weights.sum(axis=(1, 2), keepdims=True)
    # Each claim that workers may yet add stands where none of those seen is the evident answer.
    padded = np.concatenate([given[:, :, :-1], np.repeat(given[:, :, -1:], crew.workers + 1, axis=2)], axis=2)
    # Claim that is the evident answer (those seen, those that may be added, none), belief, class.
    columns = _singles(padded.transpose(2, 0, 1))
    (sound, upsets), costs_usd = _singles(world.acceptance.T), _singles(crew.costs_usd)
    of_all, of_upsets = (_side_by_side(each) for each in (columns, columns * upsets))
    # Its own upsets are taken off each claim here, because those of all claims are added to it below.
    own = columns[:-1] * sound
    steps = zip(layers(claims, crew.workers), crew.findings(claims), _scatterings(sizes, crew.workers), strict=True)
    # What the states of the layer behind are worth, by state and belief; the last stands for no state.
    following, asking = _singles(np.zeros((1, len(weights)))), _singles(np.zeros((len(weights), 0)))
    for layer, finding, scattering in reversed(list(steps)):
        # How likely each state comes (evident answer, class, state); times that, how likely each claim is accepted.
        likelihoods = finding * scattering
        stacked = likelihoods.reshape(-1, likelihoods.shape[2])
        chances = np.matmul(own, likelihoods[:-1]) + of_upsets @ stacked
        value = terms.bounty_usd * best_sum(np.where(layer.exists.T[:, None, :], chances, 0.0), terms.answers).T
        if not layer.is_last:
            paid = (of_all @ stacked).T[:, None, :] * costs_usd[layer.left][:, :, None]
            each = following[layer.children].sum(axis=2)
            value = np.maximum(value, (each - paid).max(axis=1))
            asking = each[0].T
        following = np.concatenate([value, np.zeros_like(value[:1])])
    return Values(asking.astype(float), following[0].astype(float))


def _singles(values: Floats) -> Singles:
    return np.ascontiguousarray(values, dtype=np.float32)


def _side_by_side(columns: Singles) -> Singles:
    """Beliefs by claims and classes, so that one product of matrices sums over both."""
    return np.ascontiguousarray(columns.transpose(1, 0, 2)).reshape(columns.shape[1], -1)


def best_sum(chances: NDArray[Number], answers: int) -> NDArray[Number]:
    """The sum of the highest chances along the first axis."""
    if len(chances) <= answers:
        return np.asarray(chances.sum(axis=0))
    if answers == 1:
        return np.asarray(chances.max(axis=0))
    return np.asarray(np.partition(chances, -answers, axis=0)[-answers:].sum(axis=0))


def _finding(layer: Layer, right: Floats) -> Singles:
    log_right, log_wrong = _singles(np.log(right)), _singles(np.log1p(-right))
    missed = np.matmul(log_wrong.T, _singles(layer.asked.T.astype(float)))
    found = np.empty((layer.members.shape[2] + 1, *missed.shape), dtype=np.float32)
    np.matmul((log_right - log_wrong).T, layer.members.transpose(2, 1, 0), out=found[:-1])
    found[:-1] += missed
    found[-1] = missed
    return np.exp(found, out=found)


@lru_cache(maxsize=256)
def _scatterings(sizes: tuple[int, ...], workers: int) -> tuple[Singles, ...]:
    """For each layer that follows a state, how likely wrong works share claims as they do in its states.

    Each is an array: claim that is the evident answer (the last: none of them), class, state. They are kept, since they
    do not depend on who the workers are.
    """
    return tuple(_scattering(layer, sizes) for layer in layers(len(sizes), workers))


def _scattering(layer: Layer, sizes: tuple[int, ...]) -> Singles:
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
    each = np.where(layer.exists[:, None, :], each, -np.inf)
    return _singles(np.exp(np.concatenate([each, none[:, :, None]], axis=2)).transpose(2, 1, 0))


def _table_terms(before: Integers, after: Integers) -> Floats:
    """What each claim's works add to the logarithm of how wrong works scatter: state, class, claim.

    A claim that nobody made yet costs its class's concentration, an old one gains by its size.
    """
    grown = np.where(after > 0, LOG_SEATINGS[after] - LOG_SEATINGS[before], 0.0)
    opened = (before == 0) & (after > 0)
    return np.asarray(grown[:, None, :] + opened[:, None, :] * LOG_CONCENTRATIONS[None, :, None])
