"""The tree in the docstring of `orchestrator.errors` is the tree of its classes."""

from __future__ import annotations

import inspect
import pickle

import pytest

from orchestrator import errors
from orchestrator.errors import InsufficientFunds, VickreyError


def drawn_tree(text: str) -> dict[str, str]:
    """Each error's parent, as an ASCII tree draws it."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in text.splitlines():
        mark = max(line.find("|-- "), line.find("`-- "))
        if mark < 0 and not (line.isidentifier() and not path):
            continue
        depth = mark // 4 + 1 if mark >= 0 else 0
        name = line[mark + 4 :].split()[0] if mark >= 0 else line
        del path[depth:]
        if path:
            parents[name] = path[-1]
        path.append(name)
    return parents


def real_tree() -> dict[str, str]:
    classes = [value for _, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
    return {each.__name__: each.__bases__[0].__name__ for each in classes if each is not VickreyError}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert drawn_tree(errors.__doc__ or "") == real_tree()


@pytest.mark.parametrize(
    ("drawn", "instead"),
    [
        ("|   `-- InvalidMemory ", "|   `-- InvalidMemories "),
        ("|-- BidderError ", "|   |-- BidderError "),
        ("|   |-- UnknownBidder      no such bidder in this market\n", ""),
        ("|-- StaleDriver ", "|   |-- StaleDriver "),
    ],
)
def test_a_tree_that_is_drawn_wrong_is_noticed(drawn: str, instead: str) -> None:
    text = errors.__doc__ or ""
    assert text.count(drawn) == 1
    assert drawn_tree(text.replace(drawn, instead)) != real_tree()


def test_every_error_says_what_it_means() -> None:
    for name, value in inspect.getmembers(errors, inspect.isclass):
        assert value.__doc__, name


def test_a_shortfall_names_the_account() -> None:
    assert InsufficientFunds("too little", "bidder:a").account == "bidder:a"


def test_a_shortfall_comes_back_from_another_process_as_it_was() -> None:
    found = pickle.loads(pickle.dumps(InsufficientFunds("too little", "bidder:a")))
    assert (type(found), str(found), found.account) == (InsufficientFunds, "too little", "bidder:a")
