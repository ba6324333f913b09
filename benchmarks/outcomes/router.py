"""Two models: how well a method tells which queries need the strong one, by RouteLLM's protocol.

RouteLLM (Ong et al. 2024) gives every query a score and sends those above a threshold to the strong
model. Moving the threshold traces performance against the share of strong calls. Performance is
told as the part of the gap between weak and strong model that is recovered; APGR is its mean over
all shares; CPT(x) is the share of strong calls that recovers x % of the gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest
from benchmarks.outcomes.baselines.routers import chances, text_features
from benchmarks.outcomes.data import Floats
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.tables import Report
from orchestrator.core.keys import derive_seed

THRESHOLDS = 101
VALUES, FIRST_VALUES = 20, 5
GAP = 0.05
"""Bounties are tried until no step in the share of strong calls is larger than this, or so many are done."""

RANDOM_DRAWS = 20
PENALTY = 1.0

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


class _Point(NamedTuple):
    """What one bounty brings: the share of strong calls, and the mean score."""

    share: float
    performance: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Performance against strong calls.

    Attributes:
        shares: of strong calls, rising from 0 to 1.
        recovered: part of the gap that is recovered at each.
        weak: performance of the weak model alone.
        strong: that of the strong one.
    """

    shares: Floats
    recovered: Floats
    weak: float
    strong: float

    def average(self) -> float:
        """APGR: the mean of the part recovered, over all shares of strong calls."""
        return float(np.trapezoid(self.recovered, self.shares))

    def calls_to_recover(self, part: float) -> float:
        """CPT: the least share of strong calls that recovers this part of the gap."""
        above = self.recovered >= part
        if not above.any():
            return 1.0
        place = int(above.argmax())
        if place == 0:
            return float(self.shares[0])
        low, high = self.recovered[place - 1], self.recovered[place]
        along = (part - low) / (high - low)
        return float(self.shares[place - 1] + along * (self.shares[place] - self.shares[place - 1]))

    def calls_for_performance(self, part: float) -> float:
        """The least share of strong calls that reaches this part of the strong model's performance."""
        return self.calls_to_recover((part * self.strong - self.weak) / (self.strong - self.weak))


def router_table(name: str, title: str, contest: Contest, design: Design) -> Report:
    """Every method's curve, in figures; none where the strong model is not stronger on the test rows."""
    columns = ("method", "APGR", "CPT(50 %)", "CPT(80 %)", "strong calls % for 95 % of strong's score")
    if not _has_gap(contest):
        return Report(name, title, columns, (), (NO_GAP,))
    rows = tuple(
        (
            method,
            curve.average(),
            curve.calls_to_recover(0.5) * 100,
            curve.calls_to_recover(0.8) * 100,
            curve.calls_for_performance(0.95) * 100,
        )
        for method, curve in curves(contest, design).items()
    )
    tasks = [task for task in PUBLISHED if f"routellm_{task}" in contest.user.data.name]
    published = tuple((*row, "") for task in tasks for row in PUBLISHED[task])
    return Report(name, title, columns, rows + published, (TRAINED + NOT_ALIKE * bool(published),))


def _has_gap(contest: Contest) -> bool:
    weak, strong = _weak_and_strong(contest)
    means = contest.user.data.scores[contest.test].mean(axis=0)
    return bool(means[strong] > means[weak])


def curves(contest: Contest, design: Design) -> Mapping[str, Curve]:
    """Curves by method, on the test rows."""
    lengths = np.array([float(len(prompt)) for prompt in contest.user.data.prompts])
    found = {
        "random": _random(contest),
        "prompt length": _by_score(contest, lengths[contest.test]),
        "logistic router": _by_score(contest, _logistic_scores(contest)),
    }
    if hasattr(design.policy(), "practise"):
        found["market, practised, bounty swept"] = _market(contest, design)
    return found


def _weak_and_strong(contest: Contest) -> tuple[int, int]:
    """The models in order of their scores on the training rows."""
    means = contest.user.data.scores[contest.train].mean(axis=0)
    return int(means.argmin()), int(means.argmax())


def _by_score(contest: Contest, scores: Floats) -> Curve:
    """Send the queries of the highest scores to the strong model, at every threshold."""
    weak, strong = _weak_and_strong(contest)
    right = contest.user.data.scores[contest.test]
    order = np.argsort(-scores, kind="stable")
    gains = np.concatenate([[0.0], np.cumsum((right[:, strong] - right[:, weak])[order])]) / len(right)
    places = np.linspace(0, len(right), THRESHOLDS).round().astype(int)
    return _curve(contest, places / len(right), right[:, weak].mean() + gains[places])


def _random(contest: Contest) -> Curve:
    """The mean over draws of a random order."""
    draws = np.random.default_rng(derive_seed(contest.seed, "random router"))
    each = [_by_score(contest, draws.random(len(contest.test))) for _ in range(RANDOM_DRAWS)]
    return replace(each[0], recovered=np.mean([curve.recovered for curve in each], axis=0))


def _logistic_scores(contest: Contest) -> Floats:
    """By how much more the strong model is expected to score than the weak one."""
    features = text_features(contest.user.data.prompts, contest.train)
    weak, strong = _weak_and_strong(contest)
    labels = contest.user.accepts()[contest.train]
    asked = [chances(features, labels[:, model], contest.train, contest.test, PENALTY) for model in (weak, strong)]
    return asked[1] - asked[0]


def _market(contest: Contest, design: Design) -> Curve:
    """Let a market that has practised play the test at bounties from tiny to large; the dearer, the stronger."""
    weak, strong = _weak_and_strong(contest)
    costs = contest.user.data.costs_usd[contest.train].mean(axis=0)
    extra = max(float(costs[strong] - costs[weak]), 1e-6)
    practised = OutcomeMarket(contest.user, replace(design, value_usd=10.0 * extra), contest.seed)
    practised.practise(contest.train)
    points: dict[float, _Point] = {}
    while len(points) < VALUES:
        value_usd = _next_value(points, extra)
        if value_usd is None:
            break
        market = OutcomeMarket(contest.user, replace(design, value_usd=value_usd), contest.seed)
        market.memories = dict(practised.memories)
        played = market.test(contest.test)
        share = float(np.mean([strong in workers for workers in market.worked]))
        points[value_usd] = _Point(share, float(played.scores.mean()))
    found = points.values()
    return _curve(contest, np.array([each.share for each in found]), np.array([each.performance for each in found]))


def _next_value(points: Mapping[float, _Point], extra_usd: float) -> float | None:
    """The next bounty to try: first a few of all sizes, then within the widest step; None where none is wide."""
    first = extra_usd * np.geomspace(0.5, 200.0, FIRST_VALUES)
    if len(points) < FIRST_VALUES:
        return float(first[len(points)])
    tried = sorted(points)
    steps = [abs(points[high].share - points[low].share) for low, high in pairwise(tried)]
    widest = int(np.argmax(steps))
    return float(np.sqrt(tried[widest] * tried[widest + 1])) if steps[widest] > GAP else None


def _curve(contest: Contest, shares: Floats, performance: Floats) -> Curve:
    """Put points in order, and add the two ends: the weak model always, and the strong one always."""
    weak, strong = _weak_and_strong(contest)
    ends = contest.user.data.scores[contest.test].mean(axis=0)
    order = np.argsort(shares, kind="stable")
    recovered = (performance[order] - ends[weak]) / (ends[strong] - ends[weak])
    return Curve(
        np.concatenate([[0.0], shares[order], [1.0]]),
        np.concatenate([[0.0], recovered, [1.0]]),
        float(ends[weak]),
        float(ends[strong]),
    )
