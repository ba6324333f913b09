"""What has been worked out of texts is worked out once, and not kept of ever more of them."""

from __future__ import annotations

from bidders.policies.pooled.by_text import ByText


def test_a_text_is_looked_at_once_whatever_comes_of_it() -> None:
    looked: list[str] = []

    def is_long(text: str) -> bool:
        looked.append(text)
        return len(text) > 10

    known = ByText[bool]()
    assert [known.of(text, is_long) for text in ("short", "rather long", "short", "rather long")] == [
        False,
        True,
        False,
        True,
    ]
    assert looked == ["short", "rather long"]


def test_of_more_texts_than_are_kept_all_are_looked_at_again() -> None:
    looked: list[str] = []

    def count(text: str) -> int:
        looked.append(text)
        return len(looked)

    known = ByText[int](texts_max=2)
    for text in ("a", "b", "a", "c", "a"):
        known.of(text, count)
    assert looked == ["a", "b", "c", "a"]


def test_long_texts_that_begin_alike_are_told_apart() -> None:
    known, long = ByText[str](), "word " * 10_000
    assert known.of(long, lambda text: text[-1]) == " "
    assert known.of(f"{long}.", lambda text: text[-1]) == "."
