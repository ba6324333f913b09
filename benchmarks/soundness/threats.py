"""Threats: bidders that think too much of themselves, and bidders that lie fluently.

Markets of 2 skills with twins, and three presenters, under the rules of wealth that a config has by default: an
endowment of 5 bounties, and for who earns anything ten refills below 1. The user accepts an offer that holds both
facets. Two kinds of liar: one presents a fluent offer without them, one adds a fluent segment that is none.

In the rows *staged* everybody learns alone, from how many segments a state has. In the rows *pool* all learn together,
with `bayes`, from whose works an offer held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from benchmarks.market import BOUNTY_NANOS, BOUNTY_USD, COST_NANOS, job
from benchmarks.soundness.lots import BOUNTY_NANOS as LOT_NANOS
from benchmarks.soundness.lots import CostAware, CostlyPresenter, one_lot
from benchmarks.soundness.rivals import Scaled
from benchmarks.standing import Independent
from benchmarks.tables import Report
from bidders.policies.bayes import BayesPolicy
from bidders.policies.fixed import FixedPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator.bidding import Observation, Policy
from orchestrator.core.clearing import Award
from orchestrator.core.keys import bidder_account
from orchestrator.core.lot import Lot
from orchestrator.core.progress import Progress
from orchestrator.core.request import Request
from orchestrator.core.rules import PRESENTER, TRANSFORMER, Role, Rules
from orchestrator.core.state import Segment
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Delivery, Job, Player, Simulation
from orchestrator.money import NANOS_PER_USD

OVERCONFIDENCE = 3.5
REQUESTS = 300
LIES = 100
SEEDS = 10
WEALTH = WealthRules(5 * BOUNTY_NANOS, BOUNTY_NANOS, 5 * BOUNTY_NANOS)
_STAGES = 5
_FACETS = ("history", "food")
_HALF_NANOS = LOT_NANOS // 2
# Who has less than a bounty to bid for so many requests on end counts as broke.
BROKE_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Worker(Independent):
    """Adds a facet that the state lacks, or presents a state that its eye finds complete.

    Attributes:
        name: its name, principal and memory.
        role: what it does.
        policy: what it bids.
        facet: what it adds; a liar's is fluent and no facet at all.
        lies: whether it presents a text of its own, whatever the state holds.
    """

    name: str
    role: Role
    policy: Policy
    facet: str = ""
    lies: bool = False
    cost_max_nanos: int = COST_NANOS

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        authors = [piece.author for piece in lot.state.segments]
        texts = [piece.text for piece in lot.state.segments]
        if self.role == TRANSFORMER and (self.name in authors or f"facet {self.facet}" in texts):
            return None
        # Fluent lies read as facets do: what a bidder can tell is how many segments there are.
        features = {"segments": float(len(texts) - 1)}
        return Observation(
            self.name,
            self.role,
            lot.stage,
            _STAGES,
            BOUNTY_USD,
            cost_max_usd=COST_NANOS / NANOS_PER_USD,
            features=features,
        )

    def transform(self, request: Request, lot: Lot, award: Award, memory: Any) -> Delivery:
        if self.lies:
            return Delivery([Segment(f"a fluent but wrong text of {self.name} at stage {lot.stage}")], COST_NANOS)
        if self.role == TRANSFORMER:
            return Delivery([Segment(f"facet {self.facet}")], COST_NANOS)
        return Delivery([Segment(" ".join(piece.text for piece in lot.state.segments))], COST_NANOS)


@dataclass(frozen=True, slots=True)
class PooledWorker(Worker):
    """One that learns together with all others, from whose works a state holds."""

    @property
    def memory_id(self) -> str:
        return "pool"

    def observe(self, request: Request, lot: Lot) -> Observation | None:
        seen = Worker.observe(self, request, lot)
        works = lot.state.contributions()
        if seen is None or (self.role == PRESENTER and not works):
            return None
        last_price_usd = lot.chain[-1].price_nanos / NANOS_PER_USD if lot.chain else 0.0
        return seen._replace(
            features={}, request=request.text, contributions=works, workers=lot.workers, last_price_usd=last_price_usd
        )


def honest_workers() -> list[Worker]:
    """Two skills with twins, and three presenters; all learn from what they see of a state."""
    return _staff(Worker, TrackerPolicy(by=("segments",)))


def pooled_workers(overconfident: str = "") -> list[Worker]:
    """The same in a pool, one of them overconfident where it is named."""
    policy = BayesPolicy(pool="all")
    shared: Policy = Scaled(policy, OVERCONFIDENCE, bidder=overconfident) if overconfident else policy
    return _staff(PooledWorker, shared)


def _staff(worker: type[Worker], policy: Policy) -> list[Worker]:
    skills = [worker(f"{facet}{twin}", TRANSFORMER, policy, facet) for facet in _FACETS for twin in range(2)]
    return skills + [worker(f"presenter{number}", PRESENTER, policy) for number in range(3)]


def market_of(workers: Sequence[Worker], seed: int) -> Simulation:
    """A market under the default rules of wealth."""
    return Simulation(workers, Rules(stages_max=_STAGES), WEALTH, seed=seed)


@dataclass(frozen=True, slots=True)
class User:
    """What a user got out of some requests.

    Attributes:
        released: share of the requests whose bounty was released.
        paid_max: the most that one of them cost it, as a share of the bounty.
        paid_for_nothing: requests that cost it something and brought it nothing.
        paid_mean: what an accepted offer cost it after the refund, as a share of the bounty; None if it took none.
    """

    released: float
    paid_max: float
    paid_for_nothing: int
    paid_mean: float | None


def user_of(ended: Sequence[Progress]) -> User:
    """Read the user's side from how requests ended."""
    paid, accepted = [], []
    for progress in ended:
        summary = statement(progress)
        bounty_nanos = progress.request.bounty_nanos
        paid.append((bounty_nanos - summary.returned_nanos - summary.refund_nanos) / bounty_nanos)
        accepted.append(progress.status == "released")
    charged = [each for each, taken in zip(paid, accepted, strict=True) if taken]
    nothing = sum(each > 0 and not taken for each, taken in zip(paid, accepted, strict=True))
    return User(fmean(accepted), max(paid), nothing, fmean(charged) if charged else None)


