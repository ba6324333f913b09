"""Chain with work that costs, and a society that changes: who can do what, and how well, phase by phase."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

LEFT: Final = "left"
RIGHT: Final = "right"
JUMP: Final = "jump"
DOOR: Final = "door"

GOAL = 5
HORIZON = 20
REWARD_USD = 0.8
COST_USD = 0.02
DISCOUNT = 0.99
DOOR_AT = 1
DOOR_OPEN_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class World:
    """What the skills can do at a time.

    Attributes:
        skills: who takes part.
        slip: how often a step to the right stays where it was.
    """

    skills: tuple[str, ...] = (LEFT, RIGHT)
    slip: float = 0.5

    def reach(self, skill: str, state: int, *, is_open: bool, luck: random.Random) -> int:
        """Where a skill leads from a state; `is_open` says whether the door is open in this episode."""
        if skill == LEFT:
            return max(0, state - 1)
        if skill == RIGHT:
            return state if luck.random() < self.slip else state + 1
        if skill == JUMP:
            return min(GOAL, state + 2)
        return GOAL if is_open and state == DOOR_AT else state

    def best_utility(self) -> float:
        """The best expected utility of an episode, in USD, for whoever knows what is open; by value iteration."""
        return DOOR_OPEN_CHANCE * self._best(is_open=True) + (1 - DOOR_OPEN_CHANCE) * self._best(is_open=False)

    def _best(self, *, is_open: bool) -> float:
        values = dict.fromkeys(range(GOAL), 0.0)
        for _ in range(200):
            for state in values:
                values[state] = max(self._value(values, skill, state, is_open=is_open) for skill in self.skills)
        return values[0]

    def _value(self, values: Mapping[int, float], skill: str, state: int, *, is_open: bool) -> float:
        if skill == RIGHT:
            ahead = self.slip * values[state] + (1 - self.slip) * _worth(values, state + 1)
        else:
            ahead = _worth(values, self.reach(skill, state, is_open=is_open, luck=random.Random(0)))
        return ahead - COST_USD


def _worth(values: Mapping[int, float], state: int) -> float:
    return REWARD_USD if state == GOAL else values[state]


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of episodes in which nothing changes."""

    name: str
    world: World


def static_phases() -> tuple[Phase, ...]:
    """As many episodes, and nothing changes."""
    return tuple(Phase(f"{number}: no change", World(slip=0.0)) for number in range(1, 6))


def changing_phases() -> tuple[Phase, ...]:
    """A newcomer, an improvement, a departure, and a newcomer that knows what others cannot see."""
    first = World()
    entered = replace(first, skills=(LEFT, RIGHT, JUMP))
    improved = replace(entered, slip=0.0)
    left = replace(improved, skills=(LEFT, RIGHT))
    knowing = replace(left, skills=(LEFT, RIGHT, DOOR))
    return (
        Phase("1: right slips", first),
        Phase("2: jump enters", entered),
        Phase("3: right improves", improved),
        Phase("4: jump leaves", left),
        Phase("5: door enters", knowing),
    )
