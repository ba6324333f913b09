"""Takings: what lots that a bidder tells apart by their features have brought, with honest doubt.

Lots of one context are alike, and one figure says what they are worth: a mean, whose doubt comes from
how far results lie from it (a normal distribution of unknown mean and variance, with conjugate prior).
Where results repeat themselves doubt falls to nothing, and exploration with it. A context begins at
what is believed of lots of which nothing is known; that belief loses weight with each result as older
results do, so with forgetting the value follows what changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, NamedTuple

from bidders.policies.contexts import STAGE, bent, context_of, results_of_won_lots
from bidders.policies.pooled.figures import Guess
from bidders.policies.pooled.regressions import SHARED, role_key
from orchestrator import Observation, Receipt

_PRIOR_DEVIATION = 0.25


class Alike(NamedTuple):
    """Which lots are alike.

    Attributes:
        by: what tells them apart: `stage`, and names of features; nothing where lots are not told apart.
        linear_to: up to which share of the bounty a bid is the value itself.
        each_own: whether bidders that share a memory have takings of their own, as those of a pool do and
            twins do not, in a pool or without one.
    """

    by: tuple[str, ...]
    linear_to: float
    each_own: bool

    def covers(self, features: Mapping[str, float]) -> bool:
        """Whether a lot is told apart: its bidder observes one of the features at least."""
        return any(name == STAGE or name in features for name in self.by)


class RunningMean(NamedTuple):
    """What lots of one context have brought, as shares of the bounty; older results have faded.

    Attributes:
        mean: of the results.
        scatter: sum of their squared distances from the mean.
        weight: how many results that is, the faded ones counted in part.
        prior_left: how much is left of what was believed before, which counts as one result at first, 1 to 0.
    """

    mean: float = 0.0
    scatter: float = 0.0
    weight: float = 0.0
    prior_left: float = 1.0

    def after(self, share: float, left: float) -> RunningMean:
        """With one more result.

        Args:
            share: what a lot brought.
            left: what is left of the weight of all before, 0 to 1.
        """
        old, moved = left * self.weight, share - self.mean
        weight = old + 1.0
        scatter = left * self.scatter + old / weight * moved * moved
        return RunningMean(self.mean + moved / weight, scatter, weight, left * self.prior_left)

    def guess(self, centre: float) -> Guess:
        """What a lot of this context will bring, as a share of the bounty, and how unsure that is.

        Args:
            centre: what was believed before.
        """
        prior, surprise = self.prior_left, self.mean - centre
        weight = prior + self.weight
        scatter = prior * _PRIOR_DEVIATION**2 + self.scatter + prior * self.weight / weight * surprise * surprise
        return Guess((prior * centre + self.weight * self.mean) / weight, sqrt(scatter) / weight)


def after_receipts(
    stored: Mapping[str, Any], receipts: Sequence[Receipt], alike: Alike, left: float
) -> Mapping[str, Any]:
    """Add what lots have brought; the order of receipts makes no difference.

    Args:
        stored: takings by role and bidder, and by context.
        receipts: what came in.
        alike: which lots are alike.
        left: what is left of the weight of a result after another of its context, 0 to 1.
    """
    if not alike.by:
        return stored
    learned = {key: dict(contexts) for key, contexts in stored.items()}
    for receipt, share in results_of_won_lots(receipts, alike.linear_to):
        features = dict(receipt.observed)
        if not alike.covers(features):
            continue
        context = context_of(alike.by, receipt.stage, features)
        for key in _keys(receipt.role, receipt.bidder, alike):
            contexts = learned.setdefault(key, {})
            contexts[context] = list(RunningMean(*contexts.get(context, ())).after(share, left))
    return learned


def _keys(role: str, bidder: str, alike: Alike) -> list[str]:
    """Where takings are kept: those that all share, and a bidder's own, which is drawn towards them."""
    return [role_key(role), role_key(role, bidder)] if alike.each_own else [role_key(role)]


def beyond_takings(receipts: Sequence[Receipt], alike: Alike) -> Sequence[Receipt]:
    """The receipts of requests on which somebody claims an answer, or bids for a lot that is not told apart."""
    if not alike.by:
        return receipts
    found = {receipt.request_id for receipt in receipts if _is_beyond(receipt, alike)}
    return [receipt for receipt in receipts if receipt.request_id in found]


def _is_beyond(receipt: Receipt, alike: Alike) -> bool:
    if receipt.claim or any(claim for _, claim in receipt.contributions):
        return True
    return receipt.answer == "bid" and not receipt.kept and not alike.covers(dict(receipt.observed))


@dataclass(slots=True)
class Takings:
    """Values lots that are told apart, each kind of lot once however many there are.

    Attributes:
        stored: takings by role and bidder, and by context.
        prior: what a lot is worth of which nothing is known, as a share of the bounty.
        alike: which lots are alike.
    """

    stored: Mapping[str, Any]
    prior: float
    alike: Alike
    _known: dict[tuple[str, str, str], Guess] = field(default_factory=dict)

    def guess(self, seen: Observation) -> Guess:
        """What to bid for a lot, as a share of the bounty, and how unsure that is."""
        bidder = seen.bidder if self.alike.each_own else SHARED
        kind = (seen.role, bidder, context_of(self.alike.by, seen.stage, seen.features))
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self.guess_in(*kind)
        return found

    def guess_in(self, role: str, bidder: str, context: str) -> Guess:
        """What a bidder is to bid for a lot of a context, as a share of the bounty, and how unsure that is.

        Args:
            role: the bidder's.
            bidder: its name; `SHARED` for one of which nothing is known.
            context: from `context_of`.
        """
        guess = Guess(self.prior, 0.0)
        for key in _keys(role, bidder, self.alike):
            guess = RunningMean(*self.stored.get(key, {}).get(context, ())).guess(guess.mean)
        share, slope = bent(max(0.0, guess.mean), self.alike.linear_to)
        return Guess(share, slope * min(1.0, guess.deviation))
