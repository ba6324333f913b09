"""What competition gives back: the refund's share of the bounty by number of bidders (R2).

Presenters with private values, uniform from 0 to the bounty, bid them truthfully for the request's
own text. The winner pays the second-highest value, which waits in escrow and is refunded on
release; so the expected share is that of the second order statistic, (n - 1) / (n + 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.market import BOUNTY_NANOS, WEALTH, FacetPlayer
from benchmarks.running import run_command
from benchmarks.tables import Report
from orchestrator.bidding import Observation, Valuation
from orchestrator.core.keys import derive_seed
from orchestrator.core.lot import Offer
from orchestrator.core.receipts import Receipt
from orchestrator.core.rules import PRESENTER, Rules
from orchestrator.core.statement import statement
from orchestrator.engine.simulation import Job, Simulation

REQUESTS = 4000
BIDDERS = (2, 3, 4, 5, 7, 10, 15, 20)


@dataclass(frozen=True, slots=True)
class PrivateValue:
    """A fresh private value for every lot, bid as it is."""

    seed: int
    name: str = "private"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        draws = np.random.default_rng(derive_seed(self.seed, memory or 0)).random(len(observations))
        bounties = np.array([seen.bounty_usd for seen in observations])
        return Valuation((draws * bounties).tolist(), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return (memory or 0) + 1


def measure() -> Report:
    """Run the market for each number of bidders."""
    rows = tuple(_row(bidders) for bidders in BIDDERS)
    return Report(
        name="refund",
        title=f"Refund as a share of released bounties ({REQUESTS} requests each)",
        columns=("bidders", "refund %", "standard error", "theory %"),
        rows=rows,
    )


def shares(bidders: int, requests: int, seed: int = 0) -> list[float]:
    """The refund's share of the bounty in each of some requests."""
    players = [FacetPlayer(f"presenter{i}", PRESENTER, PrivateValue(derive_seed(seed, i)), 0) for i in range(bidders)]
    market = Simulation(players, Rules(stages_max=2), WEALTH, seed=seed)
    found: list[float] = []
    for _ in range(0, requests, 100):
        ended = market.run([Job("a request", BOUNTY_NANOS, _take_first)] * 100)
        found += [statement(progress).refund_nanos / BOUNTY_NANOS for progress in ended]
    return found


def _take_first(offers: Sequence[Offer]) -> int:
    return min(1, len(offers))


def _row(bidders: int) -> tuple[int, float, float, float]:
    found = np.array(shares(bidders, REQUESTS)) * 100
    error = float(found.std(ddof=1) / math.sqrt(len(found)))
    return bidders, float(found.mean()), error, 100 * (bidders - 1) / (bidders + 1)


if __name__ == "__main__":
    run_command("benchmarks.refund", __doc__, [measure])
