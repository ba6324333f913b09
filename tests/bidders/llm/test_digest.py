"""A long state is shown by heads and tails, within its budget, and never silently."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bidders.llm.digest import BYTES_PER_TOKEN, cut_evenly, digest_state
from orchestrator import Segment
from tests.bidders.lots import REQUEST, state_of

LEFT_OUT = 80  # bytes of the line that says what is missing


def test_a_short_state_is_whole_with_authors_and_kinds() -> None:
    digest = digest_state(REQUEST, state_of(Segment("Gardens.", kind="note", author="guide")), 1000)
    assert digest.is_whole
    assert digest.exhibits[1].text == "Gardens."
    assert dict(digest.exhibits[1].notes) == {"number": "2", "author": "guide", "kind": "note"}


def test_the_long_lose_their_middle_and_the_short_nothing() -> None:
    long = "head " + "x" * 50_000 + " tail"
    digest = digest_state(REQUEST, state_of(Segment(long), Segment("short")), 1000)
    shown, short = digest.exhibits[1], digest.exhibits[2]
    assert shown.text.startswith("head x")
    assert shown.text.endswith("x tail")
    assert "bytes left out" in shown.text
    assert dict(shown.notes)["bytes"] == str(len(long))
    assert short.text == "short"
    assert not digest.is_whole


def test_of_too_many_segments_the_request_and_the_latest_are_shown() -> None:
    digest = digest_state(REQUEST, state_of(*(Segment(f"note {number}") for number in range(500))), 400)
    assert "two-day visit" in digest.exhibits[0].text
    assert digest.exhibits[-1].text == "note 499"
    assert digest.left_out == 501 - len(digest.exhibits)


@given(st.lists(st.text(max_size=3000), max_size=30), st.integers(100, 3000))
def test_a_digest_keeps_its_budget_and_loses_nothing_that_fits(texts: list[str], tokens_max: int) -> None:
    digest = digest_state(REQUEST, state_of(*map(Segment, texts)), tokens_max)
    size = sum(len(each.text.encode()) for each in digest.exhibits)
    assert size <= tokens_max * BYTES_PER_TOKEN + LEFT_OUT * len(digest.exhibits)
    if digest.is_whole:
        assert [each.text for each in digest.exhibits][1:] == texts


@given(st.lists(st.text(max_size=3000), min_size=1, max_size=12), st.integers(10, 2000))
def test_texts_are_cut_as_evenly_as_can_be(texts: list[str], tokens_max: int) -> None:
    cut = cut_evenly(texts, tokens_max)
    share = tokens_max * BYTES_PER_TOKEN // len(texts)
    for before, after in zip(texts, cut, strict=True):
        if len(before.encode()) <= share:
            assert after == before
        assert len(after.encode()) <= len(before.encode()) + LEFT_OUT
