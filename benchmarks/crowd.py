"""A stage with ten thousand registered bidders: when all bid, and when the most promising are asked.

Bidders have a talent each, and their value for a request is partly talent and partly chance, so
whom to ask can be learned from earlier bids and never be known for certain. Welfare is what the
winner's work is worth, beside the best that the whole crowd could have done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

import numpy as np

from benchmarks.market import BOUNTY_NANOS, BOUNTY_USD, WEALTH, FacetPlayer
from benchmarks.running import run_command
from benchmarks.tables import Report
from orchestrator.bidding import Observation, Valuation
from orchestrator.core.lot import Offer
from orchestrator.core.progress import Progress
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import PRESENTER, Rules
from orchestrator.engine.simulation import Job, Simulation

CROWD = 10_000
INVITED = 100
BAR_ALL_MS = 150
BAR_INVITED_MS = 20
REQUESTS_ALL = 20
# Until everybody has been asked about once; after that the market knows its crowd.
REQUESTS_LEARNING = 150
REQUESTS_INVITED = 200
_TALENT_WEIGHT = 0.6


@dataclass(slots=True)
class CrowdPolicy:
    """Truthful bids of a crowd whose values are talent and chance."""

    crowd: int
    seed: int = 0
    name: str = "crowd"
    version: int = 1
    best_shares: list[float] = field(default_factory=list)
    asked_best_shares: list[float] = field(default_factory=list)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        talents = np.random.default_rng(self.seed).random(self.crowd)
        chance = np.random.default_rng([self.seed, len(self.best_shares)]).random(self.crowd)
        shares = _TALENT_WEIGHT * talents + (1 - _TALENT_WEIGHT) * chance
        asked = shares[[int(seen.bidder.removeprefix("b")) for seen in observations]]
        self.best_shares.append(float(shares.max()))
        self.asked_best_shares.append(float(asked.max()))
        return Valuation((asked * BOUNTY_USD).tolist(), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory


@dataclass(frozen=True, slots=True)
class CrowdPlayer(FacetPlayer):
    """One of the crowd; all are valued in one call."""

    @property
    def memory_id(self) -> str:
        return "crowd"


class TimedMarket(Simulation):
    """A market that counts the CPU seconds of its stages."""

    def __init__(self, players: Sequence[CrowdPlayer], rules: Rules) -> None:
        super().__init__(players, rules, WEALTH, learning=False)
        self.stage_seconds: list[float] = []

    def advance(self, live: Sequence[Progress]) -> list[Progress]:
        start = time.process_time()
        advanced = super().advance(live)
        self.stage_seconds.append(time.process_time() - start)
        return advanced


def measure() -> Report:
    """Time both, and compare what they achieve."""
    everybody = run(CROWD, 0, REQUESTS_ALL)
    invited = run(CROWD, INVITED, REQUESTS_LEARNING + REQUESTS_INVITED)
    rows = (
        (f"all {CROWD:,} bid", *_row(everybody, 0)),
        (f"{INVITED} asked, the first {REQUESTS_LEARNING} requests", *_row(invited, 0, REQUESTS_LEARNING)),
        (f"{INVITED} asked, the {REQUESTS_INVITED} after those", *_row(invited, REQUESTS_LEARNING)),
    )
    return Report(
        name="crowd",
        title=f"One stage with {CROWD:,} registered bidders (CPU time, in memory, ledger on)",
        notes=(f"Bars: {BAR_ALL_MS} ms when all bid; under {BAR_INVITED_MS} ms where {INVITED} are asked.",),
        columns=("who is asked", "median ms a stage", "welfare, % of the crowd's best", "standard error"),
        rows=rows,
    )


def run(crowd: int, invited: int, requests: int) -> TimedMarket:
    """Hold one stage a request, and keep what it took and what it achieved."""
    policy = CrowdPolicy(crowd)
    players = [CrowdPlayer(f"b{number}", PRESENTER, policy, 0) for number in range(crowd)]
    market = TimedMarket(players, Rules(stages_max=2, invited_max=invited))
    for number in range(requests):
        market.run([Job(f"request {number}", BOUNTY_NANOS, _take_first)])
    return market


def welfare_percents(market: TimedMarket) -> list[float]:
    """What each request's winner was worth, in percent of the best of the crowd."""
    policy = market.players[0].policy
    if not isinstance(policy, CrowdPolicy):
        raise TypeError("this market was not made by `run`")
    return [100 * asked / best for asked, best in zip(policy.asked_best_shares, policy.best_shares, strict=True)]


def _row(market: TimedMarket, first: int, last: int | None = None) -> tuple[float, float, float]:
    found = welfare_percents(market)[first:last]
    error = float(np.std(found, ddof=1) / len(found) ** 0.5)
    return 1000 * median(market.stage_seconds[first:last]), mean(found), error


def _take_first(offers: Sequence[Offer]) -> int:
    return min(1, len(offers))


if __name__ == "__main__":
    run_command("benchmarks.crowd", __doc__, [measure])
