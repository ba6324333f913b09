"""A quiz: questions of many levels, players of known ability, and a user who knows the answers.

It stands in for a market where a test is about what a policy learns: at each stage the highest draw
works next, until a presenter's is the highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bidders.policies.bayes import BayesPolicy
from orchestrator import Contribution, Lesson, Observation, Receipt, Verdict, Work
from tests.bidders.lots import receipt

BOUNTY_USD = 0.1
QUESTION = "How many are left?"
STAGES_MAX = 8
NANOS = 10**9


@dataclass(frozen=True)
class Player:
    """Right with the chance of its ability less the question's level, in log-odds."""

    ability: float
    cost_usd: float = 0.0005


@dataclass
class Outcome:
    """What came of one question: who worked, whether the user took the answer, and how sure the presenter was."""

    workers: tuple[str, ...]
    accepted: bool
    chance: float
    spent_usd: float


@dataclass
class Quiz:
    """Questions asked of players one after another, with a policy that learns."""

    players: dict[str, Player]
    policy: BayesPolicy = field(default_factory=BayesPolicy)
    memory: Any = None
    seed: int = 0
    spread: float = 1.5
    wrong_answers: int = 50
    asked: int = 0

    def answers(self, draws: np.random.Generator) -> dict[str, str]:
        """Each player's answer to a new question; `right` is right."""
        level = self.spread * draws.standard_normal()
        return {
            name: "right"
            if draws.random() < 1 / (1 + np.exp(level - player.ability))
            else f"wrong {draws.integers(self.wrong_answers)}"
            for name, player in self.players.items()
        }

    def ask(self, questions: int, *, learning: bool = True) -> list[Outcome]:
        """Ask so many questions."""
        return [self._ask(learning) for _ in range(questions)]

    def lessons(self, questions: int) -> list[Lesson]:
        """Questions with everybody's answer known."""
        draws = np.random.default_rng([self.seed, 99])
        return [
            Lesson(
                QUESTION,
                BOUNTY_USD,
                tuple(
                    Work(name, answer, float(answer == "right"), self.players[name].cost_usd)
                    for name, answer in self.answers(draws).items()
                ),
            )
            for _ in range(questions)
        ]

    def _ask(self, learning: bool) -> Outcome:
        self.asked += 1
        draws = np.random.default_rng([self.seed, self.asked])
        answers = self.answers(draws)
        held: tuple[Contribution, ...] = ()
        receipts: list[Receipt] = []
        while (worker := self._winner(held, draws, learning)) is not None:
            receipts.append(self._receipt(worker, answers, held))
            held = (*held, Contribution(worker, answers[worker]))
        claims = self.policy.best_claims(self.memory, observe("presenter", "presenter", held))
        shown, chance = claims[0]
        if learning:
            verdict = Verdict(shown) if shown == "right" else Verdict("", (shown,))
            self.memory = self.policy.learn(self.memory, [each._replace(verdict=verdict) for each in receipts])
        workers = tuple(each.author for each in held)
        return Outcome(workers, shown == "right", chance, sum(self.players[name].cost_usd for name in workers))

    def _winner(self, held: tuple[Contribution, ...], draws: np.random.Generator, learning: bool) -> str | None:
        """Who works next; None where a presenter buys."""
        left = [name for name in self.players if name not in {each.author for each in held}]
        seen = [observe(name, "transformer", held) for name in left if len(held) < STAGES_MAX - 1]
        seen.append(observe("presenter", "presenter", held))
        valuation = self.policy.value(self.memory, seen)
        drawn = np.array(valuation.means)
        if learning:
            drawn = drawn + np.array(valuation.deviations) * draws.standard_normal(len(drawn))
        best = int(np.argmax(drawn))
        return left[best] if best < len(seen) - 1 else None

    def _receipt(self, worker: str, answers: Mapping[str, str], held: Sequence[Contribution]) -> Receipt:
        return receipt(
            request_id=f"q{self.asked}",
            bidder=worker,
            stage=len(held) + 1,
            bounty_nanos=round(BOUNTY_USD * NANOS),
            cost_nanos=round(self.players[worker].cost_usd * NANOS),
            contributions=tuple(held),
            claim=answers[worker],
            request=QUESTION,
        )


def observe(bidder: str, role: Any, held: tuple[Contribution, ...], **other: Any) -> Observation:
    plain = {"stage": len(held) + 1, "stages_max": STAGES_MAX, "bounty_usd": BOUNTY_USD, "contributions": held}
    plain["request"] = QUESTION
    return Observation(bidder, role, **{**plain, **other})


def utility_usd(outcomes: Sequence[Outcome]) -> float:
    """Mean worth of what was accepted, less what was spent."""
    return float(np.mean([BOUNTY_USD * each.accepted - each.spent_usd for each in outcomes]))


def share(outcomes: Sequence[Outcome], name: str) -> float:
    """How often a player worked."""
    return float(np.mean([name in each.workers for each in outcomes]))
