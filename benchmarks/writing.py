"""Open-ended work: does a market find out whose work helps a text, where no two works can be compared?

Twelve writers add to a text, three presenters show it, and a user takes it or not. What a work adds, in log-odds of
the text being taken, nobody is told: some writers help, some do nothing, some harm, and half of them are of use for one
of two sorts of request only. All cost something. Utility is what the user would take times the bounty, less costs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np

from benchmarks.running import run_command
from benchmarks.standing import Alone
from benchmarks.tables import Report
from bidders.policies.bayes import BayesPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.lot import Lot, Offer
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.state import Segment
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Simulation
from orchestrator.money import NANOS_PER_USD

WORLDS = 5
REQUESTS = 600
PART = 100
"""How many requests the first and the last part of a stream have."""

_BOUNTY = NANOS_PER_USD
_BASE = -1.5
_PRESENTERS: Final = {"plain": 0.0, "clear": 0.5, "clumsy": -0.5}
_SORTS: Final = (
    "Plan a journey to place {} with trains, hotels and walks for {} days",
    "Write a function that parses format {} and returns its {} records",
)


@dataclass(frozen=True, slots=True)
class World:
    """What works add, drawn from a seed.

    Attributes:
        adds: by sort of request and writer, log-odds.
        costs_nanos: what each writer's work costs.
    """

    adds: tuple[dict[str, float], ...]
    costs_nanos: dict[str, int]

    @classmethod
    def drawn(cls, seed: int) -> World:
        """Five writers that help, four that do nothing, three that harm; every other is of use for one sort only."""
        draws = np.random.default_rng([seed, 0])
        usual = [*draws.uniform(0.5, 1.3, 5), *draws.uniform(-0.1, 0.1, 4), *draws.uniform(-1.2, -0.5, 3)]
        adds = tuple({f"writer {number}": float(each) for number, each in enumerate(usual)} for _ in _SORTS)
        for number, name in enumerate(adds[0]):
            if number % 2 == 0:
                adds[number // 2 % len(_SORTS)][name] = float(draws.uniform(-0.6, 0.0))
        return cls(adds, {name: round(draws.uniform(0.005, 0.05) * _BOUNTY) for name in adds[0]})

    def chance(self, sort: int, writers: Sequence[str], presenter: str) -> float:
        """The chance that the user takes a text."""
        log_odds = _BASE + _PRESENTERS[presenter] + sum(self.adds[sort][one] for one in set(writers))
        return 1.0 / (1.0 + math.exp(-log_odds))

    def utility(self, sort: int, writers: Sequence[str], presenter: str) -> float:
        """What a text is worth less what the works on it cost, as a share of the bounty."""
        return self.chance(sort, writers, presenter) - sum(self.costs_nanos[one] for one in writers) / _BOUNTY


@dataclass(frozen=True, slots=True)
class Member(Alone):
    """A writer, or a presenter that shows all that a text holds."""

    world: World
    name: str
    role: Role
    policy: Policy
    memory_id: str

    @property
    def cost_max_nanos(self) -> int:
        return self.world.costs_nanos.get(self.name, 0)

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        works = lot.state.contributions()
        if (self.role == PRESENTER and not works) or self.name in [work.author for work in works]:
            return None
        return Observation(
            bidder=self.name,
            role=self.role,
            stage=lot.stage,
            stages_max=request.rules.stages_max,
            bounty_usd=1.0,
            cost_max_usd=self.cost_max_nanos / NANOS_PER_USD,
            last_price_usd=lot.chain[-1].price_nanos / NANOS_PER_USD if lot.chain else 0.0,
            request=request.text,
            contributions=works,
            workers=lot.workers,
        )

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        if self.role == TRANSFORMER:
            return Delivery([Segment(f"by {self.name}")], self.cost_max_nanos)
        return Delivery([Segment("\n".join(work.author for work in lot.state.contributions()))])


@dataclass(slots=True)
class Stream:
    """What came of a stream of requests, one figure each.

    Attributes:
        utilities: expected, so that the user's luck adds no noise.
        works: how many worked.
    """

    utilities: list[float] = field(default_factory=list)
    works: list[int] = field(default_factory=list)


def play(seed: int, policy: Policy, *, pooled: bool, requests: int = REQUESTS) -> Stream:
    """Have a market learn from bounties alone.

    Args:
        seed: of the world, of the requests, of the user's luck, and of the market's draws.
        policy: of all its members.
        pooled: whether they share one memory.
        requests: how many there are.
    """
    world, stream = World.drawn(seed), Stream()
    roles: list[tuple[str, Role]] = [(name, TRANSFORMER) for name in world.costs_nanos]
    roles += [(name, PRESENTER) for name in _PRESENTERS]
    members = [Member(world, name, role, policy, "pool" if pooled else name) for name, role in roles]
    rules = Rules(reserve_nanos=1, stages_max=len(world.costs_nanos) + 3)
    market = Simulation(members, rules, WealthRules(5 * _BOUNTY, _BOUNTY, 5 * _BOUNTY), seed=seed)
    for sort, text, luck in _requests(seed, requests):

        def accept(offers: Sequence[Offer], sort: int = sort, luck: float = luck) -> int:
            shown = offers[0]
            return int(luck < world.chance(sort, shown.text.split("\n"), shown.presenter))

        (ended,) = market.run([Job(text, _BOUNTY, accept)])
        cost = sum(statement(ended).costs_nanos.values()) / _BOUNTY
        shown = ended.offers[0] if ended.offers else None
        writers = shown.text.split("\n") if shown else []
        stream.utilities.append((world.chance(sort, writers, shown.presenter) if shown else 0.0) - cost)
        stream.works.append(len(writers))
    return stream


def fixed(seed: int, choose: Callable[[World, int], Sequence[str]], requests: int = REQUESTS) -> Stream:
    """Ask the same writers about all requests of a sort, and have the best presenter show the text."""
    world, stream = World.drawn(seed), Stream()
    chosen = [choose(world, sort) for sort in range(len(_SORTS))]
    for sort, _, _ in _requests(seed, requests):
        stream.utilities.append(world.utility(sort, chosen[sort], "clear"))
        stream.works.append(len(chosen[sort]))
    return stream


def best_single(world: World, sort: int) -> Sequence[str]:
    """The writer whose work alone is worth most."""
    return max(((one,) for one in world.costs_nanos), key=lambda one: world.utility(sort, one, "clear"))


def best_set(world: World, sort: int) -> Sequence[str]:
    """The writers who together are worth most."""
    sets = (chosen for size in range(1, 8) for chosen in combinations(world.costs_nanos, size))
    return max(sets, key=lambda chosen: world.utility(sort, chosen, "clear"))


def _requests(seed: int, requests: int) -> list[tuple[int, str, float]]:
    """Of each request its sort, its text, and the user's luck."""
    draws = np.random.default_rng([seed, 1])
    found = []
    for _ in range(requests):
        sort, first, second = int(draws.integers(2)), int(draws.integers(100)), int(draws.integers(30))
        found.append((sort, _SORTS[sort].format(first, second), float(draws.random())))
    return found


