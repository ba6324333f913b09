"""Centralised against decentralised on recorded outcomes: a market and planners, where models come, go and improve.

The market is told nothing. A planner is met in four forms (`baselines.planning`), each with the constants that bring
most on the training queries, in a society that changes in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.baselines.one_step import one_step_makers
from benchmarks.outcomes.baselines.planning import Maker, best_maker, play_planner
from benchmarks.outcomes.baselines.q_learning import q_makers
from benchmarks.outcomes.changes import PHASES, Cast, Society, changing_society, mean_utilities, static_society
from benchmarks.outcomes.data import Integers
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.measures import MARKET, PER_QUERIES, figures, standard_error
from benchmarks.outcomes.played import Played, join, single_choices
from benchmarks.outcomes.stream import Stream
from benchmarks.society.change import FORMS
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed
from orchestrator.errors import InvalidRequest

ORDERS = 3
TUNING_ORDERS = 3
HINDSIGHT = "best single of each phase, in hindsight"
Q_LEARNING = "Q-learning"
ONE_STEP = "one-step planner"
Play = Callable[[Society, int], Played]
"""Plays a society's whole stream, in one of several orders."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Every player in one kind of society.

    Attributes:
        name: of the kind: static or changing.
        streams: what came of each player, in each order.
    """

    name: str
    streams: tuple[Stream, ...]


def play_societies(contest: Contest, design: Design) -> list[Measured]:
    """Let every player play both kinds of society, once in each order.

    Raises:
        InvalidRequest: the record has fewer than three models, or fewer queries than phases.
    """
    cast = Cast.of(contest)
    everything = contest.everything()
    if len(everything) < PHASES:
        raise InvalidRequest(
            f"{contest.user.data.name} has {len(everything)} queries to play; a society that changes needs {PHASES}"
        )
    kinds: Mapping[str, Callable[[Integers], Society]] = {
        "static": lambda queries: static_society(contest, queries),
        "changing": lambda queries: changing_society(contest, cast, queries),
    }
    makers = {Q_LEARNING: q_makers(len(contest.user.data.models)), ONE_STEP: one_step_makers(contest)}
    measured = []
    for name, society_of in kinds.items():
        societies = [society_of(shuffled(everything, contest.seed, "stream", order)) for order in range(ORDERS)]
        rehearsals = [
            society_of(shuffled(contest.train, contest.seed, "tuning", order)) for order in range(TUNING_ORDERS)
        ]
        players = {
            HINDSIGHT: lambda society, _: in_hindsight(contest, society),
            MARKET: lambda society, order: play_market(society, design, derive_seed(contest.seed, order)),
            **_planners(makers, rehearsals, contest.seed),
        }
        streams = [
            Stream(player, tuple(play(society, order) for order, society in enumerate(societies)))
            for player, play in players.items()
        ]
        measured.append(Measured(name, tuple(streams)))
    return measured


def play_market(society: Society, design: Design, seed: int) -> Played:
    """Play a stream with a market that learns from bounties; models enter and leave as users' bidders do."""
    everyone = frozenset(range(len(society.contest.user.data.models)))
    market = OutcomeMarket(society.contest.user, design, seed, absent=everyone.difference(society.phases[0].present))
    parts = []
    for phase in society.phases:
        present, before = frozenset(phase.present), everyone - market.absent
        for model in sorted(before - present):
            market.leave(model)
        for model in sorted(present - before):
            market.enter(model)
        parts.append(market.learn(phase.queries))
    return join(parts)


def change_table(name: str, title: str, contest: Contest, measured: Sequence[Measured]) -> Report:
    """Utility by phase and in total, and by how much the market is over each player."""
    rows = []
    for society in measured:
        market = next(stream for stream in society.streams if stream.name == MARKET)
        rows += [(society.name, *_row(stream, market, contest.value_usd)) for stream in society.streams]
    columns = ("society", "who decides", *(f"phase {number}" for number in range(1, PHASES + 1)), "all", "cost USD")
    orders = len(measured[0].streams[0].orders)
    notes = (
        f"Means over {orders} orders, with standard errors over the orders; of the last column over queries. "
        f"{describe(Cast.of(contest), contest.user.data.models)}",
    )
    return Report(name, title, (*columns, "market over it"), tuple(rows), notes)


def describe(cast: Cast, models: Sequence[str]) -> str:
    """Who does what in the changing society."""
    late = " and ".join(models[model] for model in cast.late)
    return (
        f"The changing society: 1: without {models[cast.best]}{' and without ' + late if late else ''}; "
        f"2: {models[cast.best]} enters; 3: {models[cast.improver]} improves, to {models[cast.competitor]}; "
        f"4: {models[cast.best]} leaves; 5: {late + ' enter' if late else 'no change'}."
    )


def _planners(makers: Mapping[str, Sequence[Maker]], rehearsals: Sequence[Society], seed: int) -> dict[str, Play]:
    players: dict[str, Play] = {}
    for kind, tried in makers.items():
        for form in FORMS:
            make = best_maker(tried, form, rehearsals, derive_seed(seed, "tuning"))
            players[f"{kind}, {form}"] = lambda society, order, make=make, form=form: play_planner(  # type: ignore[misc]
                make, form, society, derive_seed(seed, "planner", order)
            )
    return players


def in_hindsight(contest: Contest, society: Society) -> Played:
    """Ask, throughout each phase, the model that is best on the whole record of those that take part."""
    means = mean_utilities(contest)
    parts = []
    for phase in society.phases:
        # The model that improves becomes as good as another that takes part throughout, so it is never alone the best.
        best = max(phase.present, key=lambda model: means[model])
        parts.append(single_choices(society.contest.user, phase.queries, np.full(len(phase.queries), best)))
    return join(parts)


def _row(stream: Stream, market: Stream, value_usd: float) -> tuple[str | float, ...]:
    utilities = np.array([played.utilities(value_usd) for played in stream.orders]) * PER_QUERIES
    phases = [_with_error(part.mean(axis=1)) for part in np.array_split(utilities, PHASES, axis=1)]
    mine, theirs = join(stream.orders), join(market.orders)
    compared = figures(theirs, mine, value_usd)
    over = "" if stream is market else f"{compared.gain:+.1f} ± {compared.gain_error:.1f}"
    cost = float(mine.costs_usd.mean()) * PER_QUERIES
    return (stream.name, *phases, _with_error(utilities.mean(axis=1)), cost, over)


def _with_error(means: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return f"{means.mean():.1f} ± {standard_error(means):.1f}" if len(means) > 1 else f"{means.mean():.1f}"
