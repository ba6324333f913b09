"""Near-copies: a few models, each under further names that mostly give its answer, as under several prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.outcomes.baselines import choosing
from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.data import Floats, Integers, Outcomes
from benchmarks.outcomes.market import Design
from benchmarks.outcomes.played import join
from benchmarks.outcomes.regimes import from_nothing
from benchmarks.outcomes.worlds import Row, method_row, methods_rows, worlds_report
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

MODELS = 6
COPIES = 2
ALIKE = (0.8, 0.95)
_LIKE_IT = 4
_COST_FACTORS = (0.8, 1.2)


def spread_models(data: Outcomes) -> list[int]:
    """A few models, from the weakest to the best on the training queries."""
    order = np.argsort(data.training_means(), kind="stable")
    places = np.linspace(0, len(order) - 1, min(MODELS, len(order))).round().astype(int)
    return sorted(order[places].tolist())


def with_copies(data: Outcomes, models: Sequence[int], alike: float, seed: int) -> Outcomes:
    """The record of some models and of near-copies of each.

    Args:
        data: the whole record.
        models: by number.
        alike: how often a copy's answer is its model's own. Else it is that of another model about as good.
        seed: root of every draw.
    """
    draws = np.random.default_rng(derive_seed(seed, "copies"))
    sources: list[Integers] = []
    names, costs_usd = [], []
    for model in models:
        itself = np.full(len(data), model)
        for copy in range(COPIES + 1):
            differs = draws.random(len(data)) >= (alike if copy else 0.0)
            others = draws.choice(_about_as_good(data, model), len(data))
            sources.append(np.where(differs & (copy > 0), others, itself))
            factor = draws.uniform(*_COST_FACTORS) if copy else 1.0
            costs_usd.append(data.costs_usd[:, model] * factor)
            names.append(f"{data.models[model]} again {copy}" if copy else data.models[model])
    return _answering_as(data, names, np.stack(sources, axis=1), np.stack(costs_usd, axis=1))


def _about_as_good(data: Outcomes, model: int) -> Integers:
    means = data.training_means()
    nearest = np.argsort(np.abs(means - means[model]), kind="stable")
    return np.asarray(nearest[nearest != model][:_LIKE_IT])


def _answering_as(data: Outcomes, names: Sequence[str], sources: Integers, costs_usd: Floats) -> Outcomes:
    """The record of models, each of which answers a query as one of the recorded ones does."""
    queries = np.arange(len(data))[:, None]
    return replace(
        data,
        models=tuple(names),
        scores=data.scores[queries, sources],
        costs_usd=costs_usd,
        answers=tuple(tuple(row[one] for one in chosen) for row, chosen in zip(data.answers, sources, strict=True)),
        codes=np.ascontiguousarray(data.codes[queries, sources]),
    )


def copies_table(name: str, title: str, contest: Contest, design: Design, orders: int) -> Report:
    """A market of a few models alone, and with near-copies of each."""
    data = contest.user.data
    models = spread_models(data)
    worlds = {f"{len(models)} models": data.of_models(models)}
    for alike in ALIKE:
        worlds[f"each with {COPIES} copies, {alike:.0%} alike"] = with_copies(data, models, alike, contest.seed)
    return worlds_report(name, title, "who may be asked", worlds, contest, lambda each: _rows(each, design, orders))


def _rows(contest: Contest, design: Design, orders: int) -> list[Row]:
    whole = replace(contest, test=contest.everything())
    stream = join([from_nothing(contest, design, order) for order in range(orders)])
    last = method_row("market, from nothing, the whole stream", stream, choosing.best_single(whole), contest)
    return [*methods_rows(contest, design, orders), last]
