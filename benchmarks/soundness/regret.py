"""The regret of truth: what a bidder gains by bidding a fixed multiple of its value, others learning on.

A market in which one bidder begins to bid the multiple, once all have learned, against the same market in which
it goes on with the truth, with the same seeds. Each bidder of a role has its turn; they are alike, so their gains
are one sample. Truth has no regret where no multiple gains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from benchmarks.market import BOUNTY_NANOS as STAGED_BOUNTY_NANOS
from benchmarks.market import FacetPlayer, job
from benchmarks.soundness.lots import BOUNTY_NANOS, CostAware, CostlyPresenter, one_lot
from benchmarks.soundness.rivals import ProfitSeeking, Scaled
from benchmarks.tables import Report
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Policy
from orchestrator.core.keys import bidder_account, derive_seed
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rule, Rules
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Job, Simulation
from orchestrator.money import NANOS_PER_USD

FACTORS = (0.5, 0.75, 0.9, 1.1, 1.25, 1.5)
SEEDS = 12
REQUESTS = 200
WARM_UP = 100
BATCH = 20
# Wallets that never bind, and a treasury that can pay any subsidy.
_WEALTH = WealthRules(100_000 * NANOS_PER_USD, 0, 0, treasury_stock_nanos=1_000_000 * NANOS_PER_USD)
_T_95 = 2.2

Player = CostlyPresenter | FacetPlayer


@dataclass(frozen=True, slots=True)
class Setting:
    """A kind of market to deviate in.

    Attributes:
        name: as the table says.
        players: its bidders, truthful; made from a seed.
        rules: how lots are sold.
        post: its requests, by number.
        bounty_nanos: of each request, by which gains compare.
        learns: whether values are learned, so that a market warms up before profits count.
    """

    name: str
    players: Callable[[int], list[Player]]
    rules: Rules
    post: Callable[[int], Job]
    bounty_nanos: int
    learns: bool = True


def settings() -> Iterator[Setting]:
    """The markets of the table."""
    rules: tuple[Rule, ...] = ("vickrey", "first_price", "subsidised")
    for rule in rules:
        yield Setting("one lot", _presenters, Rules(rule, stages_max=1), one_lot, BOUNTY_NANOS, learns=False)
    staged: tuple[tuple[str, Callable[[int], list[Player]], tuple[int, ...]], ...] = (
        ("staged", _facets, (1,)),
        ("staged, 2 copies", _facets, (2, 1)),
        ("staged, rivals seek profit", _seekers, (1,)),
    )
    for name, players, copies in staged:
        for rule in rules:
            yield Setting(name, players, Rules(rule, stages_max=5, copies=copies), job, STAGED_BOUNTY_NANOS)


def _presenters(_seed: int) -> list[Player]:
    return [CostlyPresenter(f"presenter{number}", CostAware()) for number in range(3)]


def _facets(_seed: int) -> list[Player]:
    return [
        *(FacetPlayer(f"skill{number}", TRANSFORMER, TrackerPolicy()) for number in range(3)),
        *(FacetPlayer(f"presenter{number}", PRESENTER, TrackerPolicy()) for number in range(3)),
    ]


def _seekers(seed: int) -> list[Player]:
    return [
        replace(player, policy=ProfitSeeking(player.policy, derive_seed(seed, player.name))) for player in _facets(seed)
    ]


def profit_share(setting: Setting, deviant: str, factor: float, seed: int, requests: int, warm_up: int) -> float:
    """A bidder's mean profit a request, as a share of the bounty, where it bids a multiple of its value."""
    after = warm_up // BATCH if setting.learns else 0
    players = [
        replace(player, policy=Scaled(_truthful(player.policy), factor, after)) if player.name == deviant else player
        for player in setting.players(seed)
    ]
    market = Simulation(players, setting.rules, _WEALTH, seed=seed)
    wallet = bidder_account(deviant)
    before = 0
    for start in range(-warm_up if setting.learns else 0, requests, BATCH):
        if start == 0:
            before = market.book.spendable_nanos(wallet)
        market.run([setting.post(start + number) for number in range(BATCH)])
    return (market.book.spendable_nanos(wallet) - before) / requests / setting.bounty_nanos


def _truthful(policy: Policy) -> Policy:
    return policy.inner if isinstance(policy, ProfitSeeking) else policy


def gains(setting: Setting, role: Role, seeds: int, requests: int, warm_up: int) -> Mapping[float, list[float]]:
    """What each multiple gains over the truth, by seed, as a share of the bounty a request; bidders take turns."""
    names = [player.name for player in setting.players(0) if player.role == role]
    found: dict[float, list[float]] = {factor: [] for factor in FACTORS}
    for seed in range(seeds):
        deviant = names[seed % len(names)]
        truth = profit_share(setting, deviant, 1.0, seed, requests, warm_up)
        for factor in FACTORS:
            found[factor].append(profit_share(setting, deviant, factor, seed, requests, warm_up) - truth)
    return found


def measure(
    seeds: int = SEEDS, requests: int = REQUESTS, warm_up: int = WARM_UP, markets: Sequence[Setting] | None = None
) -> Report:
    """Let the bidders of every market leave the truth, in turn."""
    rows = [row for setting in markets or list(settings()) for row in _rows(setting, seeds, requests, warm_up)]
    return Report(
        name="regret",
        title="Gain over bidding the truth, in % of the bounty a request, by multiple of the value that is bid",
        columns=("market", "rule", "bidder", *(f"x {factor:g}" for factor in FACTORS), "largest gain"),
        rows=tuple(rows),
        notes=(
            f"Means and 95 % intervals over {seeds} seeds, each bidder of a role in turn; {requests} requests "
            f"each after {warm_up} to learn in. The last column says whether any multiple gains beyond its interval.",
        ),
    )


def _rows(setting: Setting, seeds: int, requests: int, warm_up: int) -> Iterator[tuple[Any, ...]]:
    for role in sorted({player.role for player in setting.players(0)}, reverse=True):
        found = gains(setting, role, seeds, requests, warm_up)
        intervals = {factor: _interval(figures) for factor, figures in found.items()}
        winning = {factor: mean for factor, (mean, half) in intervals.items() if mean - half > 0}
        best = max(winning, key=lambda factor: winning[factor], default=None)
        shown = [f"{mean:.2f} ± {half:.2f}" for mean, half in intervals.values()]
        summary = "none" if best is None else f"{winning[best]:.2f} at x {best:g}"
        yield (setting.name, setting.rules.rule, role, *shown, summary)


def _interval(figures: Sequence[float]) -> tuple[float, float]:
    """Mean and half of the 95 % interval, in percent."""
    percent = [100 * figure for figure in figures]
    if len(percent) < 2:
        return percent[0], math.inf
    return fmean(percent), _T_95 * stdev(percent) / math.sqrt(len(percent))
