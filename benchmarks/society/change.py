"""Centralised against decentralised: a market and Q-learning on a Chain whose skills come, go and improve.

The planner is met in four forms. *Fixed* learns on, with the actions that it was built with. *Frozen*
stops learning after the first phase. *Retrained* is told of every change and starts anew. *Extended* is told
of every change and keeps what it knows. The market is told nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

from benchmarks.society.changes import (
    COST_USD,
    DISCOUNT,
    GOAL,
    HORIZON,
    REWARD_USD,
    Phase,
    World,
    changing_phases,
    static_phases,
)
from benchmarks.society.changing_market import door_is_open, play_market
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

EPISODES = 200
SEEDS = 10
STEP_MIN = 0.3
EXPLORE = 0.05
Form = Literal["fixed", "frozen", "retrained", "extended"]
FORMS: tuple[Form, ...] = ("fixed", "frozen", "retrained", "extended")


class WalkPlanner:
    """Q-learning over the public states of the changing Chain."""

    def __init__(self, form: Form, skills: Sequence[str], seed: int) -> None:
        self.form = form
        self.skills = list(skills)
        self._learning = True
        self._draws = random.Random(derive_seed(seed, form))
        self._values: dict[tuple[int, str], float] = {}
        self._counts: dict[tuple[int, str], int] = {}

    def adapt(self, world: World) -> None:
        """What this form of planner does when a phase begins."""
        if self.form == "frozen":
            self._learning = False
        if self.form in ("retrained", "extended"):
            self.skills = list(world.skills)
        if self.form == "retrained":
            self._values, self._counts = {}, {}

    def play(self, world: World, seed: int) -> float:
        """One episode's utility: reward less cost, in USD."""
        state, utility = 0, 0.0
        is_open, luck = door_is_open(seed), random.Random(derive_seed(seed, "luck"))
        for _ in range(HORIZON):
            skill = max(self.skills, key=lambda each: (self._drawn(state, each), self._draws.random()))
            # An order to a skill that has left is paid nothing, and moves nothing.
            is_there = skill in world.skills
            reached = world.reach(skill, state, is_open=is_open, luck=luck) if is_there else state
            gain = (REWARD_USD if reached == GOAL else 0.0) - (COST_USD if is_there else 0.0)
            self._learn(state, skill, gain, reached)
            state, utility = reached, utility + gain
            if state == GOAL:
                break
        return utility

    def _value(self, state: int, skill: str) -> float:
        return self._values.get((state, skill), 1.0)

    def _drawn(self, state: int, skill: str) -> float:
        doubt = EXPLORE / math.sqrt(1 + self._counts.get((state, skill), 0)) if self._learning else 0.0
        return self._value(state, skill) + doubt * self._draws.gauss(0.0, 1.0)

    def _learn(self, state: int, skill: str, gain: float, reached: int) -> None:
        if not self._learning:
            return
        ahead = 0.0 if reached == GOAL else max(self._value(reached, each) for each in self.skills)
        count = self._counts.get((state, skill), 0) + 1
        self._counts[state, skill] = count
        before = self._value(state, skill)
        self._values[state, skill] = before + max(1 / count, STEP_MIN) * (gain + DISCOUNT * ahead - before)


def play_planner(form: Form, phases: Sequence[Phase], episodes: int, seed: int) -> list[float]:
    """The utility of each episode of one form of planner."""
    planner = WalkPlanner(form, phases[0].world.skills, seed)
    utilities = []
    for number, phase in enumerate(phases):
        if number:
            planner.adapt(phase.world)
        for episode in range(episodes):
            utilities.append(planner.play(phase.world, derive_seed(seed, number, episode)))
    return utilities


Curves = dict[str, list[list[float]]]


def learning_curves(phases: Sequence[Phase], episodes: int, seeds: int) -> Curves:
    """Each contender's utilities, by seed and episode."""
    players: dict[str, Callable[[int], list[float]]] = {
        "market": lambda seed: play_market(phases, episodes, seed),
        **{
            f"planner, {form}": lambda seed, form=form: play_planner(form, phases, episodes, seed)  # type: ignore[misc]
            for form in FORMS
        },
    }
    return {name: [play(seed) for seed in range(seeds)] for name, play in players.items()}


def measure(episodes: int = EPISODES, seeds: int = SEEDS) -> Report:
    """Run both sets of phases."""
    rows = []
    for society, phases in (("static", static_phases()), ("changing", changing_phases())):
        curves = learning_curves(phases, episodes, seeds)
        best = [phase.world.best_utility() for phase in phases]
        rows.append((society, "best possible", *(f"{100 * each:.1f}" for each in best), f"{100 * fmean(best):.1f}"))
        for name, runs in curves.items():
            rows.append((society, name, *_by_phase(runs, len(phases), episodes)))
    return Report(
        name="society-change",
        title=f"Utility of an episode, in US cents, by phase of {episodes} episodes ({seeds} seeds)",
        columns=("society", "who decides", *(f"phase {number}" for number in range(1, 6)), "all"),
        rows=tuple(rows),
        notes=(
            "Means with standard errors; in brackets the mean of each phase's last quarter. "
            "Phases of the changing society: " + "; ".join(phase.name for phase in changing_phases()) + ".",
        ),
    )


def _by_phase(runs: Sequence[Sequence[float]], phases: int, episodes: int) -> list[str]:
    found = []
    for number in range(phases):
        start, end = number * episodes, (number + 1) * episodes
        settled = fmean(fmean(run[end - max(1, episodes // 4) : end]) for run in runs)
        found.append(f"{_mean(runs, start, end)} ({100 * settled:.1f})")
    return [*found, _mean(runs, 0, phases * episodes)]


def _mean(runs: Sequence[Sequence[float]], start: int, end: int) -> str:
    means = [100 * fmean(run[start:end]) for run in runs]
    error = stdev(means) / math.sqrt(len(means)) if len(means) > 1 else 0.0
    return f"{fmean(means):.1f} ± {error:.1f}"


def draw(curves: Curves, episodes: int, place: Path, window: int = 20) -> Path:
    """Draw mean utility over time, in windows of some episodes, with a line where the society changes."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "vickrey"
    figure, axes = plt.subplots(figsize=(9, 4))
    for name, runs in curves.items():
        means = [fmean(each) for each in zip(*runs, strict=True)]
        shown = [100 * fmean(means[start : start + window]) for start in range(0, len(means), window)]
        axes.plot([window * (number + 1) for number in range(len(shown))], shown, label=name)
    for number, phase in enumerate(changing_phases()):
        axes.axvline(number * episodes, color="0.7", linewidth=0.8)
        axes.text(number * episodes + 5, axes.get_ylim()[0], phase.name, fontsize=8)
    axes.set_xlabel("episode")
    axes.set_ylabel("utility of an episode, US cents")
    axes.legend(fontsize=8)
    place.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(place, metadata={"Date": None})
    plt.close(figure)
    return place
