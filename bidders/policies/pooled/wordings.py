"""Wordings: on which requests claims tell anything of who is right.

Agreement is evidence where right answers read alike, and wrong ones do so less. Where each bidder words what is right
in its own way (a patch, a translation, a number to its own digits), where wrong works agree as often as right ones, or
where works are judged by something else than what they claim, it is none: there a claim is nothing that could be
compared, and works are valued as those are that claim nothing. Practised tasks show it, since of all works on them it
is known whether they are right. Ridge regressions on the text foretell it for other requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bidders.policies.pooled.by_text import ByText
from bidders.policies.pooled.embedding import Embedding, embedded
from bidders.policies.pooled.kinds import Sums
from bidders.policies.pooled.reading import SCORE_RIGHT_MIN
from bidders.policies.pooled.world import Floats
from orchestrator import Contribution, Lesson

_TELLS_MIN = 0.1
_TINY = 0.005
_PRIOR_TASKS = 3.0
_PLACES = 6


class Pairs(NamedTuple):
    """Shares of all ordered pairs of works that claim something; alike are those that claim the same.

    Attributes:
        both_right: both are right.
        both_right_alike: both are right, and alike.
        alike: alike.
        right: the first is right.
        right_alike: the first is right, and they are alike.
    """

    both_right: float
    both_right_alike: float
    alike: float
    right: float
    right_alike: float

    @property
    def lost_by_differing(self) -> float:
        """Which share of its chance to be right a work loses by differing from one that is right."""
        beside_right = (self.both_right + _TINY) / (self.right + _TINY)
        return 1.0 - max(0.0, self.both_right - self.both_right_alike) / self._right_differing / beside_right

    @property
    def gained_by_agreeing(self) -> float:
        """How much likelier two that agree are right than two that differ."""
        return (self.right_alike + _TINY) / (self.alike + _TINY) - self._right_differing / (1.0 - self.alike + _TINY)

    @property
    def tell_nothing(self) -> bool:
        """Whether claims are as good as none."""
        return self.lost_by_differing < _TELLS_MIN or self.gained_by_agreeing < _TELLS_MIN

    @property
    def _right_differing(self) -> float:
        return max(0.0, self.right - self.right_alike) + _TINY


_PRIOR = Pairs(both_right=0.35, both_right_alike=0.35, alike=0.4, right=0.5, right_alike=0.37)
"""What is expected before any task was seen: right answers are alike, and wrong ones seldom."""

_NOTHING = Pairs(both_right=0.36, both_right_alike=0.0, alike=0.0, right=0.6, right_alike=0.0)
"""Each in its own way: what claims are taken for that mislead, whatever the text."""


@dataclass(slots=True)
class Wordings:
    """On which requests claims tell nothing, by their texts.

    Attributes:
        weights: of a 1 and a text's numbers, a column for each share of pairs; none where claims tell on all.
        embedding: of requests.
    """

    weights: Floats
    embedding: Embedding
    _known: ByText[bool] = field(default_factory=ByText)

    def __bool__(self) -> bool:
        """Whether there may be any such request."""
        return len(self.weights) > 0

    def tell_nothing(self, request: str) -> bool:
        """Whether claims on a request are expected to tell nothing of who is right."""
        return self._known.of(request, lambda text: _tell_nothing(self.weights, embedded(self.embedding, text)))


def after_tasks(
    stored: Mapping[str, Any], lessons: Sequence[Lesson], embedding: Embedding, *, mislead: bool = False
) -> tuple[dict[str, Any], list[Lesson]]:
    """Learn from tasks on which all worked.

    Args:
        stored: what earlier tasks have shown; nothing at first.
        lessons: the tasks.
        embedding: of requests.
        mislead: whether claims have been found to bring less than the best bidder alone: then none are left, from
            now on.

    Returns:
        What to keep, and the tasks, without claims where these tell nothing. As long as claims settle who is right on
        every task, only sums over all tasks are kept, whatever their texts, and all claims are left; unless those that
        agree are wrong as often as those that differ, as where hardly any is right and one error suggests itself.
    """
    if not lessons:
        return dict(stored), []
    mislead = mislead or misled(stored)
    pairs = [_pairs(lesson) for lesson in lessons]
    known = [place for place, each in enumerate(pairs) if each is not None]
    targets = np.array([pairs[place] for place in known]).reshape(-1, len(_PRIOR))
    if not mislead and "sums" not in stored and all(map(_settles, lessons)):
        settled = _with_settled(stored, targets)
        if not _mean_of_settled(settled).tell_nothing:
            return settled, list(lessons)
    looks = np.array([embedded(embedding, lesson.request) for lesson in lessons])
    sums = _past(stored, looks.shape[1]) + Sums.of(looks[known], targets, np.ones(len(known)))
    if mislead:
        return {"sums": sums.to_json(), "misled": True}, list(map(_without_claims, lessons))
    weights = sums.solved()
    return {"sums": sums.to_json()}, [
        _without_claims(lesson) if _tell_nothing(weights, look) else lesson
        for lesson, look in zip(lessons, looks, strict=True)
    ]


def weights_of(stored: Mapping[str, Any]) -> Floats:
    """What foretells shares of pairs from a text's numbers; nothing as long as claims settle all tasks."""
    if "sums" not in stored:
        return np.zeros(0)
    weights = Sums.from_json(stored["sums"]).solved()
    return np.outer(np.arange(len(weights)) == 0, _NOTHING) if misled(stored) else weights


