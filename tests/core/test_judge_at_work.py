"""Judges in the keys of their tasks: whatever they are called, a key leads back to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.judge_at_work import JudgeAtWork, read_judge
from orchestrator.core.keys import key, read_key
from orchestrator.core.state import REQUESTER
from orchestrator.core.tasks import JUDGE, cap_hold_id, is_on_cap, task_of

# Names may look like what keys are made of.
names = st.text("a/@%25F0é ", min_size=1, max_size=12)


@given(names, names)
def test_a_hold_for_a_judge_leads_back_to_it(name: str, provider: str) -> None:
    judge = JudgeAtWork(name, provider, "0a1b")
    held = cap_hold_id(key("r1", "0", 3, judge.worker, JUDGE), attempt=2)
    assert is_on_cap(held)
    assert read_key(task_of(held)).round == 3
    assert read_judge(read_key(held).bidder) == judge


@pytest.mark.parametrize("worker", [REQUESTER, "a", "a@b@c@d", f"{REQUESTER}@b@c", f"{REQUESTER}@b@c@d@e", ""])
def test_no_other_worker_is_taken_for_a_judge(worker: str) -> None:
    assert read_judge(worker) is None


def test_a_judge_of_which_no_recipe_is_known_is_the_requester_alone() -> None:
    """Keys were so before they named judges."""
    assert JudgeAtWork("personal", "openai", "").worker == REQUESTER
