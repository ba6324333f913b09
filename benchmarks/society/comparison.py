"""Which societies are compared on each task, and the table of what came out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

from benchmarks.society.market import Setting, bids, play, society
from benchmarks.society.measuring import TAIL, Run, best_actions, relative_error
from benchmarks.society.planner import Planner, play_planned
from benchmarks.society.tasks import DecisionTask, tasks
from benchmarks.soundness.rivals import ProfitSeeking
from benchmarks.tables import Report
from bidders.policies.bayes import BayesPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Policy

EPISODES = 600
SEEDS = 10
TRACKER: dict[str, Any] = {
    "prior": 1.0,
    "step_min": 0.3,
    "shrink": 0.0,
    "deviation": 0.05,
    "by": ("state",),
    "linear_to": 0.8,
}
BAYES: dict[str, Any] = {
    "prior": 1.0,
    "forget": 0.35,
    "exploration": 0.1,
    "by": ("state",),
    "linear_to": 0.8,
}
COLUMNS = (
    "task",
    "rule",
    "clones",
    "own lots",
    "policy",
    "return %",
    "to 95 %",
    "to 99 %",
    "bids to 2 %",
    "error %",
    "order",
    "pumped USD",
    "CPU s",
)


def tracker() -> TrackerPolicy:
    """The market's running averages, by state, with one set of options for all tasks."""
    return TrackerPolicy(**TRACKER)


def bayes() -> BayesPolicy:
    """The pooled policy, told which state is which, with one set of options for all tasks."""
    return BayesPolicy(**BAYES)


LEARNERS: dict[str, Callable[[], Policy]] = {"tracker": tracker, "bayes": bayes}


@dataclass(frozen=True, slots=True)
class Contender:
    """A kind of society, and how its bidders bid: the policy of each action, made from a seed."""

    setting: Setting
    policy_name: str
    policies: Callable[[int], list[Policy]]


SETTINGS = (
    Setting(),
    Setting(self_sale="keep", owners_keep=True),
    Setting(self_sale="keep"),
    Setting(self_sale="keep", clones=3),
    Setting(clones=1),
    Setting("subsidised", clones=2),
    Setting("subsidised", clones=1),
    Setting("first_price", clones=2),
    Setting("first_price", clones=1),
)


def contenders(task: DecisionTask) -> list[Contender]:
    """The societies of the table; somebody seeks profit where there is one lot, and shading can be seen."""
    found = [society_of(name, setting, task) for name in LEARNERS for setting in SETTINGS]
    if len(task.moves) == 1:
        found += [
            Contender(Setting(rule, clones=1), "best seeks profit", lambda seed: _one_seeks_profit(task, seed))
            for rule in ("vickrey", "first_price")
        ]
    return found


def society_of(policy_name: str, setting: Setting, task: DecisionTask) -> Contender:
    """A society all of whose bidders have one policy."""
    return Contender(setting, policy_name, lambda _seed: [LEARNERS[policy_name]()] * task.actions)


def _one_seeks_profit(task: DecisionTask, seed: int) -> list[Policy]:
    return [tracker()] * (task.actions - 1) + [ProfitSeeking(tracker(), seed)]


def run_market(task: DecisionTask, contender: Contender, seed: int, episodes: int) -> Run:
    """One society's learning curve."""
    start = time.process_time()
    market = society(task, contender.setting, contender.policies(seed), seed)
    best = best_actions(task)
    returns, errors, pumped = [], [], []
    for _ in range(episodes):
        episode = play(market, task)
        returns.append(episode.reward)
        pumped.append(episode.pumped)
        errors.append(relative_error(best, bids(market, task)))
    totals = market.book.totals()
    if any(totals.values()):
        raise RuntimeError(f"the books of {task.name} do not balance: {totals}")
    return Run(returns, errors, bids(market, task), fmean(pumped[-TAIL:]), time.process_time() - start)


def run_planner(task: DecisionTask, seed: int, episodes: int) -> Run:
    """Q-learning's learning curve."""
    start = time.process_time()
    planner = Planner(task, seed)
    best = best_actions(task)
    returns, errors = [], []
    for _ in range(episodes):
        returns.append(play_planned(planner)[0])
        errors.append(relative_error(best, _values(planner)))
    return Run(returns, errors, _values(planner), 0.0, time.process_time() - start)


def _values(planner: Planner) -> dict[int, list[float]]:
    return {state: [planner.value(state, action) for action in planner.actions] for state in planner.task.moves}


def measure(episodes: int = EPISODES, seeds: int = SEEDS) -> Report:
    """Run every society on every task."""
    rows = []
    for task in tasks():
        for contender in contenders(task):
            runs = [run_market(task, contender, seed, episodes) for seed in range(seeds)]
            rows.append((*_labels(task, contender), *_figures(task, runs)))
        planned = [run_planner(task, seed, episodes) for seed in range(seeds)]
        rows.append((task.name, "(one planner)", "", "", "Q-learning", *_figures(task, planned)))
    return Report(
        name="society",
        title=f"Societies on three tasks ({episodes} episodes, {seeds} seeds)",
        columns=COLUMNS,
        rows=tuple(rows),
    )


def _labels(task: DecisionTask, contender: Contender) -> tuple[str, str, str, str, str]:
    setting = contender.setting
    own = setting.self_sale + (", reserve" if setting.owners_keep else "")
    return task.name, setting.rule, str(setting.clones), own, contender.policy_name


def _figures(task: DecisionTask, runs: Sequence[Run]) -> tuple[str, ...]:
    beyond = task.bounded
    return (
        _spread([100 * run.share(task) for run in runs], 1),
        _episodes([run.episodes_to_return(task, 0.95) for run in runs]),
        _episodes([run.episodes_to_return(task, 0.99) for run in runs]),
        "-" if beyond else _episodes([run.episodes_to_values() for run in runs]),
        "-" if beyond else _spread([100 * fmean(run.errors[-TAIL:]) for run in runs], 1),
        f"{sum(run.orders_right(task) for run in runs)}/{len(runs)}",
        _spread([run.pumped_usd for run in runs], 2),
        f"{fmean(run.seconds for run in runs):.1f}",
    )


def _spread(figures: Sequence[float], places: int) -> str:
    deviation = stdev(figures) if len(figures) > 1 else 0.0
    return f"{fmean(figures):.{places}f} ± {deviation:.{places}f}"


def _episodes(figures: Sequence[float]) -> str:
    """Median and range of the seeds that came there, and how many did not."""
    reached = [figure for figure in figures if math.isfinite(figure)]
    if not reached:
        return "never"
    missed = len(figures) - len(reached)
    shown = f"{median(reached):.0f} ({min(reached):.0f}-{max(reached):.0f})"
    return shown + (f", {missed} never" if missed else "")
