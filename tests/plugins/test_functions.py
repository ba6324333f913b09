"""Functions of strangers: found by their paths, and refused before anything depends on them."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from orchestrator import check_call, find_function
from orchestrator.errors import InvalidConfig
from orchestrator.plugins.functions import plain_number

HERE = __name__
NOT_A_FUNCTION = 7


def two(first: str, second: str) -> str:
    return first + second


class Holder:
    @staticmethod
    def inner(text: str) -> str:
        return text


@pytest.mark.parametrize("path", [f"{HERE}:two", f"{HERE}.two"])
def test_a_function_is_found_by_either_spelling_of_its_path(path: str) -> None:
    assert find_function(path, "check") is two


def test_a_function_within_a_class_is_found() -> None:
    assert find_function(f"{HERE}:Holder.inner", "check") is Holder.inner


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "ValueError: invalid format"),
        (":", "ValueError: invalid format"),
        ("no_such_module:f", "ModuleNotFoundError: No module named 'no_such_module'"),
        (f"{HERE}:nothing", "has no attribute 'nothing'"),
        ("tests.broken_module:f", "RuntimeError: boom"),
        ("tests.leaving_module:f", r"it called sys.exit\(2\)"),
        (f"{HERE}:NOT_A_FUNCTION", "is int, not a function"),
        ("json", "is module, not a function"),
        ("\udcff:f", "cannot be loaded"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason(
    path: str, reason: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, body in (("broken_module", "raise RuntimeError('boom')"), ("leaving_module", "import sys; sys.exit(2)")):
        (tmp_path / f"{name}.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidConfig, match=reason) as refused:
        find_function(path.removeprefix("tests.") if "_module" in path else path, "check")
    assert str(refused.value).startswith("check '")


def test_a_function_that_takes_something_else_is_refused_and_not_called() -> None:
    def boom(text: str) -> str:
        raise AssertionError("it was called")

    check_call(boom, ("",), "tool boom", "one text")
    with pytest.raises(InvalidConfig, match="tool two cannot be called with one text: missing a required argument"):
        check_call(two, ("",), "tool two", "one text")
    with pytest.raises(InvalidConfig, match="too many positional arguments"):
        check_call(boom, ("", ""), "tool boom", "two texts")


def test_what_a_decorator_completes_or_what_tells_nothing_passes() -> None:
    @functools.wraps(two)
    def completed(text: str) -> str:
        return two(text, text)

    check_call(completed, ("",), "tool", "one text")
    check_call(max, ("", "", "", ""), "tool", "four texts")


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.array(0.25), 0.25),
        (0.7, 0.7),
        ("yes", "yes"),
        (Decimal("0.5"), Decimal("0.5")),
    ],
)
def test_numbers_of_numpy_become_numbers_of_python(said: Any, number: Any) -> None:
    found = plain_number(said)
    assert found == number
    assert type(found) is type(number)


def test_an_array_of_many_stays_what_it_is() -> None:
    many = np.array([1.0, 2.0])
    assert plain_number(many) is many
