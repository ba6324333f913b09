"""A small policy that can practise, for tests of the harness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from orchestrator import Observation, Receipt, Valuation
from orchestrator.bidding import Lesson

TRANSFORMER = "transformer"


class TalliesPolicy:
    """Knows each model's mean score and cost from lessons; buys some works, and shows the best model's claim."""

    name = "tallies"
    version = 1
    pool = "all"
    seen: list[Observation]

    def __init__(self, works: int | str = 1) -> None:
        self.seen = []
        self._works = int(works)

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        self.seen.extend(observations)
        return Valuation([self._worth(memory or {}, seen) for seen in observations], [0.0] * len(observations))

    def _worth(self, memory: Any, seen: Observation) -> float:
        if seen.role != TRANSFORMER:
            claims = self.best_claims(memory, seen)
            return seen.bounty_usd * claims[0][1]
        score, cost = memory.get(seen.bidder, (0.5, 0.0))
        # Above anything that a presenter bids, until enough have worked.
        return seen.bounty_usd * (1 + score) - cost if len(seen.contributions) < self._works else 0.0

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return memory

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
        for lesson in lessons:
            for work in lesson.works:
                entry = sums[work.bidder]
                entry[0], entry[1], entry[2] = entry[0] + work.score, entry[1] + work.cost_usd, entry[2] + 1
        return {name: (score / count, cost / count) for name, (score, cost, count) in sums.items()}

    def best_claims(self, memory: Any, observation: Observation) -> Sequence[tuple[str, float]]:
        chances = {piece.claim: (memory or {}).get(piece.author, (0.5, 0.0))[0] for piece in observation.contributions}
        return sorted(chances.items(), key=lambda entry: (-entry[1], entry[0]))
