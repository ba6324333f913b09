"""The ways in which a market comes to what it knows, before or while it is measured."""

from __future__ import annotations

import numpy as np

from benchmarks.outcomes.baselines.contest import Contest, shuffled
from benchmarks.outcomes.data import Flags, Floats
from benchmarks.outcomes.market import Design, OutcomeMarket
from benchmarks.outcomes.played import Played, join
from orchestrator.core.keys import derive_seed

WINDOW, WINDOW_MIN = 50, 10
TOLERANCE = 0.2
SHARE_MIN = 0.02
"""A newcomer that works on fewer requests than this in the end has no share to come near to."""


def trained_on_bounties(contest: Contest, design: Design, orders: int, passes: int = 1) -> Played:
    """Learn from bounties alone, query by query, then play the test without exploring; in several orders."""
    played = []
    for order in range(orders):
        market = OutcomeMarket(contest.user, design, derive_seed(contest.seed, "training", order))
        for number in range(passes):
            market.learn(shuffled(contest.train, contest.seed, "training", order + number * orders))
        played.append(market.test(contest.test))
    return join(played)


def practised(contest: Contest, design: Design) -> Played:
    """Learn from what every model answered to the training queries, then play the test."""
    market = OutcomeMarket(contest.user, design, contest.seed)
    market.practise(contest.train)
    return market.test(contest.test)


def from_nothing(contest: Contest, design: Design, order: int) -> Played:
    """Learn while being measured, on all queries in one of several orders."""
    market = OutcomeMarket(contest.user, design, derive_seed(contest.seed, order))
    return market.learn(shuffled(contest.everything(), contest.seed, "stream", order))


def newcomer_share(contest: Contest, design: Design, model: int, order: int) -> Flags:
    """Let a model enter at half time of a stream.

    Returns:
        For each request from its entry on, whether it worked.
    """
    market = OutcomeMarket(contest.user, design, derive_seed(contest.seed, order), absent=frozenset({model}))
    stream = shuffled(np.concatenate([contest.train, contest.test]), contest.seed, "newcomer", order)
    half = len(stream) // 2
    market.learn(stream[:half])
    market.enter(model)
    market.learn(stream[half:])
    return np.array([model in workers for workers in market.worked[half:]])


def requests_to_settle(shares: Floats) -> tuple[int | None, float]:
    """After how many requests a newcomer's share of the work is within 20 % of its final share.

    Its share at a request is the mean over the requests up to it, at most `WINDOW` and at least
    `WINDOW_MIN` of them, and over the orders; its final share is that of the last half.

    Args:
        shares: for each request since its entry, in how many of the orders it worked, as a share.

    Returns:
        The number of requests, None where it never came so far or has no share to speak of; and
        the final share.
    """
    final = final_share(shares)
    if final < SHARE_MIN:
        return None, final
    for count in range(WINDOW_MIN, len(shares) + 1):
        recent = shares[max(0, count - WINDOW) : count].mean()
        if abs(recent - final) <= TOLERANCE * final:
            return count, final
    return None, final


def final_share(shares: Floats) -> float:
    """A newcomer's share of the work in the end: over the last half of the requests since its entry."""
    return float(shares[len(shares) // 2 :].mean())
