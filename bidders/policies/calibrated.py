"""A bid policy that corrects its bidder's estimate by the bidder's own record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bidders.options import flag_in, number_in
from bidders.policies.calibration import Curve, Prior, add, fit
from bidders.policies.describing import tables_of
from bidders.policies.estimate import expected_cost_usd
from orchestrator import Beliefs, Observation, Receipt, Valuation

_ESTIMATE = "estimate"
_ESTIMATES_SHOWN = (0.1, 0.3, 0.5, 0.7, 0.9)


class BrierScores(NamedTuple):
    """How far estimates were from what came of them: mean squared error, 0 is perfect.

    Attributes:
        claimed: of the estimates as they were made.
        corrected: of the same after the correction that was known at the time.
        results: how many outcomes that is the mean of, older ones counting less.
    """

    claimed: float
    corrected: float
    results: float


class CalibratedPolicy:
    """Values a lot at the corrected estimate x bounty, less what the work is expected to cost.

    The estimate is whatever the bidder's capability makes of the lot: a language model's opinion,
    or a figure from code. The correction begins with what is known of models, that those who claim
    77 % are right in 22 % of cases, and moves to the bidder's own record: what each lot that it won
    and had claimed so much of brought, as a share of its bounty. It is learned from lots that were
    won, since that is what a bid is for; a request that expired unseen says nothing.

    Args:
        prior_claim: a typical claim, above 0 and below 1.
        prior_success: how often such a claim comes true at first, above 0 and below 1.
        prior_slope: how much of a difference between two claims is believed at first, 0 to 2.
        prior_weight: how many outcomes that belief counts for, above 0.
        forget: what weight every outcome loses with each new one, 0 to 0.5.
        exploration: how much of its doubt the bidder draws from, 0 to 3.
        asks_model: whether a bidder that is a language model is to value the state by a call.

    Raises:
        InvalidConfig: an option is out of range, or no flag.
    """

    name = "calibrated"
    version = 1

    def __init__(
        self,
        prior_claim: float | str = 0.77,
        prior_success: float | str = 0.22,
        prior_slope: float | str = 0.5,
        prior_weight: float | str = 5.0,
        forget: float | str = 0.01,
        exploration: float | str = 1.0,
        asks_model: bool = True,
    ) -> None:
        self._prior = Prior(
            number_in("prior_claim", prior_claim, 0.01, 0.99),
            number_in("prior_success", prior_success, 0.01, 0.99),
            number_in("prior_slope", prior_slope, 0.0, 2.0),
            number_in("prior_weight", prior_weight, 0.1, 10_000.0),
        )
        self._forget = number_in("forget", forget, 0.0, 0.5)
        self._exploration = number_in("exploration", exploration, 0.0, 3.0)
        self._start = fit({}, self._prior)
        self.asks_model = flag_in("asks_model", asks_model)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        """Value each lot by its corrected estimate; at 0 where there is no estimate."""
        means, deviations = [], []
        for seen in observations:
            claim = seen.estimate
            if claim is None:
                means.append(0.0)
                deviations.append(0.0)
                continue
            curve = self._curve(memory, seen.role)
            means.append(max(0.0, curve.chance(claim, self._prior) * seen.bounty_usd - expected_cost_usd(seen)))
            deviations.append(self._exploration * curve.deviation(claim, self._prior) * seen.bounty_usd)
        return Valuation(means, deviations)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        """Move the correction towards what lots that were won came to; the receipts' order makes no difference."""
        learned = dict(memory or {})
        for role in sorted({receipt.role for receipt in receipts}):
            outcomes = sorted(_outcome(each) for each in receipts if each.role == role and _tells(each))
            if outcomes:
                learned[role] = self._after(learned.get(role, {}), self._curve(memory, role), outcomes)
        return learned

    def describe(self, memory: Any) -> Sequence[Beliefs]:
        """What estimates are taken for, by role."""
        return tables_of(
            "What an estimate is taken for, as shares of the bounty",
            ("role", "estimate", "taken for", "results"),
            [
                (role, claim, self.corrected(memory, role, claim), round(scores.results))
                for role, scores in self.brier_scores(memory).items()
                for claim in _ESTIMATES_SHOWN
            ],
        )

    def corrected(self, memory: Any, role: str, claim: float) -> float:
        """What a claim of a bidder in this role is taken for, 0 to 1."""
        return self._curve(memory, role).chance(claim, self._prior)

    def brier_scores(self, memory: Any) -> dict[str, BrierScores]:
        """How well estimates have fared, by role; the correction is scored before it learns from an outcome."""
        scores = {}
        for role, known in (memory or {}).items():
            results, claimed, corrected = known["squared_errors"]
            scores[role] = BrierScores(claimed / results, corrected / results, results)
        return scores

    def _curve(self, memory: Any, role: str) -> Curve:
        known = (memory or {}).get(role)
        return Curve(*known["curve"]) if known else self._start

    def _after(self, known: Mapping[str, Any], curve: Curve, outcomes: Sequence[tuple[float, float]]) -> dict[str, Any]:
        keep = (1.0 - self._forget) ** len(outcomes)
        bins = add(known.get("bins", {}), outcomes, keep)
        results, claimed, corrected = (keep * each for each in known.get("squared_errors", (0.0, 0.0, 0.0)))
        results += len(outcomes)
        claimed += math.fsum((claim - came) ** 2 for claim, came in outcomes)
        corrected += math.fsum((curve.chance(claim, self._prior) - came) ** 2 for claim, came in outcomes)
        return {
            "bins": {name: list(bins[name]) for name in sorted(bins)},
            "curve": list(fit(bins, self._prior)),
            "squared_errors": [results, claimed, corrected],
        }


def _tells(receipt: Receipt) -> bool:
    """Whether a receipt says what came of an estimate: the lot was won, or forfeited by failing."""
    claim = dict(receipt.observed).get(_ESTIMATE)
    acted = receipt.won or receipt.forfeit_nanos > 0
    return acted and not receipt.censored and receipt.bounty_nanos > 0 and claim is not None and 0.0 <= claim <= 1.0


def _outcome(receipt: Receipt) -> tuple[float, float]:
    """What was claimed, and what the lot brought as a share of the bounty; nothing where it was never owned."""
    share = receipt.revenue_nanos / receipt.bounty_nanos if receipt.won else 0.0
    return dict(receipt.observed)[_ESTIMATE], min(1.0, max(0.0, share))
