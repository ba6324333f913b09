"""The text diff: which lines came and went, and whose they are."""

from __future__ import annotations

from orchestrator.api.changes import Change, changes_between
from orchestrator.core.state import Segment, State, first_state, next_state

REQUEST = first_state("a\nb", "")


def test_what_is_appended_is_added_by_its_author() -> None:
    after = next_state(REQUEST, [Segment("c", kind="plan")], replaces=False, author="guide")
    assert changes_between(REQUEST, after) == (Change("+", "guide", "plan", "c"),)


def test_a_replaced_line_is_removed_and_added_and_the_rest_stays() -> None:
    before = State((Segment("a\nb\nc", author="x"),))
    after = next_state(before, [Segment("a\nB\nc")], replaces=True, author="y")
    assert changes_between(before, after) == (Change("-", "x", "text", "b"), Change("+", "y", "text", "B"))


def test_an_equal_state_has_no_changes() -> None:
    assert changes_between(REQUEST, REQUEST) == ()


def test_lines_that_follow_each_other_are_one_change_as_long_as_their_author_is_one() -> None:
    after = next_state(REQUEST, [Segment("c\nd"), Segment("e")], replaces=False, author="guide")
    assert changes_between(REQUEST, after) == (Change("+", "guide", "text", "c\nd\ne"),)


def test_texts_too_long_to_compare_count_as_replaced() -> None:
    before = State((Segment("\n".join(f"old {number}" for number in range(1500)), author="x"),))
    after = next_state(before, [Segment("\n".join(f"new {n}" for n in range(1500)))], replaces=True, author="y")
    assert [(change.sign, change.author) for change in changes_between(before, after)] == [("-", "x"), ("+", "y")]
