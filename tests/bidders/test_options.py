"""Options that a config gives to bidders: what nobody can work with is refused before anybody is paid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bidders.documents import DocumentBidder
from bidders.policies.calibrated import CalibratedPolicy
from bidders.policies.fixed import FixedPolicy
from bidders.presenters import PresenterBidder
from bidders.scripted import ScriptedBidder
from bidders.tool import ToolBidder
from orchestrator import errors
from tests.bidders.llm.speakers import bidder, speaker

DOCUMENTS = Path(__file__).parents[2] / "configs" / "lisbon" / "diary.md"
# Each writes segments of a kind that is an option.
WRITERS: dict[str, Callable[[Any], object]] = {
    "documents": lambda kind: DocumentBidder("a", DOCUMENTS, kind=kind),
    "scripted": lambda kind: ScriptedBidder("a", kind=kind),
    "tool": lambda kind: ToolBidder("a", "builtins:ascii", kind=kind),
    "llm": lambda kind: bidder(speaker(), kind=kind),
}

# Each has an option that is a list of texts.
LISTERS: dict[str, Callable[[Any], object]] = {
    "character": lambda given: DocumentBidder("a", DOCUMENTS, character=given),
    "day_kinds": lambda given: PresenterBidder("a", day_kinds=given),
    "says": lambda given: ScriptedBidder("a", says=given),
}


@pytest.mark.parametrize("name", LISTERS)
@pytest.mark.parametrize("given", ["touristy", [1], None, {"touristy": True}])
def test_what_is_no_list_of_texts_is_refused_and_not_read_letter_by_letter(name: str, given: Any) -> None:
    with pytest.raises(errors.InvalidConfig, match=f"^{name} is a list of texts, such as "):
        LISTERS[name](given)
    LISTERS[name](["touristy", "loud"])


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("kind", [" ", 5, "a\nb", "x" * 101, "x" * 10_000, "request"])
def test_a_kind_that_no_segment_of_a_bidder_can_be_of_is_refused(write: Callable[[Any], object], kind: Any) -> None:
    with pytest.raises(errors.InvalidConfig, match=r"^kind is a short text in one line.*; it is ") as refusal:
        write(kind)
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("write", ["documents", "scripted"])
@pytest.mark.parametrize("kind", ["", None])
def test_a_kind_that_is_left_empty_is_refused_where_nothing_else_is_meant_by_it(write: str, kind: Any) -> None:
    with pytest.raises(errors.InvalidConfig, match=r"^kind is a short text"):
        WRITERS[write](kind)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_kind_of_a_few_words_is_taken(write: Callable[[Any], object]) -> None:
    write("opening hours")


# Each has an option that is an amount of money.
PAID: tuple[tuple[str, Callable[[Any], object]], ...] = (
    ("bids at 2", lambda amount: ScriptedBidder("a", bids=["1", amount])),
    ("bids at 0.1", lambda amount: ScriptedBidder("a", bids={"0.1": amount})),
    ("reserve", lambda amount: ScriptedBidder("a", reserve=amount)),
    ("cost", lambda amount: ScriptedBidder("a", cost=amount)),
    ("bid_cost", lambda amount: ScriptedBidder("a", bid_cost=amount)),
    ("cost", lambda amount: ToolBidder("a", "builtins:ascii", cost=amount)),
    ("amount", lambda amount: FixedPolicy(amount=amount)),
)


@pytest.mark.parametrize(("name", "pay"), PAID)
def test_an_option_that_is_no_money_is_named(name: str, pay: Callable[[Any], object]) -> None:
    with pytest.raises(errors.InvalidMoney, match=f"^{name}: 'abc' is not a number of dollars"):
        pay("abc")


@pytest.mark.parametrize("flag", ["x", 1, None])
def test_a_flag_that_is_neither_true_nor_false_is_refused(flag: Any) -> None:
    with pytest.raises(errors.InvalidConfig, match=r"^asks_model is true or false, not "):
        CalibratedPolicy(asks_model=flag)
