"""What policies believe is read from code that may do anything: it is bounded, or refused with a reason."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from orchestrator import Beliefs
from orchestrator.engine.describing import (
    CHARACTERS_MAX,
    COLUMNS_MAX,
    ROWS_MAX,
    TABLES_MAX,
    TEXT_CHARACTERS_MAX,
    Description,
    describe,
    read_tables,
)
from orchestrator.errors import InvalidAnswer

TABLE = Beliefs("Whom to ask", ("bidder", "cost USD"), (("ann", 0.5), ("bob", 2)))


class Describing:
    """A policy of which only the description matters."""

    name = "describing"
    version = 1

    def __init__(self, say: Callable[[Any], Any]) -> None:
        self.describe = say


class Endless(Sequence[Any]):
    """A sequence that says it is short, and never ends."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: Any) -> Any:
        return TABLE


def described(say: Callable[[Any], Any], memory: Any = None) -> Description | None:
    policy: Any = Describing(say)
    return describe(policy, memory)


def test_what_a_policy_believes_is_read_as_plain_tables() -> None:
    given = [Beliefs("Whom to ask", ["bidder", "cost USD"], [["ann", 0.5], ["bob", 2]])]
    assert described(lambda memory: given) == Description((TABLE,))
    assert described(lambda memory: []) == Description()


def test_a_policy_that_describes_nothing_is_told_from_one_that_believes_nothing() -> None:
    assert describe(object(), None) is None  # type: ignore[arg-type]


def test_a_policy_is_shown_a_copy_of_its_memory() -> None:
    memory = {"known": [1]}
    assert described(lambda given: given.clear() or [], memory) == Description()
    assert memory == {"known": [1]}


def exits(memory: Any) -> Any:
    raise SystemExit(3)


class Unreadable:
    """A policy of which even the attribute raises."""

    @property
    def describe(self) -> Any:
        raise OSError("gone")


def test_a_policy_that_raises_is_a_failure_with_its_reason() -> None:
    assert described(lambda memory: memory["none"], {}) == Description(failure="KeyError: 'none'")
    assert described(exits) == Description(failure="SystemExit: 3")
    assert describe(Unreadable(), {}) == Description(failure="OSError: gone")  # type: ignore[arg-type]
    failed = described(lambda memory: [3])
    assert failed == Description(failure="InvalidAnswer: int among its tables; each must be Beliefs")


def test_a_policy_that_hangs_is_not_waited_for() -> None:
    free = threading.Event()
    policy: Any = Describing(lambda memory: free.wait())
    assert describe(policy, {}, 0.01) == Description(failure="had not answered after 0.01 s")
    free.set()


def many(count: int) -> Iterator[Any]:
    return iter([TABLE] * count)


def one_cell(cell: Any) -> list[Beliefs]:
    return [Beliefs("t", ("c",), ((cell,),))]


class Word(str):
    """A str that could say something else each time."""


WIDE = Beliefs("t", ("c",) * COLUMNS_MAX, (("x" * TEXT_CHARACTERS_MAX,) * COLUMNS_MAX,) * ROWS_MAX)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (None, "NoneType for tables; they must be a list or a tuple"),
        ("tables", "str for tables"),
        (many(1), "list_iterator for tables"),
        (Endless(), f"more than {TABLES_MAX} tables; leave out what matters least"),
        ([("t", ("c",), ())], "tuple among its tables; each must be Beliefs"),
        ([Beliefs("t", (), ())], "a table without columns"),
        ([Beliefs("t", "cd", ())], "str for columns"),
        ([Beliefs("t", ("c",) * (COLUMNS_MAX + 1), ())], f"more than {COLUMNS_MAX} columns"),
        ([Beliefs("t", (3,), ())], "a column's name of type int; it must be str"),  # type: ignore[arg-type]
        ([Beliefs(3, ("c",), ())], "a title of type int; it must be str"),  # type: ignore[arg-type]
        ([Beliefs("t", ("c",), (("x",),) * (ROWS_MAX + 1))], f"more than {ROWS_MAX} rows"),
        ([Beliefs("t", ("c",), (("x", "y"),))], "a row of 2 cells in a table of 1 columns"),
        ([Beliefs("t", ("c",), ("x",))], "str for cells"),
        (one_cell(None), "a cell of type NoneType; it must be str, int or float, and finite"),
        (one_cell(True), "a cell of type bool"),
        (one_cell(float("nan")), "a cell of type float; it must be str, int or float, and finite"),
        (one_cell(10**5000), "a cell of type int"),
        (one_cell(Word("x")), "a cell of type Word"),
        (one_cell("x" * (TEXT_CHARACTERS_MAX + 1)), f"a cell of {TEXT_CHARACTERS_MAX + 1} characters"),
        ([WIDE], f"characters in its tables; at most {CHARACTERS_MAX:,} are shown"),
    ],
)
def test_what_is_no_table_of_bounded_size_is_refused(said: Any, reason: str) -> None:
    with pytest.raises(InvalidAnswer, match=reason):
        read_tables(said)
