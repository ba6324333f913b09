"""Every method on queries that it has not seen, after it has learned from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.outcomes.baselines import cascades, choosing, routers
from benchmarks.outcomes.baselines.bandits import FAMILIES, Family, trained_bandit
from benchmarks.outcomes.baselines.contest import Contest, Method
from benchmarks.outcomes.baselines.economy import economy_of_minds
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.measures import COLUMNS, MARKET, figures, idle_note, rival_note
from benchmarks.outcomes.played import join
from benchmarks.outcomes.regimes import practised, trained_on_bounties
from benchmarks.tables import Report

FULL = "every answer"
BOUNTIES = "bounties"
NOTHING = "nothing"
BOUND = "a bound"
SETS = {2: "pair", 3: "trio"}
"""What a set is called whose answers are all shown, by how many the user looks at."""

Methods = Mapping[tuple[str, str], Method]


def baselines(shown: int, orders: int) -> Methods:
    """Every baseline, by its name and by what it learns from."""
    table: dict[tuple[str, str], Method] = {
        ("random", NOTHING): choosing.at_random,
        ("cheapest", FULL): choosing.cheapest,
        ("best single", FULL): choosing.best_single,
        ("per-task table", FULL): choosing.task_table,
        ("kNN router", FULL): routers.knn_router,
        ("logistic router", FULL): routers.logistic_router,
        ("agreement cascade A+B->C", FULL): cascades.agreement_cascade,
    }
    if shown in SETS:
        table[f"best fixed {SETS[shown]}, all shown", FULL] = lambda contest: cascades.fixed_set(contest, shown)
    for name, family in FAMILIES.items():
        table[name, BOUNTIES] = _trained(family, orders)
    table["Economy of Minds' rules", BOUNTIES] = lambda contest: economy_of_minds(contest, orders)
    return table | {
        ("perfect verifier", BOUND): cascades.perfect_verifier,
        ("oracle choice of one model", BOUND): choosing.oracle,
    }


def _trained(family: Family, orders: int) -> Method:
    return lambda contest: trained_bandit(contest, family, orders)


def market_methods(design: Design, orders: int) -> Methods:
    """The market, by how it comes to what it knows."""
    table: dict[tuple[str, str], Method] = {
        (f"market, trained in {word}", BOUNTIES): _market(design, orders, passes)
        for word, passes in (("one pass", 1), ("three passes", 3))
    }
    if hasattr(design.policy(), "practise"):
        table["market, practised", FULL] = lambda contest: practised(contest, design)
    return table


def _market(design: Design, orders: int, passes: int) -> Method:
    return lambda contest: trained_on_bounties(contest, design, orders, passes)


def held_out_table(name: str, title: str, contests: Sequence[Contest], methods: Methods) -> Report:
    """Run every method on every contest; a query in several contests counts once, at its mean."""
    value_usd = contests[0].value_usd
    single = join([choosing.best_single(contest) for contest in contests])
    played = {key: join([run(contest) for contest in contests]) for key, run in methods.items()}
    rows = tuple((*key, *figures(each, single, value_usd).row()) for key, each in played.items())
    idle = idle_note({method: each for (method, _), each in played.items()})
    markets = {method: each for (method, _), each in played.items() if method.startswith(MARKET)}
    rivals = {method: each for (method, source), each in played.items() if method not in markets and source != BOUND}
    notes = (*rival_note(markets, rivals, value_usd), *idle)
    return Report(name, title, ("method", "learns from", *COLUMNS), rows, notes)