def misled(stored: Mapping[str, Any]) -> bool:
    """Whether claims have been given up, since what they were taken for brought less than the best bidder alone."""
    return "misled" in stored


def without_claims(works: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Works as they are seen where claims tell nothing."""
    return tuple([work._replace(claim="") for work in works])


def mean_pairs(stored: Mapping[str, Any]) -> Pairs | None:
    """Shares of pairs over all tasks, the prior's among them; None where claims settled all of them."""
    if "sums" not in stored:
        return None
    sums = Sums.from_json(stored["sums"])
    # The first of the regressors is always 1.
    return Pairs(*(sums.products[0] / sums.squares[0, 0]).tolist())


def _without_claims(lesson: Lesson) -> Lesson:
    return lesson._replace(works=tuple([work._replace(claim="") for work in lesson.works]))


def _tell_nothing(weights: Floats, look: Floats) -> bool:
    # Where another embedding has come, nothing is known of its texts yet.
    if len(weights) != len(look) + 1:
        return False
    return Pairs(*np.clip(weights[0] + look @ weights[1:], 0.0, 1.0).tolist()).tell_nothing


def _settles(lesson: Lesson) -> bool:
    """Whether all that is right reads alike on a task, and nothing that is wrong reads like it."""
    right = {work.claim for work in lesson.works if work.claim and work.score > SCORE_RIGHT_MIN}
    wrong = {work.claim for work in lesson.works if work.claim and work.score <= SCORE_RIGHT_MIN}
    return len(right) <= 1 and right.isdisjoint(wrong)


def _pairs(lesson: Lesson) -> Pairs | None:
    """The shares of pairs on one task; None where there is no pair."""
    claims: dict[str, int] = {}
    works = [work for work in lesson.works if work.claim]
    if len(works) < 2:
        return None
    codes = np.array([claims.setdefault(work.claim, len(claims)) for work in works])
    right = np.array([work.score > SCORE_RIGHT_MIN for work in works], dtype=float)
    sizes, rights = np.bincount(codes), np.bincount(codes, weights=right)
    count, all_right = len(works), float(right.sum())
    ordered = count * (count - 1.0)
    return Pairs(
        both_right=all_right * (all_right - 1.0) / ordered,
        both_right_alike=float((rights * (rights - 1.0)).sum()) / ordered,
        alike=float((sizes * (sizes - 1.0)).sum()) / ordered,
        right=all_right / count,
        right_alike=float((rights * (sizes - 1.0)).sum()) / ordered,
    )


def _with_settled(stored: Mapping[str, Any], targets: Floats) -> dict[str, Any]:
    """How many tasks claims have settled so far, and sums over their pairs; nothing where there was none."""
    before = np.array(stored.get("settled", np.zeros(1 + len(_PRIOR))), dtype=float)
    after = before + np.array([len(targets), *targets.sum(axis=0)])
    return {"settled": np.round(after, _PLACES).tolist()} if after[0] else {}


def _past(stored: Mapping[str, Any], numbers: int) -> Sums:
    """Sums over all earlier tasks and the prior; of those that claims have settled the texts are not known any more."""
    known = Sums.from_json(stored["sums"]) if "sums" in stored else None
    if known is not None and len(known.products) == numbers + 1:
        return known
    tasks = _PRIOR_TASKS + stored.get("settled", [0.0])[0]
    return Sums.of(np.zeros((1, numbers)), np.array([_mean_of_settled(stored)]), np.array([tasks]))


def _mean_of_settled(stored: Mapping[str, Any]) -> Pairs:
    """Shares of pairs over the prior's tasks and those that claims have settled."""
    count, *shares = stored.get("settled", np.zeros(1 + len(_PRIOR)))
    return Pairs(*((_PRIOR_TASKS * np.array(_PRIOR) + np.array(shares)) / (_PRIOR_TASKS + count)).tolist())
