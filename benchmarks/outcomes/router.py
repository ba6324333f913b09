"""Two models: how well a method tells which queries need the strong one, by RouteLLM's protocol (`routes`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.baselines.routers import chances, text_features
from benchmarks.outcomes.data import Floats
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.routes import Pair, Routes, at_random, by_score, curve_of, resampled
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

VALUES, FIRST_VALUES = 20, 5
GAP = 0.05
"""Bounties are tried until no step in the share of strong calls is larger than this, or so many are done."""

PENALTY = 1.0
ROUTER = "logistic router"
COLUMNS = (
    "method",
    "APGR",
    "± APGR",
    f"APGR over {ROUTER}",
    "± over",
    "CPT(50 %)",
    "± CPT(50 %)",
    "CPT(80 %)",
    "± CPT(80 %)",
    "strong calls % for 95 % of strong's score",
    "± strong calls",
)

TRAINED = (
    "Trained here: the logistic router and the market learn from both models' answers to folds 0 to 4 of the same "
    "data set (full information), and all are measured on folds 5 to 9."
)
NOT_ALIKE = (
    " Published rows are RouteLLM's own (Ong et al., "
    "ICLR 2025, tables 2 and 3), measured on the whole set: trained on preferences from Chatbot Arena alone, or with "
    "some 1500 labelled questions of MMLU's validation split added (MMLU), or with judgements of GPT-4 (GSM8K). Other "
    "training data and other queries: no like-for-like comparison."
)
NO_GAP = "The model that scores higher on the training queries does not on the others: there is no gap to recover."

PUBLISHED = {
    "mmlu": (
        ("RouteLLM, published: best trained on Arena (matrix factorization)", 0.524, 45.0, 76.86),
        ("RouteLLM, published: best with labels added (similarity-weighted ranking)", 0.603, 35.4, 71.55),
    ),
    "gsm8k": (
        ("RouteLLM, published: best trained on Arena (similarity-weighted ranking)", 0.4753, 54.43, 82.11),
        ("RouteLLM, published: best with a judge's labels added (causal LLM)", 0.622, 33.64, 63.26),
    ),
}
"""Method, APGR, CPT(50 %), CPT(80 %): by the task, which stands in the name of RouteLLM's file."""


def router_table(name: str, title: str, contest: Contest, design: Design) -> Report:
    """Every method's curve, in figures; none where the strong model is not stronger on the test rows."""
    pair = _pair(contest)
    if pair.strong.mean() <= pair.weak.mean():
        return Report(name, title, COLUMNS, (), (NO_GAP,))
    tasks = [task for task in PUBLISHED if f"routellm_{task}" in contest.user.data.name]
    published = tuple(
        (method, apgr, "", "", "", half, "", most, "", "", "")
        for task in tasks
        for method, apgr, half, most in PUBLISHED[task]
    )
    rows = _rows(routes(contest, design), pair, derive_seed(contest.seed, "resamples"))
    return Report(name, title, COLUMNS, rows + published, (TRAINED + NOT_ALIKE * bool(published),))


def _rows(by_method: Mapping[str, Routes], pair: Pair, seed: int) -> tuple[tuple[str | float, ...], ...]:
    """Figures with their standard errors; of the differences, paired."""
    methods, every = list(by_method), list(by_method.values())
    figures = np.array([curve_of(each, pair).figures() for each in every])
    drawn = resampled(every, pair, seed)
    router = methods.index(ROUTER)
    rows = []
    for place, method in enumerate(methods):
        errors = drawn[:, place].std(axis=0)
        error_over = (drawn[:, place, 0] - drawn[:, router, 0]).std()
        apgr, *calls = zip(figures[place].tolist(), errors.tolist(), strict=True)
        over = (float(figures[place, 0] - figures[router, 0]), float(error_over))
        rows.append((method, *apgr, *over, *(figure for each in calls for figure in each)))
    return tuple(rows)


def routes(contest: Contest, design: Design) -> Mapping[str, Routes]:
    """What each method does with the test rows."""
    lengths = np.array([float(len(prompt)) for prompt in contest.user.data.prompts])
    pair = _pair(contest)
    found = {
        "random": at_random(pair),
        "prompt length": by_score(pair, lengths[contest.test]),
        ROUTER: by_score(pair, _logistic_scores(contest)),
    }
    if hasattr(design.policy(), "practise"):
        found["market, practised, bounty swept"] = _market(contest, design)
    return found


def _weak_and_strong(contest: Contest) -> tuple[int, int]:
    """The models in order of their scores on the training rows."""
    means = contest.user.data.scores[contest.train].mean(axis=0)
    return int(means.argmin()), int(means.argmax())


def _pair(contest: Contest) -> Pair:
    """How the models score on the test rows."""
    weak, strong = _weak_and_strong(contest)
    scores = contest.user.data.scores[contest.test]
    return Pair(scores[:, weak], scores[:, strong])


def _logistic_scores(contest: Contest) -> Floats:
    """By how much more the strong model is expected to score than the weak one."""
    features = text_features(contest.user.data.prompts, contest.train)
    weak, strong = _weak_and_strong(contest)
    labels = contest.user.accepts()[contest.train]
    asked = [chances(features, labels[:, model], contest.train, contest.test, PENALTY) for model in (weak, strong)]
    return asked[1] - asked[0]


def _market(contest: Contest, design: Design) -> Routes:
    """Let a market that has practised play the test at bounties from tiny to large; the dearer, the stronger.

    The protocol counts calls, whatever each costs: so a model's calls all cost what they cost on average.
    """
    weak, strong = _weak_and_strong(contest)
    costs = contest.user.data.costs_usd[contest.train].mean(axis=0)
    extra = max(float(costs[strong] - costs[weak]), 1e-6)
    user = replace(contest.user, data=contest.user.data.with_costs_usd(costs))
    practised = OutcomeMarket(user, replace(design, value_usd=10.0 * extra), contest.seed)
    practised.practise(contest.train)
    asked: dict[float, Floats] = {}
    scores: list[Floats] = []
    while len(asked) < VALUES:
        value_usd = _next_value({value: float(each.mean()) for value, each in asked.items()}, extra)
        if value_usd is None:
            break
        market = OutcomeMarket(user, replace(design, value_usd=value_usd), contest.seed)
        market.memories = dict(practised.memories)
        scores.append(market.test(contest.test).scores)
        asked[value_usd] = np.array([float(strong in workers) for workers in market.worked])
    return Routes(np.array(list(asked.values())), np.array(scores))


def _next_value(shares: Mapping[float, float], extra_usd: float) -> float | None:
    """The next bounty to try: first a few of all sizes, then within the widest step; None where none is wide.

    Args:
        shares: of strong calls, by the bounties tried so far.
        extra_usd: how much dearer the strong model is.
    """
    first = extra_usd * np.geomspace(0.5, 200.0, FIRST_VALUES)
    if len(shares) < FIRST_VALUES:
        return float(first[len(shares)])
    tried = sorted(shares)
    steps = [abs(shares[high] - shares[low]) for low, high in pairwise(tried)]
    widest = int(np.argmax(steps))
    return float(np.sqrt(tried[widest] * tried[widest + 1])) if steps[widest] > GAP else None
