"""Schemas as strict endpoints take them, and values that fit."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from bidders.models.schema import fitting, strict_schema
from tests.bidders.models.asking import Guess


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    word: Annotated[str, Field(min_length=3, max_length=5)]
    title: int = 3


class Outer(BaseModel):
    inner: Inner
    many: Annotated[list[Inner], Field(min_length=2, max_length=3)]
    colour: Colour
    sort: Literal["a", "b"]
    maybe: float | None = None
    yes: bool = True
    low: Annotated[int, Field(gt=5, lt=8)] = 6
    odds: Annotated[float, Field(gt=0, lt=1)] = 0.5


@given(st.integers(min_value=0))
@pytest.mark.parametrize("kind", [Guess, Outer])
def test_a_value_that_is_made_up_fits_its_schema(kind: type[BaseModel], seed: int) -> None:
    schema = kind.model_json_schema()
    kind.model_validate(fitting(schema, seed))
    assert fitting(schema, seed) == fitting(schema, seed)


def test_a_strict_schema_requires_every_key_and_allows_no_other() -> None:
    strict = strict_schema(Outer.model_json_schema())
    assert strict["required"] == list(strict["properties"])
    inner = strict["$defs"]["Inner"]
    assert inner["additionalProperties"] is strict["additionalProperties"] is False
    # A property may be called like a keyword.
    assert list(inner["properties"]) == ["word", "title"]


def test_bounds_are_said_in_words_and_not_as_keywords() -> None:
    chance = strict_schema(Guess.model_json_schema())["properties"]["chance"]
    assert chance == {"type": "number", "description": "(minimum: 0, maximum: 1)"}