def measure(worlds: int = WORLDS, requests: int = REQUESTS) -> Report:
    """Play each way in the same worlds."""
    ways: dict[str, Callable[[int], Stream]] = {
        "everybody works": lambda seed: fixed(seed, lambda world, _: tuple(world.costs_nanos), requests),
        "the best writer alone (known)": lambda seed: fixed(seed, best_single, requests),
        "the best set of writers (known)": lambda seed: fixed(seed, best_set, requests),
        "market, `tracker`": lambda seed: play(seed, TrackerPolicy(), pooled=False, requests=requests),
        "market, `bayes` in a pool": lambda seed: play(seed, BayesPolicy(pool="p"), pooled=True, requests=requests),
    }
    rows = tuple(_row(way, [run(seed) for seed in range(worlds)]) for way, run in ways.items())
    columns = ("who works", "utility", "±", f"first {PART} requests", f"last {PART} requests", "works on a text")
    title = f"Open-ended work: shares of the bounty ({worlds} worlds of {requests} requests)"
    return Report("writing", title, columns, rows)


def _row(way: str, streams: Sequence[Stream]) -> tuple[str | float, ...]:
    means = [fmean(stream.utilities) for stream in streams]
    spread = stdev(means) / math.sqrt(len(means)) if len(means) > 1 else 0.0
    first = fmean(fmean(stream.utilities[:PART]) for stream in streams)
    last = fmean(fmean(stream.utilities[-PART:]) for stream in streams)
    return (way, fmean(means), spread, first, last, fmean(fmean(stream.works) for stream in streams))


if __name__ == "__main__":
    run_command("benchmarks.writing", __doc__, [measure])
