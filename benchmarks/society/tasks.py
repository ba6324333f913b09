"""The tasks: Market bandit, Chain and Duality of Chang et al. 2020 (arXiv 2007.02382, sections 6 and 7).

An action is a bidder's transform. Where a state has no way on, nobody bids and the episode ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

State = int
Action = int


class Move(NamedTuple):
    """Where an action leads, and what it pays at once, in USD."""

    state: State
    reward: float


@dataclass(frozen=True, slots=True)
class DecisionTask:
    """A deterministic task with few states.

    Attributes:
        name: as the tables say.
        moves: what each action does in each state; a state that is missing ends the episode.
        horizon: the most steps of an episode; the learner does not see it coming.
        discount: what a reward is worth one step later.
        bid_max_usd: the highest bid; it stands for the bounty, which is never paid.
        path: the states of the best policy.
        best_return: the undiscounted reward of its episode.
        bounded: whether the true values lie above the highest bid, so that only their order can be right.
        prior_usd: what a planner, which is not bound by bids, expects of what it has not tried.
    """

    name: str
    moves: Mapping[State, tuple[Move, ...]]
    horizon: int
    discount: float
    bid_max_usd: float
    path: tuple[State, ...]
    best_return: float
    bounded: bool = False
    prior_usd: float = 1.0

    @property
    def actions(self) -> int:
        """How many actions there are in each state."""
        return len(self.moves[0])

    @property
    def reward_max(self) -> float:
        """The largest reward or penalty of one step, in USD."""
        return max(abs(move.reward) for moves in self.moves.values() for move in moves)

    def values(self) -> dict[State, list[float]]:
        """Q*: the discounted reward of each action, if the best ones follow; by value iteration."""
        found = {state: [0.0] * len(moves) for state, moves in self.moves.items()}
        change = 1.0
        while change > 1e-10:
            change = 0.0
            for state, moves in self.moves.items():
                for action, move in enumerate(moves):
                    value = move.reward + self.discount * max(found.get(move.state, [0.0]))
                    change = max(change, abs(value - found[state][action]))
                    found[state][action] = value
        return found


def bandit() -> DecisionTask:
    """One state, four actions that pay 0.2 to 0.8, and the episode is over."""
    moves = {0: tuple(Move(1, 0.2 * (action + 1)) for action in range(4))}
    return DecisionTask("Market bandit", moves, 2, 0.99, 1.0, (0,), 0.8)


def chain(states: int = 6) -> DecisionTask:
    """States in a row, left and right, 0.8 on entering the last."""
    goal = states - 1
    moves = {
        state: (Move(max(0, state - 1), 0.0), Move(state + 1, 0.8 if state + 1 == goal else 0.0))
        for state in range(goal)
    }
    return DecisionTask("Chain", moves, 4 * goal, 0.99, 1.0, tuple(range(goal)), 0.8)


def duality(discount: float, bid_max_usd: float) -> DecisionTask:
    """Two states that are best alternated, a loop that is nearly as good, and an abyss."""
    moves = {
        0: (Move(2, 0.0), Move(1, 0.5)),
        1: (Move(0, 0.5), Move(1, 0.3)),
        2: (Move(2, -1.0), Move(2, -1.0)),
    }
    best_value = 0.5 / (1 - discount)
    bounded = best_value > bid_max_usd
    name = f"Duality, discount {discount:g}" + (", bids in [0, 1]" if bounded else "")
    prior_usd = max(bid_max_usd, 1.2 * best_value)
    return DecisionTask(name, moves, 10, discount, bid_max_usd, (0, 1), 5.0, bounded, prior_usd)


def tasks() -> tuple[DecisionTask, ...]:
    """The tasks of the benchmark."""
    return bandit(), chain(), duality(0.9, 7.0), duality(0.99, 1.0)
