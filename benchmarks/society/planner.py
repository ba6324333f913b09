"""The centralised reference: tabular Q-learning, which sees every state, action and reward of the whole society."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from benchmarks.society.tasks import Action, DecisionTask, State

STEP_MIN = 0.3
EXPLORE = 0.05


@dataclass(slots=True)
class Planner:
    """Q-learning with optimistic values (Watkins 1989), and as much exploration as the bidders have.

    It learns within an episode, where bidders learn only when a request has ended. As theirs, its values
    start high, a new result weighs max(1/n, 0.3), and doubt falls with the square root
    of what was seen.

    Attributes:
        task: what it plays.
        seed: of its draws.
        actions: which actions it knows.
        learning: whether it learns and explores.
    """

    task: DecisionTask
    seed: int
    actions: list[Action] = field(default_factory=list)
    learning: bool = True
    values: dict[tuple[State, Action], float] = field(default_factory=dict)
    counts: dict[tuple[State, Action], int] = field(default_factory=dict)
    _draws: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._draws = random.Random(self.seed)
        self.actions = self.actions or list(range(self.task.actions))

    def value(self, state: State, action: Action) -> float:
        """What it thinks an action is worth; optimistic where it has not tried it."""
        return self.values.get((state, action), self.task.prior_usd)

    def choose(self, state: State) -> Action:
        """The best action by a draw from its doubt; ties are broken by chance."""
        return max(self.actions, key=lambda action: (self._drawn(state, action), self._draws.random()))

    def _drawn(self, state: State, action: Action) -> float:
        if not self.learning:
            return self.value(state, action)
        doubt = EXPLORE * self.task.bid_max_usd / math.sqrt(1 + self.counts.get((state, action), 0))
        return self.value(state, action) + doubt * self._draws.gauss(0.0, 1.0)

    def learn(self, state: State, action: Action, reward: float, reached: State) -> None:
        """Move one value towards reward and discounted best value of the state that was reached."""
        if not self.learning:
            return
        ahead = max(self.value(reached, each) for each in self.actions) if reached in self.task.moves else 0.0
        count = self.counts.get((state, action), 0) + 1
        self.counts[state, action] = count
        target = reward + self.task.discount * ahead
        before = self.value(state, action)
        self.values[state, action] = before + max(1 / count, STEP_MIN) * (target - before)


def play_planned(planner: Planner) -> tuple[float, int]:
    """One episode: its reward, undiscounted, and its steps."""
    task, state, total = planner.task, 0, 0.0
    for step in range(task.horizon):
        if state not in task.moves:
            return total, step
        action = planner.choose(state)
        move = task.moves[state][action]
        planner.learn(state, action, move.reward, move.state)
        state, total = move.state, total + move.reward
    return total, task.horizon
