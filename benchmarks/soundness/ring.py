"""A ring of two: what it takes from the requester, and whether the monitor sees it.

Two to ten presenters with private costs bid for one lot. Two have agreed that only the cheaper of them
bids in earnest. The same requests are sold without the ring for comparison. The monitor is told nothing but the
bids.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from benchmarks.soundness.lots import BOUNTY_NANOS, CostAware, CostlyPresenter, one_lot
from benchmarks.tables import Report
from orchestrator.core.progress import Progress
from orchestrator.core.rules import Rules
from orchestrator.core.statement import statement
from orchestrator.core.wealth_rules import WealthRules
from orchestrator.engine.simulation import Simulation
from orchestrator.money import NANOS_PER_USD
from orchestrator.progress.rivalry import LotBids, Rivalry, lot_bids, rivalry

BIDDERS = (2, 3, 4, 6, 10)
REQUESTS = 200
SEEDS = 10
_BATCH = 20
_WEALTH = WealthRules(100_000 * NANOS_PER_USD, 0, 0)


def sell(bidders: int, seed: int, requests: int, *, ring: bool) -> list[Progress]:
    """Some requests, sold to presenters of whom the first two may have agreed."""
    partners = {"presenter0": "presenter1", "presenter1": "presenter0"} if ring else {}
    names = [f"presenter{number}" for number in range(bidders)]
    players = [CostlyPresenter(name, CostAware(), partners.get(name)) for name in names]
    market = Simulation(players, Rules(stages_max=1), _WEALTH, seed=seed)
    starts = range(0, requests, _BATCH)
    return [progress for start in starts for progress in market.run([one_lot(start + n) for n in range(_BATCH)])]


def watch(ended: Sequence[Progress]) -> Rivalry:
    """What the monitor says of some requests."""
    return rivalry([bids for progress in ended for bids in lot_bids(progress)])


def thinness(bids: LotBids) -> float:
    """The gap below a lot's highest bid, as a share of that; 1 where nobody bids against the winner."""
    highest, *others = sorted(bids.values(), reverse=True)
    return (highest - max(others, default=0)) / highest if highest else 0.0


def measure(seeds: int = SEEDS, requests: int = REQUESTS) -> Report:
    """Run markets of several sizes with and without a ring."""
    rows = [
        _row(bidders, ring, [sell(bidders, seed, requests, ring=ring) for seed in range(seeds)])
        for bidders in BIDDERS
        for ring in (False, True)
    ]
    return Report(
        name="ring",
        title=f"A ring of two presenters ({seeds} seeds, {requests} requests each)",
        columns=(
            "bidders",
            "ring",
            "refund, % of bounty",
            "profit of the two, % of bounty",
            "thinness",
            "their correlation",
            "their cover bids, by chance",
            "caught",
            "false alarms",
        ),
        rows=tuple(rows),
        notes=("Caught: markets in which the monitor names the two. False alarms: other pairs that it names, in all.",),
    )


def _row(bidders: int, ring: bool, markets: Sequence[Sequence[Progress]]) -> tuple[str, ...]:
    statements = [statement(progress) for ended in markets for progress in ended]
    refund = fmean(each.refund_nanos for each in statements) / BOUNTY_NANOS
    profit = fmean(sum(each.profits_nanos.get(f"presenter{n}", 0) for n in (0, 1)) for each in statements)
    seen = [watch(ended) for ended in markets]
    thin = [thinness(bids) for ended in markets for progress in ended for bids in lot_bids(progress) if bids]
    ours = ("presenter0", "presenter1")
    pairs = [next(pair for pair in each.pairs if pair.principals == ours) for each in seen]
    caught = sum(pair.is_suspect for pair in pairs)
    others = sum(pair.principals != ours for each in seen for pair in each.suspects())
    return (
        str(bidders),
        "yes" if ring else "no",
        f"{100 * refund:.1f}",
        f"{100 * profit / BOUNTY_NANOS:.1f}",
        f"{fmean(thin):.2f}",
        f"{fmean(pair.correlation for pair in pairs):.2f}",
        f"{fmean(pair.cover_share for pair in pairs):.2f}, {fmean(pair.cover_share_by_chance for pair in pairs):.2f}",
        f"{caught} of {len(pairs)}",
        str(others),
    )