def run(market: Simulation, jobs: Iterable[Job]) -> list[Progress]:
    """Some requests, one after the other."""
    return [progress for each in jobs for progress in market.run([each])]


class Overconfident(NamedTuple):
    """What became of a bidder that bids 3.5 times its value.

    Attributes:
        user: what the user got meanwhile.
        broke_after: requests after which, for some time, its wallet and no longer its belief said what it bid, for it
            had less than a bounty; None if that never was.
        profit: in bounties.
    """

    user: User
    broke_after: int | None
    profit: float


def overconfident_among_unequals(seed: int, requests: int) -> Overconfident:
    """One of three presenters whose costs differ from request to request, up to half of the bounty."""
    truthful = [CostlyPresenter(f"presenter{n}", CostAware(), cost_max_nanos=_HALF_NANOS) for n in range(3)]
    players = [replace(truthful[0], policy=Scaled(truthful[0].policy, OVERCONFIDENCE)), *truthful[1:]]
    wealth = WealthRules(5 * LOT_NANOS, 2 * LOT_NANOS, 5 * LOT_NANOS)
    market = Simulation(players, Rules(stages_max=1), wealth, seed=seed)
    return _fate(market, players[0], map(one_lot, range(requests)))


def overconfident_among_equals(name: str, seed: int, requests: int) -> Overconfident:
    """A bidder of the staged market, whose rivals can do just what it can."""
    workers = [
        replace(worker, policy=Scaled(worker.policy, OVERCONFIDENCE)) if worker.name == name else worker
        for worker in honest_workers()
    ]
    return _fate_among(workers, name, seed, requests)


def overconfident_in_a_pool(name: str, seed: int, requests: int) -> Overconfident:
    """A bidder of the pooled market."""
    return _fate_among(pooled_workers(name), name, seed, requests)


def _fate_among(workers: Sequence[Worker], name: str, seed: int, requests: int) -> Overconfident:
    (overconfident,) = (worker for worker in workers if worker.name == name)
    return _fate(market_of(workers, seed), overconfident, map(job, range(requests)))


