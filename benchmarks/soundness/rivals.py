"""Bid policies that leave the truth: by a fixed factor, or by whatever factor has earned most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.bidding import Observation, Policy, Valuation
from orchestrator.core.keys import derive_seed
from orchestrator.core.receipts import Receipt

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
_EXPLORE = 0.2
_STEP_MIN = 0.1
_INDIFFERENT = 0.02
_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scaled:
    """Bids a fixed multiple of what it has learned that a lot is worth; it learns as the truthful do.

    Attributes:
        inner: what learns.
        factor: the multiple.
        after: how often it learns before it begins; until then it is truthful.
        bidder: whose bids these are; those of all who share the policy where left out.
    """

    inner: Policy
    factor: float
    after: int = 0
    bidder: str = ""
    name: str = "scaled"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        known, learned = memory or (None, 0)
        factor = self.factor if learned >= self.after else 1.0
        factors = [factor if self.bidder in ("", seen.bidder) else 1.0 for seen in observations]
        return _scaled(self.inner.value(known, observations), observations, factors)

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        known, learned = memory or (None, 0)
        return [self.inner.learn(known, receipts), learned + 1]


@dataclass(frozen=True, slots=True)
class ProfitSeeking:
    """Learns what lots are worth, and by trial what multiple of it to bid; one trial lasts a batch of requests.

    Memory holds the inner policy's, the mean profit a receipt by factor, and how often it learned.
    """

    inner: Policy
    seed: int = 0
    name: str = "profit-seeking"
    version: int = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        inner = memory["inner"] if memory else None
        return _scaled(self.inner.value(inner, observations), observations, [self.factor(memory)] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        known = memory or {"inner": None, "profits": {}, "trials": 0}
        factor = str(self.factor(memory))
        mean, count = known["profits"].get(factor, (0.0, 0))
        profit = sum(receipt.profit_nanos for receipt in receipts) / max(1, len(receipts))
        count += 1
        moved = mean + max(1 / count, _STEP_MIN) * (profit - mean)
        return {
            "inner": self.inner.learn(known["inner"], receipts),
            "profits": {**known["profits"], factor: [moved, count]},
            "trials": known["trials"] + 1,
        }

    def factor(self, memory: Any) -> float:
        """The multiple it bids now: mostly the one that has earned most; 1 until it has tried others."""
        if not memory:
            return 1.0
        draw = derive_seed(self.seed, "factor", memory["trials"])
        if draw % _DRAWS < _EXPLORE * _DRAWS:
            return FACTORS[draw // _DRAWS % len(FACTORS)]
        return self.best_factor(memory)

    def best_factor(self, memory: Mapping[str, Any]) -> float:
        """The multiple that has earned most; it leaves the truth only for what is worth leaving it for."""
        profits = memory["profits"]
        most = max(mean for mean, _ in profits.values())
        good = [float(factor) for factor, (mean, _) in profits.items() if mean >= most - _INDIFFERENT * abs(most)]
        return min(good, key=lambda factor: (abs(factor - 1.0), factor))


def _scaled(valuation: Valuation, observations: Sequence[Observation], factors: Sequence[float]) -> Valuation:
    """A multiple of each value; no state sells for more than its bounty, and nobody here bids more."""
    scaled = zip(factors, valuation.means, observations, strict=True)
    means = [min(factor * mean, seen.bounty_usd) for factor, mean, seen in scaled]
    return Valuation(means, [factor * each for factor, each in zip(factors, valuation.deviations, strict=True)])
