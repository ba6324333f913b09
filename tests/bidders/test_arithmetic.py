"""The tool that works out sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidders.arithmetic import result


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("What is 48 minus 27?", "21"),
        ("What is 3 minus 15?", "-12"),
        ("what is 34 TIMES 15", "510"),
        ("6*7", "42"),
        ("How much is 1.5 plus 2.25?", "3.75"),
        ("What is 9 divided by 3?", "3"),
        ("What is 1 / 3?", "0.3333333333333333333333333333"),
        ("What is 1 divided by 10000000?", "0.0000001"),
        ("What is 2 times -3?\n\nThe request asks for 5 plus 5.", "-6"),
    ],
)
def test_the_first_sum_of_a_text_is_worked_out(text: str, value: str) -> None:
    assert result(text) == value


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**30))
def test_whole_numbers_are_exact_however_long(first: int, second: int) -> None:
    assert result(f"{first} plus {second}") == str(first + second)
    assert result(f"{first} times {second}") == str(first * second)


@pytest.mark.parametrize(("text", "why"), [("the capital of Peru", "no sum"), ("What is 4 / 0?", "4 / 0 has no value")])
def test_what_has_no_value_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        result(text)
