"""Layers: the states that can follow a state when further workers are asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bidders.policies.pooled.world import Flags, Integers, Singles

NOT_ASKED = -1


@dataclass(frozen=True, slots=True)
class Layer:
    """The states in which equally many workers have been asked.

    Attributes:
        asked: whether each worker has been asked: one row a state.
        members: 1 where a worker makes a claim: state, worker, claim.
        added: how many workers make each claim: state, claim.
        left: the workers who have not been asked: state, and one after another.
        children: for each of these, the states of the next layer that its answer can lead to; the
            number of states there stands for none.
        exists: for each state, which claims have been made.
    """

    asked: Flags
    members: Singles
    added: Integers
    left: Integers
    children: Integers
    exists: Flags

    @property
    def is_last(self) -> bool:
        """Whether nobody is left to ask."""
        return bool(self.asked.all())


@lru_cache(maxsize=64)
def layers(claims: int, workers: int) -> tuple[Layer, ...]:
    """List the states that can follow.

    Args:
        claims: how many claims the first state has.
        workers: how many workers may be asked.

    Returns:
        One layer for each number of workers asked, from none to all.
    """
    states: list[tuple[int, ...]] = [(NOT_ASKED,) * workers]
    found = []
    for _ in range(workers + 1):
        following: dict[tuple[int, ...], int] = {}
        branches = [[_answers(state, worker, claims, following) for worker in range(workers)] for state in states]
        found.append(_layer(states, branches, claims, len(following)))
        states = list(following)
    return tuple(found)


def _answers(state: tuple[int, ...], worker: int, claims: int, following: dict[tuple[int, ...], int]) -> list[int]:
    """The states that a worker's answer can lead to: it agrees with a claim, or makes a new one."""
    if state[worker] != NOT_ASKED:
        return []
    known = max(claims, max(state) + 1)
    reached = []
    for claim in range(known + 1):
        after = _renumbered((*state[:worker], claim, *state[worker + 1 :]), claims)
        reached.append(following.setdefault(after, len(following)))
    return reached


def _renumbered(state: tuple[int, ...], claims: int) -> tuple[int, ...]:
    """New claims are numbered in the order of the workers, so that one state has one name."""
    names = {claim: claim for claim in range(claims)} | {NOT_ASKED: NOT_ASKED}
    for claim in state:
        if claim not in names:
            names[claim] = len(names) - 1
    return tuple(names[claim] for claim in state)


def _layer(states: list[tuple[int, ...]], branches: list[list[list[int]]], claims: int, following: int) -> Layer:
    workers = len(states[0])
    made = np.array(states, dtype=np.int64).reshape(len(states), workers)
    left = np.nonzero(made == NOT_ASKED)[1].reshape(len(states), -1)
    answers_max = max((len(reached) for row in branches for reached in row), default=1)
    children = np.full((*left.shape, max(1, answers_max)), following, dtype=np.int64)
    for place, row in enumerate(branches):
        for number, worker in enumerate(left[place].tolist()):
            children[place, number, : len(row[worker])] = row[worker]
    members = (made[:, :, None] == np.arange(claims + workers)).astype(np.float32)
    added = members.sum(axis=1).astype(np.int64)
    exists = (added > 0) | (np.arange(claims + workers) < claims)
    return Layer(made != NOT_ASKED, members, added, left, children, exists)
