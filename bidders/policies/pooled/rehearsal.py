"""Rehearsal: what a pool's beliefs bring on the tasks that it has practised, where all that can come is known.

A pool's model of requests may fit a collection badly: right answers in many wordings, errors that nearly all make.
Then it pays for works that do not bring what they promise. Practised tasks show it: played by what is believed, they
bring less than the one bidder that is best alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np

from bidders.policies.pooled.reading import PRESENTER, TRANSFORMER
from orchestrator import Contribution, Lesson, Observation, Role, Work

TASKS_MIN, _TASKS_MAX = 50, 400
_LOSS_MIN_SHARE = 0.01

Valuer = Callable[[Sequence[Observation]], Sequence[float]]
"""What lots are worth to bidders, in dollars."""

Shower = Callable[[Observation], Sequence[str]]
"""The claims that a presenter shows."""


def is_misled(lessons: Sequence[Lesson], value: Valuer, show: Shower) -> bool:
    """Whether what is believed brings less on practised tasks than the best bidder alone: clearly, and by what matters.

    Args:
        lessons: the tasks.
        value: values lots, without doubt.
        show: says what a presenter shows.
    """
    played = [each for each in lessons if each.works and each.bounty_usd > 0.0]
    if len(played) < TASKS_MIN:
        return False
    best = _best_alone(played)
    if len(played) > _TASKS_MAX:
        # Drawn: of sorts of tasks that come by turns, every second or third task might be of one sort.
        drawn = np.random.default_rng(len(played)).choice(len(played), _TASKS_MAX, replace=False)
        played = [played[place] for place in sorted(drawn.tolist())]
    alone = np.array([_alone(each).get(best, 0.0) for each in played])
    gains = np.array([_brought(each, value, show) for each in played]) - alone
    matters = _LOSS_MIN_SHARE * float(np.mean([each.bounty_usd for each in played]))
    return float(gains.mean()) < -max(matters, float(gains.std()) / sqrt(len(gains)))


def _best_alone(lessons: Sequence[Lesson]) -> str:
    brought: dict[str, float] = {}
    for lesson in lessons:
        for bidder, usd in _alone(lesson).items():
            brought[bidder] = brought.get(bidder, 0.0) + usd
    return max(brought, key=lambda bidder: brought[bidder])


def _alone(lesson: Lesson) -> dict[str, float]:
    """What each bidder brings that is asked alone."""
    return {work.bidder: work.score * lesson.bounty_usd - work.cost_usd for work in lesson.works}


def _brought(lesson: Lesson, value: Valuer, show: Shower) -> float:
    """What a task brings if at each stage it goes to whom it is worth most."""
    left, done = {work.bidder: work for work in lesson.works}, list[Work]()
    while True:
        lot = [_seen(lesson, done, bidder, len(left)) for bidder in left]
        lot += [_seen(lesson, done, "", len(left), PRESENTER)] if done else []
        values = np.asarray(value(lot)) if lot else np.zeros(0)
        place = int(values.argmax()) if len(values) else 0
        paid = sum(work.cost_usd for work in done)
        if not len(values) or values[place] <= 0.0:
            return -paid
        if lot[place].role == PRESENTER:
            shown = set(show(lot[place]))
            return max((work.score for work in done if work.claim in shown), default=0.0) * lesson.bounty_usd - paid
        done.append(left.pop(lot[place].bidder))


def _seen(lesson: Lesson, done: Sequence[Work], bidder: str, left: int, role: Role = TRANSFORMER) -> Observation:
    stage, held = len(done) + 1, tuple([Contribution(work.bidder, work.claim) for work in done])
    return Observation(
        bidder, role, stage, stage + left + 1, lesson.bounty_usd, request=lesson.request, contributions=held
    )
