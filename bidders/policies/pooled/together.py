"""Together: what works bring that are shown side by side, as practised tasks tell on which all worked.

Of a practised task it is known how well each work on it does, and so of any of them whether one at least is good. Works
of one family fail on the same tasks, others on different ones, and no sum of what each adds can tell which. So tasks
are kept as they are, and some works are expected to bring what they would have brought on them, whatever a text says
beyond its topic: of the many sets that could be shown, some seem best on any few tasks that read alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple, TypedDict

import numpy as np

from bidders.policies.pooled.costs import WorkCost
from bidders.policies.pooled.dearness import octaves_beyond
from bidders.policies.pooled.evidence import look_from_json, look_to_json
from bidders.policies.pooled.topics import UNKNOWN_TOPIC
from bidders.policies.pooled.world import Floats, Integers
from orchestrator import Lesson

_TASKS_MIN = 20
_STEPS = 200
_MISSING = 255
_KEPT_MAX = 20_000
_WEIGHT_MIN = 1e-9


class StoredTasks(TypedDict):
    """Practised tasks, as JSON can hold them.

    Attributes:
        scores: how well the work of each bidder does, by the bidder's place among the names: task after task, in bytes.
        topics: what each task asks for, or that nobody knows.
        octaves: how many times as much as usual works on each task cost, as a logarithm to the base of 2.
    """

    scores: dict[str, str]
    topics: list[int]
    octaves: list[float]


class Outcomes(NamedTuple):
    """How well works did on tasks.

    Attributes:
        scores: by bidder, and then by task, 0 to 1; not a number where it did not work.
        topics: what each task asks for.
        octaves: how many times as much as usual works on each task cost, as a logarithm to the base of 2.
    """

    scores: Mapping[int, Floats]
    topics: Integers
    octaves: Floats


def no_outcomes() -> Outcomes:
    """Of no task."""
    return Outcomes({}, np.zeros(0, dtype=np.int64), np.zeros(0))


def outcomes_of(lessons: Sequence[Lesson], numbers: Mapping[str, int], topics: Sequence[int]) -> Outcomes:
    """How well works did on practised tasks.

    Args:
        lessons: the tasks, one or more.
        numbers: each bidder's place among the names.
        topics: what each task asks for.
    """
    scores: dict[int, Floats] = {}
    for place, lesson in enumerate(lessons):
        for work in lesson.works:
            of_bidder = scores.setdefault(numbers[work.bidder], np.full(len(lessons), np.nan))
            of_bidder[place] = np.fmax(of_bidder[place], work.score)
    costs = [[WorkCost(work.bidder, work.cost_usd) for work in lesson.works] for lesson in lessons]
    usual_usd = _usual_usd(costs)
    octaves = np.array([octaves_beyond(each, usual_usd) or 0.0 for each in costs])
    return Outcomes(scores, np.array(topics, dtype=np.int64), octaves)


def _usual_usd(costs: Sequence[Sequence[WorkCost]]) -> dict[str, float]:
    by_bidder: dict[str, list[float]] = {}
    for each in chain.from_iterable(costs):
        by_bidder.setdefault(each.bidder, []).append(each.cost_usd)
    return {bidder: sum(each) / len(each) for bidder, each in by_bidder.items()}


def outcomes_from_json(stored: StoredTasks | None) -> Outcomes:
    """Read tasks back."""
    if stored is None:
        return no_outcomes()
    return Outcomes(
        {int(number): _scores_from_json(scores) for number, scores in stored["scores"].items()},
        np.array(stored["topics"], dtype=np.int64),
        np.array(stored["octaves"], dtype=float),
    )


def outcomes_to_json(outcomes: Outcomes) -> StoredTasks:
    """Tasks as JSON can hold them."""
    scores = {str(number): _scores_to_json(each) for number, each in sorted(outcomes.scores.items())}
    return {"scores": scores, "topics": outcomes.topics.tolist(), "octaves": np.round(outcomes.octaves, 2).tolist()}


def after_more(before: Outcomes, more: Outcomes, tasks_max: int) -> Outcomes:
    """Outcomes of some tasks and of later ones; if too many the latest, of those who worked on any of them."""
    topics = np.concatenate([before.topics, more.topics])
    first = max(0, len(topics) - tasks_max)
    nothing = (np.full(len(before.topics), np.nan), np.full(len(more.topics), np.nan))
    scores = {
        number: np.concatenate([before.scores.get(number, nothing[0]), more.scores.get(number, nothing[1])])[first:]
        for number in sorted({*before.scores, *more.scores})
    }
    told = {number: each for number, each in scores.items() if not np.isnan(each).all()}
    return Outcomes(told, topics[first:], np.concatenate([before.octaves, more.octaves])[first:])


def on_unknown_topics(stored: StoredTasks) -> StoredTasks:
    """Tasks where topics come to be others: of none is known what it asks for by these."""
    return {**stored, "topics": [UNKNOWN_TOPIC] * len(stored["topics"])}


def _scores_to_json(scores: Floats) -> str:
    return look_to_json(np.where(np.isnan(scores), _MISSING, np.round(scores * _STEPS)).astype(np.uint8).tobytes())


def _scores_from_json(stored: str) -> Floats:
    steps = np.frombuffer(look_from_json(stored), dtype=np.uint8)
    return np.where(steps == _MISSING, np.nan, steps / _STEPS)


@dataclass(frozen=True, slots=True)
class Together:
    """Tells what works bring together.

    Attributes:
        outcomes: of practised tasks, by the bidders' rows in what is known of helps.
        weights: how much each task counts.
    """

    outcomes: Outcomes
    weights: Floats
    _parts: dict[tuple[str, float], Together] = field(default_factory=dict, init=False, repr=False)
    _taken: dict[tuple[int, ...], tuple[float, float]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def by(cls, outcomes: Outcomes) -> Together:
        """By all of some tasks alike."""
        return cls(outcomes, np.ones(len(outcomes.topics)))

    def on(self, topic: int) -> Together:
        """By tasks of a topic alone, if there are enough of them."""
        if topic == UNKNOWN_TOPIC:
            return self
        return self._counting(("topic", topic), lambda: (self.outcomes.topics == topic).astype(float))

    def near(self, octaves: float) -> Together:
        """Most by tasks on which works cost about as much, if there are enough of them.

        Args:
            octaves: how many times as much as usual works cost, as a logarithm to the base of 2.
        """
        return self._counting(("octaves", octaves), lambda: np.exp(-0.5 * (self.outcomes.octaves - octaves) ** 2))

    def _counting(self, key: tuple[str, float], shares: Callable[[], Floats]) -> Together:
        """By shares of what each task counts; by all of it where that leaves too little."""
        if key not in self._parts:
            weights = self.weights * shares()
            self._parts[key] = replace(self, weights=weights) if weights.sum() >= _TASKS_MIN else self
        return self._parts[key]

    def known_of(self, rows: Sequence[int]) -> list[int]:
        """Those of some bidders who practised."""
        return [row for row in rows if row in self.outcomes.scores]

    def taken(self, rows: Sequence[int]) -> tuple[float, float]:
        """How many tasks an offer would have been right for that shows the works of these bidders, and of how many.

        Args:
            rows: bidders who practised, one or more.
        """
        key = tuple(sorted(rows))
        if key not in self._taken:
            if len(self._taken) >= _KEPT_MAX:
                self._taken.clear()
            told, best = self._best(key)
            self._taken[key] = (float(told @ best), float(told.sum()))
        return self._taken[key]

    def _best(self, rows: tuple[int, ...]) -> tuple[Floats, Floats]:
        """How much each task counts, and how well the best of the works on it does.

        Who did not work on a task is expected to be as good there as elsewhere, whatever the others are.
        """
        scores = np.array([self.outcomes.scores[row] for row in rows])
        worked = ~np.isnan(scores)
        best = np.where(worked, scores, 0.0).max(axis=0)
        for own, did in zip(scores, worked, strict=True):
            counts = self.weights[did] + _WEIGHT_MIN
            best = np.where(did, best, best + (1.0 - best) * float(counts @ own[did]) / float(counts.sum()))
        return self.weights * worked.any(axis=0), best
