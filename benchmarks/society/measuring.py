"""What a run came to: how soon its return and its bids were right, and what was pumped into it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from benchmarks.society.tasks import Action, DecisionTask, State

WINDOW = 20
TAIL = 50
TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """One seed's learning curve.

    Attributes:
        returns: each episode's reward, undiscounted.
        errors: after each episode, the largest |bid - Q*| of a best action on the best path, relative to Q*.
        final_bids: what would be bid at the end, by state and action.
        pumped_usd: mean subsidy of an episode over the last 50.
        seconds: CPU time.
    """

    returns: Sequence[float]
    errors: Sequence[float]
    final_bids: dict[State, list[float]]
    pumped_usd: float
    seconds: float

    def share(self, task: DecisionTask) -> float:
        """Mean return of the last 50 episodes, as a share of the best."""
        return fmean(self.returns[-TAIL:]) / task.best_return

    def episodes_to_return(self, task: DecisionTask, share: float) -> float:
        """After how many episodes the mean return of each 20 in a row stays at a share of the best; inf if never."""
        needed = share * task.best_return - 1e-9
        means = [fmean(self.returns[start : start + WINDOW]) for start in range(len(self.returns) - WINDOW + 1)]
        return _settled([mean >= needed for mean in means])

    def episodes_to_values(self) -> float:
        """After how many episodes the best actions' bids stay within 2 % of Q*; inf if they do not."""
        return _settled([error <= TOLERANCE for error in self.errors])

    def error_usd(self, task: DecisionTask) -> float:
        """The largest |bid - Q*| of a best action on the best path at the end, in USD."""
        return max(abs(self.final_bids[each.state][each.action] - each.value) for each in best_actions(task))

    def orders_right(self, task: DecisionTask) -> bool:
        """Whether the best action's bid is the highest in each state of the best path at the end."""
        return all(
            self.final_bids[each.state][each.action]
            > max(bid for action, bid in enumerate(self.final_bids[each.state]) if action != each.action)
            for each in best_actions(task)
        )


class Best(NamedTuple):
    """The best action in a state, and Q* of it, in USD."""

    state: State
    action: Action
    value: float


def best_actions(task: DecisionTask) -> list[Best]:
    """The best path: what to do in each of its states."""
    values = task.values()
    return [Best(state, values[state].index(max(values[state])), max(values[state])) for state in task.path]


def relative_error(best: Sequence[Best], bids: Mapping[State, Sequence[float]]) -> float:
    """The largest |bid - Q*| of a best action on the best path, relative to Q*."""
    return max(abs(bids[each.state][each.action] - each.value) / each.value for each in best)


def _settled(right: Sequence[bool]) -> float:
    wrong = [place for place, each in enumerate(right) if not each]
    if not wrong:
        return 0
    return math.inf if wrong[-1] == len(right) - 1 else wrong[-1] + 1
