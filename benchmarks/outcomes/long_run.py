"""A long run: every query again and again, learned from each time, as in a market that is used for months."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.copies import spread_models
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.measures import PER_QUERIES
from benchmarks.outcomes.played import Played
from benchmarks.outcomes.user import User
from benchmarks.outcomes.worlds import Row
from benchmarks.running import tell
from benchmarks.tables import Report

PASSES = 5
_TWINS = 2

_COLUMNS = (
    "who may be asked",
    "requests so far",
    "utility",
    "± utility",
    "over best single",
    "cost USD",
    "stages",
    "refills",
    "suspended by now",
)


def long_run_table(name: str, title: str, contest: Contest, design: Design) -> Report:
    """What a market brings while it goes on learning, and who goes broke meanwhile.

    Its models are few, few with a twin each, and all.
    """
    data = contest.user.data
    few, rows = data.of_models(spread_models(data)), list[Row]()
    markets = [(few, 1), (few, _TWINS)] + ([(data, 1)] if len(few.models) < len(data.models) else [])
    for record, clones in markets:
        who = f"{len(record.models)} models{', each twice' if clones > 1 else ''}"
        tell(f"  {who} ...")
        rows += _passes(who, User(record, contest.user.draws), contest, replace(design, clones=clones))
    return Report(name, title, _COLUMNS, tuple(rows))


def _passes(who: str, user: User, contest: Contest, design: Design) -> Iterator[Row]:
    """A row a pass, and one of what has been learned by then with wallets that are full."""
    queries = np.arange(len(user.data))
    single = _best_in_hindsight(user, design.value_usd)
    market, refills, requests = OutcomeMarket(user, design, contest.seed), 0, 0
    for number in range(PASSES):
        played = market.learn(shuffled(queries, contest.seed, "long run", number))
        refilled = sum(market.refills.values()) - refills
        refills += refilled
        requests += len(queries)
        yield (who, requests, *_figures(played, single, design.value_usd), refilled, len(market.suspended))
    wealthy = OutcomeMarket(user, design, contest.seed, memories=dict(market.memories))
    yield (f"{who}, full wallets", requests, *_figures(wealthy.test(queries), single, design.value_usd), 0, 0)


def _best_in_hindsight(user: User, value_usd: float) -> float:
    """What the model brings that brings most on all queries, per 1000."""
    return PER_QUERIES * float((user.accepts() * value_usd - user.data.costs_usd).mean(axis=0).max())


def _figures(played: Played, single: float, value_usd: float) -> tuple[float, ...]:
    utilities = PER_QUERIES * played.utilities(value_usd)
    utility, error = float(utilities.mean()), float(utilities.std(ddof=1)) / math.sqrt(len(utilities))
    cost_usd = PER_QUERIES * float(played.costs_usd.mean())
    return utility, error, utility - single, cost_usd, float(played.stages.mean())
