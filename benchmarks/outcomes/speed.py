"""How long a market of learned bidders takes, in CPU seconds of this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.user import User
from benchmarks.tables import Report
from orchestrator.bidding import Observation, Policy, Valuation
from orchestrator.core.receipts import Receipt

FEW = 5
AGAIN = 1000


@dataclass(slots=True)
class TimedPolicy:
    """A policy, and how many CPU seconds its decisions have taken."""

    policy: Policy
    seconds: float = 0.0
    latest: tuple[Any, Sequence[Observation]] = (None, ())

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def version(self) -> int:
        return self.policy.version

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        start = time.process_time()
        valued = self.policy.value(memory, observations)
        self.seconds += time.process_time() - start
        self.latest = memory, observations
        return valued

    def seconds_again(self) -> float:
        """How long a lot takes whose state was met before: the latest lots, decided on again and again."""
        memory, observations = self.latest
        lots = len({(seen.request, seen.contributions) for seen in observations})
        start = time.process_time()
        for _ in range(AGAIN):
            self.policy.value(memory, observations)
        return (time.process_time() - start) / (AGAIN * lots)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return self.policy.learn(memory, receipts)

    def __getattr__(self, name: str) -> Any:
        # What is optional in a policy: its pool, claims and practice.
        return getattr(self.policy, name)


def speed_table(name: str, title: str, contest: Contest, design: Design) -> Report:
    """One pass of training and test, with all models and with few."""
    data = contest.user.data
    rows = [_row(contest, design)]
    if len(data.models) > FEW:
        few = replace(contest, user=User(data.of_models(range(FEW - design.presenters)), contest.user.draws))
        rows.insert(0, _row(few, design))
    columns = (
        "bidders",
        "models among them",
        "training, CPU s",
        "test, CPU s",
        "auctions/s learning",
        "auctions/s testing",
        "deciding while learning, us a lot",
        "deciding while testing, us a lot",
        "deciding on what was met before, us a lot",
    )
    return Report(name, title, columns, tuple(rows))


def _row(contest: Contest, design: Design) -> tuple[float | int, ...]:
    policy = TimedPolicy(design.policy())
    market = OutcomeMarket(contest.user, replace(design, policy=lambda: policy), contest.seed)
    start = time.process_time()
    market.learn(shuffled(contest.train, contest.seed, "order", 0))
    learned, auctions, deciding = time.process_time(), market.auctions, policy.seconds
    market.test(contest.test)
    tested, later = time.process_time(), market.auctions - auctions
    models = len(contest.user.data.models)
    return (
        models + design.presenters,
        models,
        learned - start,
        tested - learned,
        auctions / (learned - start),
        later / (tested - learned),
        1e6 * deciding / auctions,
        1e6 * (policy.seconds - deciding) / later,
        1e6 * policy.seconds_again(),
    )
