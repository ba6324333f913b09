"""Embeddings: a stranger's function from a text to numbers, whose failures name it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from bidders.policies.pooled.embedding import (
    DIMENSIONS_MAX,
    condensed,
    embedded,
    embedding_named,
    shape_and_words,
    standing_for,
)
from orchestrator.errors import InvalidAnswer, InvalidConfig


def repeated(text: str, number: float, times: int) -> list[float]:
    return [number] * times


def test_numbers_are_taken_as_they_are() -> None:
    assert embedded(partial(repeated, number=0.5, times=3), "any").tolist() == [0.5, 0.5, 0.5]


def of_nothing() -> list[float]:
    return [1.0]


async def asynchronous(text: str) -> list[float]:
    return [1.0]


@pytest.mark.parametrize(
    ("function", "because"),
    [
        ("of_nothing", "cannot be called with one text: too many positional arguments"),
        ("asynchronous", "is asynchronous; an embedding is a plain function"),
    ],
)
def test_an_embedding_that_cannot_be_called_is_refused_before_any_lot(function: str, because: str) -> None:
    with pytest.raises(InvalidConfig, match=f"^embedding {__name__}:{function} {because}"):
        embedding_named(f"{__name__}:{function}")


def test_an_embedding_that_fails_is_named_with_what_it_said() -> None:
    with pytest.raises(
        InvalidAnswer, match=r"the embedding math:sin failed on a text of 4 characters: TypeError: must"
    ):
        embedded(embedding_named("math:sin"), "text")


@pytest.mark.parametrize(
    "embedding",
    [
        partial(repeated, number=math.nan, times=2),
        partial(repeated, number=0.5, times=DIMENSIONS_MAX + 1),
        lambda text: 0.5,
        lambda text: [[0.5], [0.5]],
    ],
    ids=["not finite", "too many", "one number", "a table"],
)
def test_an_embedding_that_gives_something_else_is_named(embedding: Callable[[str], Any]) -> None:
    with pytest.raises(InvalidAnswer, match=r"the embedding \S+:\S+ gave no list of at most 64 finite numbers"):
        embedded(embedding, "text")


def test_an_embedding_that_gives_texts_more_and_fewer_numbers_is_named() -> None:
    with pytest.raises(InvalidAnswer, match=r"gave 4 numbers for a text of 4 characters and 7 for another of 7; each"):
        embedded(lambda text: [0.5] * len(text), "text")
    assert len(embedded(lambda text: [0.5] * min(4, len(text)), "text")) == 4


def test_each_word_tells_something_of_a_text_that_is_condensed() -> None:
    told = [
        condensed(embedded(shape_and_words, f"w{first}{second}x")) for first in "abcdefghij" for second in "abcdefghij"
    ]
    assert {len(each) for each in told} == {19}
    assert all(any(each[6:]) for each in told)
    assert len({tuple(each[6:]) for each in told}) > 20


def test_numbers_that_are_few_are_not_condensed_and_those_of_the_shape_never_are() -> None:
    assert condensed(np.full(19, 0.5)).tolist() == [0.5] * 19
    look = embedded(shape_and_words, "A text, 3 words")
    assert condensed(look)[:6].tolist() == look[:6].tolist()
    many = condensed(np.arange(20.0))
    assert many.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, (6.0 + 19.0) / 2, *[place / 2 for place in range(7, 19)]]


def test_a_long_text_is_not_kept_and_differs_from_another_that_begins_alike() -> None:
    short, long = "How many are left?", "word " * 10_000
    assert standing_for(short) == short
    assert len(standing_for(long)) < 100
    assert standing_for(long) != standing_for(f"{long}more")
    assert standing_for("\ud800" * 3_000) == standing_for("\ud800" * 3_000)
    assert shape_and_words(long) == shape_and_words(f"{long}more")
