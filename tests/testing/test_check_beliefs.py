"""The conformance kit has a policy say what it believes, and finds what could not be shown of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from bidders.policies.bayes import BayesPolicy
from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.tracker import TrackerPolicy
from orchestrator import Beliefs, Lesson, Observation, Receipt, Valuation
from orchestrator.testing import check_policy


class Believing:
    """Counts its receipts and tasks, and says so."""

    name = "believing"
    version = 1

    def value(self, memory: Any, observations: Sequence[Observation]) -> Valuation:
        return Valuation([1.0] * len(observations), [0.0] * len(observations))

    def learn(self, memory: Any, receipts: Sequence[Receipt]) -> Any:
        return {**(memory or {}), "receipts": (memory or {}).get("receipts", 0) + len(receipts)}

    def practise(self, memory: Any, lessons: Sequence[Lesson]) -> Any:
        return {**(memory or {}), "lessons": (memory or {}).get("lessons", 0) + len(lessons)}

    def describe(self, memory: Any) -> Any:
        return [Beliefs("What was seen", ("what", "how many"), tuple((memory or {}).items()))]


def found_in(policy: Any) -> str:
    return "\n".join(map(str, check_policy(policy)))


@pytest.mark.parametrize(
    "policy",
    [
        Believing(),
        pytest.param(BayesPolicy(pool="experts", by=["stage", "novelty"]), marks=pytest.mark.slow),
        TrackerPolicy(),
        TrackerPolicy(by=["novelty", "stage"]),
        CalibratedPolicy(),
    ],
)
def test_nothing_is_found_in_a_policy_that_says_what_it_believes(policy: Any) -> None:
    assert found_in(policy) == ""


DRAWS = random.Random(5)


@pytest.mark.parametrize(
    ("say", "found"),
    [
        (True, "describe is bool; it must be a method, or left out"),
        (lambda memory: memory["receipts"], "describe() raises TypeError: 'NoneType' object is not subscriptable"),
        (
            lambda memory: [] if memory is None or "receipts" in memory else [memory["none"]],
            "describe() raises KeyError: 'none' [after practice]",
        ),
        (lambda memory: (memory and memory.update(more=1)) or [], "describe() changes the memory that it was given"),
        (
            lambda memory: [Beliefs("t", ("c",), ((DRAWS.random(),),))],
            "describe() gives another result the second time",
        ),
        (lambda memory: "much", "describe() returned what cannot be shown: str for tables"),
        (
            lambda memory: [Beliefs("t", ("c", "d"), ((1,),))],
            "describe() returned what cannot be shown: a row of 1 cells in a table of 2 columns",
        ),
    ],
)
def test_a_description_that_could_not_be_shown_is_found(say: Any, found: str) -> None:
    policy: Any = Believing()
    policy.describe = say
    assert found in found_in(policy)
