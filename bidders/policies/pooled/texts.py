"""Texts: what a request's text tells of works on it that claim nothing.

Its numbers, in few; which topic it is of, where some bidders do better on some topics and others on others; and how
well works on it do, whoever does them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bidders.policies.pooled.by_text import ByText
from bidders.policies.pooled.ease import Ease, after_tasks
from bidders.policies.pooled.embedding import Embedding, condensed, embedded, numbers_of
from bidders.policies.pooled.topics import ERRORS_MIN_OF_PRACTICE, UNKNOWN_TOPIC, Topics, surprises_of_scores, topics_in
from bidders.policies.pooled.world import Floats
from orchestrator import Lesson

_TOPIC_SCALE = 2.0
"""What stands at the place of a text's topic: the more, the sooner results there tell who is better at it."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads texts.

    Attributes:
        embedding: of requests.
        topics: on which some bidders do better, and others worse.
        ease: how well works on requests do.
    """

    embedding: Embedding
    topics: Topics = field(default_factory=Topics)
    ease: Ease = field(default_factory=Ease)
    _known: ByText[Floats] = field(default_factory=ByText, init=False, repr=False, compare=False)

    @property
    def size(self) -> int:
        """How many numbers tell of a text."""
        return len(self.numbers(np.zeros(0)))

    def look(self, text: str) -> Floats:
        """The numbers that the embedding gives for a text."""
        return embedded(self.embedding, text)

    def are_read(self, look: Floats) -> bool:
        """Whether numbers of a text that were kept are as the embedding gives them."""
        return len(look) == numbers_of(self.embedding)

    def numbers(self, look: Floats) -> Floats:
        """What a text with these numbers tells of whom it suits: the same, condensed, and a place for each topic.

        Args:
            look: as the embedding gives them. Those that were kept condensed tell no topic, and those that another
                embedding gave tell nothing.
        """
        if self.are_read(look):
            return self._with_topic(condensed(look), self.topic(look))
        nothing = condensed(np.zeros(numbers_of(self.embedding)))
        return self._with_topic(look if len(look) == len(nothing) else nothing, UNKNOWN_TOPIC)

    def topic(self, look: Floats) -> int:
        """What a text with these numbers asks for."""
        return int(self.topics.of(look[None])[0]) if self.are_read(look) else UNKNOWN_TOPIC

    def on_topic(self, numbers: Floats, topic: int) -> Floats:
        """What a text tells that differs from another in its topic alone."""
        return self._with_topic(numbers[: len(numbers) - len(self.topics)], topic)

    def _with_topic(self, numbers: Floats, topic: int) -> Floats:
        places = np.zeros(len(self.topics))
        if topic != UNKNOWN_TOPIC:
            places[topic] = _TOPIC_SCALE
        return np.concatenate([numbers, places])

    def regressors(self, text: str) -> Floats:
        """The same, and how near a text stands to each step of the scale of ease."""
        # Many bidders are asked about one text.
        return self._known.of(text, self._regressors)

    def _regressors(self, text: str) -> Floats:
        look = self.look(text)
        return np.concatenate([self.numbers(look), self.ease.steps(look)])


class Taught(NamedTuple):
    """What tasks have taught of texts.

    Attributes:
        topics: that are to be told apart.
        ease: what a memory is to keep of ease.
        texts: for each task, what its text tells by what the others say of ease.
    """

    topics: Topics
    ease: dict[str, Any]
    texts: list[Texts]


def after_lessons(known: Texts, ease: Mapping[str, Any], lessons: Sequence[Lesson], *, may_find_topics: bool) -> Taught:
    """Learn from tasks on which all worked and nobody claims anything.

    Args:
        known: what reads texts so far.
        ease: what a memory keeps of ease; nothing at first.
        lessons: the tasks, one or more.
        may_find_topics: whether other topics may be found in them.
    """
    looks = np.array([known.look(lesson.request) for lesson in lessons])
    shares = np.array([sum(work.score for work in lesson.works) / len(lesson.works) for lesson in lessons])
    topics = known.topics
    if may_find_topics:
        topics = topics_in(looks, surprises_of_scores(_scores(lessons)), topics, ERRORS_MIN_OF_PRACTICE) or topics
    learned, eases = after_tasks(ease, looks, shares)
    return Taught(topics, learned, [Texts(known.embedding, topics, each) for each in eases])


def _scores(lessons: Sequence[Lesson]) -> Floats:
    """By task and bidder, how well its work does; not a number where it did not work."""
    places: dict[str, int] = {}
    for lesson in lessons:
        for work in lesson.works:
            places.setdefault(work.bidder, len(places))
    scores = np.full((len(lessons), len(places)), np.nan)
    for row, lesson in enumerate(lessons):
        for work in lesson.works:
            scores[row, places[work.bidder]] = work.score
    return scores
