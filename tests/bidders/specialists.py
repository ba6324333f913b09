"""A world in which each bidder is good at one topic, and texts tell which topic they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrator import Lesson, Work
from tests.bidders.quiz import BOUNTY_USD

WORDS = {
    "code": ["function", "list", "python", "return", "string", "loop", "index", "array", "dict", "class"],
    "law": ["contract", "court", "plaintiff", "statute", "liability", "appeal", "clause", "tort", "damages", "jury"],
}
OTHER_WORDS = {
    "code": ["flour", "oven", "butter", "recipe", "simmer", "garlic", "pan", "dough", "yeast", "basil"],
    "law": ["violin", "tempo", "chord", "sonata", "rhythm", "choir", "octave", "melody", "flute", "treble"],
}
"""Of requests that are neither; who is good at which topic is so at these."""

TOPICS = tuple(WORDS)
SPECIALISTS = {
    "coder": {"code": 0.95, "law": 0.1},
    "lawyer": {"code": 0.1, "law": 0.95},
    "either": {"code": 0.5, "law": 0.5},
}
"""By bidder and topic, the chance to be right."""

EQUALS = {name: {"code": 0.6, "law": 0.6} for name in SPECIALISTS}
COST_USD = 0.002


def text(topic: str, draws: np.random.Generator, words: Mapping[str, Sequence[str]] = WORDS) -> str:
    """A request that is told by its words alone."""
    return " ".join(draws.choice(words[topic], 8))


def answers(topic: str, chances: Mapping[str, Mapping[str, float]], draws: np.random.Generator) -> dict[str, str]:
    """What each bidder answers; `right` is right."""
    return {
        name: "right" if draws.random() < of_topic[topic] else f"wrong {draws.integers(30)}"
        for name, of_topic in chances.items()
    }


def lessons(
    count: int,
    chances: Mapping[str, Mapping[str, float]],
    *,
    silent: float = 0.0,
    seed: int = 0,
    words: Mapping[str, Sequence[str]] = WORDS,
) -> list[Lesson]:
    """Practised tasks, of each topic in turn; a share of works claims nothing, whether or not it is right."""
    draws = np.random.default_rng(seed)
    found = []
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        works = [
            Work(name, "" if draws.random() < silent else answer, float(answer == "right"), COST_USD)
            for name, answer in answers(topic, chances, draws).items()
        ]
        found.append(Lesson(text(topic, draws, words), BOUNTY_USD, tuple(works)))
    return found
