"""Every method that learns as it goes, from nothing, over the whole stream of queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.outcomes.baselines import bandits
from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.baselines.economy import Economy, tuned_constants
from benchmarks.outcomes.data import Floats, Integers
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.measures import COLUMNS, PER_QUERIES, figures, idle_note
from benchmarks.outcomes.played import Played, join, single_choices
from benchmarks.outcomes.regimes import final_share, from_nothing, newcomer_share, requests_to_settle
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

ORDERS = 5
Streamed = Callable[[Contest], Sequence[Played]]
"""Plays the stream once in each order."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One method over the stream, once in each order.

    Attributes:
        name: of the method.
        orders: what came of each order.
    """

    name: str
    orders: tuple[Played, ...]

    def curve(self, value_usd: float, window: int) -> Floats:
        """Utility per 1000 queries, smoothed over a window, mean over the orders."""
        utilities = np.mean([played.utilities(value_usd) for played in self.orders], axis=0) * PER_QUERIES
        return np.convolve(utilities, np.ones(window) / window, mode="valid")


def stream_methods(design: Design) -> Mapping[str, Streamed]:
    """Methods that learn from bounties, and two that know the best model beforehand."""
    table: dict[str, Streamed] = {
        "market": lambda contest: [from_nothing(contest, design, order) for order in range(ORDERS)]
    }
    for name, family in bandits.FAMILIES.items():
        table[name] = _bandit(family)
    table["Economy of Minds' rules"] = _economy
    table["best single in hindsight"] = _hindsight
    return table


def play_streams(contest: Contest, methods: Mapping[str, Streamed]) -> list[Stream]:
    """Play every method in every order."""
    return [Stream(name, tuple(play(contest))) for name, play in methods.items()]


def stream_table(name: str, title: str, contest: Contest, streams: Sequence[Stream]) -> Report:
    """Averages over the whole stream and over its last half."""
    single = _hindsight(contest)[0]
    played = {stream.name: join(stream.orders) for stream in streams}
    rows = []
    for stream in streams:
        whole = figures(played[stream.name], single, contest.value_usd)
        halves = [order.part(slice(len(order.queries) // 2, None)) for order in stream.orders]
        late = [float(half.utilities(contest.value_usd).mean()) * PER_QUERIES for half in halves]
        spread = float(np.std([float(order.utilities(contest.value_usd).mean()) for order in stream.orders], ddof=1))
        rows.append((stream.name, *whole.row(), float(np.mean(late)), spread * PER_QUERIES))
    columns = ("method", *COLUMNS, "last half", "sd over orders")
    return Report(name, title, columns, tuple(rows), idle_note(played))


def newcomer_table(name: str, title: str, contest: Contest, design: Design) -> Report:
    """How fast the best model gets its share of the work when it enters at half time."""
    model = int(contest.utilities(contest.everything()).mean(axis=0).argmax())
    orders = np.array([newcomer_share(contest, design, model, order) for order in range(ORDERS)], dtype=float)
    shares = orders.mean(axis=0)
    requests, final = requests_to_settle(shares)
    finals = sorted(final_share(each) for each in orders)
    row = (
        contest.user.data.models[model],
        final,
        f"{finals[0]:.2f} to {finals[-1]:.2f}",
        requests if requests is not None else "not settled",
        len(shares),
    )
    columns = (
        "newcomer",
        "final share of requests",
        "in single orders",
        "requests until within 20 % of it",
        "requests since its entry",
    )
    return Report(name, title, columns, (row,))


def _order(contest: Contest, order: int) -> Integers:
    return shuffled(contest.everything(), contest.seed, "stream", order)


def _hindsight(contest: Contest) -> Sequence[Played]:
    best = int(contest.utilities(contest.everything()).mean(axis=0).argmax())
    orders = [_order(contest, order) for order in range(ORDERS)]
    return [single_choices(contest.user, rows, np.full(len(rows), best)) for rows in orders]


def _bandit(family: bandits.Family) -> Streamed:
    def play(contest: Contest) -> Sequence[Played]:
        constants, contexts = family.tuned(contest), family.contexts(contest)
        played = []
        for order in range(ORDERS):
            bandit = family.make(len(contest.user.data.models), *constants)
            draws = derive_seed(contest.seed, "draws", order)
            played.append(bandits.run(bandit, contest, _order(contest, order), contexts, draws))
        return played

    return play


def _economy(contest: Contest) -> Sequence[Played]:
    constants = tuned_constants(contest)
    return [Economy(contest, *constants).play(_order(contest, order), learning=True) for order in range(ORDERS)]