def _fate(market: Simulation, overconfident: Player, jobs: Iterable[Job]) -> Overconfident:
    """What becomes of a bidder while a market runs some requests."""
    ended: list[Progress] = []
    able_until, broke_after = 0, None
    for each in jobs:
        ended += market.run([each])
        spendable_nanos = market.book.spendable_nanos(bidder_account(overconfident.name))
        if spendable_nanos - overconfident.cost_max_nanos >= each.bounty_nanos:
            able_until = len(ended)
        elif broke_after is None and len(ended) - able_until == BROKE_REQUESTS:
            broke_after = able_until + 1
    return Overconfident(user_of(ended), broke_after, _profit(ended, overconfident.name))


def liar(kind: Role, seed: int, requests: int, workers: Sequence[Worker]) -> tuple[User, float]:
    """A liar that bids most of the bounty, in a market that has learned for a hundred requests without it.

    Args:
        kind: what it does.
        seed: of the market.
        requests: how many come once it is there.
        workers: all others.

    Returns:
        What the user got from then on, and the liar's profit in bounties.
    """
    market = market_of(workers, seed)
    run(market, map(job, range(LIES)))
    market.enter(Worker("liar", kind, FixedPolicy(share=0.9), lies=True))
    ended = run(market, map(job, range(LIES, LIES + requests)))
    return user_of(ended), _profit(ended, "liar")


def _profit(ended: Sequence[Progress], name: str) -> float:
    profits = (statement(progress).profits_nanos.get(name, 0) / progress.request.bounty_nanos for progress in ended)
    return sum(profits)


def measure(seeds: int = SEEDS, requests: int = REQUESTS, lies: int = LIES) -> Report:
    """Run each threat, and the market without it."""
    skill = f"{_FACETS[0]}0"
    rows: list[tuple[str, ...]] = []
    markets = {
        "staged": (honest_workers, overconfident_among_equals),
        "pool": (pooled_workers, overconfident_in_a_pool),
    }
    for name, (workers, overconfident) in markets.items():
        honest = [user_of(run(market_of(workers(), seed), map(job, range(requests)))) for seed in range(seeds)]
        rows.append((f"{name}: none", *_user_figures(honest), "", ""))
        fates: dict[str, Callable[[int, int], Overconfident]] = {
            f"{name}: presenter bids x 3.5": partial(overconfident, "presenter0"),
            f"{name}: skill bids x 3.5": partial(overconfident, skill),
        }
        rows += [_fate_row(threat, [play(seed, requests) for seed in range(seeds)]) for threat, play in fates.items()]
        for kind in (PRESENTER, TRANSFORMER):
            told = [liar(kind, seed, lies, workers()) for seed in range(seeds)]
            figures = _user_figures([user for user, _ in told])
            rows.append((f"{name}: lying {kind}", *figures, "", _spread([profit for _, profit in told])))
    unequal = [overconfident_among_unequals(seed, requests) for seed in range(seeds)]
    rows.append(_fate_row("one lot: presenter bids x 3.5", unequal))
    return Report(
        name="threats",
        title=f"Threats to a market of learners ({seeds} seeds; {requests} requests, liars {lies})",
        columns=(
            "threat",
            "released %",
            "an accepted offer costs the user, % of bounty",
            "most that a request costs the user, % of bounty",
            "requests paid for in vain",
            "broke",
            "its profit, in bounties",
        ),
        rows=tuple(rows),
    )


def _fate_row(threat: str, found: Sequence[Overconfident]) -> tuple[str, ...]:
    figures = _user_figures([fate.user for fate in found])
    return (threat, *figures, _gone([fate.broke_after for fate in found]), _spread([fate.profit for fate in found]))


def _user_figures(users: Sequence[User]) -> tuple[str, str, str, str]:
    paid_means = [user.paid_mean for user in users if user.paid_mean is not None]
    return (
        f"{100 * fmean(user.released for user in users):.1f}",
        f"{100 * fmean(paid_means):.1f}" if paid_means else "-",
        f"{100 * max(user.paid_max for user in users):.1f}",
        str(sum(user.paid_for_nothing for user in users)),
    )


def _gone(broke: Sequence[int | None]) -> str:
    gone = sorted(each for each in broke if each is not None)
    if not gone:
        return f"0 of {len(broke)}"
    return f"{len(gone)} of {len(broke)}, after {gone[0]} to {gone[-1]} requests"


def _spread(profits: Sequence[float]) -> str:
    return f"{fmean(profits):.1f} ({min(profits):.1f} to {max(profits):.1f})"
